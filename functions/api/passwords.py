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

from helpdesk.errors import TransientError
from helpdesk.settings import Keys

COST_LEAST = 4  # bcrypt knows no less; tests use it, a house twelve

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
        """Hash with the signing pepper at this bcrypt cost, for so many callers at once.

        Raise ValueError when bcrypt knows no such cost.
        """
        if cost < COST_LEAST:
            raise ValueError(f"a bcrypt cost is at least {COST_LEAST}")
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

        Raise BusyError when it would have to wait too long.
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

    def is_stale(self, kept: str) -> bool:
        """Say whether a hash of today would be made otherwise: with another pepper, or cost."""
        name, _, made = kept.partition(":")
        return name != self._peppers.signing or not made.startswith(f"$2b${self._cost:02}$")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place for a request that is to hash or check, or raise BusyError at once.

        Whoever answers strangers takes one first: what a crowd is refused counts for nothing, and
        those who wait for a core never take every thread.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many passwords are being checked")
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """Lend a core for one password, or raise BusyError."""
        if not self._slots.acquire(timeout=WAIT_S):
            raise BusyError("checking passwords takes too long")
        try:
            yield
        finally:
            self._slots.release()

    def _keyed(self, password: str, pepper: str) -> bytes:
        key = self._peppers.known[pepper]
        return base64.b64encode(hmac.new(key, password.encode(), hashlib.sha384).digest())
