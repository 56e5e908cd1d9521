"""What goes over the wire for operations: requests, answers, and our values in their shape."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.schemas import Answer, Query
from helpdesk.events import EventType
from helpdesk.parked import Kind, ParkedEvent


class ListParked(Query):
    """Which page of which parked events."""

    kind: (
        Annotated[
            Kind, Field(description="permanent: waits for a person; transient: tried again hourly")
        ]
        | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class ParkedLine(Answer):
    """A parked event; what only the event itself says is null where it cannot be read."""

    id: str
    event_id: str | None
    event_type: EventType | None
    subject: Annotated[str | None, Field(description="the id of the ticket or user it is about")]
    step: str
    kind: Kind
    reason: str
    parked_at: datetime


class ParkedView(ParkedLine):
    """A parked event with the names of its data, and never what they hold."""

    data_keys: list[str]
    traceparent: str | None


class ParkedPage(Answer):
    """One page of parked events, newest first; `next_cursor` is null on the last one."""

    items: list[ParkedLine]
    next_cursor: str | None


class Redriven(Answer):
    """A parked event that is on its way again."""

    id: str
    event_id: str


def parked_line(parked: ParkedEvent) -> dict[str, Any]:
    """Return a parked event in the shape of ParkedLine."""
    event = parked.event
    return {
        "id": parked.id,
        "event_id": parked.event_id or None,
        "event_type": event.type if event else None,
        "subject": event.subject if event else None,
        "step": parked.step,
        "kind": parked.kind,
        "reason": parked.reason,
        "parked_at": parked.parked_at,
    }


def parked_view(parked: ParkedEvent) -> dict[str, Any]:
    """Return a parked event in the shape of ParkedView."""
    event = parked.event
    return {
        **parked_line(parked),
        "data_keys": sorted(event.data) if event else [],
        "traceparent": (event.traceparent or None) if event else None,
    }
