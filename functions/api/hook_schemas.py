"""What goes over the wire for webhooks: requests, answers, and our values in their shape."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from api.hooks import HookChanges
from api.hooks import NewHook as Wanted
from api.schemas import Answer, Query, Strict
from helpdesk.events import EventType
from helpdesk.hook_deliveries import Delivery, State
from helpdesk.hook_urls import URL_MOST
from helpdesk.hooks import DESCRIPTION_MOST, Hook


class HeardEvent(StrEnum):
    """An event that webhooks are told of: those of helpdesk.events.SHAPES."""

    TICKET_CREATED = "ticket-created"
    TICKET_TRIAGED = "ticket-triaged"
    TICKET_ASSIGNED = "ticket-assigned"
    TICKET_UPDATED = "ticket-updated"
    USER_SIGNED_UP = "user-signed-up"


Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=URL_MOST,
        examples=["https://hooks.example.com/helpdesk"],
        description="https, at a public address",
    ),
]
Events = Annotated[
    list[Annotated[HeardEvent, Field(strict=False)]],
    Field(max_length=20, description="the events that are sent; none named: all there ever are"),
]
Description = Annotated[
    str, Field(max_length=DESCRIPTION_MOST, examples=["Feeds the status page."])
]


class NewHook(Strict):
    """Where events are to be sent, and which."""

    url: Url
    events: Annotated[Events, Field(default_factory=list)]
    description: Description = ""

    def wanted(self) -> Wanted:
        """Return what is asked for."""
        return Wanted(url=self.url, events=_types(self.events), description=self.description)


class ChangeHook(Strict):
    """What is to be otherwise about a webhook; null leaves it as it is.

    Enabled again, it starts anew: what it failed before is forgotten.
    """

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    enabled: Annotated[bool | None, Field(examples=[True])] = None

    def changes(self) -> HookChanges:
        """Return what is asked for."""
        return HookChanges(
            url=self.url,
            events=None if self.events is None else _types(self.events),
            description=self.description,
            enabled=self.enabled,
        )


class ListDeliveries(Query):
    """Which page of which deliveries."""

    state: (
        Annotated[
            State,
            Field(description="pending: on its way, or tried again later; failed: given up"),
        ]
        | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class HookView(Answer):
    """A webhook, without its secret."""

    id: str
    url: str
    events: list[str]
    description: str
    enabled: bool
    created_at: datetime
    created_by: Annotated[str, Field(description="the id of the admin")]
    rotated_at: Annotated[
        datetime | None, Field(description="until a day later the secret before signs as well")
    ]
    failing_since: Annotated[
        datetime | None, Field(description="since when nothing has arrived any more")
    ]
    disabled_reason: Annotated[
        str | None, Field(description="why it was disabled by itself; else null")
    ]


class HookList(Answer):
    """Every webhook, the oldest first."""

    items: list[HookView]


class HookSecret(HookView):
    """A webhook with its secret, which is shown here and never again."""

    secret: Annotated[
        str,
        Field(
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
            description="verify `webhook-signature` with it, as Standard Webhooks says",
        ),
    ]


class AttemptView(Answer):
    """One try to send; the status is null when nothing was answered."""

    at: datetime
    status: int | None
    ms: int
    reason: Annotated[str, Field(description="empty when it arrived")]


class DeliveryLine(Answer):
    """One event on its way to a webhook, with the last tries."""

    id: Annotated[str, Field(description="the id of the event, as in `webhook-id`")]
    hook_id: str
    type: str
    state: State
    attempts: Annotated[int, Field(description="tries so far, or since it was sent again")]
    next_at: Annotated[datetime | None, Field(description="when it is tried next, if it is")]
    created_at: datetime
    history: list[AttemptView]


class DeliveryView(DeliveryLine):
    """A delivery with what is sent, to the byte."""

    body: str


class DeliveryPage(Answer):
    """One page of deliveries, newest first; `next_cursor` is null on the last one."""

    items: list[DeliveryLine]
    next_cursor: str | None


def hook_view(hook: Hook) -> dict[str, Any]:
    """Return a webhook in the shape of HookView."""
    return {
        **{name: getattr(hook, name) for name in HookView.model_fields},
        "disabled_reason": hook.disabled_reason or None,
    }


def delivery_line(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery in the shape of DeliveryLine."""
    return {
        "id": delivery.event_id,
        "hook_id": delivery.hook_id,
        "type": delivery.type,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": delivery.next_at if delivery.state is State.PENDING else None,
        "created_at": delivery.created_at,
        "history": [
            {name: getattr(each, name) for name in AttemptView.model_fields}
            for each in delivery.history
        ],
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery in the shape of DeliveryView."""
    return {**delivery_line(delivery), "body": delivery.body}


def _types(names: Sequence[str]) -> tuple[EventType, ...]:
    """Return the events of these names, each once."""
    return tuple(dict.fromkeys(map(EventType, names)))
