"""Deliveries: what a webhook is to be told, how often that was tried, and how it ended.

Nobody holds a lock while a receiver is asked: who takes a delivery moves its `next_at` ahead, so
that whoever comes meanwhile finds it not due, and it is due again should the taker never be heard
of. What is due and that no timer came back to is found by a sweep.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from helpdesk import events
from helpdesk.documents import Create, Data, Document, Filter, Op, Order, Query, Update, Value
from helpdesk.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from helpdesk.events import Event
from helpdesk.hooks import Hook
from helpdesk.ports import Clock, Documents, Timer

HISTORY_MOST = 10
KEPT = timedelta(days=30)
LEASE = timedelta(seconds=30)  # longer than any attempt lasts
OVERDUE = timedelta(minutes=1)  # how late a timer may be before the sweep stands in for it
SWEEP_PAGE, SWEEP_PAGES = 200, 10  # deliveries that one sweep reads; the next one goes on
_NAME = re.compile(r"[A-Za-z0-9]{1,40}\.[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_UNSEEN = "nobody saw how it ended"


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One attempt that was made. Without a `status` nobody answered."""

    at: datetime
    status: int | None
    ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one hook. `claimed_at` is set while somebody is at it.

    A pending one is due at `next_at`; for the others that is past and means nothing.
    """

    hook_id: str
    event_id: str
    type: str
    body: str
    state: State
    attempts: int
    next_at: datetime
    claimed_at: datetime | None
    history: tuple[Tried, ...]
    created_at: datetime
    expires_at: datetime
    version: str

    @property
    def id(self) -> str:
        """Return its name, which the same event for the same hook has again."""
        return f"{self.hook_id}.{self.event_id}"


def timer_of(delivery: Delivery, *, due_at: datetime | None = None) -> Timer:
    """Return the timer that takes a delivery up when it is due, or at another time."""
    at = due_at or delivery.next_at
    count = f"{delivery.attempts}.{int(at.timestamp())}"  # a name is used once
    return Timer(name=f"hook.{delivery.id}.{count}", due_at=at, about=f"hook:{delivery.id}")


_FIELDS = tuple(name for name in Delivery.__dataclass_fields__ if name != "version")


class Deliveries:
    """Keeps deliveries."""

    def __init__(self, *, documents: Documents, clock: Clock) -> None:
        """Keep in `documents`."""
        self._documents = documents
        self._clock = clock

    def opened(self, hook: Hook, event: Event) -> Delivery | None:
        """Keep the delivery of an event to a hook, due now; None when it is kept already."""
        new = self._new(hook.id, event.id, event.type.value, events.encode(event))
        try:
            self._documents.commit([Create(_path(new.id), _document(new))])
        except AlreadyExistsError:
            return None
        return new

    def begun(self, hook_id: str, event_id: str, *, kind: str, body: str) -> Delivery:
        """Keep what is no event of ours for a hook, due at the next sweep, and return it."""
        new = self._new(hook_id, event_id, kind, body)
        swept = replace(new, next_at=new.next_at - OVERDUE)
        self._documents.commit([Create(_path(new.id), _document(swept))])
        return self.get(hook_id, event_id)

    def get(self, hook_id: str, event_id: str) -> Delivery:
        """Return the delivery of an event to a hook, or raise NotFoundError."""
        name = f"{hook_id}.{event_id}"
        found = self._documents.get(_path(name)) if _NAME.fullmatch(name) else None
        if found is None or found.data["expires_at"] <= self._clock.now():
            raise NotFoundError("there is no such delivery")
        return _delivery(found)

    def of(
        self,
        hook_id: str,
        *,
        state: State | None = None,
        limit: int,
        after: tuple[Value, ...] | None = None,
    ) -> list[Delivery]:
        """Return the deliveries to a hook, the newest first: all, or those in one state.

        `after` holds time and id of the one behind which the answer begins.
        """
        filters: tuple[Filter, ...] = (Filter("hook_id", Op.EQ, hook_id),)
        if state:
            filters += (Filter("state", Op.EQ, state.value),)
        newest = (Order("created_at", descending=True),)
        found = self._documents.query(Query("deliveries", filters, newest, limit, after))
        # What has expired is shown until it goes: left out here, it would end a list too early.
        return [_delivery(each) for each in found]

    def again(self, delivery: Delivery) -> Delivery:
        """Put a delivery that has ended back to its beginning, for the next sweep; return it.

        Raise InvalidInputError while it is pending, ConflictError when it was changed just now.
        """
        if delivery.state is State.PENDING:
            raise InvalidInputError("the delivery is still on its way")
        now = self._clock.now()
        self._change(
            delivery,
            state=State.PENDING.value,
            attempts=0,
            next_at=now - OVERDUE,
            claimed_at=None,
            expires_at=now + KEPT,
        )
        return self.get(delivery.hook_id, delivery.event_id)

    def due(self, now: datetime) -> Iterator[Delivery]:
        """Yield what no timer came back to in time, the longest due first: some, if many are."""
        filters = (
            Filter("state", Op.EQ, State.PENDING.value),
            Filter("next_at", Op.LE, now - OVERDUE),
        )
        query = Query("deliveries", filters, (Order("next_at"),), SWEEP_PAGE)
        for _ in range(SWEEP_PAGES):
            page = self._documents.query(query)
            yield from map(_delivery, page)
            if len(page) < SWEEP_PAGE:
                return
            query = replace(query, after=(page[-1].data["next_at"], page[-1].id))

    def taken_up(self, delivery: Delivery, now: datetime) -> Delivery:
        """Let a delivery be due now, as if it never was before, and return it for its timer.

        Raise ConflictError when it was changed just now, NotFoundError when it is gone.
        """
        self._change(delivery, next_at=now)
        return replace(delivery, next_at=now)

    def claim(self, delivery: Delivery) -> Delivery:
        """Take a delivery for one attempt, or raise ConflictError: somebody else was quicker.

        An attempt that was never noted shows in the history as such.
        """
        now = self._clock.now()
        history = delivery.history
        if delivery.claimed_at:
            lost = Tried(at=delivery.claimed_at, status=None, ms=0, reason=_UNSEEN)
            history = (*history, lost)[-HISTORY_MOST:]
        claimed = replace(
            delivery,
            attempts=delivery.attempts + 1,
            next_at=now + LEASE,
            claimed_at=now,
            history=history,
        )
        document = _document(claimed)
        fields = {name: document[name] for name in ("attempts", "next_at", "claimed_at", "history")}
        self._change(delivery, **fields)
        return claimed

    def note(
        self,
        claimed: Delivery,
        tried: Tried,
        *,
        state: State,
        next_at: datetime | None = None,
    ) -> bool:
        """Note how an attempt ended, and say whether it is still the one that counts.

        A failure whose delivery somebody else took over meanwhile is not noted. Raise
        ConflictError when it was changed just now.
        """
        found = self._documents.get(_path(claimed.id))
        if found is None:
            return False
        kept = _delivery(found)
        ours = kept.claimed_at == claimed.claimed_at and kept.attempts == claimed.attempts
        if not ours and state is not State.DELIVERED:
            return False
        history = (*kept.history, tried)[-HISTORY_MOST:]
        self._change(
            kept,
            state=state.value,
            next_at=next_at or kept.next_at,
            claimed_at=None,
            history=[_tried_document(each) for each in history],
        )
        return True

    def _new(self, hook_id: str, event_id: str, kind: str, body: str) -> Delivery:
        now = self._clock.now()
        return Delivery(
            hook_id=hook_id,
            event_id=event_id,
            type=kind,
            body=body,
            state=State.PENDING,
            attempts=0,
            next_at=now,
            claimed_at=None,
            history=(),
            created_at=now,
            expires_at=now + KEPT,
            version="",
        )

    def _change(self, delivery: Delivery, **fields: Value) -> None:
        write = Update(_path(delivery.id), fields, unchanged_since=delivery.version)
        self._documents.commit([write])


def _path(delivery_id: str) -> str:
    return f"deliveries/{delivery_id}"


def _document(delivery: Delivery) -> Data:
    return {
        "hook_id": delivery.hook_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "body": delivery.body,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "next_at": delivery.next_at,
        "claimed_at": delivery.claimed_at,
        "history": [_tried_document(each) for each in delivery.history],
        "created_at": delivery.created_at,
        "expires_at": delivery.expires_at,
    }


def _tried_document(tried: Tried) -> dict[str, Any]:
    return {"at": tried.at, "status": tried.status, "ms": tried.ms, "reason": tried.reason}


def _delivery(document: Document) -> Delivery:
    data = document.data
    told = {name: data[name] for name in _FIELDS}  # a newer version of us may keep more
    return Delivery(
        **{
            **told,
            "state": State(data["state"]),
            "history": tuple(Tried(**each) for each in data["history"]),
        },
        version=document.version,
    )
