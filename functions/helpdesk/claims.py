"""How letters end whose sending nobody saw end: by the carrier's later word, or by time.

Whoever only settles letters needs no mailer, and so no key of one.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from helpdesk import events
from helpdesk.documents import Document, Filter, Op, Order, Query, Update, Value, Write
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError
from helpdesk.events import Event, EventType
from helpdesk.mail import LEASE, WAIT, MailState, claim_path, come_back
from helpdesk.outbox import Outbox
from helpdesk.ports import Clock, Documents, Timers
from helpdesk.tickets import notified
from helpdesk.timeline import Action

PAGE = 100

log = logging.getLogger(__name__)


class Word(StrEnum):
    """What the carrier tells of a letter after it was sent."""

    DELIVERED = "delivered"  # it has the letter, or even the recipient does
    LOST = "lost"  # the letter will not arrive


class Claims:
    """Settles letters."""

    def __init__(
        self,
        *,
        documents: Documents,
        outbox: Outbox,
        clock: Clock,
        timers: Timers | None = None,
    ) -> None:
        """Look after the claims in `documents`, send events again by `outbox`."""
        self._documents = documents
        self._outbox = outbox
        self._clock = clock
        self._timers = timers

    def heard(self, letter_id: str, word: Word) -> bool:
        """Note the carrier's word of a letter, and say whether it changed anything.

        Words may come twice and in any order: a loss is the last one. Raise ConflictError when
        somebody else changed the claim just now.
        """
        claim = self._documents.get(claim_path(letter_id))
        if claim is None:
            return False
        before = MailState(claim.data["state"])
        after = MailState.ACCEPTED if word is Word.DELIVERED else MailState.REFUSED
        if before in {after, MailState.REFUSED}:
            return False
        now = self._clock.now()
        then = _consequences(claim, now) if after is MailState.ACCEPTED else ()
        try:
            self._change(claim, after, now=now, then=then)
        except NotFoundError:
            return False  # the letter or its ticket is gone: there is nobody to tell
        level = logging.WARNING if after is MailState.REFUSED else logging.INFO
        log.log(level, "letter heard of", extra={"mail_id": claim.id, "result": after.value})
        return True

    def settle(self, letter_id: str) -> MailState | None:
        """Take a letter a step further if its time has come, and return its new state."""
        claim = self._documents.get(claim_path(letter_id))
        return self._settled(claim) if claim else None

    def sweep(self) -> int:
        """Settle every letter whose time has come, and return how many were.

        Each is looked at once; what somebody else changes meanwhile is left for the next sweep.
        """
        return sum(self._tried(claim) for claim in self._due())

    def _due(self) -> Iterator[Document]:
        now = self._clock.now()
        for state, age in ((MailState.SENDING, LEASE), (MailState.UNKNOWN, WAIT)):
            filters = (
                Filter("state", Op.EQ, state.value),
                Filter("updated_at", Op.LE, now - age),
            )
            oldest = (Order("updated_at"),)
            after: tuple[Value, ...] | None = None
            while page := self._documents.query(Query("mail", filters, oldest, PAGE, after)):
                yield from page
                after = (page[-1].data["updated_at"], page[-1].id)

    def _tried(self, claim: Document) -> bool:
        try:
            return self._settled(claim) is not None
        except (ConflictError, NotFoundError):
            return False

    def _settled(self, claim: Document) -> MailState | None:
        now = self._clock.now()
        age = now - claim.data["updated_at"]
        match MailState(claim.data["state"]):
            case MailState.SENDING if age >= LEASE:
                return self._lost_sight_of(claim, now)
            case MailState.UNKNOWN if age >= WAIT:
                event = _to_send_again(claim)
                return self._sent_again(claim, event, now) if event else self._given_up(claim, now)
            case _:
                return None

    def _lost_sight_of(self, claim: Document, now: datetime) -> MailState:
        self._change(claim, MailState.UNKNOWN, now=now)
        come_back(claim, now=now, timers=self._timers)
        log.warning("letter is unknown", extra={"mail_id": claim.id})
        return MailState.UNKNOWN

    def _sent_again(self, claim: Document, event: Event, now: datetime) -> MailState:
        """Free the claim and put its event back, so that the step sends the letter once more."""
        again = self._outbox.again(event)
        self._change(claim, MailState.FAILED, now=now, then=[again], resent=True)
        # The counter mail_unknown_resent counts this line: each may be a second letter.
        log.warning(
            "letter sent again",
            extra={"mail_id": claim.id, "event_id": event.id, "result": "resent"},
        )
        self._outbox.send(event)
        return MailState.FAILED

    def _given_up(self, claim: Document, now: datetime) -> MailState:
        self._change(claim, MailState.GIVEN_UP, now=now)
        facts = {"mail_id": claim.id, "result": MailState.GIVEN_UP.value}
        log.warning("letter given up", extra=facts)
        return MailState.GIVEN_UP

    def _change(
        self,
        claim: Document,
        state: MailState,
        *,
        now: datetime,
        then: Sequence[Write] = (),
        **fields: Value,
    ) -> None:
        told = {**fields, "state": state.value, "updated_at": now}
        self._documents.commit([Update(claim.path, told, unchanged_since=claim.version), *then])


def _consequences(claim: Document, now: datetime) -> list[Write]:
    """Return what is written when a letter turns out to be accepted."""
    event = _told_by(claim) if _gives(claim) else None
    return [notified(event, now)] if event else []


def _gives(claim: Document) -> bool:
    """Say whether a letter gives somebody a ticket."""
    # A claim of an older version of us has no kind: of such a letter we know nothing.
    match claim.data.get("kind"):
        case EventType.TICKET_ASSIGNED.value:
            return True
        case EventType.TICKET_UPDATED.value:
            event = _told_by(claim)
            return event is not None and event.data.get("change") == Action.HANDED_OVER
        case _:
            return False


def _to_send_again(claim: Document) -> Event | None:
    """Return the event that has a letter sent once more; None when it must not be."""
    # An assignee who is told twice loses a moment, one who is never told a ticket. The others can
    # ask.
    return None if claim.data.get("resent") or not _gives(claim) else _told_by(claim)


def _told_by(claim: Document) -> Event | None:
    """Return the event that the letter is about; None when it cannot be read."""
    try:
        return events.decode(claim.data["envelope"])
    except InvalidInputError as error:
        log.warning("event cannot be read", extra={"mail_id": claim.id, "reason": str(error)})
        return None
