"""The catalogue of skills: their names, what else people call them, and where it is kept.

It is one document. Until an admin has replaced it, it is the list that ships with the code.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeAlias

from helpdesk.documents import Create, Data, Document, Set, Update, Write
from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError
from helpdesk.ports import Clock, Documents
from helpdesk.user import checked_skills, skill_key

CATALOGUE = "catalogue/skills"
SHIPPED = Path(__file__).with_name("skills.json")
CATALOGUE_MOST = 500
ALIASES_MOST = 20
DESCRIPTION_MOST = 300
REMEMBERED = timedelta(seconds=60)
TOLD_MOST = 3  # unknown names in a refusal, and known ones that are near to each
_ALIKE = 0.75  # of the letters; with less, "nope" is like OpenCV


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One skill of the catalogue."""

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)  # without slots: what is derived is kept beside the fields
class Catalogue:
    """Every skill there is.

    `version` is the store's mark of it, None for the list that ships with the code.
    """

    skills: tuple[Skill, ...]
    version: str | None = None

    @cached_property
    def tag(self) -> str:
        """Return a mark that two catalogues share when they say the same."""
        said = json.dumps(_document(self), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def normalised(self, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the skills that names mean, and the names that mean none; each once.

        A name means a skill as a whole, by its own name or an alias, in any case: C++ is not C.
        """
        known: dict[str, None] = {}
        unknown: dict[str, str] = {}
        for name in names:
            if meant := self._meant.get(skill_key(name)):
                known[meant] = None
            else:
                unknown.setdefault(skill_key(name), name)
        return tuple(known), tuple(unknown.values())

    def near(self, name: str) -> list[str]:
        """Return the names of skills that are written much like this one, the nearest first."""
        from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes waits for it

        names = {skill_key(skill.name): skill.name for skill in self.skills}
        found = get_close_matches(skill_key(name), names, n=TOLD_MOST, cutoff=_ALIKE)
        return [names[key] for key in found]

    @cached_property
    def _meant(self) -> Mapping[str, str]:
        return {
            skill_key(each): skill.name
            for skill in self.skills
            for each in (skill.name, *skill.aliases)
        }


class Skills:
    """Keeps the catalogue, and remembers it for a minute."""

    def __init__(self, *, documents: Documents, clock: Clock) -> None:
        """Keep in `documents`."""
        self._documents = documents
        self._clock = clock
        self._remembered: tuple[datetime, Catalogue] | None = None

    def get(self) -> Catalogue:
        """Return the catalogue as it was at most a minute ago."""
        if self._remembered:
            read_at, catalogue = self._remembered
            if self._clock.now() - read_at < REMEMBERED:
                return catalogue
        return self.read()

    def read(self) -> Catalogue:
        """Return the catalogue as it is now."""
        now = self._clock.now()
        catalogue = _catalogue(self._documents.get(CATALOGUE))
        self._remembered = now, catalogue
        return catalogue

    def replace(self, catalogue: Catalogue, *, before: Catalogue | None = None) -> None:
        """Keep another catalogue in place of the whole one.

        Raise ConflictError when it was changed since `before` was read; without that, the last one
        who asks is right.
        """
        try:
            self._documents.commit([_write(catalogue, before)])
        except (AlreadyExistsError, ConflictError, NotFoundError) as error:
            # Or our own commit was answered twice: then what is there is what was asked for.
            if self.read().tag != catalogue.tag:
                raise ConflictError("the catalogue was changed by somebody else") from error
        self._remembered = None

    def checked(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of the catalogue that these mean, or raise InvalidInputError."""
        asked = checked_skills(names)
        if not asked:
            return ()
        catalogue = self.get()
        known, unknown = catalogue.normalised(asked)
        if unknown:  # one of them may be new since the catalogue was read
            catalogue = self.read()
            known, unknown = catalogue.normalised(asked)
        if unknown:
            raise InvalidInputError(_refusal(unknown, catalogue), field="skills")
        return known


@cache
def shipped() -> Catalogue:
    """Return the catalogue that ships with the code."""
    return _of_rows(json.loads(SHIPPED.read_text(encoding="utf-8")))


def checked_catalogue(skills: Sequence[Skill]) -> Catalogue:
    """Return a catalogue of these skills, each text trimmed and on one line.

    Raise InvalidInputError, naming the field, when a text is none, there is too much of something,
    or two skills go by one name.
    """
    if not 1 <= len(skills) <= CATALOGUE_MOST:
        raise InvalidInputError(f"skills must be 1 to {CATALOGUE_MOST}", field="skills")
    taken: dict[str, _Place] = {}
    return Catalogue(tuple(_checked(skill, n, taken) for n, skill in enumerate(skills)))


_Place: TypeAlias = tuple[int, str]  # which skill of the list goes by a name, and what it is called


def _checked(skill: Skill, number: int, taken: dict[str, _Place]) -> Skill:
    """Return a skill as it is kept, and note whose its names are."""
    field = f"skills.{number}"
    if len(skill.aliases) > ALIASES_MOST:
        raise InvalidInputError(f"aliases must be at most {ALIASES_MOST}", field=f"{field}.aliases")
    own = number, _name(skill.name, f"{field}.name")
    _take(own[1], own, taken, f"{field}.name")
    aliases = []
    for n, alias in enumerate(skill.aliases):
        shown = _name(alias, f"{field}.aliases.{n}")
        if _take(shown, own, taken, f"{field}.aliases.{n}"):
            aliases.append(shown)
    description = " ".join(skill.description.split())
    if len(description) > DESCRIPTION_MOST or not description.isprintable():
        raise InvalidInputError(
            f"description must be at most {DESCRIPTION_MOST} printable characters",
            field=f"{field}.description",
        )
    return Skill(name=own[1], aliases=tuple(aliases), description=description)


def _name(name: str, field: str) -> str:
    try:
        return checked_skills([name])[0]
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field=field) from error


def _take(name: str, own: _Place, taken: dict[str, _Place], field: str) -> bool:
    """Say whether a name is new; raise InvalidInputError when another skill goes by it."""
    key = skill_key(name)
    owner = taken.get(key)
    if owner and owner[0] != own[0]:
        raise InvalidInputError(f'"{name}" is {owner[1]} already', field=field)
    taken[key] = own
    return owner is None


def _refusal(unknown: Sequence[str], catalogue: Catalogue) -> str:
    told = [f'"{name}"{_near(name, catalogue)}' for name in unknown[:TOLD_MOST]]
    more = len(unknown) - len(told)
    return f"there is no skill {', '.join(told)}{f' and {more} more' if more else ''}"


def _near(name: str, catalogue: Catalogue) -> str:
    found = catalogue.near(name)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def _write(catalogue: Catalogue, before: Catalogue | None) -> Write:
    data = _document(catalogue)
    if before is None:
        return Set(CATALOGUE, data)
    if before.version is None:
        return Create(CATALOGUE, data)
    return Update(CATALOGUE, data, unchanged_since=before.version)


def _document(catalogue: Catalogue) -> Data:
    rows = [
        {"name": each.name, "aliases": list(each.aliases), "description": each.description}
        for each in catalogue.skills
    ]
    return {"skills": rows}


def _catalogue(found: Document | None) -> Catalogue:
    return _of_rows(found.data["skills"], found.version) if found else shipped()


def _of_rows(rows: Sequence[Mapping[str, Any]], version: str | None = None) -> Catalogue:
    skills = (
        Skill(name=row["name"], aliases=tuple(row["aliases"]), description=row["description"])
        for row in rows
    )
    return Catalogue(tuple(skills), version)
