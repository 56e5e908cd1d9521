"""The directory: users found and changed by admins, and by themselves. Framework-free."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from api.account import Account, is_id, new_epoch
from api.accounts import Accounts
from api.policy import Act, check
from api.sessions import Principal
from helpdesk.cursor import seal, unseal
from helpdesk.documents import Data
from helpdesk.errors import InvalidInputError, NotFoundError
from helpdesk.ports import Ids
from helpdesk.skills import Skills
from helpdesk.user import (
    Role,
    User,
    checked_absence,
    checked_capacity,
    checked_email,
    checked_name,
)
from helpdesk.users import Searched, Users

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an admin wants to be otherwise; None leaves it as it is."""

    name: str | None = None
    role: Role | None = None
    skills: tuple[str, ...] | None = None
    capacity: int | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user as admins see them, with how many open tickets they have."""

    user: User
    open_tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One page of users, and where the list goes on."""

    people: list[Person]
    next_cursor: str | None


class Directory:
    """Shows and changes users."""

    def __init__(
        self, *, accounts: Accounts, users: Users, skills: Skills, ids: Ids, seal_key: bytes
    ) -> None:
        """Show `users`, change them through their `accounts`; sign cursors with the key."""
        self._accounts = accounts
        self._ids = ids
        self._users = users
        self._seal_key = seal_key
        self._skills = skills

    def find(
        self, principal: Principal, searched: Searched, *, limit: int, cursor: str | None
    ) -> People:
        """Return one page of users, the newest first."""
        bound_to = f"users|{principal.user_id}|{searched.role}|{searched.skill!r}|{searched.text!r}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        found = self._users.find(searched, limit=limit, after=after)
        sealed = found.after and seal(found.after, key=self._seal_key, bound_to=bound_to)
        return People(people=self._with_loads(found.users), next_cursor=sealed or None)

    def read(self, user_id: str) -> Person:
        """Return a user, or raise NotFoundError."""
        if not is_id(user_id):
            raise NotFoundError(f"there is no user {user_id}")
        return self._with_loads([self._users.get(user_id)])[0]

    def id_of(self, email: str) -> str:
        """Return whose e-mail address this is, or raise NotFoundError."""
        user_id = self._accounts.ids_of([checked_email(email)])[0]
        if user_id is None:
            raise NotFoundError("there is no user with this e-mail address")
        return user_id

    def own(self, principal: Principal) -> User:
        """Return the asker's own profile."""
        return self._users.get(principal.user_id)

    def change(self, user_id: str, changes: Changes) -> Person:
        """Change a user, and return them as they are now.

        What they may do changes with their next request. Raise InvalidInputError, NotFoundError or
        LastAdminError.
        """
        wanted = Changes(
            name=_shown(changes.name),
            role=changes.role,
            skills=None if changes.skills is None else self._skills.checked(changes.skills),
            capacity=None if changes.capacity is None else checked_capacity(changes.capacity),
            disabled=changes.disabled,
        )
        if self._accounts.get(user_id).password is None:
            self._users.get(user_id)  # an account that its holder has not confirmed is nobody's yet
        self._accounts.change(user_id, lambda now: self._account_fields(now, wanted))
        self._accounts.change_profile(user_id, lambda now: _served(now, wanted))
        return self.read(user_id)

    def change_own(
        self, principal: Principal, *, name: str | None, serving: Mapping[str, Any]
    ) -> User:
        """Change the asker's own profile, and return it as it is now.

        `serving` holds what is to be otherwise of `available`, `absent_from` and `absent_until`.
        Raise InvalidInputError, or ForbiddenError when their role has no such thing to change.
        """
        if serving:
            check(principal, Act.SET_AVAILABILITY)
        shown = _shown(name)
        self._accounts.change_profile(principal.user_id, lambda now: _present(now, serving))
        self._accounts.change(
            principal.user_id, lambda now: {"name": shown} if shown and shown != now.name else {}
        )
        return self.own(principal)

    def _account_fields(self, now: Account, wanted: Changes) -> Data:
        """Return what changes in an account; whoever is shut out is logged out for good."""
        asked: Data = {
            "name": wanted.name,
            "role": wanted.role.value if wanted.role else None,
            "disabled": wanted.disabled,
        }
        kept: Data = {"name": now.name, "role": now.role, "disabled": now.disabled}
        fields = {
            name: value
            for name, value in asked.items()
            if value is not None and value != kept[name]
        }
        return {**fields, **new_epoch(self._ids)} if fields.get("disabled") else fields

    def _with_loads(self, users: list[User]) -> list[Person]:
        serving = [user.id for user in users if user.role is not Role.USER]
        loads = self._users.loads(serving) if serving else {}
        return [
            Person(user=user, open_tickets=loads[user.id].open if user.id in loads else 0)
            for user in users
        ]


def _shown(name: str | None) -> str | None:
    """Return a name as it is kept, or raise InvalidInputError; only at sign-up may it be left out.

    None stays None: nobody asked for another one.
    """
    shown = None if name is None else checked_name(name)
    if shown == "":
        raise InvalidInputError("name must not be empty", field="name")
    return shown


def _served(user: User, wanted: Changes) -> User:
    return replace(
        user,
        skills=user.skills if wanted.skills is None else wanted.skills,
        capacity=user.capacity if wanted.capacity is None else wanted.capacity,
    )


def _present(user: User, serving: Mapping[str, Any]) -> User:
    wanted = replace(user, **serving)
    checked_absence(wanted.absent_from, wanted.absent_until)
    return wanted
