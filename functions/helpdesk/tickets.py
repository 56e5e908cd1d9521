"""Where tickets are kept: each change in one commit with its timeline entry and its event."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from helpdesk.documents import (
    Create,
    Data,
    Document,
    Filter,
    Increment,
    Op,
    Order,
    Query,
    Update,
    Value,
    Write,
)
from helpdesk.errors import AlreadyExistsError, ConflictError, MismatchError, NotFoundError
from helpdesk.events import Event, EventType, TicketData
from helpdesk.log import traceparent
from helpdesk.outbox import Outbox
from helpdesk.ports import Documents
from helpdesk.search import page_of
from helpdesk.ticket import OPEN, Listed, Ticket
from helpdesk.timeline import Entry, Recorded, recorded, recorded_from, timeline_path
from helpdesk.wanted import Wanted
from helpdesk.wire import changed_document, listed_from, ticket_document, ticket_from

TIMELINE_PAGE = 100  # changes; hardly a ticket has more
REMEMBERED = timedelta(hours=24)  # how long an idempotency key answers as it did


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that must take effect once: its key, and what else it said."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, *, user_id: str, route: str, key: str, body: str) -> "Once":
        """Return the mark of a request; one user's keys never meet another's."""
        named = hashlib.sha256(f"{user_id}|{route}|{key}".encode()).hexdigest()
        return cls(key=named, fingerprint=hashlib.sha256(body.encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ticket as it was when it was opened, and whether an earlier request had done that.

    `counted` is what the count that was kept along with it came to; 0 where none was.
    """

    ticket: Ticket
    replayed: bool
    counted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of tickets, and the place behind which the list goes on; None at its end."""

    tickets: list[Listed]
    after: tuple[Value, ...] | None


class Tickets:
    """Keeps tickets."""

    def __init__(self, *, documents: Documents, outbox: Outbox) -> None:
        """Keep in `documents`, tell through `outbox`."""
        self._documents = documents
        self._outbox = outbox

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket, or raise NotFoundError."""
        document = self._documents.get(_path(ticket_id))
        if document is None:
            raise NotFoundError(f"there is no ticket {ticket_id}")
        return ticket_from(document)

    def find(self, wanted: Wanted, *, limit: int, after: tuple[Value, ...] | None = None) -> Found:
        """Return one page of tickets, in the order wanted, after a bounded number of documents.

        Where no index has all that is wanted, a page may have fewer tickets than asked for, or
        none, and not be the last.
        """
        walk = wanted.walk
        if walk is None:
            return Found(tickets=[], after=None)
        page = page_of(
            replace(walk, after=after), documents=self._documents, fits=wanted.fits, limit=limit
        )
        return Found(tickets=[listed_from(each) for each in page.documents], after=page.after)

    def timeline(
        self, ticket_id: str, *, limit: int, after: tuple[Value, ...] | None
    ) -> Sequence[Recorded]:
        """Return one page of a ticket's changes, oldest first; `after` is the id of one."""
        # Ids sort as the changes did: an index would make every change of a ticket dearer.
        page = Query(timeline_path(ticket_id), limit=limit, after=after)
        return [recorded_from(each.data) for each in self._documents.query(page)]

    def latest(self, ticket_id: str, action: str) -> Recorded | None:
        """Return a ticket's latest change of this kind, if there was one."""
        found: Recorded | None = None
        after: tuple[Value, ...] | None = None
        while page := self.timeline(ticket_id, limit=TIMELINE_PAGE, after=after):
            found = next((it for it in reversed(page) if it.entry.action == action), found)
            after = (page[-1].id,)
        return found

    def open(
        self, ticket: Ticket, entry: Entry, *, once: Once | None, count: Increment | None = None
    ) -> Opened:
        """Keep a new ticket and return it, or the one that this very request opened before.

        `count` is kept in the same commit. Raise MismatchError when the request's key came with
        another body, AlreadyExistsError when the ticket's id is taken.
        """
        event = event_of(EventType.TICKET_CREATED, ticket, now=ticket.created_at)
        writes: list[Write] = [
            Create(_path(ticket.id), ticket_document(ticket)),
            recorded(entry, before=None, after=ticket, now=ticket.created_at),
            self._outbox.kept(event),
        ]
        if once:
            remembered = self._documents.get(_once_path(once))
            if known := _known(remembered, once, ticket.created_at):
                return known
            writes.append(_remembering(once, ticket, remembered))
        if count:
            writes.append(count)
        try:
            *_, last = self._documents.commit(writes)
        except (AlreadyExistsError, ConflictError):
            # Lost a race with the same request, or our own commit was answered twice.
            remembered = self._documents.get(_once_path(once)) if once else None
            if once and (known := _known(remembered, once, ticket.created_at)):
                return known
            raise
        except NotFoundError:
            # The mark of an older request had expired and was forgotten just now.
            return self.open(ticket, entry, once=once, count=count)
        self._outbox.send(event)
        return Opened(ticket=ticket, replayed=False, counted=last.get("count", 0))

    def save(
        self,
        ticket: Ticket,
        event_type: EventType,
        entry: Entry,
        *,
        before: Ticket,
        also: Sequence[Write] = (),
    ) -> None:
        """Keep one change of a ticket with its entry and event, all or nothing.

        Raise AlreadyExistsError when this change was made already, ConflictError when another was.
        """
        event = event_of(event_type, ticket, now=ticket.updated_at)
        fields = changed_document(ticket, before=before)
        change = Update(_path(ticket.id), fields, unchanged_since=before.version)
        told = recorded(entry, before=before, after=ticket, now=ticket.updated_at)
        try:
            self._documents.commit([self._outbox.kept(event), told, change, *also])
        except AlreadyExistsError as error:
            # The number is taken; whether by this very change says what caused it.
            made = self._documents.get(told.path)
            if made and entry.cause and made.data["cause"] == entry.cause:
                raise
            raise ConflictError(f"ticket {ticket.id} was changed by somebody else") from error
        self._outbox.send(event)

    def claim_triage(self, ticket: Ticket, *, until: datetime) -> None:
        """Note one more attempt at triage, and that nobody else should make one until then.

        Raise ConflictError when the ticket was changed or claimed since it was read.
        """
        claim: Data = {"triage_attempts": ticket.triage_attempts + 1, "triage_until": until}
        self._documents.commit([Update(_path(ticket.id), claim, unchanged_since=ticket.version)])

    def release_triage(self, ticket_id: str, *, until: datetime) -> None:
        """Let the next attempt at triage begin, unless it has: give back the claim until then."""
        found = self._documents.get(_path(ticket_id))
        if found is None or found.data["triage_until"] != until:
            return
        freed = Update(found.path, {"triage_until": None}, unchanged_since=found.version)
        with suppress(ConflictError, NotFoundError):  # somebody else was at it just now
            self._documents.commit([freed])

    def open_count(self, assignee_id: str) -> int:
        """Return how many tickets are open work of somebody."""
        filters = (
            Filter("assignee_id", Op.EQ, assignee_id),
            Filter("status", Op.IN, sorted(status.value for status in OPEN)),
        )
        newest = (Order("created_at", descending=True),)
        return self._documents.count(Query("tickets", filters, newest))


