"""Accounts: sign up, log in, stay logged in, log out, and who is asking. Framework-free.

Accounts and sessions live in a database of their own that no event function can open. A role is
read from there at every request: a token says who somebody is, never what they may.

A request reads the account alone. It knows which tokens may still be shown and must not be: those
of an earlier epoch, and those of the sessions in `ended`, which is kept for as long as they live.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from api.passwords import Passwords, checked_password
from api.tokens import LIFE, Claims, Tokens, fingerprint, new_secret
from helpdesk.documents import Create, Data, Document, Update, Write
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from helpdesk.events import Event, EventType
from helpdesk.log import bind, traceparent
from helpdesk.ports import Clock, Documents, Ids
from helpdesk.user import Role, User, checked_email, checked_name
from helpdesk.users import Users

SESSION_LIFE = timedelta(days=30)
# As long as any access token of an ended session can live: clocks differ by seconds, and a refresh
# that was under way when the session ended may be that much later.
ENDED_KEPT = LIFE + timedelta(minutes=2)
ENDED_MOST = 1000  # sessions in one account; they are read with it at each request
END_TRIES = 5

log = logging.getLogger(__name__)


class TakenError(AlreadyExistsError):
    """There is an account with this e-mail address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking, as the store knows them at this moment."""

    user_id: str
    name: str
    role: Role
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """What somebody gets who has proven who they are."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int


