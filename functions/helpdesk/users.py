"""Where users are kept, the roster of those who can take tickets, and how much each has open.

The roster is one document with every moderator and admin in it, written in the same commit as the
profile it repeats. Assignment reads that one document instead of every profile.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from helpdesk.documents import Create, Document, Increment, Update, Write
from helpdesk.errors import AlreadyExistsError, NotFoundError
from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.ports import Documents
from helpdesk.user import Role, User
from helpdesk.wire import user_document, user_from

ROSTER = "rosters/staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many open tickets somebody has, and when the last one came."""

    open: int = 0
    last_assigned_at: datetime | None = None


class Users:
    """Keeps users, the roster and the loads."""

    def __init__(self, *, documents: Documents, outbox: Outbox) -> None:
        """Keep in `documents`."""
        self._documents = documents
        self._outbox = outbox

    def get(self, user_id: str) -> User:
        """Return a user, or raise NotFoundError."""
        found = self.get_many([user_id])[0]
        if found is None:
            raise NotFoundError(f"there is no user {user_id}")
        return found

    def get_many(self, user_ids: Sequence[str]) -> list[User | None]:
        """Return one answer for each id, in one round trip."""
        found = self._documents.get_many([_path(user_id) for user_id in user_ids])
        return [user_from(each.data, version=each.version) if each else None for each in found]

    def add(self, user: User, event: Event | None = None) -> None:
        """Keep a new user and what tells of it, or raise AlreadyExistsError."""
        writes: list[Write] = [Create(_path(user.id), user_document(user))]
        writes += self._on_roster(user)
        if event:
            writes.append(self._outbox.kept(event))
        self._documents.commit(writes)
        if event:
            self._outbox.send(event)

    def save(self, user: User) -> None:
        """Keep a changed user, or raise ConflictError when somebody else changed it first.

        Raise ValueError for one from the roster: read the user itself before changing it.
        """
        if user.version is None:
            raise ValueError("the user was not read from its own document")
        change = Update(_path(user.id), user_document(user), unchanged_since=user.version)
        self._documents.commit([change, *self._on_roster(user)])

    def staff(self) -> list[User]:
        """Return every moderator and admin who is not disabled."""
        roster = self._documents.get(ROSTER)
        return [user_from(entry) for entry in roster.data["members"].values()] if roster else []

    def loads(self, user_ids: Sequence[str]) -> dict[str, Load]:
        """Return the load of each user, in one round trip."""
        found = self._documents.get_many([_load_path(user_id) for user_id in user_ids])
        return {
            user_id: Load(
                open=load.data["open"], last_assigned_at=load.data.get("last_assigned_at")
            )
            if load
            else Load()
            for user_id, load in zip(user_ids, found, strict=True)
        }

    def _on_roster(self, user: User) -> list[Write]:
        """Return the writes that make the roster agree with a user."""
        roster = self._documents.get(ROSTER)
        serves = user.role is not Role.USER and not user.disabled
        if roster is None and serves:
            roster = self._first_roster()
        if roster is None:
            return []
        members = {key: entry for key, entry in roster.data["members"].items() if key != user.id}
        if serves:
            members[user.id] = user_document(user)
        if members == roster.data["members"]:
            return []
        return [Update(ROSTER, {"members": members}, unchanged_since=roster.version)]

    def _first_roster(self) -> Document | None:
        """Make the roster alone: a race for it must not look as if the user were there already."""
        with suppress(AlreadyExistsError):
            self._documents.commit([Create(ROSTER, {"members": {}})])
        return self._documents.get(ROSTER)


def assigned(user_id: str, at: datetime) -> Increment:
    """Return the write that counts one more open ticket for somebody."""
    return Increment(_load_path(user_id), {"open": 1}, {"last_assigned_at": at})


def _path(user_id: str) -> str:
    return f"users/{user_id}"


def _load_path(user_id: str) -> str:
    return f"load/{user_id}"
