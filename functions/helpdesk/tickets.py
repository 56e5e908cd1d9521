"""Where tickets are kept: each change in one commit with its timeline entry and its event."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from helpdesk import comments
from helpdesk.comments import Comment
from helpdesk.days import counted, is_placed
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
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError
from helpdesk.events import Event, EventType, TicketData
from helpdesk.labels import labelled
from helpdesk.levels import ServiceLevels
from helpdesk.log import traceparent
from helpdesk.once import Once, read_mark, remembered, remembering
from helpdesk.outbox import Outbox
from helpdesk.ports import Documents
from helpdesk.promises import look_at, promised
from helpdesk.search import page_of
from helpdesk.service import CachedService, Service
from helpdesk.ticket import AT_WORK, DONE, Listed, Status, Ticket
from helpdesk.timeline import Entry, Recorded, entry_path, recorded, recorded_from, timeline_path
from helpdesk.users import moved_load
from helpdesk.wanted import Wanted
from helpdesk.wire import changed_document, listed_from, ticket_document, ticket_from

HELD_MOST = 500  # tickets; whoever looks after them comes back for the others
TIMELINE_PAGE = 100  # changes; hardly a ticket has more


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
        self._levels = CachedService(Service(documents))

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

    def latest(self, ticket_id: str, actions: Collection[str]) -> Recorded | None:
        """Return a ticket's latest change of these kinds, if there was one."""
        found: Recorded | None = None
        after: tuple[Value, ...] | None = None
        while page := self.timeline(ticket_id, limit=TIMELINE_PAGE, after=after):
            found = next((it for it in reversed(page) if it.entry.action in actions), found)
            after = (page[-1].id,)
        return found

    def open(
        self, ticket: Ticket, entry: Entry, *, once: Once | None, count: Increment | None = None
    ) -> Opened:
        """Keep a new ticket and return it, or the one that this very request opened before.

        `count` is kept in the same commit. Raise MismatchError when the request's key came with
        another body, AlreadyExistsError when the ticket's id is taken.
        """
        event = event_of(EventType.TICKET_CREATED, ticket, entry, now=ticket.created_at)
        writes: list[Write] = [
            Create(_path(ticket.id), ticket_document(ticket)),
            recorded(entry, before=None, after=ticket, now=ticket.created_at),
            self._outbox.kept(event),
        ]
        mark = read_mark(self._documents, once)
        if known := _known(mark, once, ticket.created_at):
            return known
        if once:
            made = {"ticket": ticket_document(ticket)}
            writes.append(remembering(once, made, now=ticket.created_at, expired=mark))
        if count:
            writes.append(count)
        try:
            *_, last = self._documents.commit(writes)
        except (AlreadyExistsError, ConflictError):
            # Lost a race with the same request, or our own commit was answered twice.
            if known := _known(read_mark(self._documents, once), once, ticket.created_at):
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
        event_type: EventType | Sequence[EventType],
        entry: Entry,
        *,
        before: Ticket,
        also: Sequence[Write] = (),
    ) -> Ticket:
        """Keep one change of a ticket, all or nothing, with what follows, and return the ticket.

        What follows is its entry and its event, that its goals go on, that everybody's load stays
        right, that a person's word on what triage judges is kept as a label, and that the day's
        counts count it. Raise AlreadyExistsError when this change was made already, ConflictError
        when another was.
        """
        ticket = promised(before, ticket, lambda: self._levels.get(ticket.updated_at))
        ticket = replace(ticket, counted=before.counted or not is_placed(before))
        told_of = (event_type,) if isinstance(event_type, EventType) else event_type
        events = [event_of(each, ticket, entry, now=ticket.updated_at) for each in told_of]
        fields = {**changed_document(ticket, before=before), "look_at": look_at(ticket)}
        change = Update(_path(ticket.id), fields, unchanged_since=before.version)
        told = recorded(entry, before=before, after=ticket, now=ticket.updated_at)
        follows: Sequence[Write] = [
            *moved_load(before, ticket),
            *labelled(before, ticket, entry),
            *counted(before, ticket),
        ]
        try:
            kept = [self._outbox.kept(event) for event in events]
            self._documents.commit([*kept, told, change, *follows, *also])
        except AlreadyExistsError as error:
            # The number is taken; whether by this very change says what caused it.
            made = self._documents.get(told.path)
            if made and entry.cause and made.data["cause"] == entry.cause:
                raise
            raise ConflictError(f"ticket {ticket.id} was changed by somebody else") from error
        self._outbox.send(*events)
        return ticket

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

    def comments(
        self, ticket_id: str, *, notes: bool, limit: int, behind: int
    ) -> Sequence[Comment]:
        """Return up to so many comments behind a number, oldest first; notes only if asked for."""
        return comments.page(self._documents, ticket_id, notes=notes, limit=limit, behind=behind)

    def comment(self, ticket_id: str, seq: int, *, internal: bool) -> Comment:
        """Return one comment, or raise NotFoundError."""
        found = comments.read(self._documents, ticket_id, seq, internal=internal)
        if found is None:
            raise NotFoundError(f"ticket {ticket_id} has no comment {seq}")
        return found

    def mark(self, once: Once | None) -> Document | None:
        """Return the mark that a request with this key has left."""
        return read_mark(self._documents, once)

    def to_look_at(self, by: datetime, *, limit: int) -> Sequence[str]:
        """Return tickets that somebody had to look after by then, the longest due first."""
        due = Query(
            "tickets",
            (Filter("look_at", Op.LE, by),),
            (Order("look_at"),),
            limit,
            fields=("look_at",),
        )
        return [each.id for each in self._documents.query(due)]

    def change(self, ticket_id: str, seq: int) -> Recorded:
        """Return one change of a ticket, or raise NotFoundError."""
        found = self._documents.get(entry_path(ticket_id, seq))
        if found is None:
            raise NotFoundError(f"ticket {ticket_id} has no change {seq}")
        return recorded_from(found.data)

    def levels(self, now: datetime) -> ServiceLevels:
        """Return the service levels as they were at most a minute ago."""
        return self._levels.get(now)

    def count(self, status: Status) -> int:
        """Return how many tickets stand there."""
        newest = (Order("created_at", descending=True),)
        return self._documents.count(
            Query("tickets", (Filter("status", Op.EQ, status.value),), newest)
        )

    def held_by(self, assignee_id: str) -> Sequence[str]:
        """Return the tickets that somebody has and that are not done, HELD_MOST of them at most."""
        held = Query(
            "tickets",
            (
                Filter("assignee_id", Op.EQ, assignee_id),
                Filter("status", Op.IN, [each.value for each in Status if each not in DONE]),
            ),
            (Order("created_at", descending=True),),
            HELD_MOST,
            fields=("created_at",),
        )
        return [each.id for each in self._documents.query(held)]

    def open_count(self, assignee_id: str) -> int:
        """Return how many tickets somebody has to work on."""
        filters = (
            Filter("assignee_id", Op.EQ, assignee_id),
            Filter("status", Op.IN, sorted(status.value for status in AT_WORK)),
        )
        newest = (Order("created_at", descending=True),)
        return self._documents.count(Query("tickets", filters, newest))


def event_of(event_type: EventType, ticket: Ticket, entry: Entry, *, now: datetime) -> Event:
    """Return the event that tells of a ticket's latest change; the change's number makes its id."""
    data: TicketData = {
        "ticket_id": ticket.id,
        "seq": ticket.seq,
        "change": entry.action,
        "by": entry.actor_id,
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


def notified(event: Event, at: datetime) -> Update:
    """Return the write that notes when an assignee was told of being given a ticket.

    It names the giving: whoever has the ticket by then was perhaps told of nothing.
    """
    return Update(_path(event.subject), {f"told_{int(event.data['seq'])}": at})


def _known(mark: Document | None, once: Once | None, now: datetime) -> Opened | None:
    made = remembered(mark, once, now=now)
    if mark is None or made is None:
        return None
    as_opened = Document(mark.path, made["ticket"], mark.version)
    return Opened(ticket=ticket_from(as_opened), replayed=True)


def _path(ticket_id: str) -> str:
    return f"tickets/{ticket_id}"
