"""The history of a ticket: what happened to it, and why it is whose it is. Framework-free."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from api.account import is_id
from api.policy import Act, check_may
from api.sessions import Principal
from helpdesk.cursor import seal, unseal
from helpdesk.errors import NotFoundError
from helpdesk.ticket import Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Recorded
from helpdesk.users import Users

GIVEN = frozenset({Action.ASSIGNED, Action.HANDED_OVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One page of the changes of a ticket, and where they go on.

    `names` says what the people are called who made them.
    """

    ticket: Ticket
    changes: Sequence[Recorded]
    names: Mapping[str, str]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The latest assignment of a ticket with its grounds, and what the people are called.

    `made` is None while nobody has the ticket.
    """

    ticket: Ticket
    made: Recorded | None
    names: Mapping[str, str]


class History:
    """Tells what happened to tickets."""

    def __init__(self, *, tickets: Tickets, users: Users, seal_key: bytes) -> None:
        """Tell of `tickets`, with the names of `users`; sign cursors with the key."""
        self._tickets = tickets
        self._users = users
        self._seal_key = seal_key

    def timeline(
        self, principal: Principal, ticket_id: str, *, limit: int, cursor: str | None
    ) -> Timeline:
        """Return one page of what happened, oldest first.

        Raise NotFoundError when there is no such ticket that the asker may see.
        """
        ticket = self._readable(principal, ticket_id, Act.READ_TIMELINE)
        bound_to = f"timeline|{principal.user_id}|{ticket_id}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        # One more than asked for tells whether it goes on.
        found = self._tickets.timeline(ticket_id, limit=limit + 1, after=after)
        page, more = found[:limit], len(found) > limit
        place = (page[-1].id,) if more else None
        sealed = place and seal(place, key=self._seal_key, bound_to=bound_to)
        people = (each.entry.actor_id for each in page if each.entry.actor is Actor.HUMAN)
        return Timeline(
            ticket=ticket, changes=page, names=self._names(people), next_cursor=sealed or None
        )

    def assignment(self, principal: Principal, ticket_id: str) -> Assignment:
        """Return why the ticket is whose it is.

        Raise NotFoundError when there is no such ticket that the asker may see, ForbiddenError when
        the grounds are not for them.
        """
        ticket = self._readable(principal, ticket_id, Act.READ_ASSIGNMENT)
        made = self._given(ticket) if ticket.assignee_id else None
        if made is None or ticket.assignee_id is None:
            return Assignment(ticket=ticket, made=None, names={})
        considered = [each["user_id"] for each in made.entry.why.get("candidates", ())]
        people = [ticket.assignee_id, made.entry.actor_id, *considered]
        return Assignment(ticket=ticket, made=made, names=self._names(people))

    def _given(self, ticket: Ticket) -> Recorded | None:
        """Return the change that gave a ticket to its assignee, None if it was not kept."""
        if not ticket.given_seq:
            return self._tickets.latest(ticket.id, GIVEN)  # from before that was noted
        try:
            return self._tickets.change(ticket.id, ticket.given_seq)
        except NotFoundError:
            return None

    def _readable(self, principal: Principal, ticket_id: str, act: Act) -> Ticket:
        if not is_id(ticket_id):
            raise NotFoundError(f"there is no ticket {ticket_id}")
        ticket = self._tickets.get(ticket_id)
        check_may(principal, act, ticket)
        return ticket

    def _names(self, user_ids: Iterable[str]) -> dict[str, str]:
        wanted = sorted({each for each in user_ids if is_id(each)})
        found = self._users.get_many(wanted) if wanted else []
        return {user.id: user.name for user in found if user}
