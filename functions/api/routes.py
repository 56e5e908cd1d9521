"""The table of routes: method, path, who may ask, what comes in, what is done, what goes out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import UnionType
from typing import Any, TypeAlias

from pydantic import BaseModel

from api import schemas
from api.accounts import Accounts, Principal
from api.policy import is_staff
from api.tickets import TicketDesk
from helpdesk.errors import InvalidInputError, UnauthenticatedError
from helpdesk.user import Role


class Who(StrEnum):
    """Who may use a route at all; what they may do with one ticket is policy's."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the routes work with."""

    accounts: Accounts
    tickets: TicketDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read and checked."""

    asker: Principal | None
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    raw: bytes = b""
    query: Any = None

    @property
    def principal(self) -> Principal:
        """Return who is asking; raise UnauthenticatedError on a route for anyone."""
        if self.asker is None:
            raise UnauthenticatedError("log in first")
        return self.asker


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer: its status, its JSON (None for no body) or plain text, and its own headers."""

    status: int
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Any, Asked], Answered]  # the first is a Desk, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that a route reads, or that its answers carry."""

    name: str
    about: str
    kind: str = "string"
    pattern: str | None = None
    on: tuple[int, ...] = ()  # the statuses of the answers that carry it; none named: every one
    always: bool = True  # those answers do carry it


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table."""

    method: str
    path: str
    who: Who
    handler: Handler
    summary: str
    status: int
    answer: type[BaseModel] | UnionType | type[str] | None  # str: plain text
    body: type[BaseModel] | None = None
    wired: bool = True  # False: the handler gets no desk, and nothing is connected for it
    raw_most: int = 0  # bytes of a JSON body that the handler gets as it came; 0: no such body
    query: type[BaseModel] | None = None
    also: tuple[int, ...] = ()  # statuses of its own, beside those every such route has
    reads: tuple[Header, ...] = ()
    tells: tuple[Header, ...] = ()  # headers of its own, beside those every such answer has


# What the answers of every route carry.
TOLD_ALWAYS = (
    Header(name="X-Request-Id", about="the number of this request in the log",
           pattern="^[0-9a-f]{16}$"),
    Header(name="WWW-Authenticate", about="how to say who one is (RFC 6750)", on=(401,)),
    Header(name="Retry-After", about="seconds to wait before the next try", kind="integer",
           on=(503,)),
)  # fmt: skip

IDEMPOTENCY_KEY = Header(
    name="Idempotency-Key", pattern="^[A-Za-z0-9_-]{1,64}$", always=False,
    about="the same key and ticket within a day open one ticket and get one answer",
)  # fmt: skip
IF_NONE_MATCH = Header(
    name="If-None-Match", always=False,
    about="tags of the versions one has, or *: if the ticket is still one of them, 304",
)  # fmt: skip
LOCATION = Header(name="Location", about="where the ticket is", on=(201,))
REPLAYED = Header(
    name="Idempotent-Replayed", about="true: this is the answer to an earlier request", on=(201,),
    always=False,
)  # fmt: skip
ETAG = Header(name="ETag", about="the version of the ticket", on=(200, 304))


def sign_up(desk: Desk, asked: Asked) -> Answered:
    """Make an account and log in."""
    body: schemas.SignUp = asked.body
    made = desk.accounts.sign_up(body.email, body.password, body.name)
    return Answered(status=201, body=schemas.session_view(made))


def log_in(desk: Desk, asked: Asked) -> Answered:
    """Log in."""
    body: schemas.LogIn = asked.body
    made = desk.accounts.log_in(body.email, body.password)
    return Answered(status=200, body=schemas.session_view(made))


def refresh(desk: Desk, asked: Asked) -> Answered:
    """Trade a refresh token for a new pair."""
    body: schemas.Refresh = asked.body
    made = desk.accounts.refresh(body.refresh_token)
    return Answered(status=200, body=schemas.session_view(made))


def log_out(desk: Desk, asked: Asked) -> Answered:
    """End this session."""
    desk.accounts.log_out(asked.principal)
    return Answered(status=204)


def log_out_everywhere(desk: Desk, asked: Asked) -> Answered:
    """End every session of one's own."""
    desk.accounts.log_out_everywhere(asked.principal)
    return Answered(status=204)


def me(desk: Desk, asked: Asked) -> Answered:
    """Read one's own profile."""
    return Answered(status=200, body=schemas.user_view(desk.accounts.me(asked.principal)))


