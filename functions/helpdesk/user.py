"""A user: who asks for help, who gives it, and what a moderator is good at."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from helpdesk.errors import InvalidInputError

CAPACITY_DEFAULT = 20
EMAIL_MOST = 254  # octets of a forward path, RFC 5321 section 4.5.3.1.3 less the brackets
NAME_MOST = 100
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Role(StrEnum):
    """What a user may do in general; the policy says it in detail."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The public side of an account: no password, no session. A change returns a new user.

    `capacity` is how many open tickets assignment may give to a moderator.
    `absent_from` and `absent_until` bound an absence; either may be open.
    """

    id: str
    email: str
    name: str
    created_at: datetime
    role: Role = Role.USER
    skills: tuple[str, ...] = ()
    capacity: int = CAPACITY_DEFAULT
    available: bool = True
    absent_from: datetime | None = None
    absent_until: datetime | None = None
    disabled: bool = False
    version: str | None = None

    def is_absent(self, now: datetime) -> bool:
        """Say whether `now` lies in the absence window."""
        if self.absent_from is None and self.absent_until is None:
            return False
        begun = self.absent_from is None or self.absent_from <= now
        return begun and (self.absent_until is None or now < self.absent_until)


def checked_email(email: str) -> str:
    """Return the address in the one form we keep (trimmed, lower case), or raise InvalidInputError.

    Lower case throughout: no provider in use tells two mailboxes apart by case alone, and two
    accounts that differ only by case invite impersonation.
    """
    address = email.strip().lower()
    if len(address) > EMAIL_MOST or not _EMAIL.fullmatch(address):
        raise InvalidInputError("email is not a valid e-mail address", field="email")
    return address


def checked_name(name: str) -> str:
    """Return the name trimmed, on one line, or raise InvalidInputError."""
    shown = " ".join(name.split())
    if len(shown) > NAME_MOST or not shown.isprintable():
        raise InvalidInputError(
            f"name must be at most {NAME_MOST} printable characters", field="name"
        )
    return shown
