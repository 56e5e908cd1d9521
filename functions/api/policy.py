"""Who may do what, in one table: what it does not grant is denied.

Every route names an act, every list is cut by the same grants, and whoever may not read a ticket
is told what is told of a ticket that is not there.
"""

from collections.abc import Mapping
from enum import StrEnum

from api.sessions import Principal
from helpdesk.errors import ForbiddenError, NotFoundError
from helpdesk.ticket import Listed, Status, Ticket
from helpdesk.user import Role
from helpdesk.wanted import Wanted


class Act(StrEnum):
    """Something that can be asked for."""

    LOOK_IN = "look in"
    ENTER = "enter"
    HEAR_CARRIER = "hear the carrier"
    KEEP_ACCOUNT = "keep one's account"
    SET_AVAILABILITY = "set one's availability"
    MANAGE_USERS = "manage users"
    OPEN_TICKET = "open a ticket"
    LIST_TICKETS = "list tickets"
    READ_TICKET = "read a ticket"
    CHANGE_TICKET = "change a ticket"
    EDIT_TEXT = "change the words of a ticket"
    EDIT_TRIAGE = "overrule triage"
    ASSIGN_TICKET = "give a ticket to somebody, or back"
    RETRIAGE = "have a ticket triaged again"
    READ_COMMENTS = "read the replies to a ticket"
    COMMENT = "reply to a ticket"
    COMMENT_INTERNALLY = "note something for staff only"
    READ_INTERNALS = "read what is for staff only"
    READ_TIMELINE = "read what happened to a ticket"
    READ_ASSIGNMENT = "read why a ticket is whose it is"
    READ_LETTERS = "read everybody's letters"
    READ_STATS = "read how the desk is doing"
    READ_SKILLS = "read the skills"
    REPLACE_SKILLS = "replace the skills"
    READ_SERVICE = "read the service levels"
    REPLACE_SERVICE = "replace the service levels"
    MANAGE_OPERATIONS = "manage operations"
    MANAGE_HOOKS = "manage webhooks"


class Standing(StrEnum):
    """What somebody is: in general, or to the one ticket that is asked about."""

    ANYBODY = "anybody"  # also without a log-in
    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"
    REQUESTER = "requester"
    ASSIGNEE = "assignee"


class View(StrEnum):
    """A list of tickets, by what one is to each of them."""

    ALL = "all"
    ASSIGNED = "assigned"
    FILED = "filed"


SIGNED_IN = frozenset({Standing.USER, Standing.MODERATOR, Standing.ADMIN})
STAFF = frozenset({Standing.MODERATOR, Standing.ADMIN})
# To one ticket: whoever it concerns, and whoever may work on it.
INVOLVED = frozenset({Standing.REQUESTER, Standing.ASSIGNEE, Standing.ADMIN})
SERVING = frozenset({Standing.ASSIGNEE, Standing.ADMIN})

GRANTS: Mapping[Act, frozenset[Standing]] = {
    Act.LOOK_IN: frozenset({Standing.ANYBODY}),
    Act.ENTER: frozenset({Standing.ANYBODY}),
    Act.HEAR_CARRIER: frozenset({Standing.ANYBODY}),  # it signs what it says
    Act.KEEP_ACCOUNT: SIGNED_IN,
    Act.SET_AVAILABILITY: STAFF,
    Act.MANAGE_USERS: frozenset({Standing.ADMIN}),
    Act.OPEN_TICKET: SIGNED_IN,
    Act.LIST_TICKETS: SIGNED_IN,
    Act.READ_TICKET: INVOLVED,
    Act.CHANGE_TICKET: INVOLVED,
    Act.EDIT_TEXT: INVOLVED,
    Act.EDIT_TRIAGE: SERVING,
    Act.ASSIGN_TICKET: SERVING,
    Act.RETRIAGE: SERVING,
    Act.READ_COMMENTS: INVOLVED,
    Act.COMMENT: INVOLVED,
    Act.COMMENT_INTERNALLY: SERVING,
    Act.READ_INTERNALS: SERVING,
    Act.READ_TIMELINE: INVOLVED,
    Act.READ_ASSIGNMENT: SERVING,
    Act.READ_LETTERS: frozenset({Standing.ADMIN}),  # where a house has a mailbox of its own
    Act.READ_STATS: STAFF,
    Act.READ_SKILLS: SIGNED_IN,
    Act.REPLACE_SKILLS: frozenset({Standing.ADMIN}),
    Act.READ_SERVICE: STAFF,
    Act.REPLACE_SERVICE: frozenset({Standing.ADMIN}),
    Act.MANAGE_OPERATIONS: frozenset({Standing.ADMIN}),
    Act.MANAGE_HOOKS: frozenset({Standing.ADMIN}),
}

