"""The edge of every step: decode, call the step, and say what the bus should do.

Permanent errors are parked and acknowledged, duplicates acknowledged, everything else raised: the
bus sends it again. The cloud functions and the local bus both deliver through here.
"""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from helpdesk import events
from helpdesk.errors import DuplicateError, InvalidInputError, PermanentError, TransientError
from helpdesk.events import Event
from helpdesk.log import bind
from helpdesk.parked import Kind, Parked

Step: TypeAlias = Callable[[Event], None]

log = logging.getLogger(__name__)


class Delivered(StrEnum):
    """What became of a delivery; each of the three is acknowledged."""

    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    PARKED = "parked"


def deliver(body: str, step: Step, *, name: str, parked: Parked) -> Delivered:
    """Give one event to a step; raise what a later delivery may mend."""
    try:
        event = events.decode(body)
    except InvalidInputError as error:
        parked.park(body, event_id="", step=name, kind=Kind.PERMANENT, reason=str(error))
        log.info("delivered", extra={"step": name, "result": Delivered.PARKED.value})
        return Delivered.PARKED
    context = {"event_id": event.id, "event_type": event.type.value, "step": name}
    if event.traceparent:
        context["traceparent"] = event.traceparent
    with bind(**context):
        return _delivered(event, body, step, name=name, parked=parked)


def give_up(body: str, *, name: str, attempts: int, parked: Parked) -> None:
    """Park an event that failed at every attempt; it can be sent again once the cause is gone."""
    try:
        event_id = events.decode(body).id
    except InvalidInputError:
        event_id = ""
    reason = f"gave up after {attempts} attempts"
    parked.park(body, event_id=event_id, step=name, kind=Kind.TRANSIENT, reason=reason)


def _delivered(event: Event, body: str, step: Step, *, name: str, parked: Parked) -> Delivered:
    try:
        step(event)
    except DuplicateError:
        result = Delivered.DUPLICATE
    except PermanentError as error:
        parked.park(body, event_id=event.id, step=name, kind=Kind.PERMANENT, reason=str(error))
        result = Delivered.PARKED
    except TransientError as error:
        log.warning("delivery failed", extra={"result": "retried", "reason": str(error)})
        raise
    else:
        result = Delivered.PROCESSED
    log.info("delivered", extra={"result": result.value})
    return result