def event_of(event_type: EventType, ticket: Ticket, *, now: datetime) -> Event:
    """Return the event that tells of a ticket's latest change; the change's number makes its id."""
    data: TicketData = {
        "ticket_id": ticket.id,
        "seq": ticket.seq,
        "status": ticket.status,
        "requester_id": ticket.requester_id,
        "assignee_id": ticket.assignee_id,
        "priority": ticket.priority,
        "category": ticket.category,
        "skills": list(ticket.skills),
    }
    name = event_type.value.removeprefix("ticket-")
    return Event(
        id=f"{ticket.id}.{name}.{ticket.seq}",
        type=event_type,
        time=now,
        subject=ticket.id,
        data=data,
        traceparent=traceparent(),
    )


def notified(ticket_id: str, at: datetime) -> Update:
    """Return the write that notes when the assignee was told."""
    return Update(_path(ticket_id), {"notified_at": at})


def _known(found: Document | None, once: Once, now: datetime) -> Opened | None:
    if found is None or found.data["expires_at"] <= now:
        return None
    if found.data["fingerprint"] != once.fingerprint:
        raise MismatchError("this Idempotency-Key was used for another request")
    as_opened = Document(found.path, found.data["ticket"], found.version)
    return Opened(ticket=ticket_from(as_opened), replayed=True)


def _remembering(once: Once, ticket: Ticket, expired: Document | None) -> Write:
    data: Mapping[str, Value] = {
        "fingerprint": once.fingerprint,
        "ticket": ticket_document(ticket),
        "expires_at": ticket.created_at + REMEMBERED,
    }
    if expired:
        return Update(_once_path(once), dict(data), unchanged_since=expired.version)
    return Create(_once_path(once), dict(data))


def _path(ticket_id: str) -> str:
    return f"tickets/{ticket_id}"


def _once_path(once: Once) -> str:
    return f"idem/{once.key}"
