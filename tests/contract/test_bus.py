"""What the Bus port promises, over every adapter."""

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpdesk import events
from helpdesk.clock import SystemClock
from helpdesk.events import WAKES, Event, EventType
from local.bus import QueueBus
from local.queue import Backoff, SqliteQueue

ROOT = Path(__file__).parents[2]
SOON_S = 5.0
QUICK = Backoff(first_s=0.01, most_s=0.02, attempts=4)


class Received:
    """A handler that keeps what it was given and fails as often as it is told."""

    def __init__(self, failures=0):
        self.bodies = []
        self._failures = failures
        self._changed = threading.Condition()

    def __call__(self, body):
        with self._changed:
            self.bodies.append(body)
            self._changed.notify_all()
            if len(self.bodies) <= self._failures:
                raise RuntimeError("not this time")

    def wait(self, count):
        with self._changed:
            return self._changed.wait_for(lambda: len(self.bodies) >= count, SOON_S)


class Given:
    """Keeps what the queue gave up."""

    def __init__(self):
        self.up = []

    def __call__(self, target, body, attempts):
        self.up.append((target, body, attempts))


def event(number=1, kind=EventType.TICKET_CREATED):
    return Event(
        id=f"T{number}.created.1",
        type=kind,
        time=datetime(2026, 3, 1, tzinfo=UTC),
        subject=f"T{number}",
        data={"ticket_id": f"T{number}"},
    )


@pytest.fixture
def queue(tmp_path):
    made = SqliteQueue(tmp_path / "bus.db", clock=SystemClock(), backoff=QUICK)
    yield made
    made.close()


def start(queue, given=None, threads=2, **handlers):
    queue.start(handlers, exhausted=given or Given(), threads=threads)


def test_an_event_reaches_every_step_it_wakes_and_no_other(queue):
    triage, others = Received(), Received()
    bus = QueueBus(queue)

    start(queue, triage=triage, assign=others, notify=others)
    bus.publish(event())

    assert triage.wait(1)
    assert queue.idle(SOON_S)
    assert [events.decode(body) for body in triage.bodies] == [event()]
    assert others.bodies == []


@pytest.mark.parametrize("kind", EventType)
def test_every_event_type_reaches_exactly_the_steps_of_wakes(queue, kind):
    steps = {name: Received() for names in WAKES.values() for name in names}
    start(queue, **steps)

    QueueBus(queue).publish(event(kind=kind))

    assert queue.idle(SOON_S)
    assert {name for name, received in steps.items() if received.bodies} == set(WAKES[kind])


def test_what_was_published_before_the_start_is_delivered_after_it(queue):
    QueueBus(queue).publish(event())
    triage = Received()

    start(queue, triage=triage)

    assert triage.wait(1)


def test_a_failing_step_gets_the_event_again_until_it_succeeds(queue):
    triage, given = Received(failures=2), Given()

    start(queue, given, triage=triage)
    QueueBus(queue).publish(event())

    assert triage.wait(3)
    assert queue.idle(SOON_S)
    assert len(set(triage.bodies)) == 1
    assert given.up == []
    assert queue.waiting() == 0


def test_after_the_last_attempt_the_event_is_given_up_with_its_attempts(queue):
    triage, given = Received(failures=99), Given()

    start(queue, given, triage=triage)
    QueueBus(queue).publish(event())

    assert triage.wait(4)
    assert queue.idle(SOON_S)
    assert given.up == [("triage", events.encode(event()), 4)]
    assert queue.waiting() == 0


def test_a_failing_event_holds_up_no_other(queue):
    slow = Received(failures=99)
    start(queue, Given(), threads=1, triage=slow, notify=(fine := Received()))
    bus = QueueBus(queue)

    bus.publish(event(1))
    bus.publish(event(2, EventType.TICKET_ASSIGNED))

    assert fine.wait(1)


def test_many_threads_publish_and_nothing_is_lost_or_doubled(queue):
    triage = Received()
    start(queue, threads=4, triage=triage)
    bus = QueueBus(queue)

    def publish(thread):
        for number in range(25):
            bus.publish(event(thread * 100 + number))

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert triage.wait(200)
    assert queue.idle(SOON_S)
    assert len(triage.bodies) == len(set(triage.bodies)) == 200


def test_what_was_not_acknowledged_is_delivered_by_the_next_process(tmp_path):
    file = tmp_path / "bus.db"
    first = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    QueueBus(first).publish(event(1))
    QueueBus(first).publish(event(2))
    seen = Received()
    start(first, threads=1, triage=seen)
    assert seen.wait(2)
    first.idle(SOON_S)
    QueueBus(first).publish(event(3, EventType.TICKET_TRIAGED))
    first.close()

    second = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    triage, assign = Received(), Received()
    start(second, triage=triage, assign=assign)

    assert assign.wait(1)
    assert second.idle(SOON_S)
    assert triage.bodies == []
    second.close()


KILLED_AT_WORK = """
import os, signal, sys, threading
from pathlib import Path
from helpdesk.clock import SystemClock
from local.queue import SqliteQueue

queue = SqliteQueue(Path(sys.argv[1]), clock=SystemClock())
work = {"triage": lambda _body: os.kill(os.getpid(), signal.SIGKILL)}
queue.start(work, exhausted=print, threads=1)
threading.Event().wait(20)
"""


def test_a_process_that_is_killed_at_work_loses_nothing(tmp_path, monkeypatch):
    file = tmp_path / "bus.db"
    first = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    QueueBus(first).publish(event())
    first.close()
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'functions'}:{ROOT}")

    for _ in range(2):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_AT_WORK, str(file)], check=False, timeout=30
        )
        assert killed.returncode == -signal.SIGKILL

    last, triage = SqliteQueue(file, clock=SystemClock(), backoff=QUICK), Received()
    start(last, triage=triage)
    assert triage.wait(1)
    assert last.idle(SOON_S)
    assert [events.decode(body) for body in triage.bodies] == [event()]
    last.close()


def test_the_wait_between_attempts_doubles_up_to_a_limit():
    backoff = Backoff(first_s=1, most_s=600, attempts=100)

    waits = [backoff.wait_s(attempts) for attempts in range(1, 100)]

    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == waits[-1] == 600
