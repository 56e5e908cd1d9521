"""The events: what happened, in one envelope, and which step each one wakes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypedDict

from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Status
from helpdesk.user import Role
from helpdesk.verdict import Category, Priority
from helpdesk.wire import moment, time_text

VERSION = 1
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")  # such a name every store accepts
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NAME = {"pattern": f"^{_ID.pattern}$"}
_CHAIN = {"pattern": f"^({_TRACE.pattern})?$"}


class EventType(StrEnum):
    """What happened; also the name of the Pub/Sub topic that says so."""

    TICKET_CREATED = "ticket-created"
    TICKET_TRIAGED = "ticket-triaged"
    TICKET_ASSIGNED = "ticket-assigned"
    TICKET_UPDATED = "ticket-updated"
    USER_SIGNED_UP = "user-signed-up"
    TRIAGE_ASKED = "triage-asked"  # between our functions, not for integrators
    ACCOUNT_NOTICE = "account-notice"  # likewise


# Which event wakes which steps. Terraform's subscriptions say the same, and a test compares.
WAKES: Mapping[EventType, tuple[str, ...]] = {
    EventType.TICKET_CREATED: ("triage",),
    EventType.TICKET_TRIAGED: ("assign",),
    EventType.TICKET_ASSIGNED: ("notify",),
    EventType.TICKET_UPDATED: ("notify",),
    EventType.USER_SIGNED_UP: ("notify",),
    EventType.TRIAGE_ASKED: ("triage",),
    EventType.ACCOUNT_NOTICE: ("notify",),
}


# The shapes of what is sent; docs/events/ is made of them. Beside a type stands what JSON Schema
# says beyond it, and what is told of the field.
class Envelope(TypedDict):
    """What every event looks like."""

    id: Annotated[str, _NAME, "names what happened; the same however often it is sent"]
    type: Annotated[str, "what happened; also the name of the topic"]
    version: Annotated[int, "of this schema; rises when a reader of the old one could be misled"]
    time: Annotated[str, {"format": "date-time"}, "when it happened, RFC 3339 in UTC"]
    subject: Annotated[str, _NAME, "the id of the ticket or user it happened to"]
    data: dict[str, Any]
    traceparent: Annotated[
        str,
        _CHAIN,
        "W3C Trace Context of the request that began the chain; empty when none did",
    ]


class TicketData(TypedDict):
    """The ticket as this change left it."""

    ticket_id: Annotated[str, "the ticket's id, as in `subject`"]
    seq: Annotated[int, {"minimum": 1}, "the number of the change; the higher one is the later"]
    change: Annotated[str, "what was done, as the timeline says it: replied, resolved, ..."]
    by: Annotated[str, "who did it: a user's id, a model's name, or a rule's"]
    status: Annotated[Status, "where the ticket stands"]
    requester_id: Annotated[str, "who asked for help"]
    assignee_id: Annotated[str | None, "who has it; null until it is assigned"]
    priority: Annotated[Priority | None, "how urgent it is; null until it is triaged"]
    category: Annotated[Category | None, "what kind of request it is; null until it is triaged"]
    skills: Annotated[list[str], "what it takes; empty until it is triaged"]


class UserData(TypedDict):
    """The user as they signed up."""

    user_id: Annotated[str, "the user's id, as in `subject`"]
    role: Annotated[Role, "what they may do in general"]


# What is in an event's `data`. Which is not here is no business of an integrator's.
SHAPES: Mapping[EventType, type[TicketData | UserData]] = {
    EventType.TICKET_CREATED: TicketData,
    EventType.TICKET_TRIAGED: TicketData,
    EventType.TICKET_ASSIGNED: TicketData,
    EventType.TICKET_UPDATED: TicketData,
    EventType.USER_SIGNED_UP: UserData,
}

# What integrators hear of is told to their webhooks too, by a step that belongs to no chain.
HEARD: frozenset[EventType] = frozenset(SHAPES)
HOOKS = "hooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened once. `id` is ours and stays the same however often it is sent.

    `subject` is the id of the ticket or user it happened to; `traceparent` (W3C Trace Context)
    ties it to the request that began the chain and is empty when none did.
    """

    id: str
    type: EventType
    time: datetime
    subject: str
    data: Mapping[str, Any]
    traceparent: str = ""
    version: int = VERSION


def encode(event: Event) -> str:
    """Return the envelope as JSON text, the same bytes for the same event."""
    envelope: Envelope = {
        "id": event.id,
        "type": event.type.value,
        "version": event.version,
        "time": time_text(event.time),
        "subject": event.subject,
        "data": dict(event.data),
        "traceparent": event.traceparent,
    }
    return json.dumps(envelope, sort_keys=True, separators=(",", ":"))


def decode(text: str | bytes) -> Event:
    """Return the event in an envelope, or raise InvalidInputError: whatever comes in is hostile."""
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the event is not JSON") from error
    if not isinstance(envelope, dict):
        raise InvalidInputError("the event is not a JSON object")
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise InvalidInputError("the event's data is not a JSON object", field="data")
    version = envelope.get("version")
    if type(version) is not int or version != VERSION:
        raise InvalidInputError("the event has a version that is not known", field="version")
    traceparent = envelope.get("traceparent", "")
    return Event(
        id=_matching(_ID, envelope, "id"),
        type=_type(envelope.get("type")),
        time=moment(envelope.get("time")),
        subject=_matching(_ID, envelope, "subject"),
        data=data,
        # A damaged trace is no reason to lose an event.
        traceparent=traceparent
        if isinstance(traceparent, str) and _TRACE.fullmatch(traceparent)
        else "",
    )


def _matching(pattern: re.Pattern[str], envelope: Mapping[str, Any], field: str) -> str:
    value = envelope.get(field)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInputError(f"the event's {field} is not valid", field=field)
    return value


def _type(value: object) -> EventType:
    try:
        return EventType(str(value))
    except ValueError as error:
        raise InvalidInputError("the event's type is not known", field="type") from error
