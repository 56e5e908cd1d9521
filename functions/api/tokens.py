"""Access tokens: short-lived JWTs that say who is asking, never what they may.

A token is held against our own shape to the last bit before PyJWT sees it: PyJWT alone takes times
as text, doubled keys, padding, keys that a header brings along, any `typ` and a megabyte.
"""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256

import jwt

from api.strict import BadRequestError, strict_json
from helpdesk.errors import UnauthenticatedError
from helpdesk.ports import Clock, Ids
from helpdesk.settings import Keys

ISSUER = "helpdesk"
AUDIENCE = "helpdesk-api"
LIFE = timedelta(minutes=10)
TOKEN_MOST = 4096  # characters
REMEMBERED = 1000  # tokens
SKEW_S = 5  # how far the clock of another instance may be ahead
_TYPE = "at+jwt"
_ALGORITHM = "HS256"
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_EPOCH = re.compile(r"[A-Za-z0-9]{0,64}")
_TEXTS = {
    "iss": re.compile(re.escape(ISSUER)),
    "aud": re.compile(re.escape(AUDIENCE)),
    "sub": _ID,
    "sid": _ID,
    "ver": _EPOCH,
    "jti": _ID,
}
_TIMES = {"iat", "nbf", "exp"}


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: whose session this is, and in which epoch of theirs it was begun."""

    user_id: str
    session_id: str
    epoch: str


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a token says that we signed, current or not."""

    claims: Claims
    made: int
    begun: int
    ends: int

    def is_current(self, now: float) -> bool:
        lives = self.ends - self.made <= LIFE.total_seconds() and now < self.ends
        return lives and max(self.made, self.begun) <= now + SKEW_S


class Tokens:
    """Makes and reads access tokens."""

    def __init__(self, keys: Keys, *, clock: Clock, ids: Ids) -> None:
        """Sign with the signing key, accept every known one."""
        self._keys = keys
        self._clock = clock
        self._ids = ids
        # The signature is all that is left to PyJWT: it reads the machine's clock for the times.
        self._jws = jwt.PyJWS([_ALGORITHM], options={"enforce_minimum_key_length": True})
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
        return self._jws.encode(
            json.dumps(payload, separators=(",", ":")).encode(),
            self._keys.known[self._keys.signing],
            algorithm=_ALGORITHM,
            headers=_header(self._keys.signing),
        )

    def read(self, token: str) -> Claims:
        """Return what a token says, or raise UnauthenticatedError without saying why."""
        if len(token) <= TOKEN_MOST:
            signed = self._verified(token)
            if signed.is_current(self._clock.now().timestamp()):
                return signed.claims
        raise _refusal()

    def _verify(self, token: str) -> _Signed:
        """Return what a token says that we signed, or raise UnauthenticatedError."""
        try:
            header, payload, _ = [_decoded(part) for part in token.split(".")]
            key = self._key_of(strict_json(header))
            signed = _signed(strict_json(payload))
            self._jws.decode(token, key, algorithms=[_ALGORITHM])
        except (BadRequestError, ValueError, jwt.PyJWTError) as error:
            raise _refusal() from error
        return signed

    def _key_of(self, header: object) -> bytes:
        """Return the key that a header names which says nothing else, or raise ValueError."""
        for name, key in self._keys.known.items():
            if header == _header(name):
                return key
        raise ValueError("not a header of ours")


def new_secret() -> str:
    """Return 256 random bits for whoever is to hold them."""
    return secrets.token_urlsafe(32)


def fingerprint(held: str) -> str:
    """Return what we keep of a held secret: enough to know it again, useless to a thief."""
    return sha256(held.encode()).hexdigest()


def _header(key_name: str) -> dict[str, str]:
    return {"alg": _ALGORITHM, "kid": key_name, "typ": _TYPE}


def _decoded(part: str) -> bytes:
    """Return the bytes of one part, or raise ValueError unless it is spelt as we spell it."""
    raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    # base64 overlooks the spare bits of the last character, padding and what is none of its
    # letters; two texts for one token would be two tokens to whoever remembers them.
    if urlsafe_b64encode(raw).decode().rstrip("=") != part:
        raise ValueError("not the one spelling of these bytes")
    return raw


def _signed(said: object) -> _Signed:
    """Return claims of just our names, types and shapes, or raise ValueError."""
    if not isinstance(said, dict) or said.keys() != _TEXTS.keys() | _TIMES:
        raise ValueError("not our claims")
    texts = all(_is_text(said[name], shape) for name, shape in _TEXTS.items())
    if not (texts and all(_is_time(said[name]) for name in _TIMES)):
        raise ValueError("a claim of another type or shape than ours")
    claims = Claims(user_id=said["sub"], session_id=said["sid"], epoch=said["ver"])
    return _Signed(claims, made=said["iat"], begun=said["nbf"], ends=said["exp"])


def _is_text(value: object, shape: re.Pattern[str]) -> bool:
    return isinstance(value, str) and shape.fullmatch(value) is not None


def _is_time(value: object) -> bool:
    return type(value) is int and value >= 0  # a bool is an int as well


def _refusal() -> UnauthenticatedError:
    return UnauthenticatedError("the access token is not valid")
