"""Known devices: a signed cookie by which log-in tells the owner from whoever guesses at them.

Guesses at an address are counted, and too many shut the door for everybody without such a cookie.
It is no log-in: it only gives whoever once proved who they are a count of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from helpdesk.cursor import seal, unseal
from helpdesk.errors import InvalidInputError
from helpdesk.ports import Clock, Ids

LIFE = timedelta(days=180)
HEADER_MOST = 8 * 1024  # characters of a Cookie header; browsers and servers stop near there, too
_BOUND_TO = "device"  # a cursor is bound to more than this one word


@dataclass(frozen=True, slots=True)
class Device:
    """A device that somebody logged in from, and since when the password was chosen they knew."""

    id: str
    password_at: datetime | None


class Devices:
    """Makes and reads the cookies of known devices. An address comes in the form we keep."""

    def __init__(self, *, key: bytes, clock: Clock, ids: Ids, secure: bool) -> None:
        """Sign with `key`; `secure` says whether people reach us over https."""
        self._key = key
        self._clock = clock
        self._ids = ids
        # Over https the prefix keeps neighbouring hosts and plain http from setting our cookie.
        self._name = "__Host-device" if secure else "device"
        self._secured = "; Secure" if secure else ""

    def cookie_for(self, address: str, *, password_at: datetime | None) -> str:
        """Return the value of a Set-Cookie header that makes the device known for this address.

        It is known until the holder of the address chooses another password.
        """
        values = (_hashed(address), self._ids.unique_id(), password_at, self._clock.now())
        sealed = seal(values, key=self._key, bound_to=_BOUND_TO)
        lasts = int(LIFE.total_seconds())
        kept = f"Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{self._secured}"
        return f"{self._name}={sealed}; {kept}"

    def device_of(self, cookie_header: str, address: str) -> Device | None:
        """Return the device if it was ever known for this address, whatever was sent."""
        if len(cookie_header) > HEADER_MOST:
            return None
        given = list(_values(cookie_header, self._name))
        if len(given) != 1:
            return None  # of two, one is somebody else's
        try:
            known, device_id, password_at, since = unseal(
                given[0], key=self._key, bound_to=_BOUND_TO
            )
        except (InvalidInputError, ValueError):  # the latter for one of an older version of us
            return None
        ours = known == _hashed(address) and self._clock.now() - since <= LIFE
        return Device(device_id, password_at) if ours else None


def _values(cookie_header: str, name: str) -> Iterator[str]:
    for pair in cookie_header.split(";"):
        given, _, value = pair.strip(" \t").partition("=")
        if given == name:
            yield value


def _hashed(address: str) -> str:
    return sha256(address.encode()).hexdigest()
