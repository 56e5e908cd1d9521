"""Passwords: bcrypt over a keyed hash, a few at a time, and always one for each attempt."""

import base64
import hashlib
import hmac
import os
import threading

import bcrypt

from helpdesk.errors import InvalidInputError
from helpdesk.settings import Keys

PASSWORD_LEAST = 12
PASSWORD_MOST = 256  # characters; beyond it is an attack on the hash, not a passphrase

LOCAL_LEAST = 4  # characters; a shorter part of an address is in many a good passphrase


class Passwords:
    """Hashes and checks passwords.

    bcrypt reads 72 bytes and stops at none, so it gets a keyed SHA-384 in base64: 64 characters
    that hold the whole password, and worthless without the pepper.
    """

    def __init__(self, peppers: Keys, *, cost: int) -> None:
        """Hash with the signing pepper at this bcrypt cost."""
        self._peppers = peppers
        self._cost = cost
        # A log-in flood must not take every core from those who are logged in.
        self._slots = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))
        # The right shape and cost, and the hash of nothing: making a real one would take every
        # cold start as long as a log-in.
        self._nobody = f"{peppers.signing}:$2b${cost:02}${'.' * 53}"

    def hashed(self, password: str) -> str:
        """Return `pepper:hash`, to be kept."""
        name = self._peppers.signing
        with self._slots:
            made = bcrypt.hashpw(self._keyed(password, name), bcrypt.gensalt(self._cost))
        return f"{name}:{made.decode()}"

    def matches(self, password: str, kept: str | None) -> bool:
        """Say whether this is the password; without a kept hash, no, after just as long."""
        name, _, made = (kept or self._nobody).partition(":")
        if name not in self._peppers.known:
            name, _, made = self._nobody.partition(":")
            kept = None
        with self._slots:
            try:
                same = bcrypt.checkpw(self._keyed(password, name), made.encode())
            except ValueError:
                return False  # the kept hash is damaged: nobody can log in with it
        return same and kept is not None

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
