"""Notify: tell people what they should hear of, each letter once."""

import logging
from collections.abc import Sequence
from datetime import datetime

from helpdesk.documents import Write
from helpdesk.errors import EarlyEventError
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.mail import Mail
from helpdesk.notices import LINKED, read_notice
from helpdesk.ports import Clock, Letter
from helpdesk.tickets import Tickets, notified
from helpdesk.users import Users
from notify import letters
from notify.account_letters import account_letter

log = logging.getLogger(__name__)


def notify_people(
    event: Event,
    *,
    tickets: Tickets,
    users: Users,
    mail: Mail,
    clock: Clock,
    url: str,
    link_key: bytes,
) -> None:
    """Write the letter an event calls for, and hand it over."""
    then: Sequence[Write] = ()
    letter: Letter | None
    with bind(**_about(event)):
        match event.type:
            case EventType.TICKET_ASSIGNED:
                letter = _assignment(event, tickets=tickets, users=users)
                then = [notified(event.subject, clock.now())]
            case EventType.USER_SIGNED_UP:
                letter = letters.welcome(users.get(event.subject), event_id=event.id, url=url)
            case EventType.ACCOUNT_NOTICE:
                letter = _account_letter(event, now=clock.now(), url=url, link_key=link_key)
            case _:
                letter = None
                log.info("nobody is told of this event")
        if letter:
            mail.send(letter, event=event, then=then)


def _about(event: Event) -> dict[str, str]:
    match event.type:
        case EventType.USER_SIGNED_UP:
            return {"user_id": event.subject}
        case EventType.ACCOUNT_NOTICE:
            return {}  # its subject names the notice, nobody else
        case _:
            return {"ticket_id": event.subject}


def _assignment(event: Event, *, tickets: Tickets, users: Users) -> Letter:
    ticket = tickets.get(event.subject)
    if ticket.assignee_id is None:
        raise EarlyEventError(f"ticket {ticket.id} is not assigned yet")
    # The event says who was assigned then; by now it may be somebody else's.
    assignee_id = str(event.data.get("assignee_id") or ticket.assignee_id)
    assignee = users.get_many([assignee_id])[0] or users.get(ticket.assignee_id)
    return letters.assignment(ticket, assignee=assignee, event_id=event.id)


def _account_letter(event: Event, *, now: datetime, url: str, link_key: bytes) -> Letter | None:
    """Return the letter of a notice; None when nobody is reached or its link has ended."""
    told = read_notice(event)
    if not told.email:
        # The api does the same for an address that nobody has, so that nobody learns which it is.
        log.info("nobody is told of this notice", extra={"kind": told.kind.value})
        return None
    if told.kind in LINKED and told.ends_at <= now:
        log.warning("a letter is too late", extra={"kind": told.kind.value})
        return None
    return account_letter(told, event=event, url=url, link_key=link_key)
