"""Where users are kept and found, the roster of who can take tickets, how much each has open.

The roster is one document with every moderator and admin in it, written in the same commit as the
profile it repeats. Assignment reads that one document instead of every profile.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from helpdesk.documents import (
    Create,
    Document,
    Filter,
    Increment,
    Op,
    Order,
    Query,
    Update,
    Value,
    Write,
)
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError
from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.ports import Documents
from helpdesk.search import page_of
from helpdesk.ticket import Ticket
from helpdesk.user import TERM_MOST, Role, User, is_found_by, skill_key
from helpdesk.wire import USER_FIELDS, searchable_document, user_document, user_from
from helpdesk.words import sought_words

ROSTER = "rosters/staff"
PAGE = 100
_NEWEST = (Order("created_at", descending=True),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many tickets somebody has to work on, and when the last one came."""

    open: int = 0
    last_assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLoad:
    """How many open tickets somebody's load counts, and the mark of just this count."""

    open: int = 0
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """Which users a list shows: everything that is not None must match; newest first.

    `skill` is one whole name in any case. `text` is words: each begins one of the user's name or
    e-mail address, or that address itself.
    """

    role: Role | None = None
    skill: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of users, and the place behind which the list goes on; None at its end."""

    users: list[User]
    after: tuple[Value, ...] | None


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

    def find(
        self, wanted: Searched, *, limit: int, after: tuple[Value, ...] | None = None
    ) -> Found:
        """Return one page of users, newest first, after at most READ_MOST documents.

        A query compares one array at most, so other words and a skill beside them are looked at
        here: such a page may have fewer users than asked for, or none, and not be the last.
        """
        words = sought_words(wanted.text or "")
        if wanted.text and not words:
            return Found(users=[], after=None)  # a text without a word is nobody's
        page = page_of(
            Query("users", _filters(wanted, words), _NEWEST, after=after, fields=USER_FIELDS),
            documents=self._documents,
            fits=lambda data: _fits(user_from(data), wanted, words),
            limit=limit,
        )
        users = [user_from(each.data, version=each.version) for each in page.documents]
        return Found(users=users, after=page.after)

    def add(self, user: User, event: Event | None = None) -> None:
        """Keep a new user and what tells of it, or raise AlreadyExistsError."""
        writes: list[Write] = [Create(_path(user.id), searchable_document(user))]
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
        change = Update(_path(user.id), searchable_document(user), unchanged_since=user.version)
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

    def loaded(self) -> Iterator[str]:
        """Return everybody who has a load, by id, read a page at a time."""
        after: tuple[str] | None = None
        while page := self._documents.query(Query("load", limit=PAGE, after=after)):
            yield from (load.id for load in page)
            after = (page[-1].id,)

    def counted(self, user_id: str) -> CountedLoad:
        """Return what somebody's load counts just now."""
        load = self._documents.get(_load_path(user_id))
        return CountedLoad(open=load.data["open"], version=load.version) if load else CountedLoad()

    def recount(self, user_id: str, count: int, *, before: CountedLoad) -> None:
        """Correct somebody's load, or raise ConflictError when it was changed since `before`."""
        path, fields = _load_path(user_id), {"open": count}
        change = (
            Create(path, fields)
            if before.version is None
            else Update(path, fields, unchanged_since=before.version)
        )
        try:
            self._documents.commit([change])
        except (AlreadyExistsError, NotFoundError) as error:
            raise ConflictError(f"the load of {user_id} was changed by somebody else") from error

    def _on_roster(self, user: User) -> list[Write]:
        """Return the writes that make the roster agree with a user."""
        roster = self._documents.get(ROSTER)
        if roster is None and user.serves:
            roster = self._first_roster()
        if roster is None:
            return []
        members = {key: entry for key, entry in roster.data["members"].items() if key != user.id}
        if user.serves:
            members[user.id] = user_document(user)
        if members == roster.data["members"]:
            return []
        return [Update(ROSTER, {"members": members}, unchanged_since=roster.version)]

    def _first_roster(self) -> Document | None:
        """Make the roster alone: a race for it must not look as if the user were there already."""
        with suppress(AlreadyExistsError):
            self._documents.commit([Create(ROSTER, {"members": {}})])
        return self._documents.get(ROSTER)


def _filters(wanted: Searched, words: Sequence[str]) -> tuple[Filter, ...]:
    """Return what the store compares: the role, and the longest word or else the skill."""
    filters = [Filter("role", Op.EQ, wanted.role.value)] if wanted.role else []
    if words:
        filters.append(Filter("terms", Op.CONTAINS, max(words, key=len)[:TERM_MOST]))
    elif wanted.skill:
        filters.append(Filter("skill_keys", Op.CONTAINS, skill_key(wanted.skill)))
    return tuple(filters)


def _fits(user: User, wanted: Searched, words: Sequence[str]) -> bool:
    """Say whether a user has what was asked for besides the role."""
    if wanted.skill and skill_key(wanted.skill) not in map(skill_key, user.skills):
        return False
    return is_found_by(user, words)


def moved_load(before: Ticket, after: Ticket) -> list[Increment]:
    """Return the writes that keep everybody's load right over a change of a ticket."""
    if before.holder_id == after.holder_id:
        return []
    writes = []
    if before.holder_id:
        writes.append(Increment(_load_path(before.holder_id), {"open": -1}, {}))
    if after.holder_id:
        # What its requester has answered is work again, but nothing new.
        new = after.assigned_at != before.assigned_at
        came = {"last_assigned_at": after.updated_at} if new else {}
        writes.append(Increment(_load_path(after.holder_id), {"open": 1}, came))
    return writes


def _path(user_id: str) -> str:
    return f"users/{user_id}"


def _load_path(user_id: str) -> str:
    return f"load/{user_id}"
