"""Passwords: bcrypt over a keyed hash, a few at a time, and always one for each attempt."""

import base64
import hashlib
import hmac
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import bcrypt

from helpdesk.errors import InvalidInputError, TransientError
from helpdesk.settings import Keys

PASSWORD_LEAST = 12
PASSWORD_MOST = 256  # characters; beyond it is an attack on the hash, not a passphrase

LOCAL_LEAST = 4  # characters; a shorter part of an address is in many a good passphrase

CROWD = 3  # attempts at once, waiting ones among them: fewer than any server of ours has threads
WAIT_S = 2.0  # for a core; a check takes a quarter of a second

log = logging.getLogger(__name__)


class BusyError(TransientError):
    """So many passwords are being checked that one more would have to wait too long."""


class Passwords:
    """Hashes and checks passwords.

    bcrypt reads 72 bytes and stops at none, so it gets a keyed SHA-384 in base64: 64 characters
    that hold the whole password, and worthless without the pepper.
    """

    def __init__(self, peppers: Keys, *, cost: int, crowd: int = CROWD) -> None:
        """Hash with the signing pepper at this bcrypt cost, for so many callers at once."""
        self._peppers = peppers
        self._cost = cost
        # A log-in flood must take neither every core nor every thread from those who are logged in.
        cores = max(1, (os.cpu_count() or 1) - 1)
        self._slots = threading.BoundedSemaphore(min(crowd, cores))
        self._places = threading.BoundedSemaphore(crowd)
        # The right shape and cost, and the hash of nothing: making a real one would take every
        # cold start as long as a log-in.
        self._nobody = f"{peppers.signing}:$2b${cost:02}${'.' * 53}"

    def hashed(self, password: str) -> str:
        """Return `pepper:hash`, to be kept, or raise BusyError."""
        name = self._peppers.signing
        with self._slot():
            made = bcrypt.hashpw(self._keyed(password, name), bcrypt.gensalt(self._cost))
        return f"{name}:{made.decode()}"

    def matches(self, password: str, kept: str | None) -> bool:
        """Say whether this is the password; without a kept hash, no, after just as long.

        Raise BusyError when too many ask at once.
        """
        name, _, made = (kept or "").partition(":")
        usable = name in self._peppers.known
        if not usable:
            name, _, made = self._nobody.partition(":")
        with self._slot():
            try:
                same = bcrypt.checkpw(self._keyed(password, name), made.encode())
            except ValueError:
                usable = same = False
        if kept is not None and not usable:
            # Whose it is, the caller has bound; nobody can log in with it.
            log.error("a kept password is damaged, or its pepper is gone")
        return same and usable

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """Lend a core for one password, or raise BusyError."""
        if not self._places.acquire(blocking=False):
            raise BusyError("too many passwords are being checked")
        try:
            if not self._slots.acquire(timeout=WAIT_S):
                raise BusyError("checking passwords takes too long")
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()

    def _keyed(self, password: str, pepper: str) -> bytes:
        key = self._peppers.known[pepper]
        return base64.b64encode(hmac.new(key, password.encode(), hashlib.sha384).digest())


def checked_password(password: str, *, email: str) -> str:
    """Return an acceptable new password exactly as it came, or raise InvalidInputError."""
    if len(password) < PASSWORD_LEAST:
        raise InvalidInputError(
            f"password must have at least {PASSWORD_LEAST} characters", field="password"
        )
    if len(password) > PASSWORD_MOST or any("\ud800" <= c <= "\udfff" for c in password):
        raise InvalidInputError(
            f"password must be text of at most {PASSWORD_MOST} characters", field="password"
        )
    local = email.partition("@")[0]
    told = len(local) >= LOCAL_LEAST and local in password.lower()
    if told or len(set(password)) < PASSWORD_LEAST // 3:
        raise InvalidInputError("password is too easy to guess", field="password")
    return password
