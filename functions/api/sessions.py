"""Sessions: begun at a log-in, carried on by refresh tokens, ended; and who is asking.

A role is read from the account at every request: a token says who somebody is, never what they
may. A request reads the account alone. It knows which tokens may still be shown and must not be:
those of an earlier epoch, and those of the sessions in `ended`, which is kept for as long as they
live.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.account import account_from, account_path, is_id, new_epoch
from api.tokens import LIFE, Claims, Tokens, fingerprint, new_secret
from helpdesk.documents import Create, Data, Document, Filter, Op, Order, Query, Update, Write
from helpdesk.errors import ConflictError, NotFoundError, UnauthenticatedError
from helpdesk.ports import Clock, Documents, Ids
from helpdesk.user import Role, User
from helpdesk.users import Users

SESSION_LIFE = timedelta(days=30)
IDLE_LIFE = timedelta(days=7)  # of a refresh token: a session that nobody carries on ends
# As long as any access token of an ended session can live: clocks differ by seconds, and a refresh
# that was under way when the session ended may be that much later.
ENDED_KEPT = LIFE + timedelta(minutes=2)
ENDED_MOST = 1000  # sessions in one account; they are read with it at each request
END_TRIES = 5
AGENT_MOST = 200  # characters of what a client calls itself
SHOWN_MOST = 100  # sessions

log = logging.getLogger(__name__)


class RevokedError(UnauthenticatedError):
    """A token that we made lets nobody in any more; whose it was, is for the log."""

    def __init__(self, detail: str, *, user_id: str) -> None:
        """Say what has ended, and for whom."""
        super().__init__(detail)
        self.user_id = user_id


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
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as its owner sees it."""

    id: str
    begun_at: datetime
    expires_at: datetime
    agent: str


