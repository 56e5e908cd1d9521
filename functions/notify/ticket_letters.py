"""Which letters a change of a ticket calls for: the other side is told, nobody of their own."""

from helpdesk.comments import Side
from helpdesk.errors import EarlyEventError, InvalidInputError
from helpdesk.events import Event, EventType
from helpdesk.ports import Letter
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action
from helpdesk.user import User
from helpdesk.users import Users
from notify import letters


def ticket_letters(event: Event, *, tickets: Tickets, users: Users) -> list[Letter]:
    """Return the letters that an assignment or a later change calls for."""
    if gives(event):
        return _giving(event, tickets, users)
    match _change(event):
        case Action.REPLIED:
            return _comment(event, tickets, users, internal=False)
        case Action.NOTED:
            return _comment(event, tickets, users, internal=True)
        case Action.RESOLVED:
            ticket = tickets.get(event.subject)
            readers = _readers(ticket.requester_id, event, users)
            return [letters.resolved(ticket, reader=it, event_id=event.id) for it in readers]
        case Action.REOPENED:
            ticket = tickets.get(event.subject)
            readers = _readers(ticket.assignee_id, event, users)
            return [letters.reopened(ticket, reader=it, event_id=event.id) for it in readers]
        case _:
            return []


def gives(event: Event) -> bool:
    """Say whether the event tells that somebody was given a ticket."""
    return event.type is EventType.TICKET_ASSIGNED or _change(event) is Action.HANDED_OVER


def _giving(event: Event, tickets: Tickets, users: Users) -> list[Letter]:
    ticket = tickets.get(event.subject)
    # The event says who was given it then; by now it may be somebody else's, or nobody's.
    assignee_id = str(event.data.get("assignee_id") or ticket.assignee_id or "")
    if not assignee_id:
        raise EarlyEventError(f"ticket {ticket.id} is not assigned yet")
    if event.data.get("by") == assignee_id:
        return []  # they took it themselves
    assignee = users.get_many([assignee_id])[0]
    if assignee is None:
        assignee = users.get(ticket.assignee_id or assignee_id)
    return [letters.assignment(ticket, assignee=assignee, event_id=event.id)]


def _comment(event: Event, tickets: Tickets, users: Users, *, internal: bool) -> list[Letter]:
    ticket = tickets.get(event.subject)
    comment = tickets.comment(ticket.id, _number(event), internal=internal)
    to_requester = comment.side is Side.STAFF and not internal
    readers = _readers(ticket.requester_id if to_requester else ticket.assignee_id, event, users)
    if not to_requester:
        # Who was demoted is still named on old tickets, and is to read them no more.
        readers = [each for each in readers if each.serves]
    return [letters.comment(ticket, comment, reader=it, event_id=event.id) for it in readers]


def _readers(user_id: str | None, event: Event, users: Users) -> list[User]:
    """Return who is to be told, if anybody."""
    if user_id is None or user_id == event.data.get("by"):
        return []
    return [each for each in users.get_many([user_id]) if each and not each.disabled]


def _change(event: Event) -> Action | None:
    """Return what was done; None where another version of us has said it."""
    told = event.data.get("change")
    return Action(told) if isinstance(told, str) and told in set(Action) else None


def _number(event: Event) -> int:
    seq = event.data.get("seq")
    if type(seq) is not int:
        raise InvalidInputError("the event's seq is no number", field="seq")
    return seq
