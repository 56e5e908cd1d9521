"""Assign: give a triaged ticket to the moderator who fits best, or to an admin."""

import logging

from assign.choose import Choice, choose
from helpdesk.errors import DuplicateError, EarlyEventError, NobodyToAssignError
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.ports import Clock
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Entry
from helpdesk.users import Users

log = logging.getLogger(__name__)


def assign_ticket(event: Event, *, tickets: Tickets, users: Users, clock: Clock) -> None:
    """Choose who takes the ticket, and keep the choice with its grounds."""
    ticket = tickets.get(event.subject)
    if ticket.status is Status.NEW:
        raise EarlyEventError(f"ticket {ticket.id} is not triaged yet")
    if ticket.status is not Status.TRIAGED:
        raise DuplicateError(f"ticket {ticket.id} is assigned already")
    now = clock.now()
    with bind(ticket_id=ticket.id):
        choice = choose(ticket, users.staff(), users.loads, now=now)
        if choice is None:
            raise NobodyToAssignError("there is neither a moderator nor an admin")
        tickets.save(
            ticket.assigned_to(choice.assignee, now=now),
            EventType.TICKET_ASSIGNED,
            _entry(choice, cause=event.id),
            before=ticket,
        )
        log.info("ticket assigned", extra={"assignee_id": choice.assignee.id})


def _entry(choice: Choice, *, cause: str) -> Entry:
    return Entry(
        action=Action.ASSIGNED.value,
        actor=Actor.RULE,
        actor_id="assign-1",
        cause=cause,
        why={
            "assignee_id": choice.assignee.id,
            "fallback": choice.fallback,
            "candidates": [
                {
                    "user_id": candidate.user.id,
                    "limit": candidate.user.capacity,
                    "skill": candidate.skill,
                    "capacity": candidate.capacity,
                    "idle": candidate.idle,
                    "draw": candidate.draw,
                    "score": candidate.score,
                    "total": candidate.total,
                }
                for candidate in choice.candidates
            ],
            "excluded": {name: reason.value for name, reason in choice.excluded.items()},
        },
    )
