"""Every setting, and the only place that reads the environment.

Each function has its own frozen settings. All that is missing or wrong is named at once, no secret
has a default, and a value is never repeated in an error.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from helpdesk.errors import InvalidInputError

SECRET_LEAST = 32  # bytes: as long as the hash that HS256 and HMAC-SHA384 key
_URL = re.compile(r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]+)?(/[!-~]*)?")

T = TypeVar("T")


class SettingsError(InvalidInputError):
    """The process must not start with these settings."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one purpose: all verify, one signs, so that keys can be changed without a gap."""

    signing: str
    known: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the api function needs to know. `url` is where people reach it, without a slash."""

    url: str
    tokens: Keys
    peppers: Keys
    cursor_key: bytes
    bcrypt_cost: int = 12

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "ApiSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(os.environ if environ is None else environ)
        url = read.one("HELPDESK_URL", _url)
        tokens = read.one("HELPDESK_TOKEN_KEYS", keys)
        peppers = read.one("HELPDESK_PEPPERS", keys)
        cursor_key = read.one("HELPDESK_CURSOR_KEY", secret)
        if url is None or tokens is None or peppers is None or cursor_key is None:
            raise SettingsError("; ".join(read.wrong))
        return cls(url=url, tokens=tokens, peppers=peppers, cursor_key=cursor_key)


def without_plugins() -> None:
    """Keep pydantic from searching every installed package for plugins when it is imported.

    We use none, and the search is paid for at every start.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def keys(text: str) -> Keys:
    """Return the keys in `{"signing": "k1", "known": {"k1": "<base64>"}}`, or raise ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("known"), dict):
        raise ValueError('not {"signing": …, "known": {…}}')  # noqa: TRY004 - one kind of error
    known = {str(name): secret(str(value)) for name, value in found["known"].items()}
    signing = found.get("signing")
    if not isinstance(signing, str) or signing not in known:
        raise ValueError("the signing key is not among the known ones")
    return Keys(signing, known)


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


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("not an https address")
    return text.rstrip("/")


class _Reader:
    """Reads settings one by one and keeps what is wrong, so that all of it is said at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.wrong: list[str] = []

    def one(self, name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(self._environ[name])
        except KeyError:
            self.wrong.append(f"{name}: missing")
        except json.JSONDecodeError:
            self.wrong.append(f"{name}: not JSON")
        except ValueError as error:
            self.wrong.append(f"{name}: {error}")
        return None
