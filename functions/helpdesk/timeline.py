"""The timeline: every change of a ticket, who made it, and why. Entries are never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from helpdesk.documents import Create, Data, Value
from helpdesk.ticket import Ticket


class Actor(StrEnum):
    """What kind of hand made a change."""

    HUMAN = "human"
    AI = "ai"
    RULE = "rule"
    SYSTEM = "system"


class Action(StrEnum):
    """What was done to a ticket."""

    CREATED = "created"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    EDITED = "edited"
    STARTED = "started"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    HANDED_OVER = "handed_over"
    DECLINED = "declined"
    REPLIED = "replied"
    NOTED = "noted"
    TRIAGE_ASKED = "triage_asked"
    TRIAGED_AGAIN = "triaged_again"
    WARNED = "warned"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change. `why` holds the grounds of a decision, enough to make it again."""

    action: str
    actor: Actor
    actor_id: str
    cause: str
    why: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One change as it was kept: its number, its moment, what it was and what it changed."""

    seq: int
    at: datetime
    entry: Entry
    changes: Mapping[str, Mapping[str, Value]]

    @property
    def id(self) -> str:
        """Return the name of its document."""
        return _entry_id(self.seq)


def recorded_from(data: Data) -> Recorded:
    """Return the change that a document keeps."""
    entry = Entry(
        action=data["action"],
        actor=Actor(data["actor"]),
        actor_id=data["actor_id"],
        cause=data["cause"],
        why=data["why"],
    )
    return Recorded(seq=data["seq"], at=data["at"], entry=entry, changes=data["changes"])


def timeline_path(ticket_id: str) -> str:
    """Return the collection of a ticket's changes."""
    return f"tickets/{ticket_id}/timeline"


def entry_path(ticket_id: str, seq: int) -> str:
    """Return where the entry of a ticket's change is kept; paths sort as the changes did."""
    return f"{timeline_path(ticket_id)}/{_entry_id(seq)}"


def _entry_id(seq: int) -> str:
    return f"{seq:06d}"


def recorded(entry: Entry, *, before: Ticket | None, after: Ticket, now: datetime) -> Create:
    """Return the write that keeps an entry; it fails where the change was made already."""
    data: Data = {
        "seq": after.seq,
        "at": now,
        "action": entry.action,
        "actor": entry.actor.value,
        "actor_id": entry.actor_id,
        "cause": entry.cause,
        "changes": _changes(before, after),
        "why": dict(entry.why),
    }
    return Create(entry_path(after.id, after.seq), data)


def _changes(before: Ticket | None, after: Ticket) -> Data:
    changes: Data = {}
    for field in ("status", "priority", "category", "skills", "assignee_id", "title"):
        old = getattr(before, field) if before else None
        new = getattr(after, field)
        if new != old:
            changes[field] = {"before": _plain(old), "after": _plain(new)}
    if before and after.description != before.description:
        # As it was filed it stands in the ticket until somebody changes it.
        changes["description"] = {"before": before.description, "after": after.description}
    return changes


def _plain(value: object) -> Value:
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value
