"""The relayed outbox: nobody waits for the bus, and nothing is lost between."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from helpdesk.errors import OutsideError
from local.bus import QueueBus
from local.documents import SqliteDocuments
from local.queue import SqliteQueue
from local.relay import RelayedOutbox
from tests.builders import FixedClock, an_event


class Bus(QueueBus):
    """The local bus; it counts its transactions and can be down."""

    def __init__(self, queue):
        super().__init__(queue)
        self.batches = []
        self.down = False
        self.broken = False

    def publish_all(self, committed):
        if self.broken:
            raise RuntimeError("a fault of ours")
        if self.down:
            raise OutsideError("the bus is down")
        self.batches.append([event.id for event in committed])
        super().publish_all(committed)


@pytest.fixture
def documents(tmp_path):
    store = SqliteDocuments(tmp_path / "a.db")
    yield store
    store.close()


@pytest.fixture
def bus(tmp_path):
    queue = SqliteQueue(tmp_path / "b.db", clock=FixedClock())
    yield Bus(queue)
    queue.close()


@pytest.fixture
def outbox(documents, bus):
    made = RelayedOutbox(documents=documents, bus=bus, clock=FixedClock())
    yield made
    made.stop()


def committed(outbox, documents, *names):
    made = [an_event(id=name) for name in names]
    documents.commit([outbox.kept(event) for event in made])
    return made


def turns(lock):
    """Return turns that somebody can hold up."""

    @contextmanager
    def turn():
        with lock:
            yield

    return turn


def is_pending(documents, name):
    return documents.get(f"outbox/{name}") is not None


def test_what_is_sent_reaches_the_bus_and_waits_no_more(outbox, documents, bus):
    (event,) = committed(outbox, documents, "e1")
    outbox.start()

    assert outbox.send(event)
    outbox.stop()

    assert bus.batches == [["e1"]]
    assert not is_pending(documents, "e1")


def test_before_the_start_events_stay_pending_for_the_sweep(outbox, documents, bus):
    (event,) = committed(outbox, documents, "e1")

    assert not outbox.send(event)
    assert is_pending(documents, "e1")

    assert outbox.sweep(timedelta(0)) == 1
    assert bus.batches == [["e1"]]


def test_what_comes_meanwhile_goes_together(documents, bus):
    turn = threading.Lock()
    outbox = RelayedOutbox(documents=documents, bus=bus, clock=FixedClock(), turn=turns(turn))
    events = committed(outbox, documents, *(f"e{n}" for n in range(5)))
    outbox.start()

    with turn:
        for event in events:
            outbox.send(event)
    outbox.stop()

    assert [name for batch in bus.batches for name in batch] == [event.id for event in events]
    assert len(bus.batches) <= 2
    assert not any(is_pending(documents, event.id) for event in events)


def test_a_bus_that_is_down_leaves_events_to_the_sweep(outbox, documents, bus):
    (event,) = committed(outbox, documents, "e1")
    outbox.start()
    bus.down = True

    outbox.send(event)
    outbox.stop()
    assert is_pending(documents, "e1")
    bus.down = False

    assert outbox.sweep(timedelta(0)) == 1
    assert not is_pending(documents, "e1")


def test_a_fault_of_ours_ends_no_relay(outbox, documents, bus, caplog):
    first, second = committed(outbox, documents, "e1", "e2")
    outbox.start()

    bus.broken = True
    outbox.send(first)
    assert within(lambda: "relay failed" in caplog.text)
    bus.broken = False
    outbox.send(second)
    outbox.stop()

    assert is_pending(documents, "e1")
    assert not is_pending(documents, "e2")


def within(true):
    pause = threading.Event()
    return any(true() or pause.wait(0.01) for _ in range(500))
