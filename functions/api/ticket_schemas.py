"""What goes over the wire for tickets: requests, answers, and our values in their shape."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from api.policy import View
from api.schemas import Answer, Query, Strict
from helpdesk.ticket import DESCRIPTION_MOST, REASON_MOST, TITLE_MOST, Listed, Status, Ticket
from helpdesk.user import SKILLS_MOST
from helpdesk.verdict import Category, Judged, Priority, Sentiment, Source, Verdict

T = TypeVar("T")


class NewTicket(Strict):
    """A request for help."""

    title: Annotated[str, Field(max_length=TITLE_MOST, examples=["Cannot log in"])]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_MOST, examples=["The page stays white since noon."])
    ]


# The statuses that a person sets; assigned opens a ticket again.
SET_BY_HAND = Literal["assigned", "in_progress", "waiting", "resolved", "closed"]
Reason = Annotated[
    str,
    Field(max_length=REASON_MOST, description="kept for staff", examples=["A billing matter"]),
]


class TicketEdits(Strict):
    """What somebody sets on a ticket; what is left out stays as it is."""

    title: Annotated[str, Field(max_length=TITLE_MOST)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_MOST)] | None = None
    priority: Annotated[Priority, Field(strict=False)] | None = None
    category: Annotated[Category, Field(strict=False)] | None = None
    skills: Annotated[list[str], Field(max_length=SKILLS_MOST)] | None = None
    status: SET_BY_HAND | None = None
    needs_review: (
        Annotated[Literal[False], Field(description="false: somebody has looked it over")] | None
    ) = None
    reason: Reason | None = None


class NewAssignee(Strict):
    """Who is to have a ticket: a user's id, or null for whomever assignment finds next."""

    assignee: Annotated[str, Field(max_length=40, examples=["6P51KE443E2M5A38J3BDFMKTKC"])] | None
    reason: Reason | None = None


class GivenView(Answer):
    """Whose a ticket has become; null until assignment has found somebody."""

    id: str
    status: Status
    assignee: "PersonView | None"


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
    verdict: VerdictView | None


class TicketPage(Answer):
    """One page of tickets, newest first; `next_cursor` is null on the last one."""

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
