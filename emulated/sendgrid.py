"""SendGrid on the wire: takes letters over the v3 API, and tells of them by signed webhook."""

import base64
import json
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Posted
from urllib.request import urlopen

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulated.server import JSON, Answer, Ending, Fault, Request, WireServer, as_json
from helpdesk.clock import SystemClock
from helpdesk.ports import Clock

KEY = "SG.emulated.key-of-no-account"
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_POST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One letter as SendGrid took it; `body` is all that was said of it."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    about: Mapping[str, str]
    body: Mapping[str, Any]


class SendGridServer(WireServer):
    """Carries every sound letter nowhere and keeps it: letters with one id are two letters."""

    def __init__(self, *, api_key: str = KEY, clock: Clock | None = None) -> None:
        """Take letters from whoever has the key; sign what is told of them with a new key."""
        super().__init__()
        self._api_key = api_key
        self._clock = clock or SystemClock()
        self._signing = ec.generate_private_key(ec.SECP256R1())
        self._carried: list[Carried] = []
        self._carrying = threading.Lock()

    @property
    def letters(self) -> list[Carried]:
        """Return every letter that was accepted, in order."""
        with self._carrying:
            return list(self._carried)

    @property
    def public_key(self) -> str:
        """Return the key that verifies webhooks, as SendGrid's console shows it."""
        key = self._signing.public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def answer(self, request: Request) -> Answer:
        """Accept a letter, or refuse what SendGrid would refuse."""
        if (request.method, request.path) != ("POST", "/v3/mail/send"):
            return _errors(404, "not found")
        if request.headers.get("authorization") != f"Bearer {self._api_key}":
            return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        if not isinstance(request.body, dict):
            return _errors(400, "Bad Request")
        if wrong := _wrong(request.body):
            message, name = wrong
            return _errors(400, message, field=name)
        carried = _carried(request.body)
        with self._carrying:
            self._carried.append(carried)
        return Answer(status=202, headers={"X-Message-Id": carried.message_id})

    def signed(self, body: bytes, *, timestamp: str) -> dict[str, str]:
        """Return the headers that prove a webhook's body and time."""
        signature = self._signing.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}

    def post_events(
        self, url: str, events: Sequence[Mapping[str, Any]], *, timestamp: str | None = None
    ) -> int:
        """Tell a webhook of events, signed now or at another time, and return its status."""
        body = json.dumps(list(events)).encode()
        now = str(int(self._clock.now().timestamp()))
        headers = {"Content-Type": JSON, **self.signed(body, timestamp=timestamp or now)}
        posted = Posted(url, body, headers, method="POST")  # noqa: S310 - our own machine
        try:
            with urlopen(posted, timeout=_POST_S) as answer:  # noqa: S310 - likewise
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code


def failed(status: int, *, delay_s: float = 0.0, **headers: str) -> Fault:
    """Plan a letter that is not taken, with headers such as `X_RateLimit_Reset="1"`."""
    return Fault(instead=lambda _: _errors(status, f"planned {status}", **headers), delay_s=delay_s)


def slow(delay_s: float) -> Fault:
    """Plan a letter that is accepted, but said to be so only after a while."""
    return Fault(delay_s=delay_s)


def cut_off(ending: Ending = Ending.CLOSED) -> Fault:
    """Plan a letter that is accepted, but the connection dies before that is said."""
    return Fault(ending=ending)


def _wrong(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what SendGrid would say against a letter, and of which field."""
    several = body.get("personalizations")
    if not several:
        return "The personalizations field is required.", "personalizations"
    for at, person in enumerate(several):
        for number, each in enumerate(person.get("to") or [{}]):
            if not _ADDRESS.fullmatch(each.get("email", "")):
                name = f"personalizations.{at}.to.{number}.email"
                return "Does not contain a valid address.", name
    if not _ADDRESS.fullmatch(body.get("from", {}).get("email", "")):
        return "Does not contain a valid address.", "from.email"
    if not body.get("subject"):
        return "The subject is required.", "subject"
    if not body.get("content") or not all(part.get("value") for part in body["content"]):
        return "The content must have at least one character.", "content"
    return None


def _carried(body: Mapping[str, Any]) -> Carried:
    parts = {part["type"]: part["value"] for part in body["content"]}
    return Carried(
        message_id=secrets.token_urlsafe(16),
        to=body["personalizations"][0]["to"][0]["email"],
        subject=body["subject"],
        text=parts.get("text/plain", ""),
        html=parts.get("text/html", ""),
        about=body.get("custom_args", {}),
        body=body,
    )


def _errors(status: int, message: str, *, field: str | None = None, **headers: str) -> Answer:
    error = {"message": message, "field": field, "help": None}
    return as_json(status, {"errors": [error]}, **headers)