def open_ticket(desk: Desk, asked: Asked) -> Answered:
    """File a ticket; it is answered before any triage."""
    body: schemas.NewTicket = asked.body
    key = asked.headers.get(IDEMPOTENCY_KEY.name)
    if key is not None and not re.fullmatch(IDEMPOTENCY_KEY.pattern or "", key):
        raise InvalidInputError("Idempotency-Key takes 1 to 64 of A-Z a-z 0-9 _ -")
    opened = desk.tickets.open_ticket(asked.principal, body.title, body.description, key=key)
    ticket = opened.ticket
    headers = {"Location": f"/api/tickets/{ticket.id}"}
    if opened.replayed:
        headers["Idempotent-Replayed"] = "true"
    view = schemas.ticket_view(ticket, staff=asked.principal.role is Role.ADMIN)
    return Answered(status=201, body=view, headers=headers)


def read_ticket(desk: Desk, asked: Asked) -> Answered:
    """Read a ticket."""
    ticket = desk.tickets.read_ticket(asked.principal, asked.path["ticket_id"])
    tag = f'"{ticket.version}"'
    if _has(asked.headers.get(IF_NONE_MATCH.name, ""), tag):
        return Answered(status=304, headers={"ETag": tag})
    view = schemas.ticket_view(ticket, staff=is_staff(asked.principal, ticket))
    return Answered(status=200, body=view, headers={"ETag": tag})


def list_tickets(desk: Desk, asked: Asked) -> Answered:
    """List tickets, newest first: admins see all, moderators theirs, users their own."""
    query: schemas.ListTickets = asked.query
    page = desk.tickets.list_tickets(
        asked.principal, status=query.status, limit=query.limit, cursor=query.cursor
    )
    # A moderator's list holds what is assigned to them: whoever is no mere user works on it.
    staff = asked.principal.role is not Role.USER
    items = [schemas.ticket_line(ticket, staff=staff) for ticket in page.tickets]
    return Answered(status=200, body={"items": items, "next_cursor": page.next_cursor})


def healthz(_desk: None, _asked: Asked) -> Answered:
    """Say that the process answers."""
    return Answered(status=200, body={"status": "ok"})


def _has(tags: str, tag: str) -> bool:
    """Say whether a list of tags names this one; weak ones count (RFC 9110, section 13.1.2)."""
    return tags.strip() == "*" or tag in re.findall('"[^"]*"', tags)


ROUTES = (
    Route(
        method="POST", path="/api/auth/signup", who=Who.ANYONE, handler=sign_up,
        summary="Make an account and log in", body=schemas.SignUp, status=201,
        answer=schemas.SessionView, also=(409,),
    ),
    Route(
        method="POST", path="/api/auth/login", who=Who.ANYONE, handler=log_in,
        summary="Log in", body=schemas.LogIn, status=200, answer=schemas.SessionView, also=(401,),
    ),
    Route(
        method="POST", path="/api/auth/refresh", who=Who.ANYONE, handler=refresh,
        summary="Trade a refresh token for a new pair; reuse ends the session",
        body=schemas.Refresh, status=200, answer=schemas.SessionView, also=(401, 409),
    ),
    Route(
        method="POST", path="/api/auth/logout", who=Who.SIGNED_IN, handler=log_out,
        summary="End this session", status=204, answer=None, also=(409,),
    ),
    Route(
        method="POST", path="/api/auth/logout-all", who=Who.SIGNED_IN, handler=log_out_everywhere,
        summary="End every session of one's own", status=204, answer=None,
    ),
    Route(
        method="GET", path="/api/auth/me", who=Who.SIGNED_IN, handler=me,
        summary="Read one's own profile", status=200, answer=schemas.UserView,
    ),
    Route(
        method="POST", path="/api/tickets", who=Who.SIGNED_IN, handler=open_ticket,
        summary="File a ticket; an admin sees all of it", body=schemas.NewTicket, status=201,
        answer=schemas.StaffTicketView | schemas.TicketView, reads=(IDEMPOTENCY_KEY,),
        tells=(LOCATION, REPLAYED),
    ),
    Route(
        method="GET", path="/api/tickets", who=Who.SIGNED_IN, handler=list_tickets,
        summary="List tickets, newest first", query=schemas.ListTickets, status=200,
        answer=schemas.TicketPage,
    ),
    Route(
        method="GET", path="/api/tickets/{ticket_id}", who=Who.SIGNED_IN, handler=read_ticket,
        summary="Read a ticket; its assignee and an admin see all of it", status=200,
        answer=schemas.StaffTicketView | schemas.TicketView, also=(304, 404),
        reads=(IF_NONE_MATCH,), tells=(ETAG,),
    ),
    Route(
        method="GET", path="/healthz", who=Who.ANYONE, handler=healthz,
        summary="Say that the process answers", status=200, answer=schemas.Health, wired=False,
    ),
)  # fmt: skip
