"""What the queue promises beyond the Bus port: it outlives its process, and counts exactly."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpdesk import events
from helpdesk.clock import SystemClock
from helpdesk.events import EventType
from local.bus import QueueBus
from local.queue import Backoff, SqliteQueue
from tests.contract.buses import QUICK, SOON_S, Given, Received, event, publish_from_many_threads

ROOT = Path(__file__).parents[2]


@pytest.fixture
def queue(tmp_path):
    made = SqliteQueue(tmp_path / "bus.db", clock=SystemClock(), backoff=QUICK)
    yield made
    made.close()


def test_the_queue_delivers_each_event_once_while_nothing_fails(queue):
    triage = Received()
    queue.start({"triage": triage}, exhausted=Given(), threads=4)

    publish_from_many_threads(QueueBus(queue))

    assert triage.wait(200)
    assert queue.idle(SOON_S)
    assert len(triage.bodies) == len(set(triage.bodies)) == 200
    assert queue.waiting() == 0


def test_the_queue_keeps_nothing_of_what_it_gave_up(queue):
    given = Given()
    queue.start({"triage": Received(failures=99)}, exhausted=given, threads=2)

    QueueBus(queue).publish(event())

    assert given.wait()
    assert queue.idle(SOON_S)
    assert queue.waiting() == 0


def test_the_queue_gives_up_after_as_few_attempts_as_it_is_told(tmp_path):
    few = SqliteQueue(tmp_path / "bus.db", clock=SystemClock(), backoff=replace(QUICK, attempts=2))
    few.start({"triage": Received(failures=99)}, exhausted=(given := Given()), threads=1)

    QueueBus(few).publish(event())

    assert given.wait()
    few.close()
    assert given.up == [("triage", events.encode(event()), 2)]


def test_what_was_not_acknowledged_is_delivered_by_the_next_process(tmp_path):
    file = tmp_path / "bus.db"
    patient = replace(QUICK, attempts=100)  # nobody here is the third event's step
    first = SqliteQueue(file, clock=SystemClock(), backoff=patient)
    QueueBus(first).publish(event(1))
    QueueBus(first).publish(event(2))
    seen = Received()
    first.start({"triage": seen}, exhausted=Given(), threads=1)
    assert seen.wait(2)
    first.idle(SOON_S)
    QueueBus(first).publish(event(3, EventType.TICKET_TRIAGED))
    first.close()

    second = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    triage, assign = Received(), Received()
    second.start({"triage": triage, "assign": assign}, exhausted=Given(), threads=2)

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
    last.start({"triage": triage}, exhausted=Given(), threads=2)
    assert triage.wait(1)
    assert last.idle(SOON_S)
    assert [events.decode(body) for body in triage.bodies] == [event()]
    last.close()


def test_the_wait_between_attempts_doubles_up_to_a_limit():
    backoff = Backoff(first_s=1, most_s=600, attempts=100)

    waits = [backoff.wait_s(attempts) for attempts in range(1, 100)]

    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == waits[-1] == 600
