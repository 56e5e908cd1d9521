"""Everything we ask of the outside world, on one page.

A docstring here is the contract that every adapter is tested against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from helpdesk.documents import Document, Nearest, Neighbour, Query, Write
from helpdesk.events import Event
from helpdesk.verdict import Verdict


class Documents(Protocol):
    """A store of documents in the shape of Firestore's.

    Every method may raise OutsideError. Reads see every commit that returned before they began.
    """

    def get(self, path: str) -> Document | None:
        """Return one document, or None when it is not there."""

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """Return one answer for each path, in their order, all in one round trip."""

    def query(self, query: Query) -> list[Document]:
        """Return the documents asked for, or raise InvalidQueryError when no index is declared."""

    def count(self, query: Query) -> int:
        """Return how many documents match, whatever the limit and the cursor."""

    def nearest(self, nearest: Nearest) -> list[Neighbour]:
        """Return the documents with the nearest vectors, nearest first."""

    def commit(self, writes: Sequence[Write]) -> list[Mapping[str, int]]:
        """Apply all writes or none, and return per write the new values of what it incremented.

        Raise AlreadyExistsError when a Create finds its document, ConflictError when an Update
        finds another version than it was promised, NotFoundError when it finds no document.
        A commit takes 1 to 500 writes.
        """


class Bus(Protocol):
    """Carries events to the steps they wake: at least once, in no promised order."""

    def publish(self, event: Event) -> None:
        """Return once the event is safe with the bus (at most 2 s), or raise OutsideError.

        Each step that the event wakes gets it until it returns without raising: again after a
        growing wait on an error, and parked after the last attempt.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A promise to be called back.

    `name` is used once: put the due time or a count into it.
    """

    name: str
    due_at: datetime
    about: str


class Timers(Protocol):
    """Calls back at a time, at least once; who is called checks what is still true."""

    def set(self, timer: Timer) -> None:
        """Keep a timer; setting a name again changes nothing. May raise OutsideError."""

    def cancel(self, name: str) -> None:
        """Drop a timer, there or not. It may still fire if it is due just now."""


class Classifier(Protocol):
    """Reads a ticket and says what it is about."""

    def classify(self, title: str, description: str) -> Verdict:
        """Return a verdict, or raise OutsideError (try again) or RefusedError (never will)."""


class Outcome(StrEnum):
    """What became of a letter that was handed over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one person. `id` names this very letter, whoever sends it however often."""

    id: str
    to: str
    subject: str
    text: str
    html: str = ""
    ticket_id: str = ""


class Mailer(Protocol):
    """Hands letters over to whoever carries them."""

    idempotent: bool
    """Whether a letter that is sent twice under one id arrives once."""

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter: accepted, refused for good, or not known to have arrived.

        Raise OutsideError only when it certainly was not handed over.
        """


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""


class Ids(Protocol):
    """Makes ids nobody can guess and nobody else has."""

    def ticket_id(self) -> str:
        """Return 8 random characters of Crockford's base 32: a ticket's number, easy to say."""

    def unique_id(self) -> str:
        """Return 26 random characters of Crockford's base 32 (130 bits)."""
