"""Parked events: kept with the reason, whatever they hold."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk import events
from helpdesk.errors import NotFoundError
from helpdesk.parked import BODY_MOST, Kind, Parked
from tests.builders import NOW, an_event
from tests.stands import everything


@pytest.fixture
def parked(documents, clock):
    return Parked(documents=documents, clock=clock)


def test_an_event_is_parked_under_its_id_and_step(documents, parked):
    parked.park("{}", event_id="e1", step="triage", kind=Kind.PERMANENT, reason="no such ticket")

    assert everything(documents) == {
        "parked/e1.triage": {
            "event_id": "e1",
            "step": "triage",
            "kind": "permanent",
            "reason": "no such ticket",
            "envelope": "{}",
            "parked_at": NOW,
        }
    }


def test_parking_the_same_again_only_renews_it(documents, parked, clock):
    parked.park("{}", event_id="e1", step="triage", kind=Kind.TRANSIENT, reason="once")
    clock.tick(hours=1)
    parked.park("{}", event_id="e1", step="triage", kind=Kind.TRANSIENT, reason="again")

    (kept,) = everything(documents).values()
    assert (kept["reason"], kept["parked_at"]) == ("again", clock.now())


def test_two_steps_park_the_same_event_apart(documents, parked):
    for step in ("assign", "notify"):
        parked.park("{}", event_id="e1", step=step, kind=Kind.PERMANENT, reason="no")

    assert set(everything(documents)) == {"parked/e1.assign", "parked/e1.notify"}


def test_what_has_no_id_is_told_apart_by_what_it_holds(documents, parked):
    for body in ("one", "other", "one"):
        parked.park(body, event_id="", step="triage", kind=Kind.PERMANENT, reason="not JSON")

    assert sorted(kept["envelope"] for kept in everything(documents).values()) == ["one", "other"]


def test_a_huge_body_is_kept_in_part(documents, parked):
    parked.park(
        "x" * (BODY_MOST + 1), event_id="", step="triage", kind=Kind.PERMANENT, reason="not JSON"
    )

    (kept,) = everything(documents).values()
    assert kept["envelope"] == "x" * BODY_MOST


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_parked(documents, parked, body):
    parked.park(body, event_id="e1", step="triage", kind=Kind.PERMANENT, reason="not JSON")

    kept = documents.get("parked/e1.triage")
    assert len(kept.data["envelope"]) == len(body)


def test_what_is_parked_is_listed_newest_first_and_by_kind(parked, clock):
    for number, kind in enumerate([Kind.TRANSIENT, Kind.PERMANENT, Kind.TRANSIENT]):
        parked.park("{", event_id=f"e{number}", step="triage", kind=kind, reason="down")
        clock.tick(seconds=1)

    everything_parked = parked.newest(limit=2)
    transient = parked.newest(kind=Kind.TRANSIENT, limit=2)
    last = everything_parked[-1]
    rest = parked.newest(limit=2, after=(last.parked_at, last.id))

    assert [each.event_id for each in everything_parked] == ["e2", "e1"]
    assert [each.event_id for each in transient] == ["e2", "e0"]
    assert [each.event_id for each in rest] == ["e0"]


def test_a_parked_event_is_read_where_it_can_be(parked):
    parked.park(
        events.encode(an_event()), event_id="", step="triage", kind=Kind.TRANSIENT, reason="new"
    )
    parked.park("{", event_id="e1", step="triage", kind=Kind.PERMANENT, reason="cut")

    read = {each.kind: each for each in parked.newest(limit=2)}

    known, unknown = read[Kind.TRANSIENT], read[Kind.PERMANENT]
    assert (known.event, known.event_id) == (an_event(), an_event().id)
    assert (unknown.event, unknown.event_id, unknown.id) == (None, "e1", "e1.triage")


@pytest.mark.parametrize(
    "name", ["", "..", "__x__", "a/b", "a~b", ".x", "x" * 201, "a\n", "\ud800"]
)
def test_under_a_name_that_no_parked_event_has_there_is_none(parked, name):
    with pytest.raises(NotFoundError):
        parked.get(name)
