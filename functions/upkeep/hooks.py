"""Webhooks are told: an event becomes a delivery to each hook that wants it, tried until it ends.

Everything here comes at least once: events, timers and sweeps. The delivery is the fence, and who
tries one claims it first, so that two at the same moment do not both send; a kill between sending
and noting sends again, and receivers know an event by its `webhook-id`.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol, Self

from helpdesk.clock import RandomIds
from helpdesk.errors import ConflictError, NotFoundError, TransientError
from helpdesk.events import Event
from helpdesk.hook_deliveries import KEPT, Deliveries, Delivery, State, Tried, timer_of
from helpdesk.hooks import Hook, Hooks, secrets_of, signature
from helpdesk.ports import Clock, Documents, Timers
from upkeep.hook_sender import GONE, Attempt, HookSender

# The waits after each failure; together a little more than three days.
PLAN = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.1  # of a wait, so that what failed together does not come back together
ASKED_MOST = timedelta(hours=1)  # how long a receiver may ask us to wait
# Attempts at a delivery until its failure is noted of its hook: all hooks are one document, which a
# receiver that fails now and then would have written twice for each event.
COUNTS_FROM = 3
SWEEP_EACH = 50  # deliveries to one webhook that a sweep takes up

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Sends one POST; see `upkeep.hook_sender`."""

    def post(self, url: str, *, body: str, headers: Mapping[str, str]) -> Attempt:
        """Send a body once, and return how that ended, whatever happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPost:
    """All that telling webhooks takes: where they are kept, and how they are reached."""

    hooks: Hooks
    deliveries: Deliveries
    sender: Sender
    timers: Timers
    clock: Clock
    key: bytes = field(repr=False)

    @classmethod
    def connect(
        cls,
        *,
        documents: Documents,
        timers: Timers,
        clock: Clock,
        key: bytes,
        private: bool = False,
    ) -> Self:
        """Keep in `documents`, and send; with `private` also into one's own network."""
        return cls(
            hooks=Hooks(documents=documents, clock=clock, ids=RandomIds()),
            deliveries=Deliveries(documents=documents, clock=clock),
            sender=HookSender(private=private),
            timers=timers,
            clock=clock,
            key=key,
        )


def fan_out(event: Event, *, post: HookPost) -> None:
    """Open a delivery for each hook that is to be told of an event, and have it tried at once.

    An event may come long after it happened, once it was parked. Of one that is older than a
    delivery is kept nobody knows who has heard it.
    """
    if post.clock.now() - event.time >= KEPT:
        log.warning("an event is too old for webhooks", extra={"event_id": event.id})
        return
    for hook in post.hooks.list():
        wanted = hook.wants(event.type) and event.time >= hook.since
        if wanted and (new := post.deliveries.opened(hook, event)):
            _come_back(new, post=post)


def deliver_hook(delivery_id: str, *, post: HookPost) -> State | None:
    """Try a delivery that is due, once; return how it stands then, None if it was not to be tried.

    Raise TransientError when the store failed.
    """
    hook_id, _, event_id = delivery_id.partition(".")
    try:
        delivery = post.deliveries.get(hook_id, event_id)
    except NotFoundError:
        return None
    if delivery.state is not State.PENDING or delivery.next_at > post.clock.now():
        return None  # it has ended, or somebody else is at it
    try:
        claimed = post.deliveries.claim(delivery)
    except ConflictError:
        return None  # another timer was quicker
    return _tried(claimed, post=post)


def sweep_hooks(*, post: HookPost) -> int:
    """Have tried what no timer came back to, and return how many deliveries that were.

    Each gets a timer of its own, for nobody waits here for a receiver, and goes behind what was due
    with it; a webhook with many gets some at a time. So none waits for another's.
    """
    now, taken = post.clock.now(), Counter[str]()
    for delivery in post.deliveries.due(now):
        if taken[delivery.hook_id] == SWEEP_EACH:
            continue
        try:
            late = post.deliveries.taken_up(delivery, now)
        except (ConflictError, NotFoundError):
            continue  # somebody is at it, or it is gone
        post.timers.set(timer_of(late))
        taken[delivery.hook_id] += 1
    count = taken.total()
    if count:
        log.warning("webhooks taken up late", extra={"count": count})
    return count


def _tried(claimed: Delivery, *, post: HookPost) -> State:
    hook = _reached(claimed.hook_id, post=post)
    if hook is None:
        return _ended(claimed, _unsent("the webhook is disabled or gone"), None, post=post)
    attempt = post.sender.post(
        hook.url, body=claimed.body, headers=_headers(claimed, hook, post=post)
    )
    return _ended(claimed, attempt, hook, post=post)


