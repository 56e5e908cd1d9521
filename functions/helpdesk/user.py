"""A user: who asks for help, who gives it, what a moderator is good at, what words find whom."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice

from helpdesk.errors import InvalidInputError
from helpdesk.words import folded, sought_words, words_of

CAPACITY_DEFAULT = 20
CAPACITY_MOST = 1000
EMAIL_MOST = 254  # octets of a forward path, RFC 5321 section 4.5.3.1.3 less the brackets
NAME_MOST = 100
SKILL_MOST = 50
SKILLS_MOST = 50
TERM_MOST = 20
TERMS_MOST = 200
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class Role(StrEnum):
    """What a user may do in general; the policy says it in detail."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


def role_of(kept: object) -> Role | None:
    """Return a kept role; None for what is none that is known here."""
    return Role(kept) if isinstance(kept, str) and kept in set(Role) else None


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

    @property
    def serves(self) -> bool:
        """Say whether tickets may be theirs to work on."""
        return self.role is not Role.USER and not self.disabled

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


def checked_skills(skills: Sequence[str]) -> tuple[str, ...]:
    """Return the skills trimmed, each on one line and named once, or raise InvalidInputError.

    Two names that differ only by case are one skill, as for assignment; the first is kept.
    """
    kept: dict[str, str] = {}
    for skill in skills:
        name = " ".join(skill.split())
        if not 1 <= len(name) <= SKILL_MOST or not name.isprintable():
            raise InvalidInputError(
                f"a skill must be 1 to {SKILL_MOST} printable characters", field="skills"
            )
        kept.setdefault(skill_key(name), name)
    if len(kept) > SKILLS_MOST:
        raise InvalidInputError(f"skills must be at most {SKILLS_MOST}", field="skills")
    return tuple(kept.values())


def checked_capacity(capacity: int) -> int:
    """Return the capacity, or raise InvalidInputError."""
    if not 0 <= capacity <= CAPACITY_MOST:
        raise InvalidInputError(f"capacity must be 0 to {CAPACITY_MOST}", field="capacity")
    return capacity


def checked_absence(
    since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of an absence in UTC, either of which may be open.

    Raise InvalidInputError for a time without its zone and for an end that is not after the begin.
    """
    begun, ended = _in_utc(since, "absent_from"), _in_utc(until, "absent_until")
    if begun and ended and ended <= begun:
        raise InvalidInputError("absent_until must be after absent_from", field="absent_until")
    return begun, ended


def skill_key(skill: str) -> str:
    """Return what two names of one skill have in common."""
    return " ".join(skill.split()).casefold()


def search_terms(user: User) -> list[str]:
    """Return what a user is found by: how the address and each word of theirs may begin.

    The address comes first and then the name, so the bound costs only words of a long address.
    """
    begun = (word[:end] for word in _known_by(user) for end in range(1, TERM_MOST + 1))
    return list(islice(dict.fromkeys(begun), TERMS_MOST))


def is_found_by(user: User, words: Sequence[str]) -> bool:
    """Say whether each word is how the address or some word of a user begins."""
    known = _known_by(user)
    return all(any(each.startswith(word) for each in known) for word in words)


def _known_by(user: User) -> list[str]:
    address = folded(user.email)  # one with an odd sign in it is read in parts
    return [address, *words_of(folded(user.name)), *sought_words(address), *words_of(address)]


def _in_utc(time: datetime | None, field: str) -> datetime | None:
    if time is None:
        return None
    if time.utcoffset() is None:
        raise InvalidInputError(f"{field} lacks its zone", field=field)
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError(f"{field} is outside the calendar", field=field) from error
