"""What goes over the wire for tickets: requests, answers, and our values in their shape."""

import re
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from api.policy import View
from api.schemas import Answer, Query, Strict
from helpdesk.errors import InvalidInputError
from helpdesk.goals import Goal, Goals
from helpdesk.ticket import DESCRIPTION_MOST, REASON_MOST, TITLE_MOST, Listed, Status, Ticket
from helpdesk.user import SKILL_MOST, SKILLS_MOST
from helpdesk.verdict import Category, Judged, Priority, Sentiment, Source, Verdict
from helpdesk.wanted import SETTLED, Sort
from helpdesk.wire import moment

T = TypeVar("T")
_OPEN = "open"  # a word for every status that is not settled
_STATUSES = (_OPEN, *Status)


def _moment(text: object) -> datetime:
    """Return the moment that a query names; other spellings of ISO 8601 are not for the wire."""
    if not isinstance(text, str) or not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]", text):
        raise ValueError("send a time with its zone, as 2026-01-31T09:30:00Z")
    try:
        return moment(text)
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def _flag(text: object) -> object:
    if text not in {"true", "false"}:
        raise ValueError("send true or false")
    return text == "true"


def _statuses(text: object) -> tuple[Status, ...]:
    """Return the statuses that a query names, in one order however they were named."""
    named = set(str(text).split(","))
    if not named <= {*_STATUSES}:
        raise ValueError(f"send some of {', '.join(_STATUSES)}, with commas between them")
    return tuple(
        each for each in Status if each in named or (_OPEN in named and each not in SETTLED)
    )


_ANY_STATUSES = "^({0})(,({0}))*$".format("|".join(_STATUSES))
Moment = Annotated[datetime, BeforeValidator(_moment)]
Flag = Annotated[bool, BeforeValidator(_flag)]


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
    status: Annotated[
        tuple[Status, ...],
        BeforeValidator(_statuses),
        WithJsonSchema({"type": "string", "pattern": _ANY_STATUSES, "examples": ["open"]}),
        Field(
            default_factory=tuple,  # told as a default, it would be no text
            description="one or more with commas between them; open is all but resolved, closed",
        ),
    ]
    priority: Priority | None = None
    category: Category | None = None
    skill: (
        Annotated[
            str, Field(min_length=1, max_length=SKILL_MOST, description="its name, in any case")
        ]
        | None
    ) = None
    assignee: (
        Annotated[
            str,
            Field(
                pattern="^[0-9A-Za-z]{1,40}$",
                description="a user's id, me or none; whoever is no admin may ask for me only",
            ),
        ]
        | None
    ) = None
    requester: (
        Annotated[
            str,
            Field(
                pattern="^[0-9A-Za-z]{1,40}$",
                description="a user's id or me; whoever is no admin may ask for me only",
            ),
        ]
        | None
    ) = None
    needs_review: (
        Annotated[Flag, Field(description="for lists that show it, which are those of staff")]
        | None
    ) = None
    created_from: Moment | None = None
    created_until: Annotated[Moment, Field(description="right before this time")] | None = None
    q: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=200,
                description="whole words of the title or the description, or the id",
            ),
        ]
        | None
    ) = None
    sort: Annotated[
        Sort,
        Field(
            description="the newest first, the oldest, or who changed last;"
            " updated goes without q, skill, priority, category and needs_review"
        ),
    ] = Sort.CREATED
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
