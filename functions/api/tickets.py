"""Tickets: open, read and list. Framework-free."""

import logging
import re
from dataclasses import dataclass, replace

from api.accounts import Principal
from api.policy import check_may_see, scope
from helpdesk.cursor import seal, unseal
from helpdesk.errors import AlreadyExistsError, NotFoundError, OutsideError
from helpdesk.log import bind
from helpdesk.ports import Clock, Ids
from helpdesk.ticket import Listed, Status, Ticket, checked_description, checked_title
from helpdesk.tickets import Once, Opened, Tickets
from helpdesk.timeline import Actor, Entry

_ID = re.compile(r"[0-9A-Za-z]{1,40}")
ID_TRIES = 3  # 40 random bits: the second try is already rarer than a broken disk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list, and where it goes on."""

    tickets: list[Listed]
    next_cursor: str | None


class TicketDesk:
    """Takes in tickets and shows them."""

    def __init__(self, *, tickets: Tickets, clock: Clock, ids: Ids, seal_key: bytes) -> None:
        """Serve from `tickets`; sign cursors with the key."""
        self._tickets = tickets
        self._clock = clock
        self._ids = ids
        self._seal_key = seal_key

    def open_ticket(
        self, principal: Principal, title: str, description: str, *, key: str | None = None
    ) -> Opened:
        """Keep a new ticket and return it before any triage; a repeated key opens nothing new.

        Raise InvalidInputError, or MismatchError when the key came with another ticket.
        """
        now = self._clock.now()
        title, description = checked_title(title), checked_description(description)
        once = key and Once.of(
            user_id=principal.user_id,
            route="POST /api/tickets",
            key=key,
            body=f"{title}\0{description}",
        )
        draft = Ticket(
            id="",
            title=title,
            description=description,
            requester_id=principal.user_id,
            requester_name=principal.name,
            created_at=now,
            updated_at=now,
        )
        entry = Entry(
            action="created", actor=Actor.HUMAN, actor_id=principal.user_id, cause="", why={}
        )
        for _ in range(ID_TRIES):
            ticket = replace(draft, id=self._ids.ticket_id())
            try:
                opened = self._tickets.open(ticket, entry, once=once or None)
            except AlreadyExistsError:
                continue  # the id is taken
            with bind(ticket_id=opened.ticket.id):
                log.info("ticket opened", extra={"user_id": principal.user_id})
            return opened
        raise OutsideError("no free ticket id was found")

    def read_ticket(self, principal: Principal, ticket_id: str) -> Ticket:
        """Return a ticket, or raise NotFoundError when there is none that the asker may see."""
        if not _ID.fullmatch(ticket_id):
            raise NotFoundError(f"there is no ticket {ticket_id}")
        ticket = self._tickets.get(ticket_id)
        check_may_see(principal, ticket)
        return ticket

    def list_tickets(
        self, principal: Principal, *, status: Status | None, limit: int, cursor: str | None
    ) -> Page:
        """Return one page of what the asker may see, newest first."""
        wanted = replace(scope(principal), status=status)
        bound_to = f"{principal.user_id}|{principal.role}|{status or ''}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        # One more than asked for tells whether the list goes on.
        found = self._tickets.list(wanted, limit=limit + 1, after=after)
        page, more = found[:limit], len(found) > limit
        place = (page[-1].created_at, page[-1].id) if more else None
        sealed = place and seal(place, key=self._seal_key, bound_to=bound_to)
        return Page(tickets=page, next_cursor=sealed or None)
