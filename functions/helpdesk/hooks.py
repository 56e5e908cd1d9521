"""Webhooks: who is told of events by HTTPS, how what they get is signed, and where it is kept.

Signatures are those of Standard Webhooks. No secret of a hook is stored: it is derived from our key
and the hook's id, so who reads the store cannot sign. All hooks are one document, because whoever
tells them of an event reads them all.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from helpdesk.documents import Create, Data, Update
from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError
from helpdesk.events import HEARD, EventType
from helpdesk.ports import Clock, Documents, Ids

HOOKS_PATH = "hooks/all"
HOOKS_MOST = 20
DESCRIPTION_MOST = 200
OVERLAP = timedelta(hours=24)  # how long the secret before a rotation signs beside the new one
FAILING_MOST = timedelta(days=5)
_TRIES = 5  # at a change, while others change the same document

Rows: TypeAlias = dict[str, Data]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook. A change returns a new one; `version` counts the changes that were kept.

    Without `events` it is told of every kind there is.
    """

    id: str
    url: str
    events: tuple[EventType, ...] = ()
    description: str = ""
    enabled: bool = True
    generation: int = 1
    rotated_at: datetime | None = None
    created_at: datetime
    created_by: str
    enabled_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_reason: str = ""
    version: int = 1

    @property
    def since(self) -> datetime:
        """Return since when it is told of events: since it was added, or switched on again."""
        return self.enabled_at or self.created_at

    def wants(self, kind: EventType) -> bool:
        """Say whether it is to be told of such an event."""
        return self.enabled and kind in HEARD and (not self.events or kind in self.events)

    def rotated(self, now: datetime) -> "Hook":
        """Return this hook with a new secret; the one before signs beside it for a day."""
        return replace(self, generation=self.generation + 1, rotated_at=now)

    def enabled_again(self, now: datetime) -> "Hook":
        """Return this hook switched on, with nothing held against it."""
        return replace(self, enabled=True, enabled_at=now, failing_since=None, disabled_reason="")

    def failed(self, now: datetime, *, given_up: bool = False) -> "Hook":
        """Return this hook after a failure: switched off if it has only failed for days.

        That is judged where a delivery is given up: it was tried for days, while a hook that hears
        of little may have failed once, long ago.
        """
        since = self.failing_since or now
        failing = replace(self, failing_since=since)
        if not given_up or now - since < FAILING_MOST:
            return failing
        return failing.switched_off(f"it only failed for {FAILING_MOST.days} days")

    def switched_off(self, reason: str) -> "Hook":
        """Return this hook switched off, and why."""
        return replace(self, enabled=False, disabled_reason=reason)

    def recovered(self) -> "Hook":
        """Return this hook after a success."""
        return replace(self, failing_since=None)


def secret_of(hook_id: str, generation: int, *, key: bytes) -> bytes:
    """Return the secret that a hook's receiver knows, derived anew each time."""
    return hmac.new(key, f"hook|{hook_id}|{generation}".encode(), hashlib.sha256).digest()


def secrets_of(hook: Hook, *, key: bytes, now: datetime) -> tuple[bytes, ...]:
    """Return the secrets that sign for a hook now: its own, and for a day the one before."""
    generations = [hook.generation]
    if hook.rotated_at and hook.generation > 1 and now - hook.rotated_at < OVERLAP:
        generations.append(hook.generation - 1)
    return tuple(secret_of(hook.id, each, key=key) for each in generations)


def whsec(secret: bytes) -> str:
    """Return a secret as Standard Webhooks writes it, to be shown to who registers the hook."""
    return f"whsec_{b64encode(secret).decode()}"


def signature(body: str, *, event_id: str, timestamp: int, secrets: Sequence[bytes]) -> str:
    """Return the header `webhook-signature`: one signature for each secret."""
    signed = f"{event_id}.{timestamp}.{body}".encode()
    macs = (hmac.new(each, signed, hashlib.sha256).digest() for each in secrets)
    return " ".join(f"v1,{b64encode(mac).decode()}" for mac in macs)


def checked_description(text: str) -> str:
    """Return a description on one line, or raise InvalidInputError."""
    line = " ".join(text.split())
    if len(line) > DESCRIPTION_MOST or not line.isprintable():
        raise InvalidInputError(
            f"description must be at most {DESCRIPTION_MOST} printable characters",
            field="description",
        )
    return line


_KINDS = frozenset(kind.value for kind in EventType)
_FIELDS = tuple(Hook.__dataclass_fields__)


