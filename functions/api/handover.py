"""Who has a ticket, by hand: taken, handed over, given back; and triaged again. Framework-free."""

import logging
from datetime import timedelta

from api.account import is_id
from api.changing import Change, Changing
from api.limits import Rule
from api.policy import Act
from api.sessions import Principal
from helpdesk.changes import asked_again, given_back, handed_to
from helpdesk.errors import InvalidInputError
from helpdesk.log import bind
from helpdesk.ticket import Ticket
from helpdesk.timeline import Action
from helpdesk.user import User

RETRIAGING = Rule("retriage", 20, timedelta(hours=1))  # each may be a paid call of the model

log = logging.getLogger(__name__)


class Handover:
    """Gives tickets to people, and back."""

    def __init__(self, changing: Changing) -> None:
        """Give by `changing`."""
        self._changing = changing

    def give(
        self,
        principal: Principal,
        ticket_id: str,
        assignee_id: str | None,
        *,
        reason: str = "",
        meant: str | None = None,
    ) -> Ticket:
        """Give a ticket to somebody, or to nobody: then assignment finds another.

        Whoever hands over by hand may exceed a capacity and a skill; assignment never does. Raise
        NotFoundError, ForbiddenError, StaleError, ConflictError, TooManyError, and
        InvalidInputError when the ticket or the assignee is none to be given.
        """
        why = {"reason": reason} if reason else {}

        def decide(ticket: Ticket) -> Change:
            now = self._changing.clock.now()
            if assignee_id is None:
                return Change(after=given_back(ticket, now=now), action=Action.DECLINED, why=why)
            first = ticket.assignee_id is None
            action = Action.ASSIGNED if first else Action.HANDED_OVER
            after = handed_to(ticket, self._serving(assignee_id), now=now)
            return Change(after=after, action=action, why=why)

        after = self._changing.change(principal, ticket_id, Act.ASSIGN_TICKET, decide, meant=meant)
        with bind(ticket_id=ticket_id):
            log.info("ticket given", extra={"assignee_id": after.assignee_id or ""})
        return after

    def retriage(self, principal: Principal, ticket_id: str) -> Ticket:
        """Have a ticket triaged once more; what a person has set stays. Raise as `give` does."""

        def decide(ticket: Ticket) -> Change:
            asked = asked_again(ticket, now=self._changing.clock.now())
            return Change(after=asked, action=Action.TRIAGE_ASKED)

        return self._changing.change(principal, ticket_id, Act.RETRIAGE, decide, rule=RETRIAGING)

    def _serving(self, user_id: str) -> User:
        found = self._changing.users.get_many([user_id])[0] if is_id(user_id) else None
        if found is None or not found.serves:
            # The same words for whoever is not there: nobody learns here who has an account.
            raise InvalidInputError("nobody who takes tickets has this id", field="assignee")
        return found
