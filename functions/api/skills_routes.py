"""The routes of the catalogue of skills."""

import logging

from api import skill_schemas
from api.desk import Desk
from api.etags import is_had, is_meant, quoted
from api.policy import Act
from api.route import Answered, Asked, Header, Route
from helpdesk.errors import ConflictError, StaleError
from helpdesk.skills import Catalogue

log = logging.getLogger(__name__)

IF_NONE_MATCH = Header(
    name="If-None-Match", always=False,
    about="tags of the versions one has, or *: if the catalogue is still one of them, 304",
)  # fmt: skip
IF_MATCH = Header(
    name="If-Match", always=False,
    about="tags of the versions one has seen, or *: if the catalogue is none of them, 412",
)  # fmt: skip
ETAG = Header(name="ETag", about="the version of the catalogue", on=(200, 304))


def read_skills(desk: Desk, asked: Asked) -> Answered:
    """Read the catalogue of skills."""
    catalogue = desk.skills.read()
    headers = {"ETag": quoted(catalogue.tag)}
    if is_had(asked.headers.get(IF_NONE_MATCH.name, ""), headers["ETag"]):
        return Answered(status=304, headers=headers)
    return Answered(status=200, body=skill_schemas.catalogue_view(catalogue), headers=headers)


def replace_skills(desk: Desk, asked: Asked) -> Answered:
    """Replace the whole catalogue of skills."""
    body: skill_schemas.NewCatalogue = asked.body
    catalogue = body.checked()
    meant = asked.headers.get(IF_MATCH.name)
    if meant is None:
        desk.skills.replace(catalogue)
    else:
        _replace_meant(desk, catalogue, meant)
    log.info("skills replaced", extra={"count": len(catalogue.skills)})
    view = skill_schemas.catalogue_view(catalogue)
    return Answered(status=200, body=view, headers={"ETag": quoted(catalogue.tag)})


def _replace_meant(desk: Desk, catalogue: Catalogue, meant: str) -> None:
    """Replace the catalogue if it is one of those meant, or raise StaleError."""
    before = desk.skills.read()
    if before.tag == catalogue.tag:
        return  # asked once more, for lack of an answer: that undoes nothing
    refusal = "the catalogue is another one by now: read it again"
    if not is_meant(meant, quoted(before.tag)):
        raise StaleError(refusal)
    try:
        desk.skills.replace(catalogue, before=before)
    except ConflictError as error:
        raise StaleError(refusal) from error


SKILL_ROUTES = (
    Route(
        method="GET", path="/api/skills", act=Act.READ_SKILLS, handler=read_skills,
        summary="Read the catalogue of skills", status=200, answer=skill_schemas.CatalogueView,
        also=(304,), reads=(IF_NONE_MATCH,), tells=(ETAG,),
    ),
    Route(
        method="PUT", path="/api/skills", act=Act.REPLACE_SKILLS, handler=replace_skills,
        summary="Replace the whole catalogue of skills", body=skill_schemas.NewCatalogue,
        status=200, answer=skill_schemas.CatalogueView, also=(409, 412), reads=(IF_MATCH,),
        tells=(ETAG,),
    ),
)  # fmt: skip
