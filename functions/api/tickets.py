"""Tickets: open, read and list. Framework-free."""

import logging
import re
from dataclasses import dataclass, replace
from datetime import timedelta

from api.limits import Budget, Limits, Rule
from api.policy import Act, View, check_may, scope, shows_internals, views
from api.sessions import Principal
from helpdesk.cursor import seal, unseal
from helpdesk.errors import AlreadyExistsError, ForbiddenError, NotFoundError, OutsideError
from helpdesk.log import bind
from helpdesk.once import Once
from helpdesk.ports import Clock, Ids
from helpdesk.ticket import Listed, Ticket, checked_description, checked_title
from helpdesk.tickets import Opened, Tickets
from helpdesk.timeline import Action, Actor, Entry
from helpdesk.wanted import Wanted

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

    def __init__(
        self,
        *,
        tickets: Tickets,
        limits: Limits,
        per_hour: int,
        clock: Clock,
        ids: Ids,
        seal_key: bytes,
    ) -> None:
        """Serve from `tickets`, taking so many an hour from each user; sign cursors."""
        self._tickets = tickets
        self._limits = limits
        self._filing = Rule("tickets", per_hour, timedelta(hours=1))
        self._clock = clock
        self._ids = ids
        self._seal_key = seal_key

    def open_ticket(
        self, principal: Principal, title: str, description: str, *, key: str | None = None
    ) -> Opened:
        """Keep a new ticket and return it before any triage; a repeated key opens nothing new.

        Raise InvalidInputError, MismatchError when the key came with another ticket, TooManyError
        when there were too many within the hour.
        """
        filed = Budget(self._filing, principal.user_id)
        self._limits.check(filed)
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
            action=Action.CREATED.value,
            actor=Actor.HUMAN,
            actor_id=principal.user_id,
            cause="",
            why={},
        )
        for _ in range(ID_TRIES):
            ticket = replace(draft, id=self._ids.ticket_id())
            count = self._limits.counted(filed)
            try:
                opened = self._tickets.open(ticket, entry, once=once or None, count=count)
            except AlreadyExistsError:
                continue  # the id is taken
            self._limits.note(filed, opened.counted, counted=count)
            with bind(ticket_id=opened.ticket.id):
                log.info("ticket opened", extra={"user_id": principal.user_id})
            return opened
        raise OutsideError("no free ticket id was found")

    def read_ticket(self, principal: Principal, ticket_id: str) -> Ticket:
        """Return a ticket, or raise NotFoundError when there is none that the asker may see."""
        if not _ID.fullmatch(ticket_id):
            raise NotFoundError(f"there is no ticket {ticket_id}")
        ticket = self._tickets.get(ticket_id)
        check_may(principal, Act.READ_TICKET, ticket)
        return ticket

    def list_tickets(
        self,
        principal: Principal,
        asked: Wanted,
        *,
        view: View | None = None,
        limit: int,
        cursor: str | None,
    ) -> Page:
        """Return one page of what the asker may see of the tickets asked for.

        Raise ForbiddenError for a list or a filter that is not theirs to use.
        """
        wanted = _cut(principal, asked, view)
        bound_to = f"tickets|{principal.user_id}|{principal.role}|{view or ''}|{asked!r}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        if wanted is None:
            return Page(tickets=[], next_cursor=None)
        found = self._tickets.find(wanted, limit=limit, after=after)
        sealed = found.after and seal(found.after, key=self._seal_key, bound_to=bound_to)
        return Page(tickets=found.tickets, next_cursor=sealed or None)


def _cut(principal: Principal, asked: Wanted, view: View | None) -> Wanted | None:
    """Return the tickets asked for that are in somebody's list; None where none can be.

    Raise ForbiddenError for a list or a filter that is not theirs to use.
    """
    cut = scope(principal, view)
    mine = {None, principal.user_id}
    if View.ALL not in views(principal.role):
        if asked.unassigned or asked.assignee_id not in mine:
            raise ForbiddenError("your role does not allow to ask whom tickets are assigned to")
        if asked.requester_id not in mine:
            raise ForbiddenError("your role does not allow to ask who filed tickets")
    if asked.needs_review is not None and not shows_internals(principal, view):
        raise ForbiddenError("your role does not allow to ask for needs_review in this list")
    whose = {"requester_id": cut.requester_id, "assignee_id": cut.assignee_id}
    if any(own and getattr(asked, name) not in {None, own} for name, own in whose.items()):
        return None
    return replace(
        asked,
        requester_id=cut.requester_id or asked.requester_id,
        assignee_id=cut.assignee_id or asked.assignee_id,
    )