class Hooks:
    """Keeps the hooks."""

    def __init__(self, *, documents: Documents, clock: Clock, ids: Ids) -> None:
        """Keep in `documents`."""
        self._documents = documents
        self._clock = clock
        self._ids = ids

    def add(
        self, *, url: str, events: Sequence[EventType] = (), description: str = "", created_by: str
    ) -> Hook:
        """Keep a new hook and return it, or raise InvalidInputError when there are too many."""
        hook = Hook(
            id=self._ids.unique_id(),
            url=url,
            events=_checked_events(events),
            description=description,
            created_at=self._clock.now(),
            created_by=created_by,
        )

        def added(rows: Rows) -> None:
            if len(rows.keys() - {hook.id}) >= HOOKS_MOST:
                raise InvalidInputError(f"there are {HOOKS_MOST} hooks already; remove one first")
            rows[hook.id] = _row(hook)

        self._commit(added)
        return hook

    def get(self, hook_id: str) -> Hook:
        """Return one hook, or raise NotFoundError."""
        return _found(self._rows()[0], hook_id)

    def save(self, hook: Hook) -> Hook:
        """Keep a changed hook and return it with its new version.

        Raise ConflictError when somebody else changed it since it was read, NotFoundError when it
        is gone.
        """
        saved = replace(hook, events=_checked_events(hook.events), version=hook.version + 1)

        def changed(rows: Rows) -> None:
            kept = _found(rows, hook.id)
            # Our own commit may have been answered twice: then what is there is what was asked for.
            if kept.version != hook.version and kept != saved:
                raise ConflictError("the hook was changed by somebody else")
            rows[hook.id] = _row(saved)

        self._commit(changed)
        return saved

    def change(self, hook_id: str, how: Callable[[Hook], Hook]) -> Hook:
        """Change a hook as it is now, whoever changed it before; return it as it is kept then.

        Nothing is written where nothing changes. Raise NotFoundError when it is gone.
        """
        hook = self.get(hook_id)
        for _ in range(_TRIES):
            after = how(hook)
            if after == hook:
                return hook
            try:
                return self.save(after)
            except ConflictError:
                hook = self.get(hook_id)
        raise ConflictError("the hook is being changed by others")

    def remove(self, hook_id: str) -> None:
        """Forget a hook, or raise NotFoundError."""

        def removed(rows: Rows) -> None:
            del rows[_found(rows, hook_id).id]

        self._commit(removed)

    def wanted(self) -> frozenset[EventType]:
        """Return the kinds of events that any hook is to be told of now."""
        hooks = self.list()
        return frozenset(kind for kind in HEARD if any(hook.wants(kind) for hook in hooks))

    def list(self) -> tuple[Hook, ...]:
        """Return every hook, the oldest first."""
        found = (_hook(hook_id, row) for hook_id, row in self._rows()[0].items())
        return tuple(sorted(found, key=lambda hook: (hook.created_at, hook.id)))

    def _rows(self) -> tuple[Rows, str | None]:
        found = self._documents.get(HOOKS_PATH)
        return (dict(found.data["hooks"]), found.version) if found else ({}, None)

    def _commit(self, change: Callable[[Rows], None]) -> None:
        """Change the rows; what others do to other hooks meanwhile only makes it try again."""
        for _ in range(_TRIES):
            rows, version = self._rows()
            change(rows)
            data: Data = {"hooks": rows}
            write = Update(HOOKS_PATH, data, version) if version else Create(HOOKS_PATH, data)
            try:
                self._documents.commit([write])
            except (AlreadyExistsError, ConflictError):
                continue
            return
        raise ConflictError("the hooks are being changed by others")


def _checked_events(events: Sequence[EventType]) -> tuple[EventType, ...]:
    if not HEARD.issuperset(events):
        raise InvalidInputError("not an event that hooks are told of", field="events")
    return tuple(dict.fromkeys(events))


def _found(rows: Rows, hook_id: str) -> Hook:
    row = rows.get(hook_id)
    if row is None:
        raise NotFoundError("there is no such hook")
    return _hook(hook_id, row)


def _row(hook: Hook) -> Data:
    return {
        "url": hook.url,
        "events": [kind.value for kind in hook.events],
        "description": hook.description,
        "enabled": hook.enabled,
        "generation": hook.generation,
        "rotated_at": hook.rotated_at,
        "created_at": hook.created_at,
        "created_by": hook.created_by,
        "enabled_at": hook.enabled_at,
        "failing_since": hook.failing_since,
        "disabled_reason": hook.disabled_reason,
        "version": hook.version,
    }


def _hook(hook_id: str, row: Mapping[str, Any]) -> Hook:
    """Return the hook that a row keeps, also one that a newer version of us kept."""
    known = tuple(EventType(kind) for kind in row["events"] if kind in _KINDS)
    told = {name: row[name] for name in _FIELDS if name in row}
    hook = Hook(**{**told, "id": hook_id, "events": known})
    if known or not row["events"]:
        return hook
    return hook.switched_off("none of its events is known here")  # without any it would get all
