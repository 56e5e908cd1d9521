"""The routes of the service levels."""

import logging

from api import service_schemas
from api.desk import Desk
from api.etags import is_had, is_meant, quoted
from api.policy import Act
from api.route import Answered, Asked, Header, Route
from helpdesk.errors import StaleError
from helpdesk.levels import ServiceLevels

log = logging.getLogger(__name__)

IF_NONE_MATCH = Header(
    name="If-None-Match", always=False,
    about="tags of the versions one has, or *: if the service levels are still one of them, 304",
)  # fmt: skip
IF_MATCH = Header(
    name="If-Match", always=False,
    about="tags of the versions one has seen, or *: if the service levels are none of them, 412",
)  # fmt: skip
ETAG = Header(name="ETag", about="the version of the service levels", on=(200, 304))


def read_service_levels(desk: Desk, asked: Asked) -> Answered:
    """Read the service levels."""
    levels = desk.service.read()
    headers = {"ETag": quoted(levels.tag)}
    if is_had(asked.headers.get(IF_NONE_MATCH.name, ""), headers["ETag"]):
        return Answered(status=304, headers=headers)
    return Answered(status=200, body=service_schemas.levels_view(levels), headers=headers)


def replace_service_levels(desk: Desk, asked: Asked) -> Answered:
    """Replace all service levels."""
    body: service_schemas.NewLevels = asked.body
    levels = body.checked()
    meant = asked.headers.get(IF_MATCH.name)
    if meant is None:
        desk.service.replace(levels)
    else:
        _replace_meant(desk, levels, meant)
    log.info("service levels replaced")
    view = service_schemas.levels_view(levels)
    return Answered(status=200, body=view, headers={"ETag": quoted(levels.tag)})


def _replace_meant(desk: Desk, levels: ServiceLevels, meant: str) -> None:
    """Replace the service levels if they are among those meant, or raise StaleError."""
    before = desk.service.read()
    if before.tag == levels.tag:
        return  # asked once more, for lack of an answer: that undoes nothing
    if not is_meant(meant, quoted(before.tag)):
        raise StaleError("the service levels are other ones by now: read them again")
    desk.service.replace(levels, before=before)


SERVICE_ROUTES = (
    Route(
        method="GET", path="/api/service-levels", act=Act.READ_SERVICE,
        handler=read_service_levels, summary="Read the service levels", status=200,
        answer=service_schemas.LevelsView, also=(304,), reads=(IF_NONE_MATCH,), tells=(ETAG,),
    ),
    Route(
        method="PUT", path="/api/service-levels", act=Act.REPLACE_SERVICE,
        handler=replace_service_levels, summary="Replace all service levels",
        body=service_schemas.NewLevels, status=200, answer=service_schemas.LevelsView,
        also=(409, 412), reads=(IF_MATCH,), tells=(ETAG,),
    ),
)  # fmt: skip
