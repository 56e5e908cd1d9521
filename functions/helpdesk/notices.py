"""Notices: what the holder of an account is told about it by mail, as events on their way.

A notice names the link its letter will hold by the id alone, which opens nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from helpdesk.errors import InvalidInputError
from helpdesk.events import Event, EventType
from helpdesk.user import checked_email

LINK_LIFE = timedelta(minutes=30)
_LINK = re.compile(r"[A-Za-z0-9]{1,64}")


class Notice(StrEnum):
    """What somebody is told."""

    RESET_ASKED = "reset-asked"
    CONFIRM_ASKED = "confirm-asked"
    SIGN_UP_REPEATED = "sign-up-repeated"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - it names what happened


LINKED = frozenset({Notice.RESET_ASKED, Notice.CONFIRM_ASKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One notice, read. Without an `email` there is nobody to tell."""

    kind: Notice
    email: str
    name: str
    link_id: str
    ends_at: datetime
    """When its link ends, if it has one."""


def notice(
    kind: Notice,
    *,
    id: str,  # noqa: A002 - the event's own word for it
    at: datetime,
    email: str,
    name: str = "",
    link_id: str = "",
    traceparent: str = "",
) -> Event:
    """Return the event that tells somebody of their account.

    The id is a new one each time: a second letter of one kind under the same id is never sent.
    """
    return Event(
        id=f"{id}.{kind}.1",
        type=EventType.ACCOUNT_NOTICE,
        time=at,
        subject=id,
        data={"notice": kind.value, "email": email, "name": name, "link_id": link_id},
        traceparent=traceparent,
    )


def read_notice(event: Event) -> Told:
    """Return what a notice tells whom, or raise InvalidInputError: whatever comes in is hostile."""
    if event.type is not EventType.ACCOUNT_NOTICE:
        raise InvalidInputError("the event is no notice", field="type")
    told = Told(
        kind=_kind(event.data),
        email=_address(event.data),
        name=_text(event.data, "name"),
        link_id=_text(event.data, "link_id"),
        ends_at=_end(event.time),
    )
    must_link = told.kind in LINKED and told.email
    if (told.link_id or must_link) and not _LINK.fullmatch(told.link_id):
        raise InvalidInputError("the notice's link is not valid", field="link_id")
    return told


def _kind(data: Mapping[str, Any]) -> Notice:
    try:
        return Notice(_text(data, "notice"))
    except ValueError as error:
        raise InvalidInputError("the notice is of no known kind", field="notice") from error


def _end(time: datetime) -> datetime:
    try:
        return time + LINK_LIFE
    except OverflowError as error:
        raise InvalidInputError("the notice is from the end of the calendar") from error


def _address(data: Mapping[str, Any]) -> str:
    email = _text(data, "email")
    if email and checked_email(email) != email:
        raise InvalidInputError("the notice's address is not in its kept form", field="email")
    return email


def _text(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str):
        raise InvalidInputError(f"the notice's {field} is not a text", field=field)
    return value
