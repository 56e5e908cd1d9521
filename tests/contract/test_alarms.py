"""Tickets to look after are found in every store, and what is done of them is done once."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.changes import Edits, answered, edited
from helpdesk.days import read
from helpdesk.errors import ConflictError
from helpdesk.events import EventType
from helpdesk.outbox import Outbox
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.timeline import Actor
from local.documents import SqliteDocuments
from tests.builders import FixedClock, a_moderator, a_ticket, a_verdict, an_entry
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Faulty, Tray
from tests.unit.helpdesk.alarms import Alarms
from upkeep.alarms import look_after, sweep_tickets

FRIDAY = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Desk:
    """Tickets over an empty store, with a clock, and timers that somebody else fires."""

    def __init__(self, store):
        self.clock = FixedClock(FRIDAY)
        self.store, self.documents = store, Faulty(store)
        self.tray, self.timers = Tray(), Alarms()
        outbox = Outbox(documents=self.documents, bus=self.tray, clock=self.clock)
        self.tickets = Tickets(documents=self.documents, outbox=outbox)

    def given(self, ticket_id):
        """Take a high ticket as far as its assignee."""
        now = self.clock.now()
        ticket = a_ticket(id=ticket_id, created_at=now, updated_at=now)
        self.tickets.open(ticket, an_entry(), once=None)
        self.change(ticket_id, lambda it: it.triaged(a_verdict(), now=now))
        self.change(ticket_id, lambda it: it.assigned_to(a_moderator(), now=now))

    def change(self, ticket_id, act):
        before = self.tickets.get(ticket_id)
        entry = an_entry(action="edited", actor=Actor.HUMAN)
        return self.tickets.save(act(before), EventType.TICKET_UPDATED, entry, before=before)

    def look(self, ticket_id):
        look_after(ticket_id, tickets=self.tickets, timers=self.timers, clock=self.clock)

    def actions(self, ticket_id):
        changes = self.tickets.timeline(ticket_id, limit=20, after=None)
        return [each.entry.action for each in changes]


@pytest.fixture(params=ADAPTERS)
def desk(request, tmp_path, emulators):
    """Lend a desk over an empty store of one adapter, with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "helpdesk.db", durable=False)) as opened:
            yield Desk(opened)
    else:
        yield Desk(firestore_documents(emulators))


def resolved(ticket, now):
    return edited(ticket, Edits(status=Status.RESOLVED), assignee=None, now=now)


def test_tickets_are_found_by_when_they_are_due_the_longest_first(desk):
    for minute, name in enumerate(("T1CKET01", "T1CKET02", "T1CKET03")):
        desk.given(name)
        desk.clock.tick(minutes=minute + 1)
    desk.tickets.open(a_ticket(id="NEWEST00"), an_entry(), once=None)  # nothing is due of it
    desk.change("T1CKET02", lambda it: resolved(it, desk.clock.now()))
    due = FRIDAY + 45 * MINUTE

    assert desk.tickets.to_look_at(due - MINUTE, limit=5) == []
    assert desk.tickets.to_look_at(due, limit=5) == ["T1CKET01"]
    assert desk.tickets.to_look_at(due + 3 * MINUTE, limit=5) == ["T1CKET01", "T1CKET03"]
    assert desk.tickets.to_look_at(due + 3 * MINUTE, limit=1) == ["T1CKET01"]
    assert desk.tickets.to_look_at(FRIDAY + 30 * DAY, limit=5) == [
        "T1CKET01",
        "T1CKET03",
        "T1CKET02",
    ]


def test_an_alarm_is_one_commit_with_its_entry_and_its_event(desk):
    desk.given("T1CKET01")
    desk.clock.tick(hours=1)

    desk.look("T1CKET01")

    kept = desk.tickets.get("T1CKET01")
    told = desk.tickets.change("T1CKET01", kept.seq)
    assert told.entry.why == {"alarms": [{"alarm": "breach", "goal": "response"}]}
    assert [goal.value for goal in kept.goals.breached] == ["response"]
    assert desk.tray.published[-1].data["change"] == "breached"
    assert desk.tickets.to_look_at(FRIDAY + HOUR, limit=5) == []
    assert desk.tickets.to_look_at(FRIDAY + 6 * HOUR, limit=5) == ["T1CKET01"]


def test_goals_are_kept_to_the_microsecond(desk):
    desk.given("T1CKET01")
    kept = desk.tickets.get("T1CKET01")
    odd = replace(kept.goals, paused_at=FRIDAY + timedelta(microseconds=7), paused_for=MINUTE / 7)
    waiting = replace(kept, status=Status.WAITING, goals=odd, seq=kept.seq + 1)

    desk.change("T1CKET01", lambda _: waiting)

    assert desk.tickets.get("T1CKET01").goals == odd


def test_two_who_look_at_the_same_moment_make_one_change(desk):
    desk.given("T1CKET01")
    desk.clock.tick(hours=1)
    desk.documents.interrupt(lambda: desk.look("T1CKET01"))

    try:
        desk.look("T1CKET01")
    except ConflictError:  # which of the two fences a store names first is its own affair
        desk.look("T1CKET01")

    assert desk.actions("T1CKET01") == ["created", "edited", "edited", "breached"]
    assert len(desk.timers.kept) == 1


def test_the_sweep_looks_after_everything_that_is_late(desk):
    for name in ("T1CKET01", "T1CKET02"):
        desk.given(name)
    desk.change("T1CKET02", lambda it: resolved(it, FRIDAY))
    desk.clock.tick(days=8)

    found = sweep_tickets(tickets=desk.tickets, timers=desk.timers, clock=desk.clock)

    assert found == 2
    assert desk.actions("T1CKET01")[3:] == ["breached"]
    assert desk.tickets.get("T1CKET02").status is Status.CLOSED


def test_the_days_are_counted_in_the_commits_of_the_changes(desk):
    for name in ("T1CKET01", "T1CKET02"):
        desk.given(name)
    desk.clock.tick(days=1)
    desk.change("T1CKET01", lambda it: resolved(it, desk.clock.now()))
    desk.change("T1CKET02", lambda it: answered(it, status=None, now=desk.clock.now()))
    today = FRIDAY.date()

    first, second = read(desk.store, since=today, until=today + DAY)

    assert (first.counts["filed"], first.counts["filed_high"]) == (2, 2)
    assert first.counts["tokens_in"] == 600
    assert (second.counts["resolved"], second.counts["response_late"]) == (1, 2)
    assert (second.counts["responded"], second.counts["response_s"]) == (1, 86_400)
