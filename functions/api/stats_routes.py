"""The route of how the desk is doing."""

from api import stats_schemas
from api.desk import Desk
from api.policy import Act
from api.route import Answered, Asked, Route


def read_stats(desk: Desk, asked: Asked) -> Answered:
    """Read how the desk is doing."""
    query: stats_schemas.AskStats = asked.query
    stats = desk.stats.read(over=query.days)
    return Answered(status=200, body=stats_schemas.stats_view(stats))


STATS_ROUTES = (
    Route(
        method="GET", path="/api/stats", act=Act.READ_STATS, handler=read_stats,
        summary="Read how the desk is doing: volumes, times, load, accuracy, cost",
        query=stats_schemas.AskStats, status=200, answer=stats_schemas.StatsView,
    ),
)  # fmt: skip
