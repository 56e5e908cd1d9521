"""What goes over the wire for tickets: answers, and our values in their shape."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from api.schemas import Answer
from helpdesk.goals import Goal, Goals
from helpdesk.ticket import Listed, Status, Ticket
from helpdesk.verdict import Category, Judged, Priority, Sentiment, Source, Verdict

T = TypeVar("T")


class PersonView(Answer):
    """Somebody a ticket names."""

    id: Annotated[str, Field(examples=["6P51KE443E2M5A38J3BDFMKTKC"])]
    name: str


class JudgedView(Answer, Generic[T]):
    """One judged field: confidence is 0 to 1, evidence quotes the ticket."""

    value: T
    confidence: float
    evidence: str
    source: Source


class JudgedPriority(JudgedView[Priority]):
    """How urgent triage judged it to be."""


class JudgedCategory(JudgedView[Category]):
    """What triage judged it to be about."""


class JudgedSkills(JudgedView[list[str]]):
    """What triage judged one must know to help."""


class ProvenanceView(Answer):
    """How the verdict came about."""

    source: Source
    model: str
    prompt_version: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    latency_ms: int
    attempts: int
    fallback_reason: str


class VerdictView(Answer):
    """What triage found; for staff only."""

    summary: str
    priority: JudgedPriority
    category: JudgedCategory
    skills: JudgedSkills
    language: str
    sentiment: Sentiment
    helpful_notes: Annotated[str, Field(description="Markdown, written by a machine")]
    provenance: ProvenanceView


class GoalsView(Answer):
    """Until when a ticket is promised to be answered and resolved; null: no such promise."""

    respond_by: datetime | None
    resolve_by: datetime | None
    paused: Annotated[bool, Field(description="the requester is waited for: the clock stands")]
    answered_in_time: bool | None
    solved_in_time: bool | None
    warned: Annotated[list[Goal], Field(description="what is nearly up, as was told")]
    breached: Annotated[list[Goal], Field(description="what was missed")]


class TicketLine(Answer):
    """A ticket in a list."""

    id: str
    title: str
    status: Status
    priority: Priority | None
    category: Category | None
    skills: list[str]
    requester: PersonView
    assignee: PersonView | None
    created_at: datetime
    updated_at: datetime


class StaffTicketLine(TicketLine):
    """A ticket in a list for staff."""

    needs_review: bool


class TicketView(TicketLine):
    """A ticket as its requester sees it."""

    description: str
    triaged_at: datetime | None
    assigned_at: datetime | None
    first_response_at: datetime | None
    resolved_at: Annotated[datetime | None, Field(examples=[None])]
    closed_at: Annotated[datetime | None, Field(examples=[None])]
    closes_at: Annotated[
        datetime | None,
        Field(description="when it closes by itself, if nobody opens it again", examples=[None]),
    ]
    reopenings: Annotated[int, Field(examples=[0])]
    replies: Annotated[int, Field(description="public ones")]


class StaffTicketView(TicketView):
    """A ticket as staff sees it."""

    sources: dict[str, Source]
    needs_review: bool
    notified_at: datetime | None
    notes: Annotated[int, Field(description="internal ones")]
    triage_asked_at: Annotated[
        datetime | None,
        Field(description="since then it waits to be triaged once more", examples=[None]),
    ]
    declined: Annotated[list[str], Field(description="the ids of those who gave it back")]
    goals: GoalsView | None
    verdict: VerdictView | None


class GivenView(Answer):
    """Whose a ticket has become; null until assignment has found somebody."""

    id: str
    status: Status
    assignee: PersonView | None


class TicketPage(Answer):
    """One page of tickets; `next_cursor` is null on the last one.

    Where several things are asked for, a page may have fewer than `limit` and not be the last.
    """

    items: list[StaffTicketLine | TicketLine]
    next_cursor: str | None


def ticket_view(ticket: Ticket, *, staff: bool) -> dict[str, Any]:
    """Return a ticket in the shape of TicketView, or of StaffTicketView for staff."""
    view = {
        **ticket_line(ticket, staff=staff),
        "description": ticket.description,
        "triaged_at": ticket.triaged_at,
        "assigned_at": ticket.assigned_at,
        "first_response_at": ticket.first_response_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
        "closes_at": ticket.closes_at,
        "reopenings": ticket.reopenings,
        "replies": ticket.replies,
    }
    if not staff:
        return view
    verdict = ticket.verdict
    return {
        **view,
        "sources": ticket.sources,
        "notified_at": ticket.notified_at,
        "notes": ticket.notes,
        "triage_asked_at": ticket.triage_asked_at,
        "declined": ticket.declined,
        "goals": goals_view(ticket.goals) if ticket.goals else None,
        "verdict": verdict_view(verdict) if verdict else None,
    }


def ticket_line(ticket: Ticket | Listed, *, staff: bool) -> dict[str, Any]:
    """Return a ticket in the shape of TicketLine, or of StaffTicketLine for staff."""
    assignee = {"id": ticket.assignee_id, "name": ticket.assignee_name}
    line = {
        "id": ticket.id,
        "title": ticket.title,
        "status": ticket.status,
        "priority": ticket.priority,
        "category": ticket.category,
        "skills": ticket.skills,
        "requester": {"id": ticket.requester_id, "name": ticket.requester_name},
        "assignee": assignee if ticket.assignee_id else None,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
    }
    return {**line, "needs_review": ticket.needs_review} if staff else line


def given_view(ticket: Ticket) -> dict[str, Any]:
    """Return whose a ticket is in the shape of GivenView."""
    line = ticket_line(ticket, staff=False)
    return {name: line[name] for name in GivenView.model_fields}


def goals_view(goals: Goals) -> dict[str, Any]:
    """Return the goals of a ticket in the shape of GoalsView."""
    return {
        "respond_by": goals.respond_by,
        "resolve_by": goals.resolve_by,
        "paused": goals.paused_at is not None,
        "answered_in_time": goals.answered_in_time,
        "solved_in_time": goals.solved_in_time,
        "warned": goals.warned,
        "breached": goals.breached,
    }


def verdict_view(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in the shape of VerdictView."""
    source = verdict.provenance.source
    return {
        "summary": verdict.summary,
        "priority": _judged(verdict.priority, source),
        "category": _judged(verdict.category, source),
        "skills": _judged(verdict.skills, source),
        "language": verdict.language,
        "sentiment": verdict.sentiment,
        "helpful_notes": verdict.notes,
        "provenance": {
            name: getattr(verdict.provenance, name) for name in ProvenanceView.model_fields
        },
    }


def _judged(judged: Judged[Any], source: Source) -> dict[str, Any]:
    return {
        "value": judged.value,
        "confidence": judged.confidence,
        "evidence": judged.evidence,
        "source": source,
    }
