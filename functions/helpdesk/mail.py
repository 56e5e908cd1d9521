"""Letters on their way: claimed before they are sent, so that each is sent once.

Between the claim and the answer lies the one moment nobody can see into. A letter that was caught
there is `unknown`: it is not sent again blindly unless the mailer knows its letters by id. How it
ends is for `helpdesk.claims`.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from helpdesk import events
from helpdesk.documents import Create, Data, Document, Update, Value, Write
from helpdesk.errors import (
    AlreadyExistsError,
    DuplicateError,
    NotFoundError,
    OutsideError,
    TransientError,
)
from helpdesk.events import Event
from helpdesk.ports import Clock, Documents, Letter, Mailer, Timer, Timers

LEASE = timedelta(minutes=2)  # longer than any attempt to send lasts
WAIT = timedelta(minutes=10)  # how long the carrier may take to tell of an unknown letter

log = logging.getLogger(__name__)


class MailState(StrEnum):
    """Where a letter stands."""

    SENDING = "sending"
    FAILED = "failed"  # certainly not handed over, or to be sent once more
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    GIVEN_UP = "given_up"  # unknown, and nobody waits any longer


SETTLED = frozenset({MailState.ACCEPTED, MailState.REFUSED})


def mail_id(*, subject: str, event_id: str, recipient: str) -> str:
    """Return the one id of the letter that tells a recipient of an event."""
    return hashlib.sha256(f"{subject}|{event_id}|{recipient}".encode()).hexdigest()


def claim_path(letter_id: str) -> str:
    """Return where the claim of a letter is kept."""
    return f"mail/{letter_id}"


def come_back(claim: Document, *, now: datetime, timers: Timers | None) -> None:
    """Set the timer that comes back to a letter which became unknown now.

    A failure is no error of the caller's: the sweep finds the letter as well.
    """
    if timers is None:
        return
    timer = Timer(
        name=f"mail.{claim.id}.{claim.data['attempts']}",
        due_at=now + WAIT,
        about=f"mail:{claim.id}",
    )
    try:
        timers.set(timer)
    except TransientError as error:
        log.warning("no timer is set", extra={"mail_id": claim.id, "reason": str(error)})


class Mail:
    """Sends letters once."""

    def __init__(
        self,
        *,
        documents: Documents,
        mailer: Mailer,
        clock: Clock,
        timers: Timers | None = None,
    ) -> None:
        """Keep claims in `documents`, send through `mailer`, come back by `timers` if any."""
        self._documents = documents
        self._mailer = mailer
        self._clock = clock
        self._timers = timers

    def send(self, letter: Letter, *, event: Event, then: Sequence[Write] = ()) -> MailState:
        """Send a letter, note what became of it, and return that.

        `then` is written together with the note when the letter was accepted. Raise OutsideError
        when it was not handed over or somebody else is handing it over just now, DuplicateError
        when what became of it is known already.
        """
        path = claim_path(letter.id)
        claim: Data = {
            "event_id": event.id,
            "kind": event.type.value,
            "envelope": events.encode(event),  # so that it can be sent once more
            "ticket_id": letter.ticket_id,
            "recipient": letter.to,
            "subject": letter.subject,
            "state": MailState.SENDING.value,
            "attempts": 1,
            "updated_at": self._clock.now(),
        }
        try:
            self._documents.commit([Create(path, claim)])
        except AlreadyExistsError:
            known = self._reclaimed(path)
            if known is not MailState.SENDING:
                return known
        return self._hand_over(letter, path, then)

    def _reclaimed(self, path: str) -> MailState:
        """Return what became of a letter claimed before; `sending` means: it is ours to send."""
        claim = self._documents.get(path)
        if claim is None:
            raise OutsideError("a claim vanished while it was looked at")
        state = MailState(claim.data["state"])
        if state is MailState.FAILED or (self._mailer.idempotent and state not in SETTLED):
            self._note(claim, MailState.SENDING, attempts=claim.data["attempts"] + 1)
            return MailState.SENDING
        if state is MailState.SENDING:
            return self._abandoned(claim)
        raise DuplicateError(f"the letter is {state} already")

    def _abandoned(self, claim: Document) -> MailState:
        """Give up on a claim whose holder was never heard of again; nobody knows if it was sent."""
        updated: datetime = claim.data["updated_at"]
        if self._clock.now() < updated + LEASE:
            raise OutsideError("the letter is being sent just now")
        self._note(claim, MailState.UNKNOWN)
        return MailState.UNKNOWN

    def _hand_over(self, letter: Letter, path: str, then: Sequence[Write]) -> MailState:
        try:
            state = MailState(self._mailer.send(letter).value)
        except OutsideError:
            self._note_failure(path)
            raise
        return self._note_outcome(path, state, then)

    def _note_failure(self, path: str) -> None:
        """Free the claim for the next attempt, unless somebody else has got further meanwhile."""
        claim = self._documents.get(path)
        if claim and claim.data["state"] == MailState.SENDING.value:
            self._note(claim, MailState.FAILED)

    def _note_outcome(self, path: str, state: MailState, then: Sequence[Write]) -> MailState:
        """Note what the mailer said, unless more is known by now: its carrier may be quicker."""
        claim = self._documents.get(path)
        if claim is None:
            raise NotFoundError("a claim vanished while its letter was sent")
        known = MailState(claim.data["state"])
        if known in SETTLED or (state is MailState.UNKNOWN and known is not MailState.SENDING):
            if claim.data.get("handed_over"):
                # With a mailer that knows its letters two may be at it at once; one of them did it.
                raise DuplicateError("another delivery has handed the letter over")
            state = known
        else:
            done = then if state is MailState.ACCEPTED else ()
            self._note(claim, state, done, handed_over=True)
        log.info("letter handed over", extra={"mail_id": claim.id, "result": state.value})
        return state

    def _note(
        self, claim: Document, state: MailState, then: Sequence[Write] = (), **fields: Value
    ) -> None:
        now = self._clock.now()
        told: Data = {**fields, "state": state.value, "updated_at": now}
        self._documents.commit([Update(claim.path, told, unchanged_since=claim.version), *then])
        if state is MailState.UNKNOWN:
            come_back(claim, now=now, timers=self._timers)
