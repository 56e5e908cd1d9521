"""Parked events: what could not be delivered, kept with the reason until a person looks."""

import hashlib
import logging
from enum import StrEnum

from helpdesk.documents import Set
from helpdesk.ports import Clock, Documents

BODY_MOST = 100_000  # characters of an undeliverable body that are kept

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