class Sessions:
    """Knows sessions, and by them who is asking."""

    def __init__(
        self, *, documents: Documents, users: Users, tokens: Tokens, clock: Clock, ids: Ids
    ) -> None:
        """Keep sessions in `documents`, beside the accounts; show `users` their public side."""
        self._documents = documents
        self._users = users
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    def begin(
        self, user: User, *, epoch: str, agent: str = "", also: Sequence[Write] = ()
    ) -> LoggedIn:
        """Begin a session in an epoch of its account; `also` is written in the same commit."""
        claims = Claims(user_id=user.id, session_id=self._ids.unique_id(), epoch=epoch)
        now = self._clock.now()
        session: Data = {
            "user_id": user.id,
            "epoch": epoch,
            "created_at": now,
            "expires_at": now + SESSION_LIFE,
            "idle_at": now + IDLE_LIFE,
            "ended_at": None,
            "agent": _shown(agent),
        }
        token, kept = self._refresh_token(claims, until=now + SESSION_LIFE)
        self._documents.commit([Create(f"sessions/{claims.session_id}", session), kept, *also])
        log.info("logged in", extra={"user_id": user.id})
        return self._pair(user, claims, token)

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
            raise RevokedError("the refresh token is not valid", user_id=user_id)
        claims, ends_at = self._going_on(user_id, session_id)
        # Read before the token is used up: whoever is told to try again must still have one.
        user = self._users.get(user_id)
        token, successor = self._refresh_token(claims, until=ends_at)
        try:
            # The new one first: by it a store knows a commit again that it was not told of.
            used = Update(kept.path, {"used_at": now}, unchanged_since=kept.version)
            goes_on = Update(f"sessions/{session_id}", {"idle_at": now + IDLE_LIFE})
            self._documents.commit([successor, used, goes_on])
        except ConflictError as error:
            self._end(user_id, session_id)
            raise RevokedError("the refresh token is not valid", user_id=user_id) from error
        log.info("session carried on", extra={"user_id": user_id})
        return self._pair(user, claims, token)

    def authenticate(self, access_token: str) -> Principal:
        """Return who is asking, or raise UnauthenticatedError."""
        claims = self._tokens.read(access_token)
        return _principal(claims, self._documents.get(account_path(claims.user_id)))

    def end(self, principal: Principal) -> None:
        """End the asker's session, or raise ConflictError; the next request is refused."""
        self._end(principal.user_id, principal.session_id)

    def end_one(self, user_id: str, session_id: str) -> None:
        """End a session of somebody's, or raise NotFoundError when they have no such one."""
        session = self._documents.get(f"sessions/{session_id}") if is_id(session_id) else None
        if session is None or session.data["user_id"] != user_id or not self._lasts(session):
            raise NotFoundError("there is no such session")
        self._end(user_id, session_id)

    def end_all(self, user_id: str) -> None:
        """End every session of somebody's, or raise NotFoundError when there is no account."""
        try:
            self._documents.commit([Update(account_path(user_id), new_epoch(self._ids))])
        except NotFoundError as error:
            raise NotFoundError(f"there is no user {user_id}") from error
        log.info("logged out everywhere", extra={"target_id": user_id})

    def of(self, user_id: str) -> list[Session]:
        """Return somebody's sessions that last, the newest first."""
        account = self._documents.get(account_path(user_id))
        if account is None:
            return []
        # All of it is asked of the store: no flood of sessions that ended hides one that lasts.
        lasting = (
            Filter("user_id", Op.EQ, user_id),
            Filter("epoch", Op.EQ, account_from(account).epoch),
            Filter("ended_at", Op.EQ, None),
        )
        newest = (Order("created_at", descending=True),)
        found = self._documents.query(Query("sessions", lasting, newest, SHOWN_MOST))
        return [_session(each) for each in found if self._lasts(each) and self._is_used(each)]

    def _lasts(self, session: Document) -> bool:
        expires: datetime = session.data["expires_at"]
        return session.data["ended_at"] is None and expires > self._clock.now()

    def _is_used(self, session: Document) -> bool:
        # Sessions of an older version of us do not say.
        until: datetime = session.data["idle_at" if "idle_at" in session.data else "expires_at"]
        return until > self._clock.now()

    def _going_on(self, user_id: str, session_id: str) -> tuple[Claims, datetime]:
        """Return what the next token of a session says, and when the session ends at the latest.

        Raise UnauthenticatedError when it has ended.
        """
        account, session = self._documents.get_many(_paths(user_id, session_id))
        # Only here is the end of its thirty days looked at: the last access token of a session may
        # outlive it by the ten minutes that are left to the token.
        if session is None or session.data["user_id"] != user_id or not self._lasts(session):
            raise RevokedError("the session has ended", user_id=user_id)
        claims = Claims(user_id=user_id, session_id=session_id, epoch=session.data["epoch"])
        _principal(claims, account)
        return claims, session.data["expires_at"]

    def _refresh_token(self, claims: Claims, *, until: datetime) -> tuple[str, Write]:
        token = new_secret()
        data: Data = {
            "user_id": claims.user_id,
            "session_id": claims.session_id,
            "expires_at": min(self._clock.now() + IDLE_LIFE, until),
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
        kept, session = self._documents.get_many(_paths(user_id, session_id))
        if kept is None or (session and session.data["ended_at"] is not None):
            return []
        account, now = account_from(kept), self._clock.now()
        ended = {key: at for key, at in account.ended.items() if at > now - ENDED_KEPT}
        ended[session_id] = now
        fields: Data = {"ended": ended}
        if len(ended) > ENDED_MOST:
            log.warning("too many sessions ended at once: all end", extra={"user_id": user_id})
            fields = new_epoch(self._ids)
        writes: list[Write] = [Update(account.path, fields, unchanged_since=account.version)]
        if session:  # one that expired is gone, and its last access token may still live
            writes.append(Update(session.path, {"ended_at": now}))
        return writes


def _principal(claims: Claims, kept: Document | None) -> Principal:
    """Return who shows these claims, or raise UnauthenticatedError when they hold no longer."""
    account = account_from(kept) if kept else None
    if (
        account is None
        or account.disabled
        or claims.epoch != account.epoch
        or claims.session_id in account.ended
    ):
        raise RevokedError("the session has ended", user_id=claims.user_id)
    if account.role is None:
        log.error("the role of an account is not known", extra={"user_id": account.id})
        raise RevokedError("the session has ended", user_id=account.id)
    return Principal(
        user_id=account.id,
        name=account.name,
        role=account.role,
        session_id=claims.session_id,
    )


def _session(document: Document) -> Session:
    return Session(
        id=document.id,
        begun_at=document.data["created_at"],
        expires_at=document.data["expires_at"],
        agent=document.data.get("agent", ""),
    )


def _shown(agent: str) -> str:
    """Return what a client calls itself, as it may be shown."""
    return "".join(c for c in agent[:AGENT_MOST] if c.isprintable()).strip()


def _paths(user_id: str, session_id: str) -> list[str]:
    return [account_path(user_id), f"sessions/{session_id}"]
