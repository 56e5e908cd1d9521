"""Cursors: they come back as they went out, and no other way."""

import string
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.cursor import seal, unseal
from helpdesk.errors import InvalidInputError
from tests.builders import NOW

KEY = b"k" * 32
ASKED = "mod|moderator|new"
TIMES = st.datetimes(timezones=st.just(UTC))
VALUES = st.lists(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | TIMES,
    max_size=4,
)


@given(VALUES, st.binary(min_size=1), st.text(st.characters(codec="utf-8")))
def test_a_cursor_gives_back_what_was_sealed(values, key, bound_to):
    cursor = seal(values, key=key, bound_to=bound_to)

    opened = unseal(cursor, key=key, bound_to=bound_to)

    assert opened == tuple(values)
    assert [type(value) for value in opened] == [type(value) for value in values]


def test_a_cursor_needs_no_escaping_in_a_url():
    cursor = seal([NOW, "T1CKET01"], key=KEY, bound_to=ASKED)

    assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")


@pytest.mark.parametrize("name", ["T1CKET0", "T1CKET01", "T1CKET012"])  # every length of padding
def test_a_cursor_with_one_changed_character_is_refused(name):
    cursor = seal([NOW, name], key=KEY, bound_to=ASKED)
    others = string.ascii_letters + string.digits + string.punctuation + " \n\0é"
    tampered = {
        cursor[:place] + other + cursor[place + 1 :]
        for place in range(len(cursor))
        for other in others
    } - {cursor}

    accepted = {each for each in tampered if is_accepted(each)}

    assert accepted == set()


@pytest.mark.parametrize("name", ["T1CKET0", "T1CKET01", "T1CKET012"])
def test_a_cursor_with_a_character_more_or_less_is_refused(name):
    cursor = seal([NOW, name], key=KEY, bound_to=ASKED)
    places = range(len(cursor) + 1)
    longer = {cursor[:place] + more + cursor[place:] for place in places for more in "Az_=!\n"}
    shorter = {cursor[:place] for place in places[:-1]}

    accepted = {each for each in longer | shorter if is_accepted(each)}

    assert accepted == set()


@pytest.mark.parametrize(
    ("key", "bound_to"),
    [(b"K" * 32, ASKED), (KEY, "asker|user|new"), (KEY, ""), (KEY, ASKED + " ")],
)
def test_a_cursor_is_of_no_use_elsewhere(key, bound_to):
    cursor = seal([NOW], key=KEY, bound_to=ASKED)

    with pytest.raises(InvalidInputError) as refused:
        unseal(cursor, key=key, bound_to=bound_to)

    assert refused.value.field == "cursor"


@given(st.text(max_size=60))
def test_a_cursor_cannot_be_made_up(text):
    assert not is_accepted(text)


def test_a_cursor_that_is_too_long_is_refused():
    cursor = seal(["x" * 1_000], key=KEY, bound_to=ASKED)

    assert not is_accepted(cursor)


def is_accepted(cursor):
    try:
        unseal(cursor, key=KEY, bound_to=ASKED)
    except InvalidInputError:
        return False
    return True
