"""Tickets that travelled as far as a test wants, kept as the chain keeps them."""

from datetime import UTC, datetime, timedelta

from helpdesk.changes import closed_by_time
from helpdesk.events import EventType
from helpdesk.timeline import Actor
from tests.builders import a_verdict, an_entry

FRIDAY = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def kept(counter, ticket_id, act, action="triaged"):
    """Make a change of a ticket as a step of ours does."""
    before = counter.tickets.get(ticket_id)
    after = act(before, counter.clock.now())
    entry = an_entry(action=action, actor=Actor.RULE, actor_id="rules")
    return counter.tickets.save(after, EventType.TICKET_UPDATED, entry, before=before)


def served(counter, requester, moderator, **verdict):
    """File a ticket that is triaged and given to a moderator, and return its id."""
    ticket_id = requester.file().json["id"]
    judged = a_verdict(**verdict)
    kept(counter, ticket_id, lambda it, now: it.triaged(judged, now=now))
    kept(counter, ticket_id, lambda it, now: it.assigned_to(moderator.user, now=now), "assigned")
    return ticket_id


def closed(counter, ticket_id):
    """Close a resolved ticket as time does."""
    return kept(counter, ticket_id, lambda it, now: closed_by_time(it, now=now), "closed")


def later(counter, *people, **by):
    """Let time pass, and log people in again."""
    counter.clock.tick(**by)
    return [counter.logged_in(each.user) for each in people]
