"""Letters on their way: claimed before they are sent, so that each is sent once.

Between the claim and the answer lies the one moment nobody can see into. A letter that was caught
there is `unknown`: it is not sent again blindly unless the mailer knows its letters by id.
"""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from helpdesk.documents import Create, Data, Document, Update, Write
from helpdesk.errors import AlreadyExistsError, OutsideError
from helpdesk.ports import Clock, Documents, Letter, Mailer

LEASE = timedelta(minutes=2)  # longer than any attempt to send lasts

log = logging.getLogger(__name__)


class MailState(StrEnum):
    """Where a letter stands."""

    SENDING = "sending"
    FAILED = "failed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def mail_id(*, subject: str, event_id: str, recipient: str) -> str:
    """Return the one id of the letter that tells a recipient of an event."""
    return hashlib.sha256(f"{subject}|{event_id}|{recipient}".encode()).hexdigest()


class Mail:
    """Sends letters once."""

    def __init__(self, *, documents: Documents, mailer: Mailer, clock: Clock) -> None:
        """Keep claims in `documents`, send through `mailer`."""
        self._documents = documents
        self._mailer = mailer
        self._clock = clock

    def send(self, letter: Letter, *, event_id: str, then: Sequence[Write] = ()) -> MailState:
        """Send a letter unless that was done, note what became of it, and return that.

        `then` is written together with the note when the letter was accepted. Raise OutsideError
        when it was not handed over or somebody else is handing it over just now.
        """
        path = f"mail/{letter.id}"
        claim: Data = {
            "event_id": event_id,
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
        if state is MailState.SENDING and not self._mailer.idempotent:
            return self._abandoned(claim)
        if state in {MailState.SENDING, MailState.FAILED}:
            self._note(claim, MailState.SENDING)
            return MailState.SENDING
        return state

    def _abandoned(self, claim: Document) -> MailState:
        """Give up on a claim whose holder was never heard of again; nobody knows if it was sent."""
        updated: datetime = claim.data["updated_at"]
        if self._clock.now() < updated + LEASE:
            raise OutsideError("the letter is being sent just now")
        self._note(claim, MailState.UNKNOWN)
        return MailState.UNKNOWN

    def _note_failure(self, path: str) -> None:
        """Free the claim for the next attempt, unless somebody else has got further meanwhile."""
        claim = self._documents.get(path)
        if claim and claim.data["state"] == MailState.SENDING.value:
            failed = {"state": MailState.FAILED.value, "updated_at": self._clock.now()}
            self._documents.commit([Update(path, failed, unchanged_since=claim.version)])

    def _note(self, claim: Document, state: MailState) -> None:
        fields: Data = {
            "state": state.value,
            "attempts": claim.data["attempts"] + 1,
            "updated_at": self._clock.now(),
        }
        self._documents.commit([Update(claim.path, fields, unchanged_since=claim.version)])

    def _hand_over(self, letter: Letter, path: str, then: Sequence[Write]) -> MailState:
        try:
            state = MailState(self._mailer.send(letter).value)
        except OutsideError:
            self._note_failure(path)
            raise
        told = Update(path, {"state": state.value, "updated_at": self._clock.now()})
        accepted = state is MailState.ACCEPTED
        self._documents.commit([told, *then] if accepted else [told])
        log.info("letter handed over", extra={"mail_id": letter.id, "result": state.value})
        return state
