"""Parked events: kept with the reason, whatever they hold."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.parked import BODY_MOST, Kind, Parked
from tests.builders import NOW
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
