"""Who may see which tickets, and how much of one."""

from api.accounts import Principal
from helpdesk.errors import NotFoundError
from helpdesk.ticket import Ticket
from helpdesk.tickets import Wanted
from helpdesk.user import Role


def is_staff(principal: Principal, ticket: Ticket) -> bool:
    """Say whether the asker works on this ticket and so sees notes and grounds."""
    if principal.role is Role.ADMIN:
        return True
    return principal.role is Role.MODERATOR and ticket.assignee_id == principal.user_id


def check_may_see(principal: Principal, ticket: Ticket) -> None:
    """Raise NotFoundError unless the asker may see the ticket: foreign looks like absent."""
    if not is_staff(principal, ticket) and ticket.requester_id != principal.user_id:
        raise NotFoundError(f"there is no ticket {ticket.id}")


def scope(principal: Principal) -> Wanted:
    """Return the widest list of tickets the asker may see."""
    match principal.role:
        case Role.ADMIN:
            return Wanted()
        case Role.MODERATOR:
            return Wanted(assignee_id=principal.user_id)
        case Role.USER:
            return Wanted(requester_id=principal.user_id)
