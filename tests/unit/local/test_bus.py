"""The bus of one machine: who is woken by an event, and that nobody else costs anything."""

import pytest

from helpdesk.events import HEARD, HOOKS, EventType
from local.bus import QueueBus
from local.queue import SqliteQueue
from tests.builders import an_event


@pytest.fixture
def queue(tmp_path, clock):
    opened = SqliteQueue(tmp_path / "queue.db", clock=clock)
    yield opened
    opened.close()


def targets(queue):
    with queue._database.reading() as connection:
        return [row[0] for row in connection.execute("SELECT target FROM messages ORDER BY id")]


def test_without_webhooks_their_step_gets_no_message(queue):
    QueueBus(queue).publish(an_event())

    assert targets(queue) == ["triage"]


def test_webhooks_are_told_of_what_they_want_and_are_asked_once_for_many_events(queue):
    asked = []

    def heard():
        asked.append(1)
        return frozenset({EventType.TICKET_CREATED})

    events = [an_event(id="e1"), an_event(id="e2", type=EventType.TICKET_TRIAGED)]
    QueueBus(queue, heard=heard).publish_all(events)

    assert targets(queue) == ["triage", HOOKS, "assign"]
    assert asked == [1]
    assert EventType.ACCOUNT_NOTICE not in HEARD
