"""Signed cursors: where a list goes on, of use only to who got it and for what was asked.

A cursor carries values to compare with, not rights: the query behind it is built anew from the
asker's own rights. The signature keeps it from being made up or carried over to another query.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime

from helpdesk.documents import Value
from helpdesk.errors import InvalidInputError
from helpdesk.wire import moment, time_text

_MAC = 16  # bytes of the signature kept: 128 bits
_MOST = 1_000  # characters of a cursor


def seal(values: Sequence[Value], *, key: bytes, bound_to: str) -> str:
    """Return a cursor for the place behind a document with these order values and this id."""
    plain = [{"t": time_text(v)} if isinstance(v, datetime) else v for v in values]
    payload = json.dumps(plain, separators=(",", ":")).encode()
    return _signed(payload, key, bound_to)


def unseal(cursor: str, *, key: bytes, bound_to: str) -> tuple[Value, ...]:
    """Return the values in a cursor, or raise InvalidInputError unless it was made for this."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError as error:
        raise InvalidInputError("the cursor is not valid", field="cursor") from error
    payload = raw[_MAC:]
    # The text is compared, not the bytes: base64 can spell the same bytes in several ways.
    if len(cursor) > _MOST or not hmac.compare_digest(cursor, _signed(payload, key, bound_to)):
        raise InvalidInputError("the cursor is not valid here", field="cursor")
    # Signed by us, so the shape is ours too.
    return tuple(moment(v["t"]) if isinstance(v, dict) else v for v in json.loads(payload))


def _signed(payload: bytes, key: bytes, bound_to: str) -> str:
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    message = b"%d:%s%s" % (len(bound_to), bound_to.encode(), payload)
    mac = hmac.new(key, message, hashlib.sha256).digest()[:_MAC]
    return urlsafe_b64encode(mac + payload).decode().rstrip("=")
