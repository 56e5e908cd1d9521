"""Parked events: sent again by themselves when that may help, by a person when not."""

import logging
from datetime import timedelta

import pytest

from helpdesk import events
from helpdesk.documents import Delete
from helpdesk.errors import OutsideError
from helpdesk.outbox import Outbox
from helpdesk.parked import PAGE, Kind, Parked
from tests.builders import an_event
from tests.stands import Faulty, Tray, everything
from upkeep.parked import PATIENCE, redrive_parked


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def outbox(store, tray, clock):
    return Outbox(documents=store, bus=tray, clock=clock)


@pytest.fixture
def parked(store, clock):
    return Parked(documents=store, clock=clock)


@pytest.fixture
def redriven(parked, outbox):
    return lambda: redrive_parked(parked, outbox=outbox)


def park(parked, event=None, *, kind=Kind.TRANSIENT, body=None):
    event = event or an_event()
    parked.park(
        body or events.encode(event), event_id=event.id, step="triage", kind=kind, reason="down"
    )
    return event


def park_nonsense(parked, body="{"):
    parked.park(body, event_id="", step="triage", kind=Kind.TRANSIENT, reason="down")


def names(documents, collection):
    return {path for path in everything(documents) if path.startswith(f"{collection}/")}


def test_what_ran_out_of_retries_is_sent_again_after_an_hour(
    parked, redriven, documents, tray, clock, caplog
):
    event = park(parked)
    clock.tick(hours=1)
    caplog.clear()

    assert redriven() == 1

    assert tray.published == [event]
    assert names(documents, "parked") == set()
    assert redriven() == 0
    assert [(record.levelno, record.__dict__["count"]) for record in caplog.records] == [
        (logging.WARNING, 1)
    ]


def test_what_was_parked_just_now_waits(parked, redriven, documents, tray, clock):
    park(parked)
    clock.tick(seconds=PATIENCE.total_seconds() - 1)

    assert redriven() == 0

    assert tray.published == []
    assert names(documents, "parked") == {"parked/T1CKET01.created.1.triage"}


def test_what_no_retry_can_help_waits_for_a_person(parked, redriven, documents, tray, clock):
    park(parked, kind=Kind.PERMANENT)
    clock.tick(days=100)

    assert redriven() == 0

    assert tray.published == []
    assert names(documents, "parked") == {"parked/T1CKET01.created.1.triage"}


def test_the_oldest_goes_first_and_all_go_in_one_sweep(parked, redriven, tray, clock):
    made = []
    for number in range(PAGE * 2 + 1):
        made.append(park(parked, an_event(id=f"e{PAGE * 3 - number}")))
        clock.tick(milliseconds=1)
    clock.tick(hours=1)

    assert redriven() == len(made)

    assert tray.published == made


def test_what_cannot_be_read_stays_and_is_told_once(parked, redriven, documents, clock, caplog):
    park_nonsense(parked)
    clock.tick(hours=1)
    caplog.clear()

    assert [redriven(), redriven()] == [0, 0]

    (kept,) = everything(documents).values()
    assert (kept["envelope"], kept["kind"]) == ("{", "permanent")
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.WARNING, "parked event stays")
    assert record.__dict__["reason"] == "the event is not JSON"


def test_pages_of_what_cannot_be_read_hold_up_no_other(parked, redriven, documents, tray, clock):
    for number in range(PAGE * 2):
        park_nonsense(parked, body=f"nonsense {number}")
    clock.tick(seconds=1)
    event = park(parked)
    clock.tick(hours=2)

    assert redriven() == 1

    assert tray.published == [event]
    assert len(names(documents, "parked")) == PAGE * 2


@pytest.mark.parametrize("fate", ["parked anew", "taken away"])
def test_what_cannot_be_read_and_moves_meanwhile_is_left_alone(
    parked, redriven, store, documents, clock, caplog, fate
):
    park_nonsense(parked)
    clock.tick(hours=1)
    (path,) = names(documents, "parked")

    def meanwhile():
        if fate == "taken away":
            documents.commit([Delete(path)])
        else:
            park_nonsense(Parked(documents=documents, clock=clock))
        caplog.clear()

    store.interrupt(meanwhile)

    assert redriven() == 0

    assert caplog.records == []
    assert [kept["kind"] for kept in everything(documents).values()] == (
        [] if fate == "taken away" else ["transient"]
    )


def test_a_bus_that_is_down_ends_the_sweep_and_loses_nothing(
    parked, redriven, outbox, documents, tray, clock
):
    made = []
    for name in ("e1", "e2"):
        made.append(park(parked, an_event(id=name)))
        clock.tick(seconds=1)
    clock.tick(hours=1)
    tray.down = True

    assert redriven() == 1

    assert names(documents, "outbox") == {"outbox/e1"}
    assert names(documents, "parked") == {"parked/e2.triage"}
    tray.down = False
    clock.tick(minutes=1)
    assert outbox.sweep(timedelta(seconds=30)) == 1
    assert redriven() == 1
    assert tray.published == made


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_in_the_middle_leaves_the_event_in_one_place(
    parked, redriven, store, documents, clock, when
):
    park(parked)
    clock.tick(hours=1)
    store.arm(when, 1)

    with pytest.raises(OutsideError):
        redriven()

    (path,) = everything(documents)
    assert path.startswith("parked/" if when == "before" else "outbox/")


def test_an_event_that_fails_again_is_parked_again_and_waits_again(parked, redriven, tray, clock):
    event = park(parked)
    clock.tick(hours=1)
    redriven()
    park(parked, event)

    assert redriven() == 0

    clock.tick(hours=1)
    assert redriven() == 1
    assert tray.published == [event, event]
