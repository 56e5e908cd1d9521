"""A ticket, its states and every legal change of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from helpdesk.errors import InvalidInputError
from helpdesk.goals import Goals
from helpdesk.user import User
from helpdesk.verdict import Category, Priority, Source, Verdict

TITLE_MOST = 200
DESCRIPTION_MOST = 20_000
COMMENT_MOST = 20_000
REASON_MOST = 500
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of a surrogate pair


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


# The one table of legal moves. Back to triaged is given back: it waits for somebody else. Reopening
# is the way from resolved or closed back to assigned, or to triaged where its assignee is gone.
MOVES: Mapping[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.TRIAGED}),
    Status.TRIAGED: frozenset({Status.ASSIGNED, Status.RESOLVED}),
    Status.ASSIGNED: frozenset(
        {Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED, Status.TRIAGED}
    ),
    Status.IN_PROGRESS: frozenset(
        {Status.WAITING, Status.RESOLVED, Status.ASSIGNED, Status.TRIAGED}
    ),
    Status.WAITING: frozenset(
        {Status.IN_PROGRESS, Status.RESOLVED, Status.ASSIGNED, Status.TRIAGED}
    ),
    Status.RESOLVED: frozenset({Status.CLOSED, Status.ASSIGNED, Status.TRIAGED}),
    Status.CLOSED: frozenset({Status.ASSIGNED, Status.TRIAGED}),
}

# What triage judges and a person may overrule.
JUDGED = ("priority", "category", "skills")

# Whose values no triage changes.
FIRM = frozenset({Source.HUMAN, Source.RULE})

# States in which a ticket is work of its assignee's: one that waits for its requester is not.
AT_WORK = frozenset({Status.ASSIGNED, Status.IN_PROGRESS})
DONE = frozenset({Status.RESOLVED, Status.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One request for help. A change returns a new ticket.

    `seq` counts the changes from 1; each change has the timeline entry of that number.
    `priority`, `category` and `skills` are the values in force, `sources` says who set each,
    and `verdict` keeps what the machine said even where a person overruled it. Until
    `triage_until` somebody is asking the model; since `triage_asked_at` it is to be judged once
    more. `declined` names who gave it back: assignment leaves them out. `given_seq` numbers the
    change that gave it to its assignee, `notified_at` is when they were told of just that.
    `counted` says that the days count it. Names are kept as they were then, so that showing a
    ticket reads nothing else.
    `version` is the store's mark of the document this was read from, None before the first save.
    """

    id: str
    title: str
    description: str
    requester_id: str
    requester_name: str
    created_at: datetime
    updated_at: datetime
    status: Status = Status.NEW
    seq: int = 1
    priority: Priority | None = None
    category: Category | None = None
    skills: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    needs_review: bool = False
    verdict: Verdict | None = None
    triage_attempts: int = 0
    triage_until: datetime | None = None
    triaged_at: datetime | None = None
    assignee_id: str | None = None
    assignee_name: str | None = None
    assigned_at: datetime | None = None
    notified_at: datetime | None = None
    triage_asked_at: datetime | None = None
    first_assigned_at: datetime | None = None
    given_seq: int = 0
    declined: tuple[str, ...] = ()
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closes_at: datetime | None = None
    goals: Goals | None = None
    reopenings: int = 0
    replies: int = 0
    notes: int = 0
    counted: bool = False
    version: str | None = None

    @property
    def mark(self) -> str:
        """Return what changes whenever what is shown of this ticket does."""
        return f"{self.seq}{'n' if self.notified_at else ''}"

    @property
    def holder_id(self) -> str | None:
        """Return whose work this ticket is just now; None when it is nobody's."""
        return self.assignee_id if self.status in AT_WORK else None

    def moved(self, to: Status, *, now: datetime) -> Self:
        """Return this ticket in another state, or raise InvalidInputError: no move leads there."""
        if to not in MOVES[self.status]:
            raise InvalidInputError(
                f"a ticket that is {self.status} cannot become {to}", field="status"
            )
        return replace(self, status=to, seq=self.seq + 1, updated_at=now)

    def triaged(self, verdict: Verdict, *, now: datetime) -> Self:
        """Return this ticket as triage leaves it; what a person has set already stays."""
        moved = self._passed_on(Status.NEW, Status.TRIAGED, now=now)
        return replace(self._judged(moved, verdict), triaged_at=now)

    def triaged_again(self, verdict: Verdict, *, now: datetime) -> Self:
        """Return this ticket as one more triage leaves it: where it stands and whose it is stay."""
        told = replace(self, seq=self.seq + 1, updated_at=now, triage_asked_at=None)
        return self._judged(told, verdict)

    def _judged(self, told: Self, verdict: Verdict) -> Self:
        source = verdict.provenance.source
        mine = {name for name in JUDGED if self.sources.get(name) not in FIRM}
        return replace(
            told,
            priority=verdict.priority.value if "priority" in mine else self.priority,
            category=verdict.category.value if "category" in mine else self.category,
            skills=verdict.skills.value if "skills" in mine else self.skills,
            sources={**self.sources, **dict.fromkeys(mine, source)},
            # A stand-in for the model decided: somebody should look at it.
            needs_review=bool(verdict.provenance.fallback_reason),
            verdict=verdict,
            triage_until=None,
        )

    def assigned_to(self, assignee: User, *, now: datetime) -> Self:
        """Return this ticket in the hands of a moderator or an admin."""
        moved = self._passed_on(Status.TRIAGED, Status.ASSIGNED, now=now)
        return moved.held_by(assignee, seq=moved.seq, now=now)

    def _passed_on(self, here: Status, to: Status, *, now: datetime) -> Self:
        """Return this ticket one step on in the chain, which fewer moves belong to than to people.

        Raise InvalidInputError when it is elsewhere.
        """
        if self.status is not here:
            raise InvalidInputError(
                f"a ticket that is {self.status} does not become {to} by itself"
            )
        return self.moved(to, now=now)

    def triaged_in_vain(self, *, now: datetime) -> Self:
        """Return this ticket as one more triage leaves it that the model was not there for."""
        told = replace(self, seq=self.seq + 1, updated_at=now, triage_asked_at=None)
        return replace(told, triage_until=None, needs_review=True)

    def held_by(self, assignee: User, *, seq: int, now: datetime) -> Self:
        """Return this ticket with somebody as its assignee, who is still to be told."""
        return replace(
            self,
            assignee_id=assignee.id,
            assignee_name=assignee.name,
            assigned_at=now,
            first_assigned_at=self.first_assigned_at or self.assigned_at or now,
            given_seq=seq,
            notified_at=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list shows of a ticket, so that a page reads no description and no verdict."""

    id: str
    title: str
    status: Status
    priority: Priority | None
    category: Category | None
    skills: tuple[str, ...]
    requester_id: str
    requester_name: str
    assignee_id: str | None
    assignee_name: str | None
    needs_review: bool
    created_at: datetime
    updated_at: datetime


def checked_comment(text: str) -> str:
    """Return a comment's text trimmed, or raise InvalidInputError."""
    return _checked(text.strip(), most=COMMENT_MOST, field_name="text")


def checked_reason(reason: str | None) -> str:
    """Return a reason trimmed, or raise InvalidInputError; none is no fault."""
    trimmed = (reason or "").strip()
    return _checked(trimmed, most=REASON_MOST, field_name="reason") if trimmed else ""


def checked_title(title: str) -> str:
    """Return the title trimmed, on one line, or raise InvalidInputError."""
    return _checked(" ".join(title.split()), most=TITLE_MOST, field_name="title")


def checked_description(description: str) -> str:
    """Return the description trimmed, or raise InvalidInputError."""
    return _checked(description.strip(), most=DESCRIPTION_MOST, field_name="description")


def _checked(text: str, *, most: int, field_name: str) -> str:
    if not text:
        raise InvalidInputError(f"{field_name} must not be empty", field=field_name)
    if len(text) > most:
        raise InvalidInputError(
            f"{field_name} has {len(text)} characters, at most {most} are allowed", field=field_name
        )
    if _NO_TEXT.search(text):
        raise InvalidInputError(f"{field_name} holds a character that is no text", field=field_name)
    return text
