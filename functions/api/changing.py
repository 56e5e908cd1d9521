"""Changes of tickets by hand: each is decided on the ticket as it is, and made in one commit.

Whoever loses a race decides again on what the winner left, unless they said which version they
meant. Framework-free.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from api.account import is_id
from api.etags import is_meant, quoted
from api.limits import Budget, Limits, Rule
from api.policy import Act, check_may
from api.reopening import check_window
from api.sessions import Principal
from helpdesk.changes import told_by
from helpdesk.documents import Value, Write
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError, StaleError
from helpdesk.ports import Clock, Ids
from helpdesk.ticket import DONE, Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Entry
from helpdesk.user import User
from helpdesk.users import Users

# Many a change is a letter to somebody, and each an event and an entry of a history.
CHANGING = Rule("changes", 300, timedelta(hours=1))
TRIES = 8  # the steps of the chain change a ticket as well, all within a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a ticket: the ticket as it will be, and what is said of that."""

    after: Ticket
    action: Action
    why: Mapping[str, Value] = field(default_factory=dict)
    also: Sequence[Write] = ()


class Changing:
    """Changes tickets for people."""

    def __init__(
        self, *, tickets: Tickets, users: Users, limits: Limits, clock: Clock, ids: Ids
    ) -> None:
        """Change what is kept in `tickets`, so often an hour for each person."""
        self.tickets = tickets
        self.users = users
        self._limits = limits
        self.clock = clock
        self._ids = ids

    def readable(self, principal: Principal, ticket_id: str, act: Act) -> Ticket:
        """Return a ticket that somebody may do this to.

        Raise NotFoundError when there is none that they may see, ForbiddenError when they may not.
        """
        if not is_id(ticket_id):
            raise NotFoundError(f"there is no ticket {ticket_id}")
        ticket = self.tickets.get(ticket_id)
        check_may(principal, act, ticket)
        return ticket

    def change(
        self,
        principal: Principal,
        ticket_id: str,
        act: Act,
        decide: Callable[[Ticket], Change],
        *,
        meant: str | None = None,
        rule: Rule = CHANGING,
    ) -> Ticket:
        """Make the change that `decide` makes of the ticket, and return the ticket after it.

        It counts by the rule. `meant` is an If-Match header. Raise what `readable` and `decide`
        raise, TooManyError, StaleError when the ticket is none of those meant, and ConflictError
        when others are always quicker.
        """
        cause = self._ids.unique_id()  # tells our own commit from another's, of the same key too
        counted = False
        for _ in range(TRIES):
            ticket = self.readable(principal, ticket_id, act)
            if meant is not None and not _is_one_of(meant, ticket):
                raise StaleError("the ticket was changed since: read it again")
            change = decide(ticket)
            if change.after is ticket:
                return ticket
            if not counted:  # what changes nothing costs nothing
                self._limits.take(Budget(rule, principal.user_id))
                counted = True
            entry = Entry(
                action=change.action.value,
                actor=Actor.HUMAN,
                actor_id=principal.user_id,
                cause=cause,
                why=change.why,
            )
            told = told_by(ticket, change.after)
            try:
                return self.tickets.save(change.after, told, entry, before=ticket, also=change.also)
            except (ConflictError, NotFoundError):
                continue  # changed meanwhile, or the mark of an older request was just forgotten
            except AlreadyExistsError:
                return self.tickets.get(ticket_id)  # our own commit, answered twice: it is made
        raise ConflictError(f"ticket {ticket_id} is changed by others all the time")

    def check_window(self, principal: Principal, ticket: Ticket) -> None:
        """Raise InvalidInputError when a ticket is closed for good to whoever asks."""
        now = self.clock.now()
        check_window(principal, ticket, levels=self.tickets.levels(now), now=now)

    def returning(self, ticket: Ticket) -> User | None:
        """Return who would have the ticket again if it were reopened; None if it is not done."""
        if ticket.status not in DONE or ticket.assignee_id is None:
            return None
        return self.users.get_many([ticket.assignee_id])[0]


def _is_one_of(tags: str, ticket: Ticket) -> bool:
    """Say whether a version was meant; that its assignee was told meanwhile changed nothing."""
    return any(is_meant(tags, quoted(each)) for each in {ticket.mark, str(ticket.seq)})
