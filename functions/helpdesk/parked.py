"""Parked events: what could not be delivered, kept with the reason until it is sent again."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum

from helpdesk import events
from helpdesk.documents import Delete, Document, Filter, Op, Order, Query, Set, Update, Value
from helpdesk.errors import ConflictError, NotFoundError
from helpdesk.outbox import Outbox
from helpdesk.ports import Clock, Documents

BODY_MOST = 100_000  # characters of an undeliverable body that are kept
PAGE = 100

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """Why an event was parked: no retry can help, or retries ran out."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"


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
        document = self._documents.get(f"parked/{name}")
        if document is None:
            raise NotFoundError(f"nothing is parked as {name}")
        return document

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
