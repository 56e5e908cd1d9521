"""The carrier's word: SendGrid's signed event webhook, checked and passed on to the claims."""

import base64
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.policy import Act
from api.route import Answered, Asked, Header, Route
from api.strict import strict_json
from helpdesk.claims import Claims, Word
from helpdesk.errors import ConflictError, InvalidInputError, OutsideError, UnauthenticatedError
from helpdesk.ports import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

BODY_MOST = 1024 * 1024
EVENTS_MOST = 10_000
AGE_MOST_S = 300  # how old a signature may be, or how far our clocks may be apart

SIGNATURE = Header(
    name="X-Twilio-Email-Event-Webhook-Signature",
    about="ECDSA (P-256, SHA-256) over the timestamp and the body, in base64",
)
TIMESTAMP = Header(
    name="X-Twilio-Email-Event-Webhook-Timestamp", pattern="^[0-9]{1,12}$",
    about=f"when it was signed, in seconds since 1970; at most {AGE_MOST_S} s ago",
)  # fmt: skip

_WORDS: Mapping[str, Word] = {
    "processed": Word.DELIVERED,
    "deferred": Word.DELIVERED,
    "delivered": Word.DELIVERED,
    "open": Word.DELIVERED,
    "click": Word.DELIVERED,
    "bounce": Word.LOST,
    "blocked": Word.LOST,
    "dropped": Word.LOST,
}
_LETTER_ID = re.compile("[0-9a-f]{64}")

log = logging.getLogger(__name__)


def webhooks(claims: Callable[[], Claims], *, key: str | None, clock: Clock) -> tuple[Route, ...]:
    """Return the routes by which the carrier tells of letters; without a key they hear nothing.

    `claims` is asked for at the first word. Raise InvalidInputError when the key is none.
    """
    known = public_key(key) if key else None

    def sendgrid_events(_desk: None, asked: Asked) -> Answered:
        """Hear what became of letters."""
        if known is None:
            raise OutsideError("no key of SendGrid's webhook is configured")
        verify(
            asked.raw,
            signature=asked.headers.get(SIGNATURE.name, ""),
            timestamp=asked.headers.get(TIMESTAMP.name, ""),
            key=known,
            now=clock.now(),
        )
        _hear(asked.raw, claims())
        return Answered(status=204)

    return (
        Route(
            method="POST", path="/api/webhooks/sendgrid", act=Act.HEAR_CARRIER,
            handler=sendgrid_events,
            summary="Hear from SendGrid what became of letters; it signs what it says",
            raw_most=BODY_MOST, status=204, answer=None, also=(401,), wired=False,
            reads=(SIGNATURE, TIMESTAMP),
        ),
    )  # fmt: skip


def public_key(text: str) -> "EllipticCurvePublicKey":
    """Return the P-256 key in base64 DER, or raise InvalidInputError."""
    # Imported where there is a key: the local house has none.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInputError("the webhook's key is no public key in base64") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInputError("the webhook's key is not on the curve P-256")
    return key


def verify(
    body: bytes, *, signature: str, timestamp: str, key: "EllipticCurvePublicKey", now: datetime
) -> None:
    """Raise UnauthenticatedError unless the owner of the key signed just this, just now."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    if not re.fullmatch(TIMESTAMP.pattern or "", timestamp):
        raise UnauthenticatedError("the time of the signature is missing or no number")
    try:
        signed = base64.b64decode(signature, validate=True)
        key.verify(signed, timestamp.encode() + body, ec.ECDSA(SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise UnauthenticatedError("the signature is missing or wrong") from error
    if abs(now.timestamp() - int(timestamp)) > AGE_MOST_S:
        raise UnauthenticatedError("the signature is not of this moment")


def _hear(body: bytes, claims: Claims) -> None:
    """Pass on what a signed body tells; raise OutsideError when some of it must come again."""
    events = strict_json(body)
    if not isinstance(events, list):
        raise InvalidInputError("send a list of events")
    if len(events) > EVENTS_MOST:
        raise InvalidInputError(f"send at most {EVENTS_MOST} events")
    told = [each for each in map(_told, events) if each]
    changed, conflict = 0, None
    for letter_id, word in _last_words(told).items():
        try:
            changed += claims.heard(letter_id, word)
        except ConflictError as error:
            conflict = error  # the others need not wait for this one
    log.info("letters heard of", extra={"count": changed})
    if ignored := len(events) - len(told):
        log.info("events ignored", extra={"count": ignored})
    if conflict:
        raise OutsideError("a letter was changed by somebody else") from conflict


def _told(event: Any) -> tuple[str, Word] | None:  # noqa: ANN401 - whatever was sent
    """Return the letter an event names and what it says of it; None for one of no concern."""
    if not isinstance(event, dict):
        return None
    letter_id, word = event.get("mail_id"), _WORDS.get(str(event.get("event")))
    if word is None or not isinstance(letter_id, str) or not _LETTER_ID.fullmatch(letter_id):
        return None
    return letter_id, word


def _last_words(told: list[tuple[str, Word]]) -> dict[str, Word]:
    """Return one word for each letter: a loss is the last one, in whatever order they came."""
    words = dict(told)
    return words | {letter_id: word for letter_id, word in told if word is Word.LOST}
