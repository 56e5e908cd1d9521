"""How long a requester may have a closed ticket opened again; later it is a new one."""

from datetime import datetime, timedelta

from api.policy import Act, may
from api.sessions import Principal
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Status, Ticket

WITHIN = timedelta(days=14)


def check_window(principal: Principal, ticket: Ticket, *, now: datetime) -> None:
    """Raise InvalidInputError when a ticket is closed for good to whoever asks."""
    if ticket.status is not Status.CLOSED or may(principal, Act.EDIT_TRIAGE, ticket):
        return
    if ticket.closed_at and ticket.closed_at + WITHIN <= now:
        raise InvalidInputError("the ticket is closed for good: file a new one", field="status")
