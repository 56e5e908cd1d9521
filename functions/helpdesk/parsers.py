"""What the text of a setting may be: each parser returns its value, or raises ValueError.

What a text says is never repeated in the error: it may be a secret in the wrong place.
"""

import base64
import binascii
import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

Chosen = TypeVar("Chosen", bound=StrEnum)

SECRET_LEAST = 32  # bytes: as long as the hash that HS256 and HMAC-SHA384 key
_URL = re.compile(r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]+)?(/[!-~]*)?")
# As a browser spells one: lower case, no path, no slash at the end.
_ORIGIN = re.compile(
    r"(https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?"
)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")


def matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    """Return the parser of a text that a pattern describes."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"not {what}")
        return text

    return parse


def whole(*, least: int, most: int) -> Callable[[str], int]:
    """Return the parser of a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(f"not a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(choices: type[Chosen]) -> Callable[[str], Chosen]:
    """Return the parser of one of a few words."""

    def parse(text: str) -> Chosen:
        try:
            return choices(text)
        except ValueError:
            raise ValueError(f"not one of {', '.join(choices)}") from None

    return parse


def https_address(text: str) -> str:
    """Return an address of https, or of this machine, without a slash at its end."""
    if not _URL.fullmatch(text):
        raise ValueError("not an https address")
    return text.rstrip("/")


def https_origins(text: str) -> tuple[str, ...]:
    """Return web origins separated by commas; an empty text holds none."""
    found = tuple(text.split(",")) if text else ()
    if not all(_ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError("not https origins with commas between them")
    return found


def secret(text: str) -> bytes:
    """Return the bytes of a base64 secret, or raise ValueError when it is short or too simple."""
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(value) < SECRET_LEAST:
        raise ValueError(f"shorter than {SECRET_LEAST} bytes")
    # 32 random bytes are all printable once in 10^13 times; a text in base64 always is.
    if len(set(value)) < SECRET_LEAST // 4 or all(32 <= byte < 127 for byte in value):  # noqa: PLR2004
        raise ValueError("a sample value, not a random one")
    return value
