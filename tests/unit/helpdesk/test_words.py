"""How texts are read for a search, and what a ticket is found by."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.words import WORD_MOST, WORDS_MOST, have_all, sought_words, terms_of


def test_a_ticket_is_found_by_its_words_each_kept_once():
    terms = terms_of("Printer is off", "The printer of <Ann@Example.com>. Again.")

    assert terms == [
        "printer", "is", "off", "the", "of", "ann@example.com", "ann", "example", "com", "again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PRINTER", True),
        ("printer böse", True),
        ("printer bose fire", True),
        ("pri", False),
        ("pr", False),
        ("burn", False),  # words are whole
        ("burns", True),
        ("printers", False),
        ("fire water", False),
        ("ann@example.com", True),
        ("ann", True),
        ("", True),
    ],
)
def test_every_word_that_is_sought_must_be_there(text, found):
    terms = terms_of("Böse Printer", "It burns: fire! (ann@example.com)")

    assert have_all(terms, sought_words(text)) is found


@pytest.mark.parametrize(
    "text",
    [
        "bob@example.com,alice@example.com", "mailto:bob@example.com?subject=x",
        "Bob<bob@example.com>", "reply-to=bob@example.com;x", "「bob@example.com」です",
        "**bob@example.com**.", "'bob@example.com'", "alice@example.com/bob@example.com",
    ],
)  # fmt: skip
def test_an_address_is_found_as_a_whole_whatever_stands_around_it(text):
    assert "bob@example.com" in terms_of(text, "")


@pytest.mark.parametrize(
    ("text", "sought", "found"),
    [
        ("pass\u00adword zero\u200bwidth", "password zerowidth", True),
        ("Øre Łódź Đà \u0131slak İstanbul", "ore lodz da islak istanbul", True),
        ("Ångström ή Й", "angstrom η и", True),
        ("パスワード", "パスワート", False),  # the marks make other letters
        ("パスワード", "ﾊﾟｽﾜｰﾄﾞ", True),
        ("รหัสผ่าน", "รหสผาน", False),
        ("密码重置失败", "密码", False),  # nothing says where a word ends
        ("\u2764\ufe0f it", "\ufe0f", True),  # no word at all
        ("@here support@ a@b", "here support", True),
        ("!!@x", "@x", True),
    ],
)
def test_a_text_is_read_as_its_script_is(text, sought, found):
    assert have_all(terms_of(text, ""), sought_words(sought)) is found


@pytest.mark.parametrize("text", ["!!@x", "@", "''@'", "@@a@@"])
def test_what_is_no_address_leaves_its_words_alone(text):
    assert set(terms_of(text, "")) <= {"x", "a"}


def test_long_words_are_told_apart_by_how_they_begin():
    start = "a" * WORD_MOST

    terms = terms_of("Hash", f"{start}b")

    assert have_all(terms, [f"{start}c"])
    assert not have_all(terms, [f"b{start}"])
    assert max(map(len, terms)) == WORD_MOST


def test_no_more_words_are_kept_than_may_be_and_those_of_the_title_are_among_them():
    title = " ".join(f"t{number}" for number in range(40))
    description = " ".join(f"d{number}" for number in range(3_000))

    terms = terms_of(title, description)

    assert len(terms) == len(set(terms)) == WORDS_MOST
    assert have_all(terms, [*title.split(), "d0", f"d{WORDS_MOST - 41}"])
    assert not have_all(terms, [f"d{WORDS_MOST - 40}"])


def test_the_longest_ticket_has_a_bounded_number_of_terms():
    dice = random.Random(7)
    title = " ".join("".join(dice.choices("abcdefgh", k=9)) for _ in range(20))

    terms = terms_of(title, "\ufdfa " * 10_000)

    assert len(terms) <= WORDS_MOST


WORDS = st.text(
    st.characters(categories=["L", "N", "M", "P", "Z", "S", "Cf"]) | st.sampled_from("a@.-'"),
    max_size=30,
)


@given(WORDS, WORDS)
def test_a_ticket_is_found_by_all_of_its_own_words(title, description):
    terms = terms_of(title, description)

    assert have_all(terms, sought_words(title))
    assert have_all(terms, sought_words(description))
