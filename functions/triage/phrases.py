"""Finding known phrases in a passage: whole words only, the longest phrase first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from triage.passage import Passage

T = TypeVar("T")
STEM_LEAST = 3


@dataclass(frozen=True, slots=True)
class Hit(Generic[T]):
    """One phrase found in a passage: words `start` up to `end`, and all it may mean."""

    passage: Passage
    start: int
    end: int
    senses: tuple[T, ...]

    @property
    def quote(self) -> str:
        """Return the phrase as the ticket has it."""
        return self.passage.quote(self.start, self.end)


class PhraseBook(Generic[T]):
    """Phrases and what they mean; a phrase without a sense only hides the shorter ones in it."""

    def __init__(self, entries: Iterable[tuple[str, T | None]]) -> None:
        senses: dict[tuple[str, ...], list[T]] = {}
        for phrase, sense in entries:
            known = senses.setdefault(Passage.of(phrase).words, [])
            if sense is not None:
                known.append(sense)
        self._senses = {words: tuple(known) for words, known in senses.items()}
        lengths: dict[str, set[int]] = {}
        for words in senses:
            lengths.setdefault(words[0], set()).add(len(words))
        # Longest first, so that "SQL Server" is never read as "SQL".
        self._lengths = {word: sorted(known, reverse=True) for word, known in lengths.items()}

    def hits(self, passage: Passage) -> Iterator[Hit[T]]:
        """Yield the phrases of a passage in order; they never overlap."""
        words = passage.words
        at = 0
        while at < len(words):
            found = self._longest(words, at)
            if found:
                senses = self._senses[found]
                if senses:
                    end = at + len(found)
                    yield Hit(passage=passage, start=at, end=end, senses=senses)
            at += len(found) or 1

    def _longest(self, words: tuple[str, ...], at: int) -> tuple[str, ...]:
        """Return the longest known phrase that starts at a word, or an empty one."""
        for length in self._lengths.get(words[at], ()):
            phrase = words[at : at + length]
            if phrase in self._senses:
                return phrase
        stem = (unversioned(words[at]),)
        return stem if stem in self._senses else ()


def unversioned(word: str) -> str:
    """Drop the version a name ends in, as in Python3; a short name such as S3 keeps it."""
    stem = word.rstrip("0123456789")
    return stem if len(stem) >= STEM_LEAST else word
