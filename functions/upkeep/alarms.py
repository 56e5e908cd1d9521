"""Tickets whose time has come: a warning, a breach, a closing. Looked after by a timer or a sweep.

A timer is a wish to be called, never the truth: what is due is judged by the ticket as it is.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta

from helpdesk.changes import alarmed, closed_by_time, told_by
from helpdesk.documents import Value
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    HelpdeskError,
    NotFoundError,
    OutsideError,
)
from helpdesk.goals import Alarm, due
from helpdesk.log import bind
from helpdesk.ports import Clock, Timers
from helpdesk.promises import come_back_to
from helpdesk.ticket import Status, Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Entry

RULE = "service-levels-1"
PATIENCE = timedelta(minutes=2)  # for a timer that is late, before the sweep looks itself
SWEEP_MOST = 200  # tickets of one round; the next one goes on

log = logging.getLogger(__name__)


def look_after(ticket_id: str, *, tickets: Tickets, timers: Timers, clock: Clock) -> None:
    """Do what is due of a ticket, and set the timer for the next time.

    Raise ConflictError when somebody changed it just now: then it is looked at again.
    """
    try:
        ticket = tickets.get(ticket_id)
    except NotFoundError:
        return  # it is gone, and so is what was promised of it
    with bind(ticket_id=ticket_id):
        come_back_to(_seen_to(ticket, tickets, clock), timers)


def sweep_tickets(*, tickets: Tickets, timers: Timers, clock: Clock) -> int:
    """Look after every ticket that no timer came back to, and return how many there were.

    One that fails holds up no other; then raise OutsideError, for it to be looked at again.
    """
    late = tickets.to_look_at(clock.now() - PATIENCE, limit=SWEEP_MOST)
    failed = 0
    for ticket_id in late:
        try:
            look_after(ticket_id, tickets=tickets, timers=timers, clock=clock)
        except ConflictError:
            continue  # whoever changed it has seen to its timer
        except HelpdeskError as error:
            facts = {"ticket_id": ticket_id, "reason": str(error)}
            log.warning("ticket not looked after", extra=facts)
            failed += 1
        except Exception:
            # A fault of ours with one ticket, told with its stack.
            log.exception("ticket not looked after", extra={"ticket_id": ticket_id})
            failed += 1
    if late:
        log.warning("tickets looked after late", extra={"count": len(late)})
    if failed:
        raise OutsideError(f"{failed} of {len(late)} tickets could not be looked after")
    return len(late)


def _seen_to(ticket: Ticket, tickets: Tickets, clock: Clock) -> Ticket:
    """Return the ticket after what was due."""
    now = clock.now()
    if ticket.status is Status.RESOLVED:
        if ticket.closes_at is None or now < ticket.closes_at:
            return ticket
        return _saved(ticket, closed_by_time(ticket, now=now), Action.CLOSED, {}, tickets)
    alarms = due(ticket.goals, now=now) if ticket.goals else []
    if not alarms:
        return ticket
    after = alarmed(ticket, alarms, tickets.levels(now), now=now)
    breach = any(alarm is Alarm.BREACH for alarm, _ in alarms)
    why = {"alarms": [{"alarm": alarm.value, "goal": goal.value} for alarm, goal in alarms]}
    return _saved(ticket, after, Action.BREACHED if breach else Action.WARNED, why, tickets)


def _saved(
    before: Ticket, after: Ticket, action: Action, why: Mapping[str, Value], tickets: Tickets
) -> Ticket:
    entry = Entry(
        action=action.value, actor=Actor.RULE, actor_id=RULE, cause=f"{action}.{after.seq}", why=why
    )
    try:
        saved = tickets.save(after, told_by(before, after), entry, before=before)
    except AlreadyExistsError:
        return tickets.get(before.id)  # our own commit, answered twice
    log.info("ticket looked after", extra={"result": action.value})
    return saved
