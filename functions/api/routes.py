"""The table of routes."""

from api import schemas
from api.account_routes import ACCOUNT_ROUTES
from api.change_routes import CHANGE_ROUTES
from api.history_routes import HISTORY_ROUTES
from api.hook_routes import HOOK_ROUTES
from api.ops_routes import OPS_ROUTES
from api.policy import Act
from api.reference_page import REFERENCE_PAGE
from api.reset_page import RESET_PAGE
from api.route import Answered, Asked, Route
from api.service_routes import SERVICE_ROUTES
from api.skills_routes import SKILL_ROUTES
from api.stats_routes import STATS_ROUTES
from api.ticket_routes import TICKET_ROUTES
from api.user_routes import USER_ROUTES


def healthz(_desk: None, _asked: Asked) -> Answered:
    """Say that the process answers."""
    return Answered(status=200, body={"status": "ok"})


ROUTES = (
    *ACCOUNT_ROUTES,
    *USER_ROUTES,
    *SKILL_ROUTES,
    *SERVICE_ROUTES,
    *TICKET_ROUTES,
    *CHANGE_ROUTES,
    *HISTORY_ROUTES,
    *STATS_ROUTES,
    *OPS_ROUTES,
    *HOOK_ROUTES,
    RESET_PAGE,
    REFERENCE_PAGE,
    Route(
        method="GET", path="/healthz", act=Act.LOOK_IN, handler=healthz,
        summary="Say that the process answers", status=200, answer=schemas.Health, wired=False,
    ),
)  # fmt: skip
