"""Parked events: what could not be delivered, kept with the reason until it is sent again."""

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from helpdesk import events
from helpdesk.documents import Delete, Document, Filter, Op, Order, Query, Set, Update, Value
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError
from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.ports import Clock, Documents

BODY_MOST = 100_000  # characters of an undeliverable body that are kept
PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")  # an event's id, a dot and a step

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """Why an event was parked: no retry can help, or retries ran out."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """What could not be delivered to a step. `event` is None when this code cannot read it.

    `event_id` is empty as long as nobody could read it.
    """

    id: str
    event_id: str
    step: str
    kind: Kind
    reason: str
    parked_at: datetime
    event: Event | None


class Parked:
    """Keeps what could not be delivered."""

    def __init__(self, *, documents: Documents, clock: Clock) -> None:
        """Keep in `documents`."""
        self._documents = documents
        self._clock = clock

    def park(self, body: str, *, event_id: str, step: str, kind: Kind, reason: str) -> None:
        """Keep one undeliverable body; parking the same again only renews it."""
        name = event_id or f"malformed-{hashlib.sha256(body.encode(errors='replace')).hexdigest()}"
        self._documents.commit(
            [
                Set(
                    f"parked/{name}.{step}",
                    {
                        "event_id": event_id,
                        "step": step,
                        "kind": kind.value,
                        "reason": reason,
                        "envelope": body[:BODY_MOST].encode(errors="replace").decode(),
                        "parked_at": self._clock.now(),
                    },
                )
            ]
        )
        log.error(
            "event parked",
            extra={"event_id": event_id, "step": step, "kind": kind.value, "reason": reason},
        )

    def get(self, name: str) -> Document:
        """Return what is parked under a name, or raise NotFoundError."""
        document = self._documents.get(f"parked/{name}") if _NAME.fullmatch(name) else None
        if document is None:
            raise NotFoundError(f"there is no parked event {name}")
        return document

    def newest(
        self, *, kind: Kind | None = None, limit: int, after: tuple[Value, ...] | None = None
    ) -> list[ParkedEvent]:
        """Return what is parked, the newest first: all of it, or what is of one kind.

        `after` holds time and id of the one behind which the answer begins.
        """
        filters = (Filter("kind", Op.EQ, kind.value),) if kind else ()
        newest = (Order("parked_at", descending=True),)
        found = self._documents.query(Query("parked", filters, newest, limit, after))
        return [parked_event(each) for each in found]

    def due(self, older_than: timedelta) -> Iterator[Document]:
        """Return what ran out of retries that long ago, oldest first, read a page at a time.

        Each is returned once, whatever is done with it meanwhile.
        """
        filters = (
            Filter("kind", Op.EQ, Kind.TRANSIENT.value),
            Filter("parked_at", Op.LE, self._clock.now() - older_than),
        )
        oldest = (Order("parked_at"),)
        after: tuple[Value, ...] | None = None
        while page := self._documents.query(Query("parked", filters, oldest, PAGE, after)):
            yield from page
            after = (page[-1].data["parked_at"], page[-1].id)

    def redrive(self, document: Document, *, outbox: Outbox) -> bool:
        """Move a parked event back into the outbox, all or nothing, and hand it to the bus.

        Say whether the bus has it; if not, the relay sends it later. Raise InvalidInputError, and
        leave it where it is, when it can no longer be read.
        """
        event = events.decode(document.data["envelope"])
        self._documents.commit([Delete(document.path), outbox.again(event)])
        return outbox.hand_over([event])

    def leave_to_a_person(self, document: Document, *, reason: str) -> None:
        """Note that an event cannot be sent again by itself, and say so, this once."""
        fields = {"kind": Kind.PERMANENT.value, "reason": reason}
        try:
            self._documents.commit(
                [Update(document.path, fields, unchanged_since=document.version)]
            )
        except (ConflictError, NotFoundError):
            return  # parked anew or taken away just now
        facts = {name: document.data[name] for name in ("event_id", "step")}
        log.warning("parked event stays", extra={**facts, "reason": reason})


def parked_event(document: Document) -> ParkedEvent:
    """Return what a document says that could not be delivered."""
    data = document.data
    try:
        event = events.decode(data["envelope"])
    except InvalidInputError:
        event = None
    return ParkedEvent(
        id=document.id,
        event_id=event.id if event else data["event_id"],
        step=data["step"],
        kind=Kind(data["kind"]),
        reason=data["reason"],
        parked_at=data["parked_at"],
        event=event,
    )