class Accounts:
    """Knows accounts and sessions."""

    def __init__(
        self,
        *,
        documents: Documents,
        users: Users,
        passwords: Passwords,
        tokens: Tokens,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep accounts in `documents`, their public side in `users`."""
        self._documents = documents
        self._users = users
        self._passwords = passwords
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    def sign_up(self, email: str, password: str, name: str = "") -> LoggedIn:
        """Make an account and log in, or raise InvalidInputError or TakenError."""
        address = checked_email(email)
        checked_password(password, email=address)
        user = User(
            id=self._ids.unique_id(),
            email=address,
            name=checked_name(name) or address.partition("@")[0],
            created_at=self._clock.now(),
        )
        self.add(user, self._passwords.hashed(password))
        return self._logged_in(user, epoch="")

    def ids_of(self, emails: Sequence[str]) -> list[str | None]:
        """Return whose account each e-mail address is, if anybody's, in one round trip."""
        found = self._documents.get_many([_email_path(checked_email(each)) for each in emails])
        return [each.data["user_id"] if each else None for each in found]

    def add(self, user: User, password_hash: str, *, greet: bool = True) -> None:
        """Keep an account and its public side and tell of it, or raise TakenError."""
        account: Data = {
            "email": user.email,
            "name": user.name,
            "password": password_hash,
            "role": user.role.value,
            "disabled": user.disabled,
            "created_at": user.created_at,
        }
        try:
            # The address is the fence: of two who sign up with it at once, one gets it.
            self._documents.commit(
                [
                    Create(_email_path(user.email), {"user_id": user.id}),
                    Create(f"accounts/{user.id}", account),
                ]
            )
        except AlreadyExistsError as error:
            raise TakenError("there is an account with this e-mail address") from error
        self._users.add(user, _signed_up(user) if greet else None)

    def log_in(self, email: str, password: str) -> LoggedIn:
        """Return a new session, or raise UnauthenticatedError: the same for every reason."""
        account = self._account_of(email)
        kept = account.data["password"] if account else None
        with bind(user_id=account.id) if account else bind():
            matches = self._passwords.matches(password, kept)
        if account is None or not matches or account.data["disabled"]:
            log.warning("log-in refused")
            raise UnauthenticatedError("e-mail or password is wrong")
        return self._logged_in(self._profile(account), epoch=_epoch(account))

    def refresh(self, refresh_token: str) -> LoggedIn:
        """Trade a refresh token for a new pair; a token that comes twice ends its session."""
        kept = self._documents.get(f"refresh/{fingerprint(refresh_token)}")
        now = self._clock.now()
        if kept is None or kept.data["expires_at"] <= now:
            raise UnauthenticatedError("the refresh token is not valid")
        user_id, session_id = kept.data["user_id"], kept.data["session_id"]
        if kept.data["used_at"] is not None:
            log.warning("refresh token used twice", extra={"user_id": user_id})
            self._end(user_id, session_id)
            raise UnauthenticatedError("the refresh token is not valid")
        claims = self._going_on(user_id, session_id)
        # Read before the token is used up: whoever is told to try again must still have one.
        user = self._users.get(user_id)
        try:
            used = Update(kept.path, {"used_at": now}, unchanged_since=kept.version)
            token, successor = self._refresh_token(claims)
            self._documents.commit([used, successor])
        except ConflictError as error:
            self._end(user_id, session_id)
            raise UnauthenticatedError("the refresh token is not valid") from error
        return self._pair(user, claims, token)

    def log_out(self, principal: Principal) -> None:
        """End this session, or raise ConflictError; it is refused from the next request on."""
        self._end(principal.user_id, principal.session_id)

    def log_out_everywhere(self, principal: Principal) -> None:
        """End every session of the asker; each is refused from the next request on."""
        self._documents.commit([Update(f"accounts/{principal.user_id}", self._new_epoch())])
        log.info("logged out everywhere")

    def authenticate(self, access_token: str) -> Principal:
        """Return who is asking, or raise UnauthenticatedError."""
        claims = self._tokens.read(access_token)
        return _principal(claims, self._documents.get(f"accounts/{claims.user_id}"))

    def me(self, principal: Principal) -> User:
        """Return the asker's own profile."""
        return self._users.get(principal.user_id)

    def _going_on(self, user_id: str, session_id: str) -> Claims:
        """Return what the next token of a session says, or raise UnauthenticatedError."""
        account, session = self._documents.get_many(_paths(user_id, session_id))
        # Only here is the end of its thirty days looked at: the last access token of a session may
        # outlive it by the ten minutes that are left to the token.
        if (
            session is None
            or session.data["user_id"] != user_id
            or session.data["ended_at"] is not None
            or session.data["expires_at"] <= self._clock.now()
        ):
            raise UnauthenticatedError("the session has ended")
        claims = Claims(user_id=user_id, session_id=session_id, epoch=_epoch(session))
        _principal(claims, account)
        return claims

    def _account_of(self, email: str) -> Document | None:
        try:
            address = checked_email(email)
        except InvalidInputError:
            return None  # as unknown as any other address nobody has
        known = self._documents.get(_email_path(address))
        return self._documents.get(f"accounts/{known.data['user_id']}") if known else None

    def _profile(self, account: Document) -> User:
        """Return the public side, making it where a crash at sign-up left none."""
        known = self._users.get_many([account.id])[0]
        if known:
            return known
        user = User(
            id=account.id,
            email=account.data["email"],
            name=account.data["name"],
            created_at=account.data["created_at"],
            role=Role(account.data["role"]),
        )
        with suppress(AlreadyExistsError):  # another log-in makes it just now
            self._users.add(user, _signed_up(user))
        return user

    def _logged_in(self, user: User, *, epoch: str) -> LoggedIn:
        claims = Claims(user_id=user.id, session_id=self._ids.unique_id(), epoch=epoch)
        now = self._clock.now()
        session: Data = {
            "user_id": user.id,
            "epoch": epoch,
            "created_at": now,
            "expires_at": now + SESSION_LIFE,
            "ended_at": None,
        }
        token, kept = self._refresh_token(claims)
        self._documents.commit([Create(f"sessions/{claims.session_id}", session), kept])
        log.info("logged in", extra={"user_id": user.id})
        return self._pair(user, claims, token)

    def _refresh_token(self, claims: Claims) -> tuple[str, Write]:
        token = new_secret()
        data: Data = {
            "user_id": claims.user_id,
            "session_id": claims.session_id,
            "expires_at": self._clock.now() + SESSION_LIFE,
            "used_at": None,
        }
        return token, Create(f"refresh/{fingerprint(token)}", data)

    def _pair(self, user: User, claims: Claims, refresh_token: str) -> LoggedIn:
        return LoggedIn(
            user=user,
            access_token=self._tokens.issue(claims),
            refresh_token=refresh_token,
            expires_in=int(LIFE.total_seconds()),
        )

    def _end(self, user_id: str, session_id: str) -> None:
        """End one session, or raise ConflictError when the account changed at each try."""
        for _ in range(END_TRIES):
            # The account was changed, or the session expired, just now: look again.
            with suppress(ConflictError, NotFoundError):
                if writes := self._ending(user_id, session_id):
                    self._documents.commit(writes)
                return
        raise ConflictError("the account was changed by somebody else again and again")

    def _ending(self, user_id: str, session_id: str) -> list[Write]:
        """Return what ends a session for its tokens of both kinds; nothing if it is over."""
        account, session = self._documents.get_many(_paths(user_id, session_id))
        if account is None or (session and session.data["ended_at"] is not None):
            return []
        now = self._clock.now()
        ended = {key: at for key, at in _ended(account).items() if at > now - ENDED_KEPT}
        ended[session_id] = now
        fields: Data = {"ended": ended}
        if len(ended) > ENDED_MOST:
            log.warning("too many sessions ended at once: all end", extra={"user_id": user_id})
            fields = self._new_epoch()
        writes: list[Write] = [Update(account.path, fields, unchanged_since=account.version)]
        if session:  # one that expired is gone, and its last access token may still live
            writes.append(Update(session.path, {"ended_at": now}))
        return writes

    def _new_epoch(self) -> Data:
        """Return the fields of an account that end every session begun before."""
        # A name, not a moment: no clock of another instance can be ahead of it.
        return {"epoch": self._ids.unique_id(), "ended": {}}


def _principal(claims: Claims, account: Document | None) -> Principal:
    """Return who shows these claims, or raise UnauthenticatedError when they hold no longer."""
    if (
        account is None
        or account.data["disabled"]
        or claims.epoch != _epoch(account)
        or claims.session_id in _ended(account)
    ):
        raise UnauthenticatedError("the session has ended")
    return Principal(
        user_id=claims.user_id,
        name=account.data["name"],
        role=Role(account.data["role"]),
        session_id=claims.session_id,
    )


def _epoch(document: Document) -> str:
    """Return the epoch of an account, or the one a session was begun in: they must agree."""
    return str(document.data.get("epoch", ""))  # before the first log-out everywhere there is none


def _ended(account: Document) -> Data:
    """Return when each session ended whose access tokens may still live."""
    ended: Data = account.data.get("ended", {})  # before the first log-out there is none
    return ended


def _paths(user_id: str, session_id: str) -> list[str]:
    return [f"accounts/{user_id}", f"sessions/{session_id}"]


def _email_path(address: str) -> str:
    return f"emails/{sha256(address.encode()).hexdigest()}"


def _signed_up(user: User) -> Event:
    return Event(
        id=f"{user.id}.signed-up.1",
        type=EventType.USER_SIGNED_UP,
        time=user.created_at,
        subject=user.id,
        data={"user_id": user.id, "role": user.role.value},
        traceparent=traceparent(),
    )
