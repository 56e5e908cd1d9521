"""Users: addresses, names and absences."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.user import EMAIL_MOST, NAME_MOST, checked_email, checked_name
from tests.builders import NOW, a_user

HOUR = timedelta(hours=1)


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


@pytest.mark.parametrize(
    "name", ["n" * (NAME_MOST + 1), "Ann\x1b[31m", "Ann\u202e", "\ud800", "\0"]
)
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
