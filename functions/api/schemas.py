"""What goes over the wire: the models of requests and answers, and our values in their shape."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.accounts import LoggedIn
from helpdesk.ticket import DESCRIPTION_MOST, TITLE_MOST, Listed, Status, Ticket
from helpdesk.user import EMAIL_MOST, NAME_MOST, Role, User
from helpdesk.verdict import Category, Judged, Priority, Sentiment, Source, Verdict

T = TypeVar("T")


class Strict(BaseModel):
    """A request: nothing that is not asked for, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SignUp(Strict):
    """A wish for an account."""

    email: Annotated[str, Field(max_length=EMAIL_MOST, examples=["ada@example.com"])]
    password: Annotated[str, Field(max_length=1000, examples=["a long and private phrase"])]
    name: Annotated[str, Field(max_length=NAME_MOST, examples=["Ada"])] = ""


class LogIn(Strict):
    """Proof of who somebody is."""

    email: Annotated[str, Field(max_length=EMAIL_MOST, examples=["ada@example.com"])]
    password: Annotated[str, Field(max_length=1000, examples=["a long and private phrase"])]


class Refresh(Strict):
    """A refresh token to be traded for a new pair."""

    refresh_token: Annotated[str, Field(max_length=200)]


class NewTicket(Strict):
    """A request for help."""

    title: Annotated[str, Field(max_length=TITLE_MOST, examples=["Cannot log in"])]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_MOST, examples=["The page stays white since noon."])
    ]


class ListTickets(BaseModel):
    """Which page of which tickets."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class Answer(BaseModel):
    """The shape of an answer; built only when the OpenAPI document asks for it."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class UserView(Answer):
    """A user as they see themselves."""

    id: str
    email: str
    name: str
    role: Role
    skills: list[str]
    created_at: datetime


class SessionView(Answer):
    """What a log-in gives."""

    user: UserView
    access_token: str
    refresh_token: str
    expires_in: Annotated[int, Field(description="seconds the access token is good for")]


class PersonView(Answer):
    """Somebody a ticket names."""

    id: str
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


class Health(Answer):
    """A sign of life."""

    status: str


class Problem(Answer):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[dict[str, str]] = []


def session_view(logged_in: LoggedIn) -> dict[str, Any]:
    """Return a log-in in the shape of SessionView."""
    return {
        "user": user_view(logged_in.user),
        "access_token": logged_in.access_token,
        "refresh_token": logged_in.refresh_token,
        "expires_in": logged_in.expires_in,
    }


def user_view(user: User) -> dict[str, Any]:
    """Return a user in the shape of UserView."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "skills": user.skills,
        "created_at": user.created_at,
    }


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
