"""Requests that take effect once: what their Idempotency-Key is remembered by, and for how long.

The mark is written in the commit of what it marks, so there is no moment in which only one of the
two is there.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from helpdesk.documents import Create, Data, Document, Update, Write
from helpdesk.errors import MismatchError
from helpdesk.ports import Documents

REMEMBERED = timedelta(hours=24)  # how long an idempotency key answers as it did


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that must take effect once: its key, and what else it said."""

    key: str
    fingerprint: str

    @classmethod
    def of(cls, *, user_id: str, route: str, key: str, body: str) -> "Once":
        """Return the mark of a request; one user's keys never meet another's."""
        named = hashlib.sha256(f"{user_id}|{route}|{key}".encode()).hexdigest()
        return cls(key=named, fingerprint=hashlib.sha256(body.encode()).hexdigest())

    @property
    def path(self) -> str:
        """Return where the mark is kept."""
        return f"idem/{self.key}"


def read_mark(documents: Documents, once: Once | None) -> Document | None:
    """Return the mark that a request with this key has left, whether it still counts or not."""
    return documents.get(once.path) if once else None


def remembered(mark: Document | None, once: Once | None, *, now: datetime) -> Data | None:
    """Return what an earlier request with this key has made; None when none counts.

    Raise MismatchError when that request was another one.
    """
    if mark is None or once is None or mark.data["expires_at"] <= now:
        return None
    if mark.data["fingerprint"] != once.fingerprint:
        raise MismatchError("this Idempotency-Key was used for another request")
    return mark.data


def remembering(once: Once, made: Data, *, now: datetime, expired: Document | None) -> Write:
    """Return the write that remembers what a request has made, in place of a mark that expired."""
    data: Data = {"fingerprint": once.fingerprint, **made, "expires_at": now + REMEMBERED}
    if expired:
        return Update(once.path, data, unchanged_since=expired.version)
    return Create(once.path, data)
