"""Which skills a ticket asks for: the lexicon and the reader of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

from helpdesk.verdict import Judged
from triage.passage import BREAK, Passage, word_set
from triage.phrases import Hit, PhraseBook

SKILLS_MOST = 5
VERSION_MOST = 3  # "React 18" names a version, "Spring 2024" a season
REPEATS_MOST = 3
TITLE_WEIGHT = 2.0
NAME_WEIGHT = 3.0
CUE_WEIGHT = 1.0
REPEAT_WEIGHT = 0.5
IMPLIED_WEIGHT = 1.5
CUES_LEAST = 2  # a single weak word proves nothing

# After one of these a capitalised name is a product even at the start of a sentence.
_PRODUCT_NOUNS = word_set(
    "api app application client code component components compiler context developer error "
    "framework frontend hook hooks library middleware module package program project route "
    "router script server service version"
)
# Beside one of these a name is part of another: C:\ and C-level, Go-live, R's.
_GLUE = frozenset("-'\u2019\\:=*&@$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One skill of the catalogue that ships, with the phrases that speak for it in a ticket."""

    name: str
    aliases: tuple[str, ...]  # names in any case
    cased: tuple[str, ...] = ()  # everyday words too; names when so written inside a sentence
    words: tuple[str, ...] = ()  # everyday words which are names only in company
    near: tuple[str, ...] = ()  # such company
    cues: tuple[str, ...] = ()  # company which also counts a little on its own
    never: tuple[str, ...] = ()  # phrases in which a name means something else
    implies: tuple[str, ...] = ()  # skills that whoever has this one needs as well


class Kind(Enum):
    """How a phrase speaks for a skill."""

    NAME = auto()
    CASED = auto()
    WORD = auto()
    NEAR = auto()
    CUE = auto()


@dataclass(frozen=True, slots=True)
class _Sense:
    skill: str
    kind: Kind
    raw: tuple[str, ...]  # as the lexicon spells it


@dataclass(slots=True)
class _Tally:
    """What one ticket says about one skill."""

    named: list[tuple[float, str]] = field(default_factory=list)
    doubtful: list[tuple[float, str]] = field(default_factory=list)
    cues: dict[str, tuple[float, str]] = field(default_factory=dict)
    company: bool = False

    @property
    def found(self) -> list[tuple[float, str]]:
        """Return the mentions that count, each with its weight."""
        names = self.named + (self.doubtful if self.company or self.named or self.cues else [])
        cues = list(self.cues.values())
        return names + cues if names or len(cues) >= CUES_LEAST else []


@dataclass(frozen=True, slots=True)
class Finding:
    """One skill found: its weight and the words it rests on."""

    skill: str
    weight: float
    quote: str
    certain: bool


def load_lexicon() -> tuple[Skill, ...]:
    """Read the lexicon that ships with triage."""
    rows = json.loads(Path(__file__).with_name("lexicon.json").read_text(encoding="utf-8"))
    return tuple(Skill(**_frozen(row)) for row in rows)


class SkillReader:
    """Reads skills off a ticket by the names and cues of a lexicon."""

    def __init__(self, lexicon: Iterable[Skill]) -> None:
        skills = tuple(lexicon)
        self._implied = {skill.name: skill.implies for skill in skills}
        self._book = PhraseBook([entry for skill in skills for entry in _entries(skill)])

    def read(self, title: Passage, description: Passage) -> tuple[Finding, ...]:
        """Return the skills of a ticket, the weightiest first."""
        tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
        for passage, weight in ((title, TITLE_WEIGHT), (description, 1.0)):
            for hit in self._book.hits(passage):
                for sense in hit.senses:
                    _count(tallies[sense.skill], sense, hit, weight)
        found = {name: _finding(name, tally) for name, tally in tallies.items() if tally.found}
        for finding in tuple(found.values()):
            for name in self._implied[finding.skill] if finding.certain else ():
                implied = Finding(name, IMPLIED_WEIGHT, finding.quote, certain=False)
                found.setdefault(name, implied)
        ranked = sorted(found.values(), key=lambda finding: -finding.weight)
        return tuple(ranked[:SKILLS_MOST])


def judged_skills(findings: tuple[Finding, ...]) -> Judged[tuple[str, ...]]:
    """Return the findings as a field of the verdict."""
    if not findings:
        return Judged((), 0.2)
    first = findings[0]
    if not first.certain:
        confidence = 0.45
    else:
        confidence = 0.9 if first.weight >= NAME_WEIGHT * TITLE_WEIGHT else 0.8
    return Judged(tuple(finding.skill for finding in findings), confidence, first.quote)


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the lexicon with tuples for lists."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _entries(skill: Skill) -> Iterator[tuple[str, _Sense | None]]:
    """Yield the phrases of one skill, each with its sense."""
    for kind, phrases in (
        (Kind.NAME, skill.aliases),
        (Kind.CASED, skill.cased),
        (Kind.WORD, skill.words),
        (Kind.NEAR, skill.near),
        (Kind.CUE, skill.cues),
    ):
        for phrase in phrases:
            yield phrase, _Sense(skill.name, kind, Passage.of(phrase).raw)
    for phrase in skill.never:
        yield phrase, None


def _count(tally: _Tally, sense: _Sense, hit: Hit[_Sense], weight: float) -> None:
    """Add one mention to the tally of its skill."""
    if sense.kind is Kind.NAME:
        tally.named.append((NAME_WEIGHT * weight, hit.quote))
    elif sense.kind is Kind.NEAR:
        tally.company = True
    elif sense.kind is Kind.CUE:
        tally.cues.setdefault(" ".join(sense.raw), (CUE_WEIGHT * weight, hit.quote))
    elif not _GLUE.intersection(hit.passage.around(hit.start, hit.end)):
        sure = _is_product(sense, hit)
        (tally.named if sure else tally.doubtful).append((NAME_WEIGHT * weight, hit.quote))


def _is_product(sense: _Sense, hit: Hit[_Sense]) -> bool:
    """Say whether an everyday word is used as the name of a product here."""
    passage, end = hit.passage, hit.end
    if passage.raw[hit.start : end] != sense.raw:
        return False
    after = passage.words[end] if end < len(passage.words) else BREAK
    if after in _PRODUCT_NOUNS:
        return True
    if sense.kind is Kind.WORD:
        return False
    if after.isdecimal() and len(after) < VERSION_MOST:
        return True
    return not passage.opens_sentence(hit.start)


def _finding(name: str, tally: _Tally) -> Finding:
    """Weigh the mentions of one skill: the best in full, repeats a little."""
    mentions = sorted(tally.found, key=lambda mention: -mention[0])
    weight, quote = mentions[0]
    weight += REPEAT_WEIGHT * sum(share for share, _ in mentions[1 : REPEATS_MOST + 1])
    certain = mentions[0][0] >= NAME_WEIGHT
    return Finding(skill=name, weight=weight, quote=quote, certain=certain)
