"""Access tokens: short-lived JWTs that say who is asking, never what they may.

PyJWT is given only what has passed our own look: it takes long tokens, padding and any `typ`.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

import jwt

from helpdesk.errors import UnauthenticatedError
from helpdesk.ports import Clock, Ids
from helpdesk.settings import Keys

ISSUER = "helpdesk"
AUDIENCE = "helpdesk-api"
LIFE = timedelta(minutes=10)
TOKEN_MOST = 4096
REMEMBERED = 1000  # tokens
SKEW_S = 5  # how far the clock of another instance may be ahead
_TYPE = "at+jwt"
_ALGORITHM = "HS256"
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_EPOCH = re.compile(r"[A-Za-z0-9]{0,64}")
_CLAIMS = ["iss", "aud", "sub", "sid", "ver", "iat", "nbf", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: whose session this is, and in which epoch of theirs it was begun."""

    user_id: str
    session_id: str
    epoch: str


class Tokens:
    """Makes and reads access tokens."""

    def __init__(self, keys: Keys, *, clock: Clock, ids: Ids) -> None:
        """Sign with the signing key, accept every known one."""
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})
        # A client shows one token many times. Only what a signature says is remembered: times and
        # the session are looked at on every request, and what was refused is not kept.
        self._verified = lru_cache(REMEMBERED)(self._verify)

    def issue(self, claims: Claims) -> str:
        """Return a token that is good for ten minutes."""
        now = int(self._clock.now().timestamp())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.user_id,
            "sid": claims.session_id,
            "ver": claims.epoch,
            "iat": now,
            "nbf": now,
            "exp": now + int(LIFE.total_seconds()),
            "jti": self._ids.unique_id(),
        }
        return self._jwt.encode(
            payload,
            self._keys.known[self._keys.signing],
            algorithm=_ALGORITHM,
            headers={"kid": self._keys.signing, "typ": _TYPE},
        )

    def read(self, token: str) -> Claims:
        """Return what a token says, or raise UnauthenticatedError without saying why."""
        if len(token) > TOKEN_MOST or not _SHAPE.fullmatch(token):
            raise UnauthenticatedError("the access token is not valid")
        claims = self._verified(token)
        if not self._is_current(claims):
            raise UnauthenticatedError("the access token is not valid")
        return Claims(user_id=claims["sub"], session_id=claims["sid"], epoch=claims["ver"])

    def _verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that we signed, current or not."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.known[str(header.get("kid"))]
            # Times are checked against our own clock: PyJWT reads the machine's.
            claims = self._jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": _CLAIMS,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "strict_aud": True,
                },
            )
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError) as error:
            raise UnauthenticatedError("the access token is not valid") from error
        ours = header == {"alg": _ALGORITHM, "kid": header["kid"], "typ": _TYPE}
        named = _is(_ID, claims["sub"]) and _is(_ID, claims["sid"]) and _is(_EPOCH, claims["ver"])
        if not (ours and named):
            raise UnauthenticatedError("the access token is not valid")
        return claims

    def _is_current(self, claims: dict[str, object]) -> bool:
        now = self._clock.now().timestamp()
        made, begun, ends = claims["iat"], claims["nbf"], claims["exp"]
        if not (type(made) is int and type(begun) is int and type(ends) is int):
            return False
        lives = ends - made <= LIFE.total_seconds() and now < ends
        return lives and max(made, begun) <= now + SKEW_S


def _is(shape: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


def new_secret() -> str:
    """Return 256 random bits for whoever is to hold them."""
    return secrets.token_urlsafe(32)


def fingerprint(held: str) -> str:
    """Return what we keep of a held secret: enough to know it again, useless to a thief."""
    return sha256(held.encode()).hexdigest()