# Who may make which move of a ticket by hand; back to assigned, it is reopened.
MOVERS: Mapping[Status, frozenset[Standing]] = {
    Status.ASSIGNED: INVOLVED,
    Status.IN_PROGRESS: SERVING,
    Status.WAITING: SERVING,
    Status.RESOLVED: INVOLVED,
    Status.CLOSED: INVOLVED,
}

# The standing that a list shows the tickets of, the widest first.
VIEWS: Mapping[View, Standing] = {
    View.ALL: Standing.ADMIN,
    View.ASSIGNED: Standing.ASSIGNEE,
    View.FILED: Standing.REQUESTER,
}

# What somebody of a role can be to some ticket: nobody is assigned to who does not serve.
REACH: Mapping[Role, frozenset[Standing]] = {
    Role.USER: frozenset({Standing.USER, Standing.REQUESTER}),
    Role.MODERATOR: frozenset({Standing.MODERATOR, Standing.REQUESTER, Standing.ASSIGNEE}),
    Role.ADMIN: frozenset({Standing.ADMIN, Standing.REQUESTER, Standing.ASSIGNEE}),
}


def is_public(act: Act) -> bool:
    """Say whether an act needs no log-in."""
    return Standing.ANYBODY in granted(act)


def granted(act: Act) -> frozenset[Standing]:
    """Return who may do it; nobody where the table says nothing."""
    return GRANTS.get(act, frozenset())


def allows(principal: Principal, act: Act) -> bool:
    """Say whether somebody of this role may ever do it."""
    return bool(granted(act) & (REACH[principal.role] | {Standing.ANYBODY}))


def check(principal: Principal, act: Act) -> None:
    """Raise ForbiddenError when somebody of this role may never do it."""
    if not allows(principal, act):
        raise ForbiddenError("your role does not allow this")


def may(principal: Principal, act: Act, ticket: Ticket | Listed) -> bool:
    """Say whether somebody may do it to this ticket."""
    return bool(granted(act) & _standings(principal, ticket))


def check_may(principal: Principal, act: Act, ticket: Ticket) -> None:
    """Raise ForbiddenError unless somebody may do it to this ticket.

    Raise NotFoundError, in the words for a ticket that is not there, when they may not even read
    it.
    """
    if not may(principal, Act.READ_TICKET, ticket):
        raise NotFoundError(f"there is no ticket {ticket.id}")
    if not may(principal, act, ticket):
        raise ForbiddenError("you may not do this to the ticket")


def check_move(principal: Principal, ticket: Ticket, to: Status) -> None:
    """Raise ForbiddenError unless somebody may move this ticket there."""
    if not MOVERS.get(to, frozenset()) & _standings(principal, ticket):
        raise ForbiddenError(f"you may not set the ticket to {to}")


def views(role: Role) -> tuple[View, ...]:
    """Return the lists that a role may ask for, the widest first: that one it gets unasked."""
    readable = granted(Act.READ_TICKET) & REACH[role]
    return tuple(view for view, standing in VIEWS.items() if standing in readable)


def scope(principal: Principal, view: View | None = None) -> Wanted:
    """Return the tickets of a list, or raise ForbiddenError when it is not theirs to see."""
    allowed = views(principal.role)
    if not allowed or (view and view not in allowed):
        raise ForbiddenError("your role does not allow this list")
    cut = {
        View.ALL: Wanted(),
        View.ASSIGNED: Wanted(assignee_id=principal.user_id),
        View.FILED: Wanted(requester_id=principal.user_id),
    }
    return cut[view or allowed[0]]


def shows_internals(principal: Principal, view: View | None = None) -> bool:
    """Say whether somebody may see of every ticket in their list what is for staff only."""
    shown = {VIEWS[view or views(principal.role)[0]], Standing(principal.role.value)}
    return bool(granted(Act.READ_INTERNALS) & shown)


def _standings(principal: Principal, ticket: Ticket | Listed) -> frozenset[Standing]:
    """Return all that somebody is to a ticket."""
    standings = {Standing.ANYBODY, Standing(principal.role.value)}
    if ticket.requester_id == principal.user_id:
        standings.add(Standing.REQUESTER)
    if ticket.assignee_id == principal.user_id:
        standings.add(Standing.ASSIGNEE)
    # A moderator who was demoted is still named on old tickets, and is nothing to them.
    return frozenset(standings & (REACH[principal.role] | {Standing.ANYBODY}))