def _reached(hook_id: str, *, post: HookPost) -> Hook | None:
    try:
        hook = post.hooks.get(hook_id)
    except NotFoundError:
        return None
    return hook if hook.enabled else None


def _headers(delivery: Delivery, hook: Hook, *, post: HookPost) -> dict[str, str]:
    now = post.clock.now()
    timestamp = int(now.timestamp())
    secrets = secrets_of(hook, key=post.key, now=now)
    signed = signature(
        delivery.body, event_id=delivery.event_id, timestamp=timestamp, secrets=secrets
    )
    return {
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }


def _unsent(reason: str) -> Attempt:
    return Attempt(status=None, ms=0, reason=reason)


def _ended(claimed: Delivery, attempt: Attempt, hook: Hook | None, *, post: HookPost) -> State:
    """Note how an attempt ended, for the delivery and for its hook, and plan the next one."""
    now = post.clock.now()
    tried = Tried(at=now, status=attempt.status, ms=attempt.ms, reason=attempt.reason)
    next_at = None
    if attempt.delivered:
        state = State.DELIVERED
    elif hook is None or attempt.status == GONE or _is_last(claimed):
        state = State.FAILED
    else:
        state, next_at = State.PENDING, now + wait_after(claimed, attempt, now=now)
    counts = post.deliveries.note(claimed, tried, state=state, next_at=next_at)
    _told(claimed, attempt, state)
    if hook:
        _judged(hook, attempt, claimed, post=post)
    if counts and next_at:
        _come_back(replace(claimed, next_at=next_at), post=post)
    return state


def _is_last(claimed: Delivery) -> bool:
    return claimed.attempts > len(PLAN)


def wait_after(delivery: Delivery, attempt: Attempt, *, now: datetime) -> timedelta:
    """Return how long to wait after a failure: as planned, or as asked for if that is longer."""
    planned = PLAN[delivery.attempts - 1]
    named = f"{delivery.id}|{delivery.attempts}".encode()
    share = int.from_bytes(hashlib.sha256(named).digest()[:4]) / 2**32  # 0 up to 1
    jittered = planned * (1 - JITTER + 2 * JITTER * share)
    return max(jittered, min(_asked_for(attempt.retry_after, now), ASKED_MOST))


def _asked_for(text: str, now: datetime) -> timedelta:
    """Return the wait in a Retry-After: seconds, or a date; none where it is neither."""
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text), ASKED_MOST.total_seconds()))
    try:
        return parsedate_to_datetime(text) - now
    except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
        return timedelta(0)


def _judged(hook: Hook, attempt: Attempt, claimed: Delivery, *, post: HookPost) -> None:
    """Note of a hook how it fares; one that is no more or never answers well is switched off.

    What was sent elsewhere, or before it was switched on again, says nothing of it.
    """
    now, begun_at = post.clock.now(), claimed.claimed_at or claimed.created_at

    def judge(kept: Hook) -> Hook:
        if kept.url != hook.url or begun_at < kept.since or not kept.enabled:
            return kept
        if attempt.delivered:
            return kept.recovered()
        if attempt.status == GONE:
            return kept.switched_off(f"its receiver answered {GONE}")
        if claimed.attempts < COUNTS_FROM:
            return kept
        return kept.failed(now, given_up=_is_last(claimed))

    if judge(hook) == hook:
        return
    try:
        after = post.hooks.change(hook.id, judge)
    except (ConflictError, NotFoundError):
        return  # the next attempt notes it
    if not after.enabled:
        log.warning("webhook disabled", extra={"hook_id": hook.id, "reason": after.disabled_reason})


def _told(delivery: Delivery, attempt: Attempt, state: State) -> None:
    facts = {
        "hook_id": delivery.hook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.type,
        "attempts": delivery.attempts,
        "status": attempt.status,
        "duration_ms": attempt.ms,
        "reason": attempt.reason,
        "result": state.value,
    }
    level = logging.INFO if attempt.delivered else logging.WARNING
    log.log(level, "webhook tried", extra=facts)


def _come_back(delivery: Delivery, *, post: HookPost) -> None:
    """Set the timer of a delivery; a failure is no error: the sweep finds it as well."""
    try:
        post.timers.set(timer_of(delivery))
    except TransientError as error:
        facts = {"hook_id": delivery.hook_id, "event_id": delivery.event_id}
        log.warning("no timer is set", extra={**facts, "reason": str(error)})
