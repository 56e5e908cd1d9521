"""The table of routes."""

from api import schemas
from api.account_routes import ACCOUNT_ROUTES
from api.policy import Act
from api.reset_page import RESET_PAGE
from api.route import Answered, Asked, Route
from api.ticket_routes import TICKET_ROUTES
from api.user_routes import USER_ROUTES


def healthz(_desk: None, _asked: Asked) -> Answered:
    """Say that the process answers."""
    return Answered(status=200, body={"status": "ok"})


ROUTES = (
    *ACCOUNT_ROUTES,
    *USER_ROUTES,
    *TICKET_ROUTES,
    RESET_PAGE,
    Route(
        method="GET", path="/healthz", act=Act.LOOK_IN, handler=healthz,
        summary="Say that the process answers", status=200, answer=schemas.Health, wired=False,
    ),
)  # fmt: skip
