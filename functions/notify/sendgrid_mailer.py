"""The Mailer port over SendGrid, which knows no letter by its id: each call carries one more."""

import logging
from email.utils import parseaddr
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self
from urllib.error import URLError

from helpdesk.errors import InvalidInputError, OutsideError
from helpdesk.ports import Letter, Outcome

if TYPE_CHECKING:
    from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]

_ACCEPTED = 202
_REFUSED = frozenset({400, 413})
# Whoever answers so has not taken the letter. Not 502 and 504: there a gateway gave up on the one
# behind it, which may have taken it all the same.
_NOT_TAKEN = (frozenset(range(400, 500)) | {500, 503}) - _REFUSED
# No mail reader answers these by itself, so that two machines do not write to each other.
_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
}

log = logging.getLogger(__name__)


class SendGridMailer:
    """Hands letters to SendGrid, one request each, never twice by itself."""

    idempotent = False

    def __init__(self, client: "SendGridAPIClient", *, sender: str) -> None:
        """Send from this address, such as `Helpdesk <desk@example.com>`."""
        self._client = client
        name, address = parseaddr(sender)
        self._from = {"email": address, "name": name} if name else {"email": address}

    @classmethod
    def connect(cls, *, api_key: str, sender: str, url: str = "", timeout_s: float = 10.0) -> Self:
        """Speak to SendGrid, or to a server at `url` that speaks as it does."""
        from sendgrid import SendGridAPIClient  # noqa: PLC0415 - not every start needs it

        if not api_key or not (api_key.isascii() and api_key.isprintable()):
            # The library would look for another one, or repeat it in an error.
            raise InvalidInputError("the API key of SendGrid is empty or no header can hold it")
        # On this level and below the library logs the key and the letter.
        logging.getLogger("python_http_client").setLevel(logging.WARNING)
        client = SendGridAPIClient(api_key, **({"host": url} if url else {}))
        client.client.timeout = timeout_s  # without, it waits for ever
        return cls(client, sender=sender)

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter, or raise OutsideError: it certainly was not."""
        if _breaks_a_header(letter):
            return _warned(letter, Outcome.REFUSED, "a header of more than one line")
        try:
            status = self._posted(letter)
        except URLError as error:
            # urllib's word for what fails before the last byte is sent: nobody has a whole letter.
            raise OutsideError("SendGrid could not be reached") from error
        except (OSError, HTTPException):
            return _warned(letter, Outcome.UNKNOWN, "the carrier did not answer")
        if status == _ACCEPTED:
            return Outcome.ACCEPTED
        if status in _REFUSED:
            return _warned(letter, Outcome.REFUSED, f"refused by the carrier: {status}")
        if status in _NOT_TAKEN:
            raise OutsideError(f"SendGrid answered {status}")
        return _warned(letter, Outcome.UNKNOWN, f"the carrier answered {status}")

    def _posted(self, letter: Letter) -> int:
        """Return the status that came back."""
        from python_http_client import HTTPError  # type: ignore[import-untyped]  # noqa: PLC0415

        try:
            return int(self._client.send(self._body(letter)).status_code)
        except HTTPError as error:
            return int(error.status_code)

    def _body(self, letter: Letter) -> dict[str, Any]:
        content = [{"type": "text/plain", "value": letter.text}]
        if letter.html:
            content.append({"type": "text/html", "value": letter.html})
        about = {"mail_id": letter.id, "ticket_id": letter.ticket_id}
        return {
            "personalizations": [{"to": [{"email": letter.to}]}],
            "from": self._from,
            "subject": letter.subject,
            "content": content,
            "headers": _HEADERS,
            # Comes back with every event about this letter.
            "custom_args": {name: value for name, value in about.items() if value},
            "tracking_settings": _TRACKING,
        }


def _breaks_a_header(letter: Letter) -> bool:
    return any(
        "\r" in text or "\n" in text
        for text in (letter.to, letter.subject, letter.id, letter.ticket_id)
    )


def _warned(letter: Letter, outcome: Outcome, reason: str) -> Outcome:
    facts = {"mail_id": letter.id, "result": outcome.value, "reason": reason}
    log.warning("letter not known to be accepted", extra=facts)
    return outcome
