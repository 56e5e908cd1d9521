"""Edits: what people set on a ticket by hand. Their values win for ever. Framework-free."""

import logging

from api.changing import Change, Changing
from api.policy import Act, check_may, check_move
from api.sessions import Principal
from helpdesk.changes import Edits, edited, named
from helpdesk.log import bind
from helpdesk.ticket import Status, Ticket

log = logging.getLogger(__name__)


class EditDesk:
    """Edits tickets."""

    def __init__(self, changing: Changing) -> None:
        """Edit by `changing`."""
        self._changing = changing

    def edit(
        self,
        principal: Principal,
        ticket_id: str,
        edits: Edits,
        *,
        reason: str = "",
        meant: str | None = None,
    ) -> Ticket:
        """Set what somebody sets, and return the ticket after it.

        Raise NotFoundError, ForbiddenError, StaleError, ConflictError, and InvalidInputError when
        no move leads where they want.
        """

        def decide(ticket: Ticket) -> Change:
            self._check(principal, ticket, edits)
            after = edited(
                ticket,
                edits,
                assignee=self._changing.returning(ticket),
                now=self._changing.clock.now(),
            )
            why = {"reason": reason} if reason else {}
            return Change(after=after, action=named(ticket, after), why=why)

        after = self._changing.change(principal, ticket_id, Act.CHANGE_TICKET, decide, meant=meant)
        with bind(ticket_id=ticket_id):
            log.info("ticket edited", extra={"user_id": principal.user_id})
        return after

    def _check(self, principal: Principal, ticket: Ticket, edits: Edits) -> None:
        if edits.text:
            check_may(principal, Act.EDIT_TEXT, ticket)
        if edits.judged or edits.reviewed:
            check_may(principal, Act.EDIT_TRIAGE, ticket)
        if edits.status and edits.status is not ticket.status:
            check_move(principal, ticket, edits.status)
            if edits.status is Status.ASSIGNED:
                self._changing.check_window(principal, ticket)
