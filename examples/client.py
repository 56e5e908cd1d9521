"""File a ticket and follow it with a generated client (docs/clients.md), and with nothing else.

Give it the address of a help desk: `python examples/client.py http://127.0.0.1:8080`
"""

import secrets
import sys
import time
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from helpdesk_client import AuthenticatedClient, Client
from helpdesk_client.api.sign_in_and_account import log_in, log_out, sign_up
from helpdesk_client.api.tickets import list_tickets, open_ticket, read_ticket, read_timeline
from helpdesk_client.models import (
    LogIn,
    NewTicket,
    Problem,
    SignUp,
    StaffTicketLine,
    StaffTicketView,
    TicketLine,
    TicketView,
)
from helpdesk_client.types import UNSET, Unset

Ticket: TypeAlias = StaffTicketView | TicketView  # staff is shown more of it
Line: TypeAlias = StaffTicketLine | TicketLine
T = TypeVar("T")
PASSWORD = "quite a private phrase"  # noqa: S105 - of an account that is made here
TRIES = 100


def refusal(answer: Problem | None) -> SystemExit:
    """Return how to end; what went wrong has one shape, whatever it is."""
    if answer is None:
        return SystemExit("an answer that the document does not tell of")
    return SystemExit(f"{answer.status}: {answer.detail} (request {answer.request_id})")


def good(answer: T | Problem | None) -> T:
    """Return a good answer, or end."""
    if answer is None or isinstance(answer, Problem):
        raise refusal(answer)
    return answer


def entered(url: str, email: str) -> AuthenticatedClient:
    """Return the client of somebody who has just signed up."""
    visitor = Client(url)
    made = sign_up.sync_detailed(
        client=visitor, body=SignUp(email=email, password=PASSWORD, name="Ada")
    )
    if made.status_code == HTTPStatus.ACCEPTED:
        raise SystemExit("a letter is on its way: open the link in it")
    good(made.parsed)
    session = good(log_in.sync(client=visitor, body=LogIn(email=email, password=PASSWORD)))
    print(f"logged in as {session.user.name}, {session.user.role}, for {session.expires_in} s")
    return AuthenticatedClient(url, token=session.access_token)


def filed(client: AuthenticatedClient, title: str, description: str) -> str:
    """File a ticket once, however often it takes to be answered, and return its id."""
    body, key = NewTicket(title=title, description=description), secrets.token_urlsafe()
    ticket = open_ticket.sync(client=client, body=body, idempotency_key=key)
    if ticket is None or isinstance(ticket, Problem):
        raise refusal(ticket)
    again = open_ticket.sync_detailed(client=client, body=body, idempotency_key=key)
    replayed = again.headers.get("Idempotent-Replayed")
    print(f"filed {ticket.id}: {ticket.status}; the same again: {replayed}")
    ticket_id: str = ticket.id
    return ticket_id


def assigned(client: AuthenticatedClient, ticket_id: str) -> Ticket:
    """Return a ticket as soon as it is somebody's; what has not changed is not sent."""
    tag: str | Unset = UNSET
    for _ in range(TRIES):
        answer = read_ticket.sync_detailed(ticket_id, client=client, if_none_match=tag)
        if answer.status_code != HTTPStatus.NOT_MODIFIED:
            ticket: Ticket = good(answer.parsed)
            if ticket.assignee:
                return ticket
            tag = answer.headers["ETag"]
        time.sleep(0.1)
    raise SystemExit(f"{ticket_id} is still nobody's")


def every_ticket(client: AuthenticatedClient, limit: int) -> list[list[Line]]:
    """Return all of one's tickets, page by page."""
    pages: list[list[Line]] = []
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = good(list_tickets.sync(client=client, limit=limit, cursor=cursor))
        pages.append(page.items)
        cursor = page.next_cursor
    return pages


def main(url: str) -> None:
    client = entered(url, f"{secrets.token_hex(8)}@example.com")
    filed(client, "The printer is on fire", "It burns on floor two.")
    ticket_id = filed(client, "Cannot pay", "The checkout rejects my card since noon.")

    ticket = assigned(client, ticket_id)
    print(f"{ticket.id} is {ticket.status}: {ticket.priority}, {ticket.category}")
    pages = every_ticket(client, limit=1)
    print(f"{len(pages)} pages: {', '.join(line.title for page in pages for line in page)}")
    for change in good(read_timeline.sync(ticket_id, client=client)).items:
        became = change.changes["status"].after
        print(f"{change.seq}. {change.action} by {change.actor.kind}: {became}")

    nowhere = read_ticket.sync("NOWHERE0", client=client)
    wrong = open_ticket.sync(client=client, body=NewTicket(title="x" * 201, description="long"))
    for problem in (nowhere, wrong):
        if isinstance(problem, Problem):
            faults = [f"{each.field}: {each.detail}" for each in problem.errors]
            print(problem.status, problem.title, faults)
    log_out.sync_detailed(client=client)


if __name__ == "__main__":
    main(sys.argv[1])
