"""The routes of tickets."""

import re

from api import ticket_requests, ticket_schemas
from api.desk import Desk
from api.etags import is_had, quoted
from api.policy import Act, may
from api.route import Answered, Asked, Header, Route
from helpdesk.errors import InvalidInputError
from helpdesk.wanted import Wanted

IDEMPOTENCY_KEY = Header(
    name="Idempotency-Key", pattern="^[A-Za-z0-9_-]{1,64}$", always=False,
    about="the same key and body within a day take effect once and get one answer",
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
ETAG = Header(name="ETag", about="the version of the ticket", on=(200, 201, 304))


def open_ticket(desk: Desk, asked: Asked) -> Answered:
    """File a ticket; it is answered before any triage."""
    body: ticket_requests.NewTicket = asked.body
    opened = desk.tickets.open_ticket(
        asked.principal, body.title, body.description, key=idempotency_key(asked)
    )
    ticket = opened.ticket
    headers = {"Location": f"/api/tickets/{ticket.id}", "ETag": quoted(ticket.mark)}
    if opened.replayed:
        headers["Idempotent-Replayed"] = "true"
    view = ticket_schemas.ticket_view(
        ticket, staff=may(asked.principal, Act.READ_INTERNALS, ticket)
    )
    return Answered(status=201, body=view, headers=headers)


def read_ticket(desk: Desk, asked: Asked) -> Answered:
    """Read a ticket."""
    ticket = desk.tickets.read_ticket(asked.principal, asked.path["ticket_id"])
    tag = quoted(ticket.mark)
    if is_had(asked.headers.get(IF_NONE_MATCH.name, ""), tag):
        return Answered(status=304, headers={"ETag": tag})
    view = ticket_schemas.ticket_view(
        ticket, staff=may(asked.principal, Act.READ_INTERNALS, ticket)
    )
    return Answered(status=200, body=view, headers={"ETag": tag})


def list_tickets(desk: Desk, asked: Asked) -> Answered:
    """List tickets."""
    query: ticket_requests.ListTickets = asked.query
    page = desk.tickets.list_tickets(
        asked.principal, _wanted(query, mine=asked.principal.user_id), view=query.view,
        limit=query.limit, cursor=query.cursor,
    )  # fmt: skip
    items = [
        ticket_schemas.ticket_line(each, staff=may(asked.principal, Act.READ_INTERNALS, each))
        for each in page.tickets
    ]
    return Answered(status=200, body={"items": items, "next_cursor": page.next_cursor})


def idempotency_key(asked: Asked) -> str | None:
    """Return the key of a request, or raise InvalidInputError for one that is none."""
    key = asked.headers.get(IDEMPOTENCY_KEY.name)
    if key is not None and not re.fullmatch(IDEMPOTENCY_KEY.pattern or "", key):
        raise InvalidInputError("Idempotency-Key takes 1 to 64 of A-Z a-z 0-9 _ -")
    return key


def _wanted(query: ticket_requests.ListTickets, *, mine: str) -> Wanted:
    named = {"me": mine, "none": None, None: None}
    return Wanted(
        requester_id=named.get(query.requester, query.requester),
        assignee_id=named.get(query.assignee, query.assignee),
        unassigned=query.assignee == "none",
        statuses=query.status,
        priority=query.priority,
        category=query.category,
        skill=query.skill,
        needs_review=query.needs_review,
        text=query.q,
        created_from=query.created_from,
        created_until=query.created_until,
        sort=query.sort,
    )


TICKET_ROUTES = (
    Route(
        method="POST", path="/api/tickets", act=Act.OPEN_TICKET, handler=open_ticket,
        summary="File a ticket; an admin sees all of it", body=ticket_requests.NewTicket,
        status=201,
        answer=ticket_schemas.StaffTicketView | ticket_schemas.TicketView, also=(429,),
        reads=(IDEMPOTENCY_KEY,),
        tells=(LOCATION, REPLAYED, ETAG),
    ),
    Route(
        method="GET", path="/api/tickets", act=Act.LIST_TICKETS, handler=list_tickets,
        summary="Find tickets: admins those of all, moderators theirs, users their own",
        query=ticket_requests.ListTickets, status=200, answer=ticket_schemas.TicketPage,
        also=(403,),
    ),
    Route(
        method="GET", path="/api/tickets/{ticket_id}", act=Act.READ_TICKET, handler=read_ticket,
        summary="Read a ticket; its assignee and an admin see all of it", status=200,
        answer=ticket_schemas.StaffTicketView | ticket_schemas.TicketView, also=(304, 404),
        reads=(IF_NONE_MATCH,), tells=(ETAG,),
    ),
)  # fmt: skip
