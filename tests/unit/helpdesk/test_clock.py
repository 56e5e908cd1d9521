"""The real clock and the real ids."""

from datetime import UTC, timedelta

from helpdesk.clock import ALPHABET, RandomIds, SystemClock, moment_of
from tests.builders import NOW


def test_the_clock_tells_utc_and_never_goes_back():
    clock = SystemClock()

    first, second = clock.now(), clock.now()

    assert first.utcoffset() == timedelta(0)
    assert first <= second


def test_seconds_name_a_moment_in_utc():
    moment = moment_of(NOW.timestamp())

    assert moment == NOW
    assert moment.tzinfo is UTC


def test_ids_have_their_lengths_and_nothing_that_is_misread():
    ids = RandomIds()

    assert len(ids.ticket_id()) == 8
    assert len(ids.unique_id()) == 26
    assert set(ids.ticket_id() + ids.unique_id()) <= set(ALPHABET)
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("ILOU")


def test_ids_are_not_given_out_twice():
    ids = RandomIds()

    made = [ids.unique_id() for _ in range(1_000)]

    assert len(set(made)) == 1_000
