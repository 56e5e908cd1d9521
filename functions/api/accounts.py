"""Accounts: sign up, log in, stay logged in, log out, and who is asking. Framework-free.

Accounts and sessions live in a database of their own that no event function can open. A role is
read from there at every request: a token says who somebody is, never what they may.
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
    UnauthenticatedError,
)
from helpdesk.events import Event, EventType
from helpdesk.log import bind, traceparent
from helpdesk.ports import Clock, Documents, Ids
from helpdesk.user import Role, User, checked_email, checked_name
from helpdesk.users import Users

SESSION_LIFE = timedelta(days=30)

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
        claims = Claims(user_id=kept.data["user_id"], session_id=kept.data["session_id"])
        if kept.data["used_at"] is not None:
            self._end(claims.session_id)
            log.warning("refresh token used twice", extra={"user_id": claims.user_id})
            raise UnauthenticatedError("the refresh token is not valid")
        principal = self._principal(claims)
        try:
            used = Update(kept.path, {"used_at": now}, unchanged_since=kept.version)
            token, successor = self._refresh_token(claims)
            self._documents.commit([used, successor])
        except ConflictError as error:
            self._end(claims.session_id)
            raise UnauthenticatedError("the refresh token is not valid") from error
        return self._pair(self._users.get(principal.user_id), claims, token)

    def log_out(self, principal: Principal) -> None:
        """End this session; it is refused from the next request on."""
        self._end(principal.session_id)

    def log_out_everywhere(self, principal: Principal) -> None:
        """End every session of the asker; each is refused from the next request on."""
        # A name, not a moment: no clock of another instance can be ahead of it.
        epoch = self._ids.unique_id()
        self._documents.commit([Update(f"accounts/{principal.user_id}", {"epoch": epoch})])
        log.info("logged out everywhere")

    def authenticate(self, access_token: str) -> Principal:
        """Return who is asking, or raise UnauthenticatedError."""
        return self._principal(self._tokens.read(access_token))

    def me(self, principal: Principal) -> User:
        """Return the asker's own profile."""
        return self._users.get(principal.user_id)

    def _principal(self, claims: Claims) -> Principal:
        account, session = self._documents.get_many(
            [f"accounts/{claims.user_id}", f"sessions/{claims.session_id}"]
        )
        now = self._clock.now()
        if (
            account is None
            or session is None
            or account.data["disabled"]
            or session.data["user_id"] != claims.user_id
            or _epoch(session) != _epoch(account)
            or session.data["ended_at"] is not None
            or session.data["expires_at"] <= now
        ):
            raise UnauthenticatedError("the session has ended")
        return Principal(
            user_id=claims.user_id,
            name=account.data["name"],
            role=Role(account.data["role"]),
            session_id=claims.session_id,
        )

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
        claims = Claims(user_id=user.id, session_id=self._ids.unique_id())
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

    def _end(self, session_id: str) -> None:
        now = self._clock.now()
        self._documents.commit([Update(f"sessions/{session_id}", {"ended_at": now})])


def _epoch(document: Document) -> str:
    """Return the epoch of an account, or the one a session was begun in: they must agree."""
    return str(document.data.get("epoch", ""))  # before the first log-out everywhere there is none


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
