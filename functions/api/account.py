"""An account as it is kept: who somebody is to us, apart from their public side."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from helpdesk.documents import Data, Document
from helpdesk.ports import Ids
from helpdesk.user import Role, role_of

_ID = re.compile(r"[0-9A-Za-z]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is kept of an account.

    `password` is None until one was chosen by the link in the first mail; an account that
    somebody asked for goes at `expires_at` unless that is done. `role` is None when the store holds
    one that is not known here. `epoch` names the time since all sessions were ended last, `ended`
    the sessions that were ended since and whose tokens may still live.
    """

    id: str
    email: str
    name: str
    password: str | None = field(repr=False)
    password_at: datetime | None
    role: Role | None
    disabled: bool
    created_at: datetime
    expires_at: datetime | None
    epoch: str
    ended: Mapping[str, datetime]
    version: str

    @property
    def path(self) -> str:
        """Return where it is kept."""
        return account_path(self.id)

    @property
    def is_open(self) -> bool:
        """Say whether its holder may come in: a role that is not known may do nothing."""
        return not self.disabled and self.role is not None

    @property
    def is_active_admin(self) -> bool:
        """Say whether its holder is one of those who can keep the house: they must get in."""
        return self.role is Role.ADMIN and not self.disabled and self.password is not None


def account_from(document: Document) -> Account:
    """Return the account in a document."""
    data = document.data
    return Account(
        id=document.id,
        email=data["email"],
        name=data["name"],
        password=data["password"],
        password_at=data.get("password_at"),  # none before the first change
        role=role_of(data["role"]),
        disabled=data["disabled"],
        created_at=data["created_at"],
        expires_at=data.get("expires_at"),  # none but for one that nobody has confirmed
        epoch=data.get("epoch", ""),  # none before the first log-out everywhere
        ended=data.get("ended", {}),  # none before the first log-out
        version=document.version,
    )


def new_epoch(ids: Ids) -> Data:
    """Return the fields of an account that end every session begun before."""
    # A name, not a moment: no clock of another instance can be ahead of it.
    return {"epoch": ids.unique_id(), "ended": {}}


def is_id(text: str) -> bool:
    """Say whether a text can be the id of a user or a session; a path may hold anything."""
    return _ID.fullmatch(text) is not None


def account_path(user_id: str) -> str:
    """Return where somebody's account is kept."""
    return f"accounts/{user_id}"


def email_path(address: str) -> str:
    """Return where it is kept whose account an address, in its kept form, is."""
    return f"emails/{sha256(address.encode()).hexdigest()}"
