"""What only the local house serves: the mailbox, and a word of welcome at the root."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.routes import Answered, Asked, Desk, Route, Who
from api.schemas import Answer
from helpdesk.user import Role
from local.mailbox import Mailbox, Received


class ListLetters(BaseModel):
    """Which letters: about one ticket, before a number, at most so many."""

    model_config = ConfigDict(extra="forbid")

    ticket_id: Annotated[str, Field(max_length=40)] | None = None
    before: Annotated[int, Field(ge=1)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class LetterView(Answer):
    """One letter."""

    number: int
    at: str
    to: str
    subject: str
    text: str
    ticket_id: str


class LetterPage(Answer):
    """Letters, newest first; ask for those before the last number to go on."""

    items: list[LetterView]


def pages(mailbox: Mailbox) -> tuple[Route, ...]:
    """Return the routes of this house alone."""

    def letters(desk: Desk, asked: Asked) -> Answered:
        """Read the letters to oneself; an admin reads everybody's."""
        query: ListLetters = asked.query
        everybody = asked.principal.role is Role.ADMIN
        found = mailbox.read(
            recipient=None if everybody else desk.accounts.me(asked.principal).email,
            ticket_id=query.ticket_id,
            before=query.before,
            limit=query.limit,
        )
        return Answered(status=200, body={"items": [_view(each) for each in found]})

    return (
        Route(
            method="GET", path="/api/mailbox", who=Who.SIGNED_IN, handler=letters,
            summary="Read the mailbox of the local house", query=ListLetters, status=200,
            answer=LetterPage,
        ),
        Route(
            method="GET", path="/", who=Who.ANYONE, handler=_welcome,
            summary="Say where things are", status=200, answer=Welcome,
        ),
    )  # fmt: skip


class Welcome(Answer):
    """Where things are."""

    service: str
    api: str
    reference: str
    mailbox: str


def _welcome(_desk: Desk, _asked: Asked) -> Answered:
    """Say where things are."""
    places = {
        "service": "helpdesk",
        "api": "/api",
        "reference": "/api/openapi.json",
        "mailbox": "/api/mailbox",
    }
    return Answered(status=200, body=places)


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
