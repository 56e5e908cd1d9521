"""What people do to a ticket: every legal change by hand, as a function from ticket to ticket.

A change takes one number, however much it touches. What changes nothing returns the same ticket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from helpdesk.errors import InvalidInputError
from helpdesk.events import EventType
from helpdesk.goals import Alarm, Due, told
from helpdesk.levels import ServiceLevels
from helpdesk.ticket import DONE, JUDGED, Status, Ticket
from helpdesk.timeline import Action
from helpdesk.user import User
from helpdesk.verdict import Category, Priority, Source

# The moves that a person asks for by name; every other one follows from something else they do.
ASKED_FOR = frozenset({Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED, Status.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a person sets; None leaves a field as it is. `reviewed` says that they looked at it."""

    title: str | None = None
    description: str | None = None
    priority: Priority | None = None
    category: Category | None = None
    skills: tuple[str, ...] | None = None
    status: Status | None = None
    reviewed: bool = False

    @property
    def text(self) -> Mapping[str, Any]:
        """Return what is set of the words."""
        return self._set("title", "description")

    @property
    def judged(self) -> Mapping[str, Any]:
        """Return what is set of that which triage judges."""
        return self._set(*JUDGED)

    def _set(self, *names: str) -> Mapping[str, Any]:
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: given[name] for name in names if given[name] is not None}


def edited(ticket: Ticket, edits: Edits, *, assignee: User | None, now: datetime) -> Ticket:
    """Return the ticket with what a person sets; a value of theirs stays whatever a machine says.

    `assignee` is who has the ticket, for a reopening. Raise InvalidInputError when no move leads
    to the status, or the ticket is closed and only its words or values were to change.
    """
    reopens = edits.status is Status.ASSIGNED and ticket.status in DONE
    if ticket.status is Status.CLOSED and not reopens and (edits.text or edits.judged):
        raise InvalidInputError("the ticket is closed: reopen it first", field="status")
    changed = replace(ticket, **edits.text)
    if edits.judged or edits.reviewed:
        by_hand = dict.fromkeys(edits.judged, Source.HUMAN)
        changed = replace(
            changed, **edits.judged, sources={**ticket.sources, **by_hand}, needs_review=False
        )
    if edits.status and edits.status is not ticket.status:
        changed = (
            _reopened(changed, assignee, now) if reopens else _moved(changed, edits.status, now)
        )
    return _numbered(changed, ticket, now)


def handed_to(ticket: Ticket, assignee: User, *, now: datetime) -> Ticket:
    """Return the ticket in the hands of somebody whom a person chose.

    Raise InvalidInputError when it is not triaged yet, or done.
    """
    if ticket.status is Status.NEW or ticket.status in DONE:
        raise InvalidInputError(f"a ticket that is {ticket.status} is given to nobody")
    if ticket.assignee_id == assignee.id:
        return ticket
    changed = replace(
        ticket.held_by(assignee, seq=ticket.seq + 1, now=now),
        status=Status.ASSIGNED,
        declined=tuple(each for each in ticket.declined if each != assignee.id),
    )
    return _numbered(changed, ticket, now)


def given_back(ticket: Ticket, *, now: datetime) -> Ticket:
    """Return the ticket without its assignee, for assignment to find another.

    Raise InvalidInputError when nobody has it, or it is done.
    """
    if ticket.assignee_id is None or ticket.status in DONE:
        raise InvalidInputError("nobody has this ticket to give back")
    left_out = dict.fromkeys([*ticket.declined, ticket.assignee_id])
    return _numbered(replace(_nobodys(ticket), declined=tuple(left_out)), ticket, now)


def asked_again(ticket: Ticket, *, now: datetime) -> Ticket:
    """Return the ticket as it waits for one more triage.

    Raise InvalidInputError before the first one, and when it is closed.
    """
    if ticket.status is Status.NEW:
        raise InvalidInputError("the ticket is being triaged just now")
    if ticket.status is Status.CLOSED:
        raise InvalidInputError("the ticket is closed: reopen it first", field="status")
    if ticket.triage_asked_at is not None:
        return ticket
    asked = replace(ticket, triage_asked_at=now, triage_attempts=0, triage_until=None)
    return _numbered(asked, ticket, now)


def noted(ticket: Ticket, *, now: datetime) -> Ticket:
    """Return the ticket with one more internal note."""
    return _numbered(replace(ticket, notes=ticket.notes + 1), ticket, now)


def closed_by_time(ticket: Ticket, *, now: datetime) -> Ticket:
    """Return a resolved ticket as it closes because nobody has opened it again."""
    return _moved(ticket, Status.CLOSED, now)


