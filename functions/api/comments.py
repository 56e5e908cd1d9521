"""Replies and notes: what people say about a ticket, and what follows from it. Framework-free."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.changing import Change, Changing
from api.limits import Rule
from api.policy import Act, check_move, may
from api.sessions import Principal
from helpdesk.changes import answered, asked_back, noted
from helpdesk.comments import Comment, Side, comment_from, document, kept
from helpdesk.cursor import seal, unseal
from helpdesk.documents import Write
from helpdesk.errors import InvalidInputError
from helpdesk.log import bind
from helpdesk.once import Once, remembered, remembering
from helpdesk.ticket import DONE, Status, Ticket, checked_comment
from helpdesk.timeline import Action

COMMENTING = Rule("comments", 120, timedelta(hours=1))  # each is a letter to somebody

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says about a ticket; staff may say along with it where that leaves it."""

    text: str
    internal: bool = False
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """A comment that was made, and whether an earlier request had made it."""

    comment: Comment
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    """One page of what was said about a ticket, oldest first, and where it goes on."""

    comments: Sequence[Comment]
    next_cursor: str | None


class CommentDesk:
    """Takes in what people say about tickets, and shows it."""

    def __init__(self, changing: Changing, *, seal_key: bytes) -> None:
        """Comment by `changing`; sign cursors."""
        self._changing = changing
        self._seal_key = seal_key

    def add(
        self, principal: Principal, ticket_id: str, said: Said, *, key: str | None = None
    ) -> Commented:
        """Keep a comment with what follows from it; a repeated key says nothing twice.

        Raise NotFoundError, ForbiddenError, ConflictError, TooManyError, MismatchError when the key
        came with another comment, and InvalidInputError when no move leads to the status.
        """
        text = checked_comment(said.text)
        once = key and Once.of(
            user_id=principal.user_id,
            route=f"POST /api/tickets/{ticket_id}/comments",
            key=key,
            body=f"{said.internal}|{said.status or ''}|{text}",
        )
        made: list[Commented] = []

        def decide(ticket: Ticket) -> Change:
            now = self._changing.clock.now()
            mark = self._changing.tickets.mark(once or None)
            if known := remembered(mark, once or None, now=now):
                comment = comment_from(known["comment"])
                made.append(Commented(comment=comment, replayed=True))
                return Change(after=ticket, action=Action.REPLIED)
            after, comment = self._told(principal, ticket, said, text)
            made.append(Commented(comment=comment, replayed=False))
            also: list[Write] = [kept(comment, ticket_id=ticket.id)]
            if once:
                told = {"comment": document(comment)}
                also.append(remembering(once, told, now=now, expired=mark))
            action = Action.NOTED if said.internal else Action.REPLIED
            return Change(after=after, action=action, also=also)

        act = Act.COMMENT_INTERNALLY if said.internal else Act.COMMENT
        self._changing.change(principal, ticket_id, act, decide, rule=COMMENTING)
        with bind(ticket_id=ticket_id):
            log.info("comment made", extra={"user_id": principal.user_id})
        return made[-1]

    def page(
        self, principal: Principal, ticket_id: str, *, limit: int, cursor: str | None
    ) -> CommentPage:
        """Return one page of what was said, oldest first; notes for those who may read them.

        Raise NotFoundError when there is no such ticket that the asker may see.
        """
        ticket = self._changing.readable(principal, ticket_id, Act.READ_COMMENTS)
        bound_to = f"comments|{principal.user_id}|{ticket_id}"
        behind = 0
        if cursor is not None:
            behind = unseal(cursor, key=self._seal_key, bound_to=bound_to)[0]
        # One more than asked for tells whether it goes on.
        found = self._changing.tickets.comments(
            ticket.id,
            notes=may(principal, Act.READ_INTERNALS, ticket),
            limit=limit + 1,
            behind=behind,
        )
        page = found[:limit]
        more = len(found) > limit
        sealed = more and seal((page[-1].seq,), key=self._seal_key, bound_to=bound_to)
        return CommentPage(comments=page, next_cursor=sealed or None)

    def _told(
        self, principal: Principal, ticket: Ticket, said: Said, text: str
    ) -> tuple[Ticket, Comment]:
        """Return the ticket after a comment, and the comment; check what only staff may."""
        side = _side(principal, ticket, said)
        now = self._changing.clock.now()
        if said.status and (said.internal or side is Side.REQUESTER):
            raise InvalidInputError("only a reply of staff's sets a status", field="status")
        if said.internal:
            after = noted(ticket, now=now)
        elif side is Side.STAFF:
            if said.status and said.status is not ticket.status:
                check_move(principal, ticket, said.status)
            after = answered(ticket, status=said.status, now=now)
        else:
            if ticket.status in DONE:
                self._changing.check_window(principal, ticket)
            after = asked_back(ticket, assignee=self._changing.returning(ticket), now=now)
        return after, Comment(
            seq=after.seq,
            at=now,
            author_id=principal.user_id,
            author_name=principal.name,
            side=side,
            text=text,
            internal=said.internal,
        )


def _side(principal: Principal, ticket: Ticket, said: Said) -> Side:
    """Return whose side somebody speaks from; an admin may be the requester as well."""
    asks = ticket.requester_id == principal.user_id and not said.internal
    # Who was demoted is still named on old tickets, and is no staff to them.
    serves = ticket.assignee_id == principal.user_id and may(principal, Act.EDIT_TRIAGE, ticket)
    return Side.REQUESTER if asks and not serves else Side.STAFF
