"""The routes of operations, for admins."""

from api import ops_schemas
from api.desk import Desk
from api.policy import Act
from api.route import Answered, Asked, Route


def list_parked(desk: Desk, asked: Asked) -> Answered:
    """List parked events, newest first."""
    query: ops_schemas.ListParked = asked.query
    page = desk.operations.list_parked(
        asked.principal, kind=query.kind, limit=query.limit, cursor=query.cursor
    )
    items = [ops_schemas.parked_line(each) for each in page.parked]
    return Answered(status=200, body={"items": items, "next_cursor": page.next_cursor})


def read_parked(desk: Desk, asked: Asked) -> Answered:
    """Read a parked event."""
    parked = desk.operations.read_parked(asked.path["parked_id"])
    return Answered(status=200, body=ops_schemas.parked_view(parked))


def redrive_parked(desk: Desk, asked: Asked) -> Answered:
    """Send a parked event again."""
    parked = desk.operations.redrive(asked.principal, asked.path["parked_id"])
    return Answered(status=202, body={"id": parked.id, "event_id": parked.event_id})


OPS_ROUTES = (
    Route(
        method="GET", path="/api/ops/parked", act=Act.MANAGE_OPERATIONS, handler=list_parked,
        summary="List what could not be delivered, newest first",
        query=ops_schemas.ListParked, status=200, answer=ops_schemas.ParkedPage,
    ),
    Route(
        method="GET", path="/api/ops/parked/{parked_id}", act=Act.MANAGE_OPERATIONS,
        handler=read_parked, summary="Read what could not be delivered, without its contents",
        status=200, answer=ops_schemas.ParkedView, also=(404,),
    ),
    Route(
        method="POST", path="/api/ops/parked/{parked_id}/redrive", act=Act.MANAGE_OPERATIONS,
        handler=redrive_parked, summary="Send a parked event again, of whatever kind",
        status=202, answer=ops_schemas.Redriven, also=(404, 422),
    ),
)  # fmt: skip
