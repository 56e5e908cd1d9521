"""The envelope: what goes out comes back, and whatever else comes in is refused."""

import json
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.events import (
    SHAPES,
    VERSION,
    WAKES,
    Event,
    EventType,
    TicketData,
    decode,
    encode,
)
from helpdesk.tickets import event_of
from tests.builders import NOW, a_ticket, an_entry, an_event

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(st.text(), JSON, max_size=4)
EVENTS = st.builds(
    Event,
    id=IDS,
    type=st.sampled_from(EventType),
    time=st.datetimes(timezones=st.just(UTC)),
    subject=IDS,
    data=DATA,
    traceparent=st.sampled_from(["", TRACE]),
)


def envelope(**changes):
    return json.dumps({**json.loads(encode(an_event())), **changes})


@given(EVENTS)
def test_an_event_comes_back_as_it_was_sent(event):
    assert decode(encode(event)) == event
    assert decode(encode(event).encode()) == event


@given(DATA)
def test_the_same_event_is_always_the_same_bytes(data):
    turned = dict(reversed(data.items()))

    assert encode(an_event(data=turned)) == encode(an_event(data=data))


def test_the_envelope_is_the_documented_one():
    assert json.loads(encode(an_event(traceparent=TRACE))) == {
        "id": "T1CKET01.created.1",
        "type": "ticket-created",
        "version": 1,
        "time": "2026-01-31T09:30:00.000000Z",
        "subject": "T1CKET01",
        "data": {"ticket_id": "T1CKET01"},
        "traceparent": TRACE,
    }


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", None),
        ("not JSON", None),
        (b"\xff\xfe", None),
        ("[" * 100_000, None),
        ("[]", None),
        ("null", None),
        ('"ticket-created"', None),
        (envelope(data=None), "data"),
        (envelope(data=[]), "data"),
        (envelope(version=VERSION + 1), "version"),
        (envelope(version=None), "version"),
        (envelope(version="1"), "version"),
        (envelope(id=None), "id"),
        (envelope(id=""), "id"),
        (envelope(id="a/b"), "id"),
        (envelope(id="a\n"), "id"),
        (envelope(id="x" * 129), "id"),
        (envelope(id="__x__"), "id"),
        (envelope(subject=7), "subject"),
        (envelope(subject="ticket/1"), "subject"),
        (envelope(type="ticket-eaten"), "type"),
        (envelope(type=None), "type"),
        (envelope(type=["ticket-created"]), "type"),
        (envelope(time="yesterday"), None),
        (envelope(time=None), None),
    ],
)
def test_what_is_no_event_is_refused(text, field):
    with pytest.raises(InvalidInputError) as refused:
        decode(text)

    assert refused.value.field == field


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_nothing_that_comes_in_raises_anything_else(text):
    with pytest.raises(InvalidInputError):
        decode(text)


@given(st.sampled_from([*json.loads(encode(an_event()))]), JSON)
def test_no_field_of_an_envelope_raises_anything_else(name, value):
    try:
        event = decode(envelope(**{name: value}))
    except InvalidInputError:
        return

    assert decode(encode(event)) == event


@pytest.mark.parametrize("trace", [None, 7, "", "00-0-0-01", TRACE + "\n", TRACE.upper()])
def test_a_damaged_trace_loses_no_event(trace):
    event = decode(envelope(traceparent=trace))

    assert event == an_event()


def test_an_envelope_without_a_trace_is_an_event():
    text = json.loads(encode(an_event()))
    del text["traceparent"]

    assert decode(json.dumps(text)) == an_event()


def test_an_event_of_another_version_is_not_read_as_ours():
    with pytest.raises(InvalidInputError):
        decode(encode(replace(an_event(), version=2)))


def test_every_event_says_whom_it_wakes():
    assert set(WAKES) == set(EventType)
    assert {name for names in WAKES.values() for name in names} == {"triage", "assign", "notify"}
    assert an_event().time == NOW


def test_a_later_change_is_told_to_people_and_asking_again_to_triage():
    assert WAKES[EventType.TICKET_UPDATED] == ("notify",)
    assert WAKES[EventType.TRIAGE_ASKED] == ("triage",)


def test_what_passes_between_our_functions_is_not_promised_to_integrators():
    assert set(EventType) - set(SHAPES) == {EventType.TRIAGE_ASKED, EventType.ACCOUNT_NOTICE}


def test_an_event_of_a_ticket_says_what_its_shape_promises():
    for kind in EventType:
        entry = an_entry(action="edited", actor_id="mod")
        event = event_of(kind, a_ticket(), entry, now=NOW)

        assert set(event.data) == set(TicketData.__annotations__)
        assert (event.data["change"], event.data["by"]) == ("edited", "mod")
        assert decode(encode(event)) == event


def test_a_notice_wakes_who_writes_letters_and_nobody_else():
    assert WAKES[EventType.ACCOUNT_NOTICE] == ("notify",)
