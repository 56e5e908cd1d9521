"""Webhooks as admins see them: added, changed, tried, and what was sent to them. Framework-free.

Nothing is sent from here. What is to be sent waits among the deliveries: a timer takes it up at
once where a house has them, and the sweep of upkeep everywhere, within a minute.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.account import is_id
from api.etags import is_meant, quoted
from api.sessions import Principal
from helpdesk.cursor import seal, unseal
from helpdesk.errors import (
    ConflictError,
    NotFoundError,
    OutsideError,
    PermanentError,
    StaleError,
)
from helpdesk.events import VERSION, Envelope, EventType
from helpdesk.hook_deliveries import Deliveries, Delivery, State, timer_of
from helpdesk.hook_urls import checked_url
from helpdesk.hooks import Hook, Hooks, checked_description, secret_of, whsec
from helpdesk.ports import Clock, Ids, Timers
from helpdesk.wire import time_text

PING = "ping"  # the type of what a trial sends: no event is called so
SAID = "This is a test: nothing happened in the help desk."

log = logging.getLogger(__name__)


class AgainstError(PermanentError):
    """What is asked for does not go with how the webhook or the delivery stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What a house may do for its webhooks, each of which the cloud goes without.

    `private`: they may be in one's own network, and plain http. `timers`: what is asked for here
    goes out at once.
    """

    private: bool = False
    timers: Timers | None = None


CLOUD = Ways()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHook:
    """What is asked for of a new webhook."""

    url: str
    events: tuple[EventType, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookChanges:
    """What is to be otherwise about a webhook; None leaves it as it is."""

    url: str | None = None
    events: tuple[EventType, ...] | None = None
    description: str | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """One page of deliveries, and where the list goes on."""

    deliveries: list[Delivery]
    next_cursor: str | None


class HookDesk:
    """Keeps webhooks for admins, and shows what was sent to them."""

    def __init__(
        self,
        *,
        hooks: Hooks,
        deliveries: Deliveries,
        key: bytes,
        seal_key: bytes,
        clock: Clock,
        ids: Ids,
        ways: Ways = CLOUD,
    ) -> None:
        """Serve from `hooks` and `deliveries`; make secrets of `key`, sign cursors with the other.

        `ways` says what is different on one machine.
        """
        self._hooks = hooks
        self._deliveries = deliveries
        self._key = key
        self._seal_key = seal_key
        self._clock = clock
        self._ids = ids
        self._private = ways.private
        self._timers = ways.timers

    def list_hooks(self) -> Sequence[Hook]:
        """Return every webhook, the oldest first."""
        return self._hooks.list()

    def add(self, principal: Principal, wanted: NewHook) -> Hook:
        """Keep a new webhook, or raise InvalidInputError.

        Asked for again for lack of an answer, it is there twice: the list shows both, a receiver
        tells by `webhook-id` what it has, and a rotation shows a secret that nobody has seen. So
        there is no key that makes it one.
        """
        hook = self._hooks.add(
            url=checked_url(wanted.url, private=self._private),
            events=wanted.events,
            description=checked_description(wanted.description),
            created_by=principal.user_id,
        )
        _told("webhook added", hook)
        return hook

    def read(self, hook_id: str) -> Hook:
        """Return a webhook, or raise NotFoundError."""
        if not is_id(hook_id):
            raise NotFoundError("there is no such hook")  # in the words for one that could be
        return self._hooks.get(hook_id)

    def secret(self, hook: Hook) -> str:
        """Return what a webhook is verified with."""
        return whsec(secret_of(hook.id, hook.generation, key=self._key))

    def change(self, hook_id: str, changes: HookChanges, *, meant: str | None) -> Hook:
        """Change a webhook and return it as it is then.

        `meant` holds the tags of If-Match. Raise StaleError when it is none of those, NotFoundError
        or InvalidInputError.
        """
        wanted = replace(
            changes,
            url=None if changes.url is None else checked_url(changes.url, private=self._private),
            description=None
            if changes.description is None
            else checked_description(changes.description),
        )
        now = self._clock.now()
        hook, changed = self._changed(hook_id, lambda it: _with(it, wanted, now=now), meant=meant)
        if changed:
            _told("webhook changed", hook)
        return hook

    def remove(self, hook_id: str) -> None:
        """Remove a webhook, or raise NotFoundError; what waits for it is not sent any more."""
        hook = self.read(hook_id)
        self._hooks.remove(hook.id)
        _told("webhook removed", hook)

    def rotate(self, hook_id: str, *, meant: str | None) -> Hook:
        """Give a webhook another secret, or raise as `change` does.

        The one before signs beside it for a day, and the one before that no more: with If-Match,
        asking again for lack of an answer cannot bring that about.
        """
        now = self._clock.now()
        hook, _ = self._changed(hook_id, lambda before: before.rotated(now), meant=meant)
        _told("webhook secret rotated", hook)
        return hook

    def ping(self, hook_id: str) -> Delivery:
        """Send a webhook a test, whatever events it wants; raise AgainstError if it is disabled."""
        hook = self._enabled(hook_id)
        name = f"{PING}.{self._ids.unique_id()}"
        body = _ping(hook, name, now=self._clock.now())
        delivery = self._deliveries.begun(hook.id, name, kind=PING, body=body)
        self._wake(delivery)
        _told("webhook tested", hook)
        return delivery

    def list_deliveries(
        self,
        principal: Principal,
        hook_id: str,
        *,
        state: State | None = None,
        limit: int,
        cursor: str | None,
    ) -> DeliveryPage:
        """Return one page of what was sent to a webhook, newest first, or raise NotFoundError."""
        hook = self.read(hook_id)
        bound_to = f"deliveries|{principal.user_id}|{hook.id}|{state or ''}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        # One more than asked for tells whether the list goes on.
        found = self._deliveries.of(hook.id, state=state, limit=limit + 1, after=after)
        page, more = found[:limit], len(found) > limit
        place = (page[-1].created_at, page[-1].id) if more else None
        sealed = place and seal(place, key=self._seal_key, bound_to=bound_to)
        return DeliveryPage(deliveries=page, next_cursor=sealed or None)

    def read_delivery(self, hook_id: str, event_id: str) -> Delivery:
        """Return what was sent to a webhook, or raise NotFoundError."""
        return self._deliveries.get(self.read(hook_id).id, event_id)

    def replay(self, hook_id: str, event_id: str) -> Delivery:
        """Send a delivery again; raise AgainstError while it is on its way anyway.

        Raise NotFoundError when there is none, ConflictError when it was changed just now.
        """
        hook = self._enabled(hook_id)
        delivery = self._deliveries.get(hook.id, event_id)
        if delivery.state is State.PENDING:
            raise AgainstError("this delivery is on its way: wait until it arrived or failed")
        again = self._deliveries.again(delivery)
        self._wake(again)
        _told("webhook delivery sent again", hook, event_id=delivery.event_id)
        return again

    def _enabled(self, hook_id: str) -> Hook:
        hook = self.read(hook_id)
        if not hook.enabled:
            raise AgainstError("the webhook is disabled: enable it first")
        return hook

    def _changed(
        self, hook_id: str, how: Callable[[Hook], Hook], *, meant: str | None
    ) -> tuple[Hook, bool]:
        """Change a webhook if it is one of those meant; return it, and whether it is another."""
        before = self.read(hook_id)
        after = how(before)
        if after == before:
            return before, False  # asked once more, for lack of an answer: that undoes nothing
        if meant is None:
            return self._hooks.change(hook_id, how), True
        refusal = "the webhook is another one by now: read it again"
        if not is_meant(meant, quoted(str(before.version))):
            raise StaleError(refusal)
        try:
            return self._hooks.save(after), True
        except ConflictError as error:
            raise StaleError(refusal) from error

    def _wake(self, delivery: Delivery) -> None:
        """Have a delivery taken up at once, where there is a way to."""
        if self._timers is None:
            return  # the sweep finds it
        try:
            self._timers.set(timer_of(delivery, due_at=self._clock.now()))
        except OutsideError as error:
            log.warning("webhook waits for the sweep", extra={"reason": str(error)})


def _with(hook: Hook, changes: HookChanges, *, now: datetime) -> Hook:
    """Return a webhook as it is asked for; whatever it failed at before is not the new URL's."""
    if changes.url is not None and changes.url != hook.url:
        hook = replace(hook, url=changes.url).recovered()
    if changes.events is not None:
        hook = replace(hook, events=changes.events)
    if changes.description is not None:
        hook = replace(hook, description=changes.description)
    if changes.enabled is None or changes.enabled is hook.enabled:
        return hook
    return hook.enabled_again(now) if changes.enabled else hook.switched_off("")


def _ping(hook: Hook, name: str, *, now: datetime) -> str:
    """Return what a trial sends: the envelope of an event that is none."""
    envelope: Envelope = {
        "id": name,
        "type": PING,
        "version": VERSION,
        "time": time_text(now),
        "subject": hook.id,
        "data": {"hook_id": hook.id, "message": SAID},
        "traceparent": "",
    }
    return json.dumps(envelope, sort_keys=True, separators=(",", ":"))


def _told(message: str, hook: Hook, **facts: str) -> None:
    log.info(message, extra={"hook_id": hook.id, **facts})
