"""How long a requester may have a closed ticket opened again; later it is a new one."""

from datetime import datetime

from api.policy import Act, may
from api.sessions import Principal
from helpdesk.errors import InvalidInputError
from helpdesk.levels import ServiceLevels
from helpdesk.ticket import Status, Ticket


def check_window(
    principal: Principal, ticket: Ticket, *, levels: ServiceLevels, now: datetime
) -> None:
    """Raise InvalidInputError when a ticket is closed for good to whoever asks."""
    if ticket.status is not Status.CLOSED or may(principal, Act.EDIT_TRIAGE, ticket):
        return
    if ticket.closed_at and ticket.closed_at + levels.reopen_within <= now:
        raise InvalidInputError("the ticket is closed for good: file a new one", field="status")
