"""What comes over the wire for tickets: what is filed, changed and asked for."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from api.policy import View
from api.schemas import Query, Strict
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import DESCRIPTION_MOST, REASON_MOST, TITLE_MOST, Status
from helpdesk.user import SKILL_MOST, SKILLS_MOST
from helpdesk.verdict import Category, Priority
from helpdesk.wanted import SETTLED, Sort
from helpdesk.wire import moment

_OPEN = "open"  # a word for every status that is not settled
_STATUSES = (_OPEN, *Status)


def _moment(text: object) -> datetime:
    """Return the moment that a query names; other spellings of ISO 8601 are not for the wire."""
    if not isinstance(text, str) or not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]", text):
        raise ValueError("send a time with its zone, as 2026-01-31T09:30:00Z")
    try:
        return moment(text)
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def _flag(text: object) -> object:
    if text not in {"true", "false"}:
        raise ValueError("send true or false")
    return text == "true"


def _statuses(text: object) -> tuple[Status, ...]:
    """Return the statuses that a query names, in one order however they were named."""
    named = set(str(text).split(","))
    if not named <= {*_STATUSES}:
        raise ValueError(f"send some of {', '.join(_STATUSES)}, with commas between them")
    return tuple(
        each for each in Status if each in named or (_OPEN in named and each not in SETTLED)
    )


_ANY_STATUSES = "^({0})(,({0}))*$".format("|".join(_STATUSES))
Moment = Annotated[datetime, BeforeValidator(_moment)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class NewTicket(Strict):
    """A request for help."""

    title: Annotated[str, Field(max_length=TITLE_MOST, examples=["Cannot log in"])]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_MOST, examples=["The page stays white since noon."])
    ]


# The statuses that a person sets; assigned opens a ticket again.
SET_BY_HAND = Literal["assigned", "in_progress", "waiting", "resolved", "closed"]
Reason = Annotated[
    str,
    Field(max_length=REASON_MOST, description="kept for staff", examples=["A billing matter"]),
]


class TicketEdits(Strict):
    """What somebody sets on a ticket; what is left out stays as it is."""

    title: Annotated[str, Field(max_length=TITLE_MOST)] | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_MOST)] | None = None
    priority: Annotated[Priority, Field(strict=False)] | None = None
    category: Annotated[Category, Field(strict=False)] | None = None
    skills: Annotated[list[str], Field(max_length=SKILLS_MOST)] | None = None
    status: SET_BY_HAND | None = None
    needs_review: (
        Annotated[Literal[False], Field(description="false: somebody has looked it over")] | None
    ) = None
    reason: Reason | None = None


class NewAssignee(Strict):
    """Who is to have a ticket: a user's id, or null for whomever assignment finds next."""

    assignee: Annotated[str, Field(max_length=40, examples=["6P51KE443E2M5A38J3BDFMKTKC"])] | None
    reason: Reason | None = None


class ListTickets(Query):
    """Which page of which tickets."""

    view: Annotated[View, Field(description="without it, the widest one may see")] | None = None
    status: Annotated[
        tuple[Status, ...],
        BeforeValidator(_statuses),
        WithJsonSchema({"type": "string", "pattern": _ANY_STATUSES, "examples": ["open"]}),
        Field(
            default_factory=tuple,  # told as a default, it would be no text
            description="one or more with commas between them; open is all but resolved, closed",
        ),
    ]
    priority: Priority | None = None
    category: Category | None = None
    skill: (
        Annotated[
            str, Field(min_length=1, max_length=SKILL_MOST, description="its name, in any case")
        ]
        | None
    ) = None
    assignee: (
        Annotated[
            str,
            Field(
                pattern="^[0-9A-Za-z]{1,40}$",
                description="a user's id, me or none; whoever is no admin may ask for me only",
            ),
        ]
        | None
    ) = None
    requester: (
        Annotated[
            str,
            Field(
                pattern="^[0-9A-Za-z]{1,40}$",
                description="a user's id or me; whoever is no admin may ask for me only",
            ),
        ]
        | None
    ) = None
    needs_review: (
        Annotated[Flag, Field(description="for lists that show it, which are those of staff")]
        | None
    ) = None
    created_from: Moment | None = None
    created_until: Annotated[Moment, Field(description="right before this time")] | None = None
    q: (
        Annotated[
            str,
            Field(
                min_length=1,
                max_length=200,
                description="whole words of the title or the description, or the id",
            ),
        ]
        | None
    ) = None
    sort: Annotated[
        Sort,
        Field(
            description="the newest first, the oldest, or who changed last;"
            " updated goes without q, skill, priority, category and needs_review"
        ),
    ] = Sort.CREATED
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None
