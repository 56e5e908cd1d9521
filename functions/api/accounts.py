"""Accounts: made, found and changed; the public side follows. Framework-free.

Accounts live in a database of their own that no event function can open. No commit spans two
databases: the account, which decides what its holder may, is written first, and the public side
follows. A crash in between is mended by the next log-in or by repeating the change.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from api.account import Account, account_from, account_path, email_path, is_id, new_epoch
from api.admins import Admins
from helpdesk.documents import Create, Data, Document, Update, Write
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError
from helpdesk.events import Event, EventType, UserData
from helpdesk.log import traceparent
from helpdesk.ports import Clock, Documents, Ids
from helpdesk.user import Role, User, checked_email, checked_name
from helpdesk.users import Users

TRIES = 5
NOBODY = "nobody"  # an id that no account has

log = logging.getLogger(__name__)


class TakenError(AlreadyExistsError):
    """There is an account with this e-mail address."""


class Accounts:
    """Keeps accounts and, following them, their public sides."""

    def __init__(self, *, documents: Documents, users: Users, clock: Clock, ids: Ids) -> None:
        """Keep accounts in `documents`, their public side in `users`."""
        self._documents = documents
        self._users = users
        self._clock = clock
        self._ids = ids
        self._admins = Admins(documents=documents)

    def new_user(self, email: str, name: str = "", role: Role = Role.USER) -> User:
        """Return who is to have an account, or raise InvalidInputError."""
        address = checked_email(email)
        return User(
            id=self._ids.unique_id(),
            email=address,
            name=checked_name(name) or address.partition("@")[0],
            created_at=self._clock.now(),
            role=role,
        )

    def add(self, user: User, password_hash: str, *, greet: bool = True) -> None:
        """Keep an account and its public side and tell of it, or raise TakenError."""
        self.add_alone(user, password_hash)
        self._users.add(user, _signed_up(user) if greet else None)

    def add_alone(
        self,
        user: User,
        password_hash: str | None,
        *,
        expires_at: datetime | None = None,
        also: Sequence[Write] = (),
    ) -> None:
        """Keep an account without a public side, or raise TakenError.

        Without a password, its holder chooses one by a link, before it goes at `expires_at`. `also`
        is kept in the same commit.
        """
        account: Data = {
            "email": user.email,
            "name": user.name,
            "password": password_hash,
            "password_at": user.created_at,
            "role": user.role.value,
            "disabled": user.disabled,
            "created_at": user.created_at,
            "expires_at": expires_at,
        }
        for _ in range(TRIES):
            # Another admin joined the list just now, or somebody took an address that was left.
            with suppress(ConflictError):
                self._kept_alone(user, account, also)
                return
        raise ConflictError("somebody else was first again and again")

    def ids_of(self, emails: Sequence[str]) -> list[str | None]:
        """Return whose account each e-mail address is, if anybody's, in one round trip."""
        found = self._documents.get_many([email_path(checked_email(each)) for each in emails])
        return [each.data["user_id"] if each and self._lasts(each) else None for each in found]

    def get(self, user_id: str) -> Account:
        """Return an account, or raise NotFoundError."""
        found = self._documents.get(account_path(user_id)) if is_id(user_id) else None
        if found is None:
            raise NotFoundError(f"there is no user {user_id}")
        return account_from(found)

    def with_email(self, address: str) -> Account | None:
        """Return the account of an address in its kept form, if anybody has it.

        Nobody's address is looked for in as many trips as somebody's.
        """
        known = self._documents.get(email_path(address))
        found = self._documents.get(account_path(known.data["user_id"] if known else NOBODY))
        return account_from(found) if found and self._lasts(found) else None

    def change(self, user_id: str, changed: Callable[[Account], Data]) -> Account:
        """Change fields of an account and let its public side follow; return it as it is now.

        `changed` is given the account as it was read, perhaps more than once; it may raise. Raise
        NotFoundError when there is no such account, LastAdminError when no admin would be left,
        ConflictError when it is changed at each try.
        """
        for _ in range(TRIES):
            account = self.get(user_id)
            fields = changed(account)
            if not fields:
                break
            with suppress(ConflictError):
                self._documents.commit(self._change(account, fields))
                self._log_change(account, fields)
                break
        else:
            raise ConflictError("the account was changed by somebody else again and again")
        account = self.get(user_id)
        self.profile(account)
        return account

    def renew(
        self, account: Account, password_hash: str, *, name: str = "", also: Sequence[Write] = ()
    ) -> Account:
        """Keep another password and end every session; return the account as it is then.

        `name` is how the holder of an account that was not confirmed until now is called; `also`
        is kept in the same commit. Raise ConflictError when the password was changed since, or
        anything of `also`.
        """
        fields: Data = {
            "password": password_hash,
            "password_at": self._clock.now(),
            "expires_at": None,
            **({"name": name} if name else {}),
            **new_epoch(self._ids),
        }
        now = account
        for _ in range(TRIES):
            with suppress(ConflictError):
                self._documents.commit([*self._change(now, fields), *self._lasting(now), *also])
                break
            now = self.get(account.id)
            if now.epoch == fields["epoch"]:
                break  # it was done, and the answer was lost
            if (now.password, now.disabled) != (account.password, account.disabled):
                raise ConflictError("the password was changed by somebody else")
        else:
            raise ConflictError("the account was changed by somebody else again and again")
        log.info("password changed", extra={"user_id": account.id})
        return self.get(account.id)

    def profile(self, account: Account) -> User:
        """Return the public side of an account as it must be, made or mended if it is not so."""
        for _ in range(TRIES):
            known = self._users.get_many([account.id])[0]
            if known and known == _following(known, account):
                return known
            # Read after its public side: by an account of before, the work of whoever changed it
            # since would be undone.
            account = self.get(account.id)
            # Two may find the same to mend.
            with suppress(AlreadyExistsError, ConflictError):
                return self._made(account) if known is None else self._mended(known, account)
        raise ConflictError("the user was changed by somebody else again and again")

    def change_profile(self, user_id: str, changed: Callable[[User], User]) -> User:
        """Change what only the public side holds, and return it as it is now.

        Raise NotFoundError when there is no such user, ConflictError when it is changed at each
        try.
        """
        for _ in range(TRIES):
            user = self._users.get(user_id)
            wanted = changed(user)
            if wanted == user:
                return user
            with suppress(ConflictError):
                self._users.save(wanted)
                return self._users.get(user_id)
        raise ConflictError("the user was changed by somebody else again and again")

    def _kept_alone(self, user: User, account: Data, also: Sequence[Write]) -> None:
        # The address is the fence: of two who sign up with it at once, one gets it.
        email: Data = {"user_id": user.id, "expires_at": account["expires_at"]}
        writes: list[Write] = [
            Create(email_path(user.email), email),
            Create(account_path(user.id), account),
            *also,
        ]
        if user.role is Role.ADMIN and not user.disabled and account["password"] is not None:
            writes += self._admins.joined_by(user.id)
        try:
            self._documents.commit(writes)
        except AlreadyExistsError as error:
            left = self._documents.get(email_path(user.email))
            if left is None or self._lasts(left):
                raise TakenError("there is an account with this e-mail address") from error
            # Nobody confirmed it in time; the store is only slow to forget it.
            again = Update(left.path, dict(email), unchanged_since=left.version)
            self._documents.commit([again, *writes[1:]])

    def _lasts(self, kept: Document) -> bool:
        expires: datetime | None = kept.data.get("expires_at")
        return expires is None or self._clock.now() < expires

    def _lasting(self, account: Account) -> list[Write]:
        """Return what keeps the address of an account that is confirmed now."""
        if account.password is not None:
            return []
        return [Update(email_path(account.email), {"expires_at": None})]

    def _log_change(self, account: Account, fields: Data) -> None:
        if not fields.keys() & {"name", "role", "disabled"}:
            return
        told = {"role": account.role, "disabled": account.disabled}
        after = {name: fields.get(name, value) for name, value in told.items()}
        log.info("account changed", extra={"target_id": account.id, **after})

    def _change(self, account: Account, fields: Data) -> list[Write]:
        """Return the writes of a change, with the list of admins if it touches that."""
        role, disabled = fields.get("role", account.role), fields.get("disabled", account.disabled)
        gets_in = fields.get("password", account.password) is not None
        keeps = role == Role.ADMIN and not disabled and gets_in
        writes: list[Write] = [Update(account.path, fields, unchanged_since=account.version)]
        if keeps and not account.is_active_admin:
            writes += self._admins.joined_by(account.id)
        if account.is_active_admin and not keeps:
            writes += self._admins.left_by(account.id)
        return writes

    def _made(self, account: Account) -> User:
        user = public_side(account)
        self._users.add(user, _signed_up(user))
        return user

    def _mended(self, known: User, account: Account) -> User:
        self._users.save(_following(known, account))
        return self._users.get(account.id)


def public_side(account: Account) -> User:
    """Return the public side that an account begins with."""
    return User(
        id=account.id,
        email=account.email,
        name=account.name,
        created_at=account.created_at,
        role=account.role or Role.USER,
        disabled=account.disabled,
    )


def _following(known: User, account: Account) -> User:
    """Return a public side as the account wants it."""
    return replace(
        known,
        name=account.name,
        role=account.role or known.role,
        disabled=account.disabled,
    )


def _signed_up(user: User) -> Event:
    data: UserData = {"user_id": user.id, "role": user.role}
    return Event(
        id=f"{user.id}.signed-up.1",
        type=EventType.USER_SIGNED_UP,
        time=user.created_at,
        subject=user.id,
        data=data,
        traceparent=traceparent(),
    )
