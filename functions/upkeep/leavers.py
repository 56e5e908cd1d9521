"""Tickets of whoever serves no longer: given back for them, so that none waits for nobody."""

import logging

from helpdesk.changes import given_back, told_by
from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError
from helpdesk.ports import Clock
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Entry
from helpdesk.users import Users

RULE = "leavers-1"

log = logging.getLogger(__name__)


def give_back_for_leavers(*, tickets: Tickets, users: Users, clock: Clock) -> int:
    """Give back every open ticket whose assignee serves no longer, and return how many went."""
    serving = {user.id for user in users.staff()}
    left = [user_id for user_id in users.loaded() if user_id not in serving]
    given = sum(
        _given_back(ticket_id, user_id, tickets, clock)
        for user_id in left
        for ticket_id in tickets.held_by(user_id)
    )
    if given:
        log.warning("tickets given back for leavers", extra={"count": given})
    return given


def _given_back(ticket_id: str, user_id: str, tickets: Tickets, clock: Clock) -> bool:
    """Say whether a ticket went back; what changed meanwhile is for the next night."""
    try:
        ticket = tickets.get(ticket_id)
        if ticket.assignee_id != user_id:
            return False
        after = given_back(ticket, now=clock.now())
        entry = Entry(
            action=Action.DECLINED.value,
            actor=Actor.RULE,
            actor_id=RULE,
            cause=f"{RULE}.{after.seq}",
            why={"reason": "whoever had it serves no longer"},
        )
        tickets.save(after, told_by(ticket, after), entry, before=ticket)
    except (AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError):
        return False
    return True
