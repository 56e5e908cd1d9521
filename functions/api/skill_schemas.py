"""What goes over the wire for the catalogue of skills."""

from typing import Annotated, Any

from pydantic import Field

from api.schemas import Answer, Strict
from helpdesk.skills import (
    ALIASES_MOST,
    CATALOGUE_MOST,
    DESCRIPTION_MOST,
    Catalogue,
    Skill,
    checked_catalogue,
)
from helpdesk.user import SKILL_MOST

Name = Annotated[str, Field(max_length=SKILL_MOST, examples=["Node.js"])]
Alias = Annotated[str, Field(max_length=SKILL_MOST, examples=["Node"])]


class NewSkill(Strict):
    """A skill, and what else people call it; no two skills go by one name in any case."""

    name: Name
    aliases: Annotated[list[Alias], Field(max_length=ALIASES_MOST, default_factory=list)]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_MOST, examples=["Node.js servers, npm and packages."])
    ] = ""


class NewCatalogue(Strict):
    """Every skill there is to be; what is not in it is gone."""

    skills: Annotated[list[NewSkill], Field(min_length=1, max_length=CATALOGUE_MOST)]

    def checked(self) -> Catalogue:
        """Return the catalogue, or raise InvalidInputError."""
        return checked_catalogue(
            [
                Skill(name=each.name, aliases=tuple(each.aliases), description=each.description)
                for each in self.skills
            ]
        )


class SkillView(Answer):
    """A skill, and what else people call it."""

    name: str
    aliases: list[str]
    description: str


class CatalogueView(Answer):
    """Every skill there is."""

    skills: list[SkillView]


def catalogue_view(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue in the shape of CatalogueView."""
    return {
        "skills": [
            {"name": each.name, "aliases": each.aliases, "description": each.description}
            for each in catalogue.skills
        ]
    }
