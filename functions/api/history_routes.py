"""The routes of a ticket's history."""

from api import history_schemas
from api.desk import Desk
from api.policy import Act, may
from api.route import Answered, Asked, Route


def read_timeline(desk: Desk, asked: Asked) -> Answered:
    """Read what happened to a ticket."""
    query: history_schemas.ListChanges = asked.query
    told = desk.history.timeline(
        asked.principal, asked.path["ticket_id"], limit=query.limit, cursor=query.cursor
    )
    staff = may(asked.principal, Act.READ_INTERNALS, told.ticket)
    return Answered(status=200, body=history_schemas.change_page(told, staff=staff))


def read_assignment(desk: Desk, asked: Asked) -> Answered:
    """Read why a ticket is whose it is."""
    told = desk.history.assignment(asked.principal, asked.path["ticket_id"])
    return Answered(status=200, body=history_schemas.assignment_view(told))


HISTORY_ROUTES = (
    Route(
        method="GET", path="/api/tickets/{ticket_id}/timeline", act=Act.READ_TIMELINE,
        handler=read_timeline, query=history_schemas.ListChanges, status=200,
        summary="Read what happened to a ticket, oldest first; staff sees the grounds as well",
        answer=history_schemas.ChangePage, also=(404,),
    ),
    Route(
        method="GET", path="/api/tickets/{ticket_id}/assignment", act=Act.READ_ASSIGNMENT,
        handler=read_assignment, status=200, answer=history_schemas.AssignmentView,
        summary="Read why a ticket is whose it is: candidates, scores, and who was left out",
        also=(403, 404),
    ),
)  # fmt: skip
