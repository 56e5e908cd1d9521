"""What only the local house serves: the mailbox, and a word of welcome at the root."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.desk import Desk
from api.policy import Act, allows
from api.route import Answered, Asked, Route
from api.schemas import Answer, Query
from helpdesk.errors import NotFoundError
from helpdesk.ports import Letter
from local.mailbox import Mailbox, Received


class ListLetters(Query):
    """Which letters: about one ticket, before a number, at most so many."""

    ticket_id: Annotated[str, Field(max_length=40)] | None = None
    # Beyond it not every reader of JSON keeps whole numbers exact.
    before: Annotated[int, Field(ge=1, lt=2**53)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class LetterView(Answer):
    """One letter."""

    number: int
    at: datetime
    to: str
    subject: Annotated[str, Field(examples=["[P3FESNBC] high: Cannot log in"])]
    text: Annotated[str, Field(examples=["Hello Ada,\n\nthis ticket is now yours."])]
    ticket_id: str


class LetterPage(Answer):
    """Letters, newest first; ask for those before the last number to go on."""

    items: list[LetterView]


def pages(mailbox: Mailbox) -> tuple[Route, ...]:
    """Return the routes of this house alone."""

    def list_letters(desk: Desk, asked: Asked) -> Answered:
        """Read the letters to oneself; an admin reads everybody's."""
        query: ListLetters = asked.query
        everybody = allows(asked.principal, Act.READ_LETTERS)
        found = mailbox.read(
            recipient=None if everybody else desk.directory.own(asked.principal).email,
            ticket_id=query.ticket_id,
            before=query.before,
            limit=query.limit,
        )
        return Answered(status=200, body={"items": [_view(each) for each in found]})

    def read_letter(desk: Desk, asked: Asked) -> Answered:
        """Read one letter as its reader sees it; `latest` is the newest to oneself."""
        everybody = allows(asked.principal, Act.READ_LETTERS)
        number = asked.path["number"]
        found = mailbox.read(
            recipient=None if everybody else desk.directory.own(asked.principal).email,
            before=None if number == "latest" else _number(number) + 1,
            limit=1,
        )
        if not found or number not in {"latest", str(found[0].number)}:
            raise NotFoundError("there is no such letter")
        return Answered(status=200, text=_as_text(found[0].letter))

    return (
        Route(
            method="GET", path="/api/mailbox", act=Act.KEEP_ACCOUNT, handler=list_letters,
            summary="Read the mailbox of the local house", query=ListLetters, status=200,
            answer=LetterPage,
        ),
        Route(
            method="GET", path="/api/mailbox/{number}", act=Act.KEEP_ACCOUNT, handler=read_letter,
            summary="Read one letter as plain text; `latest` is the newest", status=200,
            answer=str, also=(404,),
        ),
        Route(
            method="GET", path="/", act=Act.LOOK_IN, handler=welcome,
            summary="Say where things are", status=200, answer=Welcome, wired=False,
        ),
    )  # fmt: skip


class Welcome(Answer):
    """Where things are."""

    service: Annotated[str, Field(examples=["helpdesk"])]
    api: Annotated[str, Field(examples=["/api"])]
    reference: Annotated[str, Field(examples=["/api/docs"])]
    openapi: Annotated[str, Field(examples=["/api/openapi.json"])]
    mailbox: Annotated[str, Field(examples=["/api/mailbox"])]


def welcome(_desk: None, _asked: Asked) -> Answered:
    """Say where things are."""
    places = {
        "service": "helpdesk",
        "api": "/api",
        "reference": "/api/docs",
        "openapi": "/api/openapi.json",
        "mailbox": "/api/mailbox",
    }
    return Answered(status=200, body=places)


def _number(text: str) -> int:
    # As many digits as SQLite's largest number has, less one.
    if not re.fullmatch("[0-9]{1,18}", text):
        raise NotFoundError("there is no such letter")
    return int(text)


def _as_text(letter: Letter) -> str:
    return f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}"


def _view(received: Received) -> dict[str, Any]:
    letter = received.letter
    return {
        "number": received.number,
        "at": received.at,
        "to": letter.to,
        "subject": letter.subject,
        "text": letter.text,
        "ticket_id": letter.ticket_id,
    }
