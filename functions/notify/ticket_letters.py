"""Which letters a change of a ticket calls for: the other side is told, nobody of their own."""

from helpdesk.comments import Side
from helpdesk.errors import EarlyEventError, InvalidInputError
from helpdesk.events import Event, EventType
from helpdesk.ports import Letter
from helpdesk.ticket import DONE, Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action
from helpdesk.user import Role, User
from helpdesk.users import Users
from notify import letters


def ticket_letters(event: Event, ticket: Ticket, *, tickets: Tickets, users: Users) -> list[Letter]:
    """Return the letters that an assignment or a later change of a ticket calls for."""
    written: list[Letter] = []
    match _change(event):
        case _ if gives(event):
            written = _giving(event, ticket, users)
        case Action.REPLIED | Action.NOTED as said:
            internal = said is Action.NOTED
            written = _comment(event, ticket, tickets, users, internal=internal)
        case Action.WARNED | Action.BREACHED as alarm:
            change = tickets.change(ticket.id, _number(event))
            readers = _alarmed(event, ticket, users, everybody=alarm is Action.BREACHED)
            told = [(each["alarm"], each["goal"]) for each in change.entry.why["alarms"]]
            written = [letters.alarm(ticket, told, reader=it, event_id=event.id) for it in readers]
        case Action.RESOLVED if ticket.status in DONE:
            asked = event.data.get("by") == ticket.requester_id
            to_requester = _readers(ticket.requester_id, event, users)
            readers = _holder(event, ticket, users) if asked else to_requester
            written = [letters.resolved(ticket, reader=it, event_id=event.id) for it in readers]
        case Action.REOPENED if ticket.status not in DONE:
            readers = _holder(event, ticket, users)
            written = [letters.reopened(ticket, reader=it, event_id=event.id) for it in readers]
        case _:
            pass  # nobody need know
    return written


def gives(event: Event) -> bool:
    """Say whether the event tells that somebody was given a ticket."""
    return event.type is EventType.TICKET_ASSIGNED or _change(event) is Action.HANDED_OVER


def _giving(event: Event, ticket: Ticket, users: Users) -> list[Letter]:
    # The event says who was given it then; by now it may be somebody else's, or nobody's.
    assignee_id = str(event.data.get("assignee_id") or ticket.assignee_id or "")
    if not assignee_id:
        raise EarlyEventError(f"ticket {ticket.id} is not assigned yet")
    if event.data.get("by") == assignee_id:
        return []  # they took it themselves
    given_seq = ticket.given_seq or _number(event)  # from before that was noted
    if ticket.assignee_id != assignee_id or event.data.get("seq") != given_seq:
        return []  # it was given anew by now, and that event tells whoever has it
    assignee = users.get(assignee_id)
    if not assignee.serves:
        return []  # what is for staff only goes to nobody who was shut out meanwhile
    return [letters.assignment(ticket, assignee=assignee, event_id=event.id)]


def _comment(
    event: Event, ticket: Ticket, tickets: Tickets, users: Users, *, internal: bool
) -> list[Letter]:
    comment = tickets.comment(ticket.id, _number(event), internal=internal)
    to_requester = comment.side is Side.STAFF and not internal
    readers = (
        _readers(ticket.requester_id, event, users)
        if to_requester
        else _holder(event, ticket, users)
    )
    return [letters.comment(ticket, comment, reader=it, event_id=event.id) for it in readers]


def _alarmed(event: Event, ticket: Ticket, users: Users, *, everybody: bool) -> list[User]:
    """Return who hears an alarm: whoever has the ticket, and of a breach every admin as well."""
    staff = users.staff()
    had_it = _told_holder(event, ticket)
    has_it = [each for each in staff if each.id == had_it == ticket.assignee_id]
    admins = [each for each in staff if each.role is Role.ADMIN and each not in has_it]
    unheard = had_it not in {each.id for each in staff}
    return [*has_it, *admins] if everybody or unheard else has_it


def _told_holder(event: Event, ticket: Ticket) -> str | None:
    """Return who had the ticket when the event happened."""
    told = event.data.get("assignee_id", ticket.assignee_id)
    return None if told is None else str(told)


def _holder(event: Event, ticket: Ticket, users: Users) -> list[User]:
    """Return who has the ticket, if they did then and serve still.

    Whoever was given it since learns all of it there, and a late copy of the event tells nobody
    anew.
    """
    if _told_holder(event, ticket) != ticket.assignee_id:
        return []
    return [each for each in _readers(ticket.assignee_id, event, users) if each.serves]


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
