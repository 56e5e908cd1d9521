"""Users: addresses, names, skills, absences, and the words that find them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.user import (
    CAPACITY_MOST,
    EMAIL_MOST,
    NAME_MOST,
    SKILL_MOST,
    SKILLS_MOST,
    TERM_MOST,
    TERMS_MOST,
    checked_absence,
    checked_capacity,
    checked_email,
    checked_name,
    checked_skills,
    is_found_by,
    search_terms,
    skill_key,
)
from helpdesk.words import sought_words
from tests.builders import NOW, a_user

HOUR = timedelta(hours=1)
UNSEEN = (
    "\0", "\x7f", "\x1b[31m", "\xad", "\u061c", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e",
    "\u2060", "\u2066", "\ufeff", "\ufff9", "\U000e0041", "\ud800", "\udfff", "\ue000", "\uffff",
)  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until", "absent"),
    [
        (None, None, False),
        (NOW - HOUR, None, True),
        (NOW + HOUR, None, False),
        (NOW, None, True),
        (None, NOW + HOUR, True),
        (None, NOW - HOUR, False),
        (None, NOW, False),
        (NOW - HOUR, NOW + HOUR, True),
        (NOW - 2 * HOUR, NOW - HOUR, False),
        (NOW + HOUR, NOW + 2 * HOUR, False),
        (NOW + HOUR, NOW - HOUR, False),
    ],
)
def test_an_absence_begins_at_its_first_moment_and_ends_before_its_last(since, until, absent):
    user = a_user(absent_from=since, absent_until=until)

    assert user.is_absent(NOW) is absent


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("a@b.de", "a@b.de"),
        ("  Ann.O'Neil+tag@Example.COM\n", "ann.o'neil+tag@example.com"),
        ("x" * 64 + "@example.com", "x" * 64 + "@example.com"),
    ],
)
def test_an_address_is_kept_in_one_form(given_, kept):
    assert checked_email(given_) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@localhost",
        "ann@example..com",
        "ann@example.com.",
        "ann bee@example.com",
        "ann@exam_ple.com",
        "ann@example.com\r\nBcc: all@example.com",
        "ann@example.com,bob@example.com",
        "Ann <ann@example.com>",
        "änn@example.com",
        "ann@exämple.com",
        "x" * 65 + "@example.com",
        "a@" + "b" * EMAIL_MOST + ".de",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidInputError) as refused:
        checked_email(address)

    assert refused.value.field == "email"


def test_a_name_is_kept_trimmed_and_on_one_line():
    assert checked_name(" Ann\n\tAsker ") == "Ann Asker"
    assert checked_name("") == ""
    assert checked_name("n" * NAME_MOST) == "n" * NAME_MOST


@pytest.mark.parametrize("name", ["n" * (NAME_MOST + 1), *(f"Ann{each}" for each in UNSEEN)])
def test_a_name_that_is_too_long_or_not_printable_is_refused(name):
    with pytest.raises(InvalidInputError) as refused:
        checked_name(name)

    assert refused.value.field == "name"


@given(st.emails() | st.text(max_size=30).map(lambda text: f"{text}@example.com"))
def test_a_kept_address_has_one_line_and_one_at_sign(address):
    try:
        kept = checked_email(address)
    except InvalidInputError:
        return

    assert kept.isascii()
    assert kept.isprintable()
    assert " " not in kept
    assert kept.count("@") == 1
    assert checked_email(kept) == kept


def test_skills_are_kept_trimmed_and_named_once():
    given_ = ["  SQL ", "Vue.js", "sql", "Oracle\n Database", "STRASSE", "Straße", "Sql"]

    assert checked_skills(given_) == ("SQL", "Vue.js", "Oracle Database", "STRASSE")
    assert checked_skills([]) == ()
    assert checked_skills(["s" * SKILL_MOST]) == ("s" * SKILL_MOST,)


def test_so_many_skills_are_kept_and_no_more():
    most = [f"skill {number}" for number in range(SKILLS_MOST)]

    assert checked_skills([*most, "SKILL 0"]) == tuple(most)
    with pytest.raises(InvalidInputError) as refused:
        checked_skills([*most, "one more"])
    assert refused.value.field == "skills"


@pytest.mark.parametrize(
    "skill", ["", " \n", "s" * (SKILL_MOST + 1), *(f"SQL{each}" for each in UNSEEN)]
)
def test_a_skill_that_is_empty_or_too_long_or_not_printable_is_refused(skill):
    with pytest.raises(InvalidInputError) as refused:
        checked_skills(["Java", skill])

    assert refused.value.field == "skills"


@given(st.lists(st.text(max_size=8)))
def test_kept_skills_stay_as_they_are(skills):
    try:
        kept = checked_skills(skills)
    except InvalidInputError:
        return

    assert checked_skills(kept) == kept
    assert len({skill_key(skill) for skill in kept}) == len(kept)


@pytest.mark.parametrize("capacity", [0, 20, CAPACITY_MOST])
def test_a_capacity_within_its_bounds_is_kept(capacity):
    assert checked_capacity(capacity) == capacity


@pytest.mark.parametrize("capacity", [-1, CAPACITY_MOST + 1])
def test_a_capacity_outside_its_bounds_is_refused(capacity):
    with pytest.raises(InvalidInputError) as refused:
        checked_capacity(capacity)

    assert refused.value.field == "capacity"


@pytest.mark.parametrize("since", [None, NOW])
@pytest.mark.parametrize("until", [None, NOW + timedelta(microseconds=1)])
def test_an_absence_is_kept_in_utc_and_may_be_open(since, until):
    there = timezone(timedelta(hours=5))

    kept = checked_absence(since and since.astimezone(there), until and until.astimezone(there))

    assert kept == (since, until)
    assert {bound.tzinfo for bound in kept if bound} <= {UTC}


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (NOW, NOW, "absent_until"),
        (NOW, NOW - HOUR, "absent_until"),
        (NOW.replace(tzinfo=None), NOW + HOUR, "absent_from"),
        (NOW, (NOW + HOUR).replace(tzinfo=None), "absent_until"),
        (datetime(1, 1, 1, tzinfo=timezone(HOUR)), None, "absent_from"),
        (None, datetime(9999, 12, 31, 23, tzinfo=timezone(-HOUR)), "absent_until"),
    ],
)
def test_an_absence_that_is_none_is_refused(since, until, field):
    with pytest.raises(InvalidInputError) as refused:
        checked_absence(since, until)

    assert refused.value.field == field


def test_who_is_searched_is_found_by_how_their_words_begin():
    user = a_user(name="Ann O'Neil", email="ann.neil@ab.de")

    assert search_terms(user) == [
        *("a", "an", "ann", "ann.", "ann.n", "ann.ne", "ann.nei", "ann.neil", "ann.neil@"),
        *("ann.neil@a", "ann.neil@ab", "ann.neil@ab.", "ann.neil@ab.d", "ann.neil@ab.de"),
        *("o", "n", "ne", "nei", "neil", "ab", "d", "de"),
    ]


def test_no_more_terms_are_kept_than_may_be_and_the_name_is_among_them():
    letters = "abcdefghijklmnopqrstuvwxyz"
    user = a_user(
        name=" ".join(letters[n] * 30 for n in range(3)),
        email=f"{letters[3:12] * 7}@{'.'.join(letter * 20 for letter in letters[12:21])}",
    )

    terms = search_terms(user)

    assert len(terms) == len(set(terms)) == TERMS_MOST
    assert {"a" * TERM_MOST, "b" * TERM_MOST, "c" * TERM_MOST} <= set(terms)
    assert max(map(len, terms)) == TERM_MOST


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" --\t'!\ud800\u202e ", ()),
        ("Ann", ("ann",)),
        ("  ann,ASKER ", ("ann", "asker")),
        ("O'Neil-Smith", ("o", "neil", "smith")),
        ("Ann Asker <Ann.Asker@Example.com>,", ("ann", "asker", "ann.asker@example.com")),
        ("ann.asker@ex", ("ann.asker@ex",)),
        ("@example.com", ("example", "com")),
        ("Müller", ("muller",)),
        ("Mu\u0308ller", ("muller",)),
        ("Straße", ("strasse",)),
        ("李 明", ("李", "明")),
        ("हिन्दी", ("हिन्दी",)),  # its vowels and its virama are no accents
        ("Room 101", ("room", "101")),
    ],
)
def test_a_text_is_read_as_words(text, words):
    assert sought_words(text) == words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("ask", True),
        ("ASKER ann", True),
        ("ann ann", True),
        ("sker", False),
        ("ann bee", False),
        ("ann.asker@ex", True),
        ("asker@example.com", False),
        ("example", True),
        ("jose", True),
        ("josé", True),
        ("anne", False),
    ],
)
def test_every_word_must_begin_one_of_theirs(text, found):
    user = a_user(name="José Ann Asker", email="ann.asker@example.com")

    assert is_found_by(user, sought_words(text)) is found


NAMES = st.text(st.characters(categories=["L", "N", "M", "P", "Z"]), max_size=20)


@given(NAMES)
def test_whoever_has_a_name_is_found_by_each_word_of_it(name):
    user = a_user(name=name)

    for word in sought_words(name.replace("@", " ")):
        assert is_found_by(user, [word])
        assert word[:TERM_MOST] in search_terms(user)


@pytest.mark.parametrize(
    "email", ["o'neil+x@example.com", "a=b/c?d@example.com", "'_a_'@example.com", "-a@b.example"]
)
def test_a_user_is_found_by_the_whole_address_whatever_signs_are_in_it(email):
    user = a_user(email=email)

    words = sought_words(email)

    assert is_found_by(user, words)
    assert {word[:TERM_MOST] for word in words} <= set(search_terms(user))
