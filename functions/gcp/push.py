"""What Pub/Sub posts to a function: its envelope around our event."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from helpdesk.errors import InvalidInputError

PUSH_MOST = 15 * 1024 * 1024  # bytes: a message of 10 MB in base64


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """One delivery. `attempt` counts them from 1 where the subscription has a dead letter topic."""

    body: str
    subscription: str
    attempt: int | None
    attributes: Mapping[str, str]


def read_push(raw: bytes) -> Pushed:
    """Return the delivery in a request's body, or raise InvalidInputError: Pub/Sub sends no such.

    A push subscription and an Eventarc trigger (a CloudEvent in binary mode) post the same body.
    What a publisher put into the message is not judged here: `body` may be any text.
    """
    try:
        envelope = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the request is not JSON") from error
    message = envelope.get("message") if isinstance(envelope, dict) else None
    if not isinstance(message, dict):
        raise InvalidInputError("the request holds no message of Pub/Sub")
    attempt = envelope.get("deliveryAttempt")
    attributes = message.get("attributes")
    return Pushed(
        body=_text(message.get("data")),
        subscription=str(envelope.get("subscription") or ""),
        attempt=attempt if type(attempt) is int else None,
        attributes={str(name): str(value) for name, value in attributes.items()}
        if isinstance(attributes, dict)
        else {},
    )


def _text(data: object) -> str:
    """Return a message's data as text; what is none is kept readable, for whoever looks at it."""
    if data is None:
        return ""  # a message of attributes alone
    try:
        return base64.b64decode(str(data), validate=True).decode(errors="backslashreplace")
    except (binascii.Error, ValueError):
        return str(data)
