"""The door of every event function: a push of Pub/Sub in, an acknowledgement or a refusal out.

These are HTTP functions that read the push themselves. As CloudEvent functions they could answer
no health check, and a message without data would come back unseen until its last attempt.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from flask import Request

from gcp.lines import begin
from gcp.push import PUSH_MOST, read_push
from helpdesk.delivery import Step, deliver
from helpdesk.errors import InvalidInputError, TransientError
from helpdesk.log import bind
from helpdesk.parked import Parked

ACKNOWLEDGED = 204
BAD_REQUEST = 400
NOT_ALLOWED = 405
TOO_LARGE = 413
AGAIN = 503  # Pub/Sub delivers again after a growing wait

Answer: TypeAlias = tuple[str, int]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One event function, wired: its step, and where it puts what no retry can mend."""

    name: str
    step: Step
    parked: Parked


def receive(request: Request, room: Callable[[], Room]) -> Answer:
    """Give one push to the room's step, and answer what Pub/Sub should do with the message."""
    begin()
    if request.method in {"GET", "HEAD"}:
        return "ok", 200  # a health check, which wires nothing
    if request.method != "POST":
        return "", NOT_ALLOWED
    if (request.content_length or 0) > PUSH_MOST:
        return "", TOO_LARGE
    try:
        pushed = read_push(request.get_data())
    except InvalidInputError as error:
        log.warning("not a push", extra={"reason": str(error)})
        return "", BAD_REQUEST
    wired = room()
    with bind(attempts=pushed.attempt) if pushed.attempt else bind():
        try:
            deliver(pushed.body, wired.step, name=wired.name, parked=wired.parked)
        except TransientError:
            return "", AGAIN  # logged where it was raised
    return "", ACKNOWLEDGED
