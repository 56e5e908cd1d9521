"""The routes by which people change tickets: edits, replies, whose it is, triage once more."""

from api import comment_schemas, ticket_requests, ticket_schemas
from api.comments import Said
from api.desk import Desk
from api.etags import quoted
from api.policy import Act, may
from api.route import Answered, Asked, Header, Route
from api.ticket_routes import ETAG, IDEMPOTENCY_KEY, REPLAYED, idempotency_key
from helpdesk.changes import Edits
from helpdesk.ticket import Status, checked_description, checked_reason, checked_title

IF_MATCH = Header(
    name="If-Match", always=False,
    about="tags of the versions one has seen, or *: if the ticket is none of them, 412",
)  # fmt: skip


def edit_ticket(desk: Desk, asked: Asked) -> Answered:
    """Change a ticket; a value that a person sets wins for ever."""
    body: ticket_requests.TicketEdits = asked.body
    edits = Edits(
        title=None if body.title is None else checked_title(body.title),
        description=None if body.description is None else checked_description(body.description),
        priority=body.priority,
        category=body.category,
        skills=None if body.skills is None else desk.skills.checked(body.skills),
        status=Status(body.status) if body.status else None,
        reviewed=body.needs_review is False,
    )
    ticket = desk.edits.edit(
        asked.principal, asked.path["ticket_id"], edits, reason=checked_reason(body.reason),
        meant=asked.headers.get(IF_MATCH.name),
    )  # fmt: skip
    view = ticket_schemas.ticket_view(
        ticket, staff=may(asked.principal, Act.READ_INTERNALS, ticket)
    )
    return Answered(status=200, body=view, headers={"ETag": quoted(ticket.mark)})


def give_ticket(desk: Desk, asked: Asked) -> Answered:
    """Take a ticket, hand it over, or give it back for assignment to find somebody else."""
    body: ticket_requests.NewAssignee = asked.body
    ticket = desk.handover.give(
        asked.principal, asked.path["ticket_id"], body.assignee,
        reason=checked_reason(body.reason), meant=asked.headers.get(IF_MATCH.name),
    )  # fmt: skip
    view = ticket_schemas.given_view(ticket)
    return Answered(status=200, body=view, headers={"ETag": quoted(ticket.mark)})


def retriage_ticket(desk: Desk, asked: Asked) -> Answered:
    """Have a ticket triaged once more."""
    ticket = desk.handover.retriage(asked.principal, asked.path["ticket_id"])
    return Answered(status=202, body=ticket_schemas.ticket_view(ticket, staff=True))


def comment(desk: Desk, asked: Asked) -> Answered:
    """Reply to a ticket, or note something for staff only."""
    body: comment_schemas.NewComment = asked.body
    said = Said(
        text=body.text, internal=body.internal, status=Status(body.status) if body.status else None
    )
    made = desk.comments.add(
        asked.principal, asked.path["ticket_id"], said, key=idempotency_key(asked)
    )
    headers = {"Idempotent-Replayed": "true"} if made.replayed else {}
    return Answered(status=201, body=comment_schemas.comment_view(made.comment), headers=headers)


def read_comments(desk: Desk, asked: Asked) -> Answered:
    """Read what was said about a ticket."""
    query: comment_schemas.ListComments = asked.query
    page = desk.comments.page(
        asked.principal, asked.path["ticket_id"], limit=query.limit, cursor=query.cursor
    )
    return Answered(status=200, body=comment_schemas.comment_page(page))


CHANGE_ROUTES = (
    Route(
        method="PATCH", path="/api/tickets/{ticket_id}", act=Act.CHANGE_TICKET, handler=edit_ticket,
        summary="Change a ticket: its words, what triage judged, where it stands",
        body=ticket_requests.TicketEdits, status=200,
        answer=ticket_schemas.StaffTicketView | ticket_schemas.TicketView,
        also=(403, 404, 409, 412, 429), reads=(IF_MATCH,), tells=(ETAG,),
    ),
    Route(
        method="POST", path="/api/tickets/{ticket_id}/assign", act=Act.ASSIGN_TICKET,
        handler=give_ticket, body=ticket_requests.NewAssignee, status=200,
        summary="Take a ticket, hand it over, or give it back for assignment to find somebody else",
        answer=ticket_schemas.GivenView, also=(403, 404, 409, 412, 429), reads=(IF_MATCH,),
        tells=(ETAG,),
    ),
    Route(
        method="POST", path="/api/tickets/{ticket_id}/retriage", act=Act.RETRIAGE,
        handler=retriage_ticket, status=202, answer=ticket_schemas.StaffTicketView,
        summary="Have a ticket triaged once more; what a person has set stays",
        also=(403, 404, 409, 422, 429),
    ),
    Route(
        method="GET", path="/api/tickets/{ticket_id}/comments", act=Act.READ_COMMENTS,
        handler=read_comments, query=comment_schemas.ListComments, status=200,
        summary="Read what was said about a ticket, oldest first; staff reads the notes as well",
        answer=comment_schemas.CommentPageView, also=(404,),
    ),
    Route(
        method="POST", path="/api/tickets/{ticket_id}/comments", act=Act.COMMENT, handler=comment,
        summary="Reply to a ticket, or note something for staff only; the other side gets a letter",
        body=comment_schemas.NewComment, status=201, answer=comment_schemas.CommentView,
        also=(403, 404, 409, 429), reads=(IDEMPOTENCY_KEY,), tells=(REPLAYED,),
    ),
)  # fmt: skip
