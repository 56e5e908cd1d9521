"""Weighing phrases: what a ticket says for each value of a closed list."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from triage.passage import BREAK, Passage, word_set
from triage.phrases import Hit, PhraseBook

T = TypeVar("T")

# One row of a table: how strongly these phrases, parted by semicolons, speak for a value.
Table = Mapping[T, Mapping[float, str]]

TITLE_FACTOR = 1.2
STRENGTH_MOST = 0.95
NEGATION_REACH = 3
_NEGATIONS = word_set(
    "no not never without isn't aren't wasn't weren't don't doesn't didn't hasn't haven't won't "
    "nor neither nicht kein keine keinen ohne pas sans jamais sin non senza sem niet geen"
)


@dataclass(slots=True)
class Weight:
    """What speaks for one value: a strength in 0..1 and the strongest quote."""

    strength: float = 0.0
    quote: str = ""
    strongest: float = field(default=0.0, repr=False)

    def add(self, strength: float, quote: str = "") -> None:
        """Take one more reason into account; reasons add up but never reach certainty."""
        self.strength = 1 - (1 - self.strength) * (1 - strength)
        if quote and strength > self.strongest:
            self.strongest, self.quote = strength, quote


class SignalReader(Generic[T]):
    """Weighs the phrases of a table in a ticket; a negated phrase does not count."""

    def __init__(self, table: Table[T], *, ignored: str = "") -> None:
        rows = [(row, (value, s)) for value, by in table.items() for s, row in by.items()]
        entries: list[tuple[str, tuple[T, float] | None]] = [
            (phrase, sense) for row, sense in rows for phrase in phrases(row)
        ]
        entries += [(phrase, None) for phrase in phrases(ignored)]
        self._book = PhraseBook(entries)

    def read(self, title: Passage, description: Passage) -> dict[T, Weight]:
        """Return the weight of every value the ticket speaks for."""
        weights: defaultdict[T, Weight] = defaultdict(Weight)
        counted: set[str] = set()
        for passage, factor in ((title, TITLE_FACTOR), (description, 1.0)):
            for hit in self._book.hits(passage):
                phrase = " ".join(passage.words[hit.start : hit.end])
                if phrase in counted or _negated(hit):
                    continue
                counted.add(phrase)  # a log repeats itself; that makes nothing truer
                for value, strength in hit.senses:
                    weights[value].add(min(strength * factor, STRENGTH_MOST), hit.quote)
        return dict(weights)


def phrases(row: str) -> Iterator[str]:
    """Yield the phrases of one row."""
    return (phrase.strip() for phrase in row.split(";") if phrase.strip())


def _negated(hit: Hit[tuple[T, float]]) -> bool:
    """Say whether a negation stands shortly before, in the same part of the sentence."""
    for at in range(hit.start - 1, max(hit.start - 1 - NEGATION_REACH, -1), -1):
        word = hit.passage.words[at]
        if word == BREAK:
            return False
        if word in _NEGATIONS:
            return True
    return False
