"""What goes over the wire for tickets: requests, answers, and our values in their shape."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from api.policy import View
from api.schemas import Answer, Query, Strict
from helpdesk.ticket import DESCRIPTION_MOST, TITLE_MOST, Listed, Status, Ticket
from helpdesk.verdict import Category, Judged, Priority, Sentiment, Source, Verdict

T = TypeVar("T")


class NewTicket(Strict):
    """A request for help."""

    title: Annotated[str, Field(max_length=TITLE_MOST, examples=["Cannot log in"])]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_MOST, examples=["The page stays white since noon."])
    ]


class ListTickets(Query):
    """Which page of which tickets."""

    view: Annotated[View, Field(description="without it, the widest one may see")] | None = None
    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


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
    priority: JudgedView[Priority]
    category: JudgedView[Category]
    skills: JudgedView[list[str]]
    language: str
    sentiment: Sentiment
    helpful_notes: Annotated[str, Field(description="Markdown, written by a machine")]
    provenance: ProvenanceView


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


class StaffTicketView(TicketView):
    """A ticket as staff sees it."""

    sources: dict[str, Source]
    needs_review: bool
    notified_at: datetime | None
    verdict: VerdictView | None


class TicketPage(Answer):
    """One page of tickets, newest first; `next_cursor` is null on the last one."""

    items: list[StaffTicketLine] | list[TicketLine]
    next_cursor: str | None


def ticket_view(ticket: Ticket, *, staff: bool) -> dict[str, Any]:
    """Return a ticket in the shape of TicketView, or of StaffTicketView for staff."""
    view = {
        **ticket_line(ticket, staff=staff),
        "description": ticket.description,
        "triaged_at": ticket.triaged_at,
        "assigned_at": ticket.assigned_at,
    }
    if not staff:
        return view
    verdict = ticket.verdict
    return {
        **view,
        "sources": ticket.sources,
        "notified_at": ticket.notified_at,
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
