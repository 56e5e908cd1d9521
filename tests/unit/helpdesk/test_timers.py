"""The wire form of a timer: there and back, and nothing hostile gets in."""

from contextlib import suppress
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.ports import Timer
from helpdesk.timers import decode, encode
from tests.builders import NOW

TIMER = Timer(name="sla-T1CKET01-1", due_at=NOW, about="sla:T1CKET01")
LINES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), max_codepoint=0x1FFFF), min_size=1, max_size=500
)
TIMES = st.timedeltas(timedelta(days=-700_000), timedelta(days=2_000_000)).map(
    lambda apart: NOW.astimezone(timezone(timedelta(hours=5))) + apart
)


def test_a_timer_has_one_form():
    body = encode(TIMER)

    assert body == (
        '{"about":"sla:T1CKET01","due_at":"2026-01-31T09:30:00.000000Z","name":"sla-T1CKET01-1"}'
    )


@given(LINES, TIMES, LINES)
def test_every_timer_comes_back_as_it_was(name, due_at, about):
    timer = Timer(name=name, due_at=due_at, about=about)

    back = decode(encode(timer).encode())

    assert back == timer
    assert back.due_at.tzinfo is UTC


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        b"\xff\xfe",
        "[" * 100_000,
        "[]",
        "null",
        "{}",
        '{"name":"a","about":"b:c"}',
        '{"name":"a","about":"b:c","due_at":"2026-01-31T09:30:00"}',
        '{"name":"a","about":"b:c","due_at":5}',
        '{"name":5,"about":"b:c","due_at":"2026-01-31T09:30:00Z"}',
        '{"name":"","about":"b:c","due_at":"2026-01-31T09:30:00Z"}',
        '{"name":"\\ud800","about":"b:c","due_at":"2026-01-31T09:30:00Z"}',
        '{"name":"a","about":"b\\nc","due_at":"2026-01-31T09:30:00Z"}',
        '{"name":"a","due_at":"2026-01-31T09:30:00Z"}',
        f'{{"name":"{"a" * 501}","about":"b:c","due_at":"2026-01-31T09:30:00Z"}}',
    ],
    ids=lambda body: str(body[:40]),
)
def test_what_is_no_timer_is_refused(body):
    with pytest.raises(InvalidInputError):
        decode(body)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(body):
    with suppress(InvalidInputError):
        decode(body)
