"""Who calls upkeep, and with what: the scheduler, timers, and Pub/Sub with events and dead letters.

The function is private; only these callers reach it, and each tries again on an error.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from gcp.entry import AGAIN, NOT_ALLOWED, TOO_LARGE, Answer
from gcp.lines import begin
from gcp.push import PUSH_MOST, read_push
from helpdesk import events, timers
from helpdesk.delivery import deliver, give_up
from helpdesk.errors import InvalidInputError, PermanentError, TransientError
from helpdesk.events import HOOKS, WAKES
from helpdesk.log import bind
from upkeep.hooks import fan_out
from upkeep.rounds import Upkeep

OK = 200
DONE = 204
NOT_FOUND = 404
_SUBSCRIPTION = "CloudPubSubDeadLetterSourceSubscription"
_COUNT = "CloudPubSubDeadLetterSourceDeliveryCount"

log = logging.getLogger(__name__)


def answer(method: str, path: str, body: bytes, *, upkeep: Callable[[], Upkeep]) -> Answer:
    """Do what one call asks for, and return text and status: 2xx is done, all else comes again."""
    begin()
    if method in {"GET", "HEAD"}:
        return "ok", OK  # a health check, which wires nothing
    call = CALLS.get(path)
    if call is None:
        return "", NOT_FOUND
    if method != "POST":
        return "", NOT_ALLOWED
    if len(body) > PUSH_MOST:
        return "", TOO_LARGE
    wired = upkeep()  # a fault of the settings is nobody's call: it escapes, and all comes again
    with bind(route=path):
        try:
            call(wired, body)
        except TransientError as error:
            log.warning("call failed", extra={"reason": str(error), "result": "retried"})
            return "", AGAIN
        except PermanentError as error:
            # No retry can help: said here, and acknowledged.
            log.error("call refused", extra={"reason": str(error)})  # noqa: TRY400 - known
    return "", DONE


def _minute(upkeep: Upkeep, _body: bytes) -> None:
    upkeep.minute()


def _night(upkeep: Upkeep, _body: bytes) -> None:
    upkeep.night()


def _timer(upkeep: Upkeep, body: bytes) -> None:
    upkeep.fire(timers.decode(body))


def _hooks(upkeep: Upkeep, body: bytes) -> None:
    """Have the webhooks told of an event."""
    step = partial(fan_out, post=upkeep.hooks)
    deliver(read_push(body).body, step, name=HOOKS, parked=upkeep.parked)


def _dead_letter(upkeep: Upkeep, body: bytes) -> None:
    """Park an event that a step has failed at too often; it is tried again later."""
    pushed = read_push(body)
    count = pushed.attributes.get(_COUNT, "")
    give_up(
        pushed.body,
        name=_step(pushed.attributes.get(_SUBSCRIPTION, ""), pushed.body),
        attempts=int(count) if count.isdecimal() else 0,
        parked=upkeep.parked,
    )


def _step(subscription: str, body: str) -> str:
    """Return whom a dead letter was for: a subscription is called `{topic}.{step}`."""
    name = subscription.rpartition("/")[2].rpartition(".")[2]
    if name in {HOOKS, *(step for steps in WAKES.values() for step in steps)}:
        return name
    try:
        steps = WAKES[events.decode(body).type]
    except InvalidInputError:
        steps = ()
    return steps[0] if steps else "unknown"


CALLS: Mapping[str, Callable[[Upkeep, bytes], None]] = {
    "/minute": _minute,
    "/night": _night,
    "/timers": _timer,
    "/hooks": _hooks,
    "/dead-letters": _dead_letter,
}
