"""Links in mails: a token that proves its id came from us. It is made when the mail is, never kept.

The store knows the id alone, so who reads the store, a log or an event cannot follow a link.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from helpdesk.errors import InvalidInputError

_ID = re.compile(r"[A-Za-z0-9]{1,64}")


def link_token(link_id: str, *, key: bytes) -> str:
    """Return the token of a link, or raise InvalidInputError for what is no id."""
    if not _ID.fullmatch(link_id):
        raise InvalidInputError("not the id of a link", field="link_id")
    mac = hmac.new(key, f"link|{link_id}".encode(), hashlib.sha256).digest()
    return f"{link_id}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def link_id_of(token: str, *, key: bytes) -> str:
    """Return the id in a token of ours, or raise InvalidInputError without saying why."""
    link_id, _, _ = token.partition(".")
    # The text is compared, not the bytes: base64 can spell the same bytes in several ways.
    if not (_ID.fullmatch(link_id) and token.isascii()):
        raise _refusal()
    if not hmac.compare_digest(token, link_token(link_id, key=key)):
        raise _refusal()
    return link_id


def _refusal() -> InvalidInputError:
    return InvalidInputError("the link is not valid", field="token")
