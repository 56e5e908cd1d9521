"""Notify: tell people what they should hear of, each letter once."""

import logging
from collections.abc import Sequence
from datetime import datetime

from helpdesk.documents import Write
from helpdesk.errors import DuplicateError
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.mail import Mail
from helpdesk.notices import LINKED, read_notice
from helpdesk.ports import Clock, Letter, Timers
from helpdesk.promises import come_back_to
from helpdesk.tickets import Tickets, notified
from helpdesk.users import Users
from notify import letters
from notify.account_letters import account_letter
from notify.ticket_letters import gives, ticket_letters

log = logging.getLogger(__name__)


def notify_people(
    event: Event,
    *,
    tickets: Tickets,
    users: Users,
    mail: Mail,
    timers: Timers,
    clock: Clock,
    url: str,
    link_key: bytes,
) -> None:
    """Write the letters an event calls for, and hand them over."""
    with bind(**_about(event)):
        match event.type:
            case EventType.TICKET_ASSIGNED | EventType.TICKET_UPDATED:
                ticket = tickets.get(event.subject)
                come_back_to(ticket, timers)
                written = ticket_letters(event, ticket, tickets=tickets, users=users)
                if not written:
                    log.info("nobody is told of this change")
            case EventType.USER_SIGNED_UP:
                written = [letters.welcome(users.get(event.subject), event_id=event.id, url=url)]
            case EventType.ACCOUNT_NOTICE:
                written = _account_letters(event, now=clock.now(), url=url, link_key=link_key)
            case _:
                written = []
        if not written:
            return
        then = [notified(event, clock.now())] if gives(event) else []
        _send_all(written, event, mail, then)


def _send_all(written: Sequence[Letter], event: Event, mail: Mail, then: Sequence[Write]) -> None:
    """Send each letter; raise DuplicateError when it is known of all what became of them."""
    known = 0
    for letter in written:
        try:
            mail.send(letter, event=event, then=then)
        except DuplicateError:
            known += 1
    if known == len(written):
        raise DuplicateError("what became of every letter is known already")


def _about(event: Event) -> dict[str, str]:
    match event.type:
        case EventType.USER_SIGNED_UP:
            return {"user_id": event.subject}
        case EventType.ACCOUNT_NOTICE:
            return {}  # its subject names the notice, nobody else
        case _:
            return {"ticket_id": event.subject}


def _account_letters(event: Event, *, now: datetime, url: str, link_key: bytes) -> list[Letter]:
    """Return the letter of a notice; none when nobody is reached or its link has ended."""
    told = read_notice(event)
    if not told.email:
        # The api does the same for an address that nobody has, so that nobody learns which it is.
        log.info("nobody is told of this notice", extra={"kind": told.kind.value})
        return []
    if told.kind in LINKED and told.ends_at <= now:
        log.warning("a letter is too late", extra={"kind": told.kind.value})
        return []
    return [account_letter(told, event=event, url=url, link_key=link_key)]
