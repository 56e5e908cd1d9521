"""A ticket, its states and every legal change of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from helpdesk.errors import InvalidInputError
from helpdesk.user import User
from helpdesk.verdict import Category, Priority, Source, Verdict

TITLE_MOST = 200
DESCRIPTION_MOST = 20_000
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


# The one table of legal moves. Reopening is the way from resolved or closed back to assigned.
MOVES: Mapping[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.TRIAGED}),
    Status.TRIAGED: frozenset({Status.ASSIGNED}),
    Status.ASSIGNED: frozenset({Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED}),
    Status.IN_PROGRESS: frozenset({Status.WAITING, Status.RESOLVED}),
    Status.WAITING: frozenset({Status.IN_PROGRESS, Status.RESOLVED}),
    Status.RESOLVED: frozenset({Status.CLOSED, Status.ASSIGNED}),
    Status.CLOSED: frozenset({Status.ASSIGNED}),
}

# What triage judges and a person may overrule.
JUDGED = ("priority", "category", "skills")

# States in which a ticket counts as open work of its assignee.
OPEN = frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One request for help. A change returns a new ticket.

    `seq` counts the changes from 1; each change has the timeline entry of that number.
    `priority`, `category` and `skills` are the values in force, `sources` says who set each,
    and `verdict` keeps what the machine said even where a person overruled it. Until
    `triage_until` somebody is asking the model. Names are kept as they were then, so that showing
    a ticket reads nothing else.
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
    version: str | None = None

    def moved(self, to: Status, *, now: datetime) -> Self:
        """Return this ticket in another state, or raise InvalidInputError: no move leads there."""
        if to not in MOVES[self.status]:
            raise InvalidInputError(
                f"a ticket that is {self.status} cannot become {to}", field="status"
            )
        return replace(self, status=to, seq=self.seq + 1, updated_at=now)

    def triaged(self, verdict: Verdict, *, now: datetime) -> Self:
        """Return this ticket as triage leaves it; what a person has set already stays."""
        set_by = {**dict.fromkeys(JUDGED, verdict.provenance.source), **self.sources}
        mine = {name for name in JUDGED if name not in self.sources}
        return replace(
            self.moved(Status.TRIAGED, now=now),
            priority=verdict.priority.value if "priority" in mine else self.priority,
            category=verdict.category.value if "category" in mine else self.category,
            skills=verdict.skills.value if "skills" in mine else self.skills,
            sources=set_by,
            # A stand-in for the model decided: somebody should look at it.
            needs_review=bool(verdict.provenance.fallback_reason),
            verdict=verdict,
            triaged_at=now,
            triage_until=None,
        )

    def assigned_to(self, assignee: User, *, now: datetime) -> Self:
        """Return this ticket in the hands of a moderator or an admin."""
        moved = self.moved(Status.ASSIGNED, now=now)
        return replace(moved, assignee_id=assignee.id, assignee_name=assignee.name, assigned_at=now)


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
