"""What a ticket is promised, kept up with every change of it: its goals, and when it closes.

Whoever saves a ticket asks here, so no way of changing one can forget its clock.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from helpdesk import goals
from helpdesk.errors import TransientError
from helpdesk.goals import Goals
from helpdesk.levels import ServiceLevels
from helpdesk.ports import Timer, Timers
from helpdesk.ticket import DONE, Status, Ticket
from helpdesk.verdict import Priority

Levels = Callable[[], ServiceLevels]

log = logging.getLogger(__name__)


def promised(before: Ticket, after: Ticket, levels: Levels) -> Ticket:
    """Return a changed ticket with its goals and its closing as they follow from the change.

    Goals begin with the change of a new ticket that knows its priority; one from before there were
    goals gets none. The service levels are asked for only where they decide something.
    """
    after = replace(after, closes_at=_closes_at(before, after, levels))
    if after.priority is None:
        return after
    kept = after.goals
    if kept is None:
        if before.status is not Status.NEW:
            return after  # so that an upgrade breaks no promise that nobody gave
        kept = goals.begun(after.priority, created_at=after.created_at, levels=levels())
    elif before.priority is not after.priority:
        kept = goals.reprioritised(
            kept,
            old=before.priority,
            new=after.priority,
            created_at=after.created_at,
            levels=levels(),
            now=after.updated_at,
        )
    return replace(after, goals=_standing(kept, after, after.priority, levels))


def look_at(ticket: Ticket) -> datetime | None:
    """Return when somebody has to look after a ticket again, if nothing happens to it before."""
    if ticket.status is Status.RESOLVED:
        return ticket.closes_at
    return goals.next_look(ticket.goals) if ticket.goals else None


def come_back_to(ticket: Ticket, timers: Timers) -> None:
    """Set the timer by which somebody looks after a ticket again; setting it twice is once.

    A failure is no error: the sweep finds what no timer came back to.
    """
    moment = look_at(ticket)
    if moment is None:
        return
    name = f"ticket.{ticket.id}.{moment:%Y%m%dT%H%M%S.%f}"
    try:
        timers.set(Timer(name=name, due_at=moment, about=f"ticket:{ticket.id}"))
    except TransientError as error:
        facts = {"ticket_id": ticket.id, "reason": str(error)}
        log.warning("no timer is set", extra=facts)


def _standing(kept: Goals, ticket: Ticket, priority: Priority, levels: Levels) -> Goals:
    """Return goals as they follow from where a ticket stands."""
    now = ticket.updated_at
    if ticket.status not in DONE and kept.solved_at:
        kept = goals.reopened(
            kept, priority=priority, created_at=ticket.created_at, now=now, levels=levels()
        )
    if ticket.first_response_at:
        kept = goals.answered(kept, now=ticket.first_response_at)
    if ticket.status in DONE:
        return goals.solved(kept, now=now)
    if ticket.status is Status.WAITING:
        return goals.paused(kept, now=now)
    return goals.resumed(kept, now=now, levels=levels()) if kept.paused_at else kept


def _closes_at(before: Ticket, after: Ticket, levels: Levels) -> datetime | None:
    """Return when a resolved ticket closes by itself: as it was told when it was resolved."""
    if after.status is not Status.RESOLVED or after.resolved_at is None:
        return None
    if before.status is Status.RESOLVED:
        return before.closes_at  # also where that is never
    wait = levels().close_after
    return after.resolved_at + wait if wait else None
