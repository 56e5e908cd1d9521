"""Tickets, users and verdicts as plain dicts: the same documents in Firestore and SQLite."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpdesk import goals
from helpdesk.documents import Data, Document
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Listed, Status, Ticket
from helpdesk.user import Role, User, role_of, search_terms, skill_key
from helpdesk.verdict import (
    Category,
    Judged,
    Priority,
    Provenance,
    Sentiment,
    Source,
    Verdict,
)
from helpdesk.words import folded, terms_of

# What lists are filtered by besides the requester and the status.
_FILTERED = frozenset({"priority", "category", "needs_review", "assignee_id"})
_FIRST_AFTER_HANDS = 4  # opened, triaged, assigned: the number of the first change behind these


def time_text(time: datetime) -> str:
    """Return a moment as RFC 3339 text in UTC with microseconds; texts sort as moments do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def moment(text: object) -> datetime:
    """Return the moment that RFC 3339 text names, or raise InvalidInputError."""
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidInputError("not a time with its zone, as 2026-01-31T09:30:00Z")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError("a time outside the calendar") from error


def ticket_document(ticket: Ticket) -> Data:
    """Return the document that keeps a new ticket, without what it is not yet found by.

    What a document has stands in every index of it, so what lists filter by comes with the first
    change: to file a ticket costs no more for all the lists there are.
    """
    document = _whole_document(ticket)
    unset = {name for name in _FILTERED if document[name] in {None, False}}
    return {name: value for name, value in document.items() if name not in unset}


def changed_document(ticket: Ticket, *, before: Ticket) -> Data:
    """Return the fields that keep a change of a ticket, with those it is found by from then on."""
    fields = _whole_document(ticket)
    if not (ticket.needs_review or before.needs_review):
        del fields["needs_review"]
    if not (ticket.assignee_id or before.assigned_at or ticket.seq >= _FIRST_AFTER_HANDS):
        del fields["assignee_id"]
    said = (before.title, before.description, before.skills)
    if before.seq == 1 or said != (ticket.title, ticket.description, ticket.skills):
        fields |= _sought(ticket)
    return fields


def searchable_ticket(ticket: Ticket) -> Data:
    """Return the document of a ticket with all that it is found by, whatever became of it."""
    unset = {name for name in ("assignee_id", "needs_review") if not getattr(ticket, name)}
    whole = {**_whole_document(ticket), **_sought(ticket)}
    return {name: value for name, value in whole.items() if name not in unset}


def found_by(collection: str, data: Data) -> Data:
    """Return what a kept ticket or user is found by, reckoned as it is now; nothing for others.

    A ticket that was just filed is found by nothing of this yet.
    """
    if collection == "tickets" and data.get("seq", 0) > 1:
        return _sought(ticket_from(Document(data["id"], data, "")))
    if collection == "users" and data.keys() >= set(USER_FIELDS):
        found = searchable_document(user_from(data))
        return {name: found[name] for name in ("terms", "skill_keys")}
    return {}


def _sought(ticket: Ticket) -> Data:
    said = terms_of(ticket.title, ticket.description)
    return {
        "terms": list(dict.fromkeys([folded(ticket.id), *said])),  # mails tell the id
        "skill_keys": [skill_key(skill) for skill in ticket.skills],
    }


def _whole_document(ticket: Ticket) -> Data:
    return {
        "id": ticket.id,
        "title": ticket.title,
        "description": ticket.description,
        "requester_id": ticket.requester_id,
        "requester_name": ticket.requester_name,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "status": ticket.status.value,
        "seq": ticket.seq,
        "priority": ticket.priority.value if ticket.priority else None,
        "category": ticket.category.value if ticket.category else None,
        "skills": list(ticket.skills),
        "sources": {name: source.value for name, source in ticket.sources.items()},
        "needs_review": ticket.needs_review,
        "verdict": verdict_document(ticket.verdict) if ticket.verdict else None,
        "triage_attempts": ticket.triage_attempts,
        "triage_until": ticket.triage_until,
        "triaged_at": ticket.triaged_at,
        "assignee_id": ticket.assignee_id,
        "assignee_name": ticket.assignee_name,
        "assigned_at": ticket.assigned_at,
        "notified_at": ticket.notified_at,
        **(_later(ticket) if ticket.seq > 1 else {}),  # filing a ticket pays for no more
    }


def _later(ticket: Ticket) -> Data:
    return {
        "triage_asked_at": ticket.triage_asked_at,
        "first_assigned_at": ticket.first_assigned_at,
        "given_seq": ticket.given_seq,
        "declined": list(ticket.declined),
        "first_response_at": ticket.first_response_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
        "closes_at": ticket.closes_at,
        "goals": goals.to_document(ticket.goals) if ticket.goals else None,
        "reopenings": ticket.reopenings,
        "replies": ticket.replies,
        "notes": ticket.notes,
        "counted": ticket.counted,
    }


