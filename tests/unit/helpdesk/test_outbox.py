"""The outbox: what was committed reaches the bus, whatever breaks in between."""

from datetime import timedelta

import pytest

from helpdesk import events
from helpdesk.documents import Create
from helpdesk.errors import AlreadyExistsError, OutsideError
from helpdesk.outbox import SWEEP_PAGE, NoBus, Outbox
from tests.builders import NOW, an_event
from tests.stands import Faulty, Tray

PATIENCE = timedelta(seconds=30)
PATH = "outbox/T1CKET01.created.1"


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def outbox(store, tray, clock):
    return Outbox(documents=store, bus=tray, clock=clock)


def kept(outbox, store, *ids):
    made = [an_event(id=name) for name in ids]
    store.commit([outbox.kept(event) for event in made])
    return made


def pending(store, event):
    found = store.get(f"outbox/{event.id}")
    return found and found.data["pending_at"]


def test_an_event_is_kept_whole(outbox):
    event = an_event()

    write = outbox.kept(event)

    assert write == Create(
        PATH,
        {
            "subject": "T1CKET01",
            "type": "ticket-created",
            "envelope": events.encode(event),
            "pending_at": NOW,
        },
    )


def test_what_was_not_sent_outlives_every_clean_up(outbox, store, documents, tray, clock):
    (event,) = kept(outbox, store, "e1")
    clock.tick(days=400)

    documents.forget(clock.now())

    assert outbox.sweep(PATIENCE) == 1
    assert tray.published == [event]


def test_an_event_is_kept_once(outbox, store):
    kept(outbox, store, "e1")

    with pytest.raises(AlreadyExistsError):
        kept(outbox, store, "e1")


def test_an_event_may_be_kept_again_whatever_became_of_it(outbox, store, tray, clock):
    (event,) = kept(outbox, store, "e1")
    clock.tick(minutes=1)

    store.commit([outbox.again(event)])
    assert pending(store, event) == clock.now()
    outbox.send(event)
    store.commit([outbox.again(event)])
    clock.tick(minutes=1)

    assert outbox.sweep(PATIENCE) == 1
    assert tray.published == [event, event]


def test_a_sent_event_goes(outbox, store, tray, clock):
    (event,) = kept(outbox, store, "e1")

    sent = outbox.send(event)
    clock.tick(hours=1)

    assert sent
    assert tray.published == [event]
    assert store.get("outbox/e1") is None
    assert outbox.sweep(PATIENCE) == 0


def test_a_crash_between_commit_and_publish_costs_nothing(outbox, store, tray, clock):
    (event,) = kept(outbox, store, "e1")
    clock.tick(seconds=30)

    swept = outbox.sweep(PATIENCE)

    assert swept == 1
    assert tray.published == [event]
    assert pending(store, event) is None


def test_a_bus_that_is_down_is_no_error_of_who_tells(outbox, store, tray, clock):
    (event,) = kept(outbox, store, "e1")
    tray.down = True

    assert not outbox.send(event)
    assert pending(store, event) == NOW

    tray.down = False
    clock.tick(minutes=1)
    assert [outbox.sweep(PATIENCE), outbox.sweep(PATIENCE)] == [1, 0]
    assert tray.published == [event]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_after_publish_costs_a_second_delivery_at_most(outbox, store, tray, clock, when):
    (event,) = kept(outbox, store, "e1")
    store.arm(when, 1)

    assert not outbox.send(event)

    clock.tick(minutes=1)
    outbox.sweep(PATIENCE)
    assert tray.published == [event] * (2 if when == "before" else 1)
    assert pending(store, event) is None


def test_what_is_young_is_left_to_its_own_sender(outbox, store, tray, clock):
    kept(outbox, store, "e1")
    clock.tick(seconds=29)

    assert outbox.sweep(PATIENCE) == 0
    assert tray.published == []


def test_a_sweep_sends_the_oldest_first_and_everything(outbox, store, tray, clock):
    count = SWEEP_PAGE + 3
    made = []
    for number in range(count):
        made += kept(outbox, store, f"e{count - number}")
        clock.tick(milliseconds=1)
    clock.tick(minutes=1)

    swept = outbox.sweep(PATIENCE)

    assert swept == count
    assert tray.published == made


def test_a_sweep_stops_while_the_bus_is_down(outbox, store, tray, clock):
    made = kept(outbox, store, "e1", "e2", "e3")
    tray.down = True
    clock.tick(minutes=1)

    assert outbox.sweep(PATIENCE) == 0

    assert all(pending(store, event) == NOW for event in made)


def test_a_sweep_that_is_broken_off_goes_on_next_time(outbox, store, tray, clock):
    made = kept(outbox, store, "e1", "e2", "e3")
    clock.tick(minutes=1)
    store.arm("before", 2)

    assert outbox.sweep(PATIENCE) == 1
    assert [pending(store, event) for event in made] == [None, NOW, NOW]

    assert outbox.sweep(PATIENCE) == 2
    assert tray.published == [made[0], made[1], *made[1:]]


def test_an_event_that_can_no_longer_be_read_holds_up_no_other(outbox, store, tray, clock):
    first, second = kept(outbox, store, "e1", "e2")
    unreadable = {"pending_at": NOW, "envelope": "{}"}
    store.commit([Create(f"outbox/a{n}", unreadable) for n in range(SWEEP_PAGE)])
    clock.tick(minutes=1)

    assert outbox.sweep(PATIENCE) == 2

    assert tray.published == [first, second]


def test_an_event_that_lies_under_another_name_goes_as_well(outbox, store, tray, clock):
    (event,) = kept(outbox, store, "e1")
    store.commit([Create("outbox/e0", {**store.get("outbox/e1").data})])
    clock.tick(minutes=1)

    assert outbox.sweep(PATIENCE) == 2

    assert tray.published == [event, event]
    assert outbox.sweep(PATIENCE) == 0


def test_a_store_that_is_down_is_told_to_who_sweeps(outbox, documents):
    documents.close()
    documents._database.path = documents._database.path / "gone"

    with pytest.raises(OutsideError):
        outbox.sweep(PATIENCE)


def test_who_publishes_nothing_leaves_its_events_to_upkeep(store, clock):
    silent = Outbox(documents=store, bus=NoBus(), clock=clock)
    (event,) = kept(silent, store, "e1")

    assert not silent.send(event)

    assert pending(store, event) == NOW
