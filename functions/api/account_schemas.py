"""What goes over the wire for accounts: requests, answers, and our values in their shape."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field

from api.directory import Person
from api.password_rules import FLOOR, MOST
from api.schemas import Answer, Query, Strict
from api.sessions import LoggedIn, Session
from helpdesk.user import CAPACITY_MOST, EMAIL_MOST, NAME_MOST, SKILL_MOST, SKILLS_MOST, Role, User

PASSWORD_MOST = 1000  # characters that are read; the rules allow fewer


def _dated(value: object) -> object:
    """Let only a written date through: a number is no time, whatever pydantic makes of it."""
    if not isinstance(value, str) or not re.match("[0-9]{4}-", value):
        raise ValueError("send a time with its zone, as 2026-01-31T09:30:00Z")
    return value


# Where a schema tells more than is checked here, the rules check it and say what is wrong.
Email = Annotated[
    str,
    Field(
        max_length=EMAIL_MOST,
        examples=["ada@example.com"],
        json_schema_extra={"format": "email"},
    ),
]
Password = Annotated[str, Field(max_length=PASSWORD_MOST, examples=["a long and private phrase"])]
NewPassword = Annotated[Password, Field(json_schema_extra={"minLength": FLOOR, "maxLength": MOST})]
Name = Annotated[str, Field(max_length=NAME_MOST, examples=["Ada"])]
Moment = Annotated[AwareDatetime, BeforeValidator(_dated), Field(strict=False)]
Rank = Annotated[Role, Field(strict=False, examples=[Role.MODERATOR.value])]  # JSON has no enums
Skill = Annotated[str, Field(max_length=SKILL_MOST, examples=["Printing"])]


class SignUp(Strict):
    """A wish for an account."""

    email: Email
    password: NewPassword
    name: Name = ""


class LogIn(Strict):
    """Proof of who somebody is."""

    email: Email
    password: Password


class Refresh(Strict):
    """A refresh token to be traded for a new pair."""

    refresh_token: Annotated[str, Field(max_length=200, examples=["what the last answer gave"])]


class ChangePassword(Strict):
    """A new password, with the one until now."""

    current_password: Password
    new_password: Annotated[NewPassword, Field(examples=["an even longer private phrase"])]


class ForgotPassword(Strict):
    """An address to send a link to."""

    email: Email


class ResetPassword(Strict):
    """A new password, with the token of a link."""

    token: Annotated[str, Field(max_length=200, examples=["what follows # in the link"])]
    password: NewPassword


class ChangeMe(Strict):
    """What is to be otherwise about oneself; an absence without an end is open."""

    # By factories: a default that is told is sent by generated clients, and what is sent counts.
    name: Annotated[Name, Field(default_factory=str)]
    available: Annotated[bool, Field(default_factory=bool, examples=[True])]
    absent_from: Annotated[Moment | None, Field(examples=["2026-12-24T08:00:00Z"])] = None
    absent_until: Annotated[Moment | None, Field(examples=["2027-01-04T08:00:00Z"])] = None


class ChangeUser(Strict):
    """What is to be otherwise about a user; null leaves it as it is, no skills take all away."""

    name: Name | None = None
    role: Rank | None = None
    skills: Annotated[list[Skill], Field(max_length=SKILLS_MOST)] | None = None
    capacity: (
        Annotated[
            int,
            Field(
                ge=0,
                le=CAPACITY_MOST,
                examples=[8],
                description="open tickets assignment may give them",
            ),
        ]
        | None
    ) = None
    disabled: Annotated[bool | None, Field(examples=[False])] = None


class ChangeUserByEmail(ChangeUser):
    """The same, for the user with an address."""

    email: Email


class ListUsers(Query):
    """Which page of which users."""

    role: Role | None = None
    skill: Skill | None = None
    q: (
        Annotated[
            str, Field(min_length=2, max_length=100, description="words of a name or an address")
        ]
        | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class UserView(Answer):
    """A user as they see themselves."""

    id: Annotated[str, Field(examples=["6P51KE443E2M5A38J3BDFMKTKC"])]
    email: str
    name: str
    role: Role
    skills: list[str]
    created_at: datetime


class StaffUserView(UserView):
    """Staff as they see themselves."""

    capacity: int
    available: bool
    absent_from: datetime | None
    absent_until: datetime | None


class AdminUserView(StaffUserView):
    """A user as admins see them."""

    disabled: bool
    open_tickets: Annotated[int, Field(description="that are assigned to them")]


class UserPage(Answer):
    """One page of users, newest first; `next_cursor` is null on the last one."""

    items: list[AdminUserView]
    next_cursor: str | None


class SessionView(Answer):
    """What a log-in gives."""

    user: StaffUserView | UserView
    access_token: str
    refresh_token: str
    expires_in: Annotated[int, Field(description="seconds the access token is good for")]


class OneSessionView(Answer):
    """A session as its owner sees it."""

    id: Annotated[str, Field(examples=["7Q62MF554F3N6B49K4CEGNMVMD"])]
    created_at: datetime
    expires_at: datetime
    agent: Annotated[str, Field(description="what the client called itself")]
    current: Annotated[bool, Field(description="whether it is the one that asks")]


class SessionList(Answer):
    """One's own sessions, newest first."""

    items: list[OneSessionView]


def session_view(logged_in: LoggedIn) -> dict[str, Any]:
    """Return a log-in in the shape of SessionView."""
    return {
        "user": user_view(logged_in.user),
        "access_token": logged_in.access_token,
        "refresh_token": logged_in.refresh_token,
        "expires_in": logged_in.expires_in,
    }


def one_session_view(session: Session, *, current: bool) -> dict[str, Any]:
    """Return a session in the shape of OneSessionView."""
    return {
        "id": session.id,
        "created_at": session.begun_at,
        "expires_at": session.expires_at,
        "agent": session.agent,
        "current": current,
    }


def user_view(user: User) -> dict[str, Any]:
    """Return a user in the shape of UserView, or of StaffUserView for staff."""
    return _own(user) if user.role is Role.USER else {**_own(user), **_serving(user)}


def person_view(person: Person) -> dict[str, Any]:
    """Return a user in the shape of AdminUserView."""
    return {
        **_own(person.user),
        **_serving(person.user),
        "disabled": person.user.disabled,
        "open_tickets": person.open_tickets,
    }


def _own(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "skills": user.skills,
        "created_at": user.created_at,
    }


def _serving(user: User) -> dict[str, Any]:
    return {
        "capacity": user.capacity,
        "available": user.available,
        "absent_from": user.absent_from,
        "absent_until": user.absent_until,
    }