def ticket_from(document: Document) -> Ticket:
    """Return the ticket a document keeps."""
    data = document.data
    return Ticket(
        id=data["id"],
        title=data["title"],
        description=data["description"],
        requester_id=data["requester_id"],
        requester_name=data["requester_name"],
        created_at=data["created_at"],
        updated_at=data["updated_at"],
        status=Status(data["status"]),
        seq=data["seq"],
        priority=Priority(data["priority"]) if data.get("priority") else None,
        category=Category(data["category"]) if data.get("category") else None,
        skills=tuple(data["skills"]),
        sources={name: Source(source) for name, source in data["sources"].items()},
        needs_review=data.get("needs_review") or False,
        verdict=verdict_from(data["verdict"]) if data["verdict"] else None,
        triage_attempts=data["triage_attempts"],
        triage_until=data.get("triage_until"),  # newer than the oldest tickets
        triaged_at=data["triaged_at"],
        assignee_id=data.get("assignee_id"),
        assignee_name=data["assignee_name"],
        assigned_at=data["assigned_at"],
        # Told of an earlier giving is not told of this one.
        notified_at=data.get(f"told_{data.get('given_seq', 0)}") or data["notified_at"],
        triage_asked_at=data.get("triage_asked_at"),
        first_assigned_at=data.get("first_assigned_at"),
        given_seq=data.get("given_seq", 0),
        declined=tuple(data.get("declined", ())),
        first_response_at=data.get("first_response_at"),
        resolved_at=data.get("resolved_at"),
        closed_at=data.get("closed_at"),
        closes_at=data.get("closes_at"),
        goals=goals.from_document(data["goals"]) if data.get("goals") else None,
        reopenings=data.get("reopenings", 0),
        replies=data.get("replies", 0),
        notes=data.get("notes", 0),
        counted=data.get("counted", False),
        version=document.version,
    )


LISTED_FIELDS = tuple(Listed.__dataclass_fields__)


def listed_from(document: Document) -> Listed:
    """Return what a list shows of a ticket, from a document with at least LISTED_FIELDS."""
    data = document.data
    return Listed(
        id=data["id"],
        title=data["title"],
        status=Status(data["status"]),
        priority=Priority(data["priority"]) if data["priority"] else None,
        category=Category(data["category"]) if data["category"] else None,
        skills=tuple(data["skills"]),
        requester_id=data["requester_id"],
        requester_name=data["requester_name"],
        assignee_id=data["assignee_id"],
        assignee_name=data["assignee_name"],
        needs_review=data["needs_review"] or False,
        created_at=data["created_at"],
        updated_at=data["updated_at"],
    )


def verdict_document(verdict: Verdict) -> Data:
    """Return the part of a ticket's document that keeps its verdict."""
    provenance = verdict.provenance
    return {
        "summary": verdict.summary,
        "priority": _judged(verdict.priority, verdict.priority.value.value),
        "category": _judged(verdict.category, verdict.category.value.value),
        "skills": _judged(verdict.skills, list(verdict.skills.value)),
        "language": verdict.language,
        "sentiment": verdict.sentiment.value,
        "notes": verdict.notes,
        "provenance": {
            "source": provenance.source.value,
            "model": provenance.model,
            "prompt_version": provenance.prompt_version,
            "tokens_in": provenance.tokens_in,
            "tokens_out": provenance.tokens_out,
            "cost_usd": provenance.cost_usd,
            "latency_ms": provenance.latency_ms,
            "attempts": provenance.attempts,
            "fallback_reason": provenance.fallback_reason,
        },
    }


def verdict_from(data: Mapping[str, Any]) -> Verdict:
    """Return the verdict that part of a ticket's document keeps."""
    priority, category, skills = data["priority"], data["category"], data["skills"]
    provenance = data["provenance"]
    return Verdict(
        summary=data["summary"],
        priority=Judged(Priority(priority["value"]), priority["confidence"], priority["evidence"]),
        category=Judged(Category(category["value"]), category["confidence"], category["evidence"]),
        skills=Judged(tuple(skills["value"]), skills["confidence"], skills["evidence"]),
        language=data["language"],
        sentiment=Sentiment(data["sentiment"]),
        notes=data["notes"],
        provenance=Provenance(**{**provenance, "source": Source(provenance["source"])}),
    )


def _judged(judged: Judged[Any], value: object) -> Data:
    return {"value": value, "confidence": judged.confidence, "evidence": judged.evidence}


USER_FIELDS = tuple(name for name in User.__dataclass_fields__ if name != "version")


def searchable_document(user: User) -> Data:
    """Return the document that keeps a user's public side, with what it is found by."""
    return {
        **user_document(user),
        "terms": search_terms(user),
        "skill_keys": [skill_key(skill) for skill in user.skills],
    }


def user_document(user: User) -> Data:
    """Return a user's public side alone: what the roster repeats of each member."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "created_at": user.created_at,
        "role": user.role.value,
        "skills": list(user.skills),
        "capacity": user.capacity,
        "available": user.available,
        "absent_from": user.absent_from,
        "absent_until": user.absent_until,
        "disabled": user.disabled,
    }


def user_from(data: Mapping[str, Any], *, version: str | None = None) -> User:
    """Return the user a document, or an entry of the roster, keeps: USER_FIELDS at least."""
    return User(
        id=data["id"],
        email=data["email"],
        name=data["name"],
        created_at=data["created_at"],
        role=role_of(data["role"]) or Role.USER,  # who has none that is known serves nobody
        skills=tuple(data["skills"]),
        capacity=data["capacity"],
        available=data["available"],
        absent_from=data["absent_from"],
        absent_until=data["absent_until"],
        disabled=data["disabled"],
        version=version,
    )
