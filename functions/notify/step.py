"""Notify: tell people what they should hear of, each letter once."""

import logging
from collections.abc import Sequence

from helpdesk.documents import Write
from helpdesk.errors import EarlyEventError
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.mail import Mail
from helpdesk.ports import Clock, Letter
from helpdesk.tickets import Tickets, notified
from helpdesk.users import Users
from notify import letters

log = logging.getLogger(__name__)


def notify_people(
    event: Event, *, tickets: Tickets, users: Users, mail: Mail, clock: Clock, url: str
) -> None:
    """Write the letter an event calls for, and hand it over."""
    then: Sequence[Write] = ()
    about = "user_id" if event.type is EventType.USER_SIGNED_UP else "ticket_id"
    with bind(**{about: event.subject}):
        match event.type:
            case EventType.TICKET_ASSIGNED:
                letter = _assignment(event, tickets=tickets, users=users)
                then = [notified(event.subject, clock.now())]
            case EventType.USER_SIGNED_UP:
                letter = letters.welcome(users.get(event.subject), event_id=event.id, url=url)
            case _:
                log.info("nobody is told of this event")
                return
        mail.send(letter, event=event, then=then)


def _assignment(event: Event, *, tickets: Tickets, users: Users) -> Letter:
    ticket = tickets.get(event.subject)
    if ticket.assignee_id is None:
        raise EarlyEventError(f"ticket {ticket.id} is not assigned yet")
    # The event says who was assigned then; by now it may be somebody else's.
    assignee_id = str(event.data.get("assignee_id") or ticket.assignee_id)
    assignee = users.get_many([assignee_id])[0] or users.get(ticket.assignee_id)
    return letters.assignment(ticket, assignee=assignee, event_id=event.id)