def alarmed(ticket: Ticket, due: Sequence[Due], levels: ServiceLevels, *, now: datetime) -> Ticket:
    """Return the ticket with a note of what is told of its goals, and what follows of a breach.

    A priority that a person has set is theirs: it is not raised. What waits for its requester is
    taken from nobody.
    """
    if ticket.goals is None:
        return ticket
    after = replace(ticket, goals=told(ticket.goals, due))
    if any(alarm is Alarm.BREACH for alarm, _ in due):
        by_hand = ticket.sources.get("priority") is Source.HUMAN
        if levels.on_breach.raise_priority and ticket.priority and not by_hand:
            set_by = {**ticket.sources, "priority": Source.RULE}
            after = replace(after, priority=_HIGHER[ticket.priority], sources=set_by)
        if levels.on_breach.reassign and ticket.holder_id:
            left_out = dict.fromkeys([*ticket.declined, ticket.holder_id])
            after = replace(_nobodys(after), declined=tuple(left_out))
    return _numbered(after, ticket, now)


_HIGHER: Mapping[Priority, Priority] = {
    Priority.LOW: Priority.MEDIUM,
    Priority.MEDIUM: Priority.HIGH,
    Priority.HIGH: Priority.HIGH,
}


def answered(ticket: Ticket, *, status: Status | None, now: datetime) -> Ticket:
    """Return the ticket with a public reply of staff's, and where that leaves it.

    Without a status, an answer to a ticket that nobody has begun begins it. Raise InvalidInputError
    when no move leads to the status.
    """
    said = replace(
        ticket,
        replies=ticket.replies + 1,
        first_response_at=ticket.first_response_at or now,
    )
    if status is None and ticket.status is Status.ASSIGNED:
        status = Status.IN_PROGRESS
    if status and status is not ticket.status:
        said = _moved(said, status, now)
    return _numbered(said, ticket, now)


def asked_back(ticket: Ticket, *, assignee: User | None, now: datetime) -> Ticket:
    """Return the ticket with a reply of its requester's, which goes on with it or reopens it."""
    said = replace(ticket, replies=ticket.replies + 1)
    if ticket.status is Status.WAITING:
        said = _moved(said, Status.IN_PROGRESS, now)
    elif ticket.status in DONE:
        said = _reopened(said, assignee, now)
    return _numbered(said, ticket, now)


def told_by(before: Ticket, after: Ticket) -> tuple[EventType, ...]:
    """Return the events that tell of a change by hand; each wakes who has to go on with it."""
    if after.status is Status.TRIAGED and before.status is not Status.TRIAGED:
        # Assignment has to find somebody, and the other side to be told.
        return (EventType.TICKET_TRIAGED, EventType.TICKET_UPDATED)
    if after.triage_asked_at and not before.triage_asked_at:
        return (EventType.TRIAGE_ASKED,)
    if after.status is Status.ASSIGNED and before.status is Status.TRIAGED:
        return (EventType.TICKET_ASSIGNED,)
    return (EventType.TICKET_UPDATED,)


def named(before: Ticket, after: Ticket) -> Action:
    """Return what an edit of a ticket is called: its move, if it made one."""
    if before.status is after.status:
        return Action.EDITED
    return _MOVED.get(after.status, Action.REOPENED)


_MOVED: Mapping[Status, Action] = {
    Status.IN_PROGRESS: Action.STARTED,
    Status.WAITING: Action.WAITING,
    Status.RESOLVED: Action.RESOLVED,
    Status.CLOSED: Action.CLOSED,
}


def _moved(ticket: Ticket, to: Status, now: datetime) -> Ticket:
    if to not in ASKED_FOR:
        raise InvalidInputError(f"nobody sets a ticket to {to} by hand", field="status")
    moved = ticket.moved(to, now=now)
    match to:
        case Status.RESOLVED:
            return replace(moved, resolved_at=now)
        case Status.CLOSED:
            return replace(moved, closed_at=now)
        case _:
            return moved


def _reopened(ticket: Ticket, assignee: User | None, now: datetime) -> Ticket:
    """Return the ticket as work again: its assignee's, if they are at work, or somebody else's."""
    again = replace(ticket, resolved_at=None, closed_at=None, reopenings=ticket.reopenings + 1)
    if assignee is None or not assignee.serves or assignee.is_absent(now):
        return _nobodys(again)
    return replace(again, status=Status.ASSIGNED)


def _nobodys(ticket: Ticket) -> Ticket:
    return replace(
        ticket,
        status=Status.TRIAGED,
        assignee_id=None,
        assignee_name=None,
        assigned_at=None,
        given_seq=0,  # or that its last assignee was told would still be told of it
        notified_at=None,
    )


def _numbered(changed: Ticket, before: Ticket, now: datetime) -> Ticket:
    if changed == before:
        return before
    return replace(changed, seq=before.seq + 1, updated_at=now)
