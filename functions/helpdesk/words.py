"""How texts are read for a search: as words without case, accents and what stands around them."""

from collections.abc import Sequence
from itertools import islice
from unicodedata import category, normalize

WORD_MOST = 40  # characters by which one word of a ticket is told from another
WORDS_MOST = 200
_AROUND = "<>()[],;:.!?\"'@"  # what stands around an address that was copied from a letter


def folded(text: str) -> str:
    """Return a text without case and accents: who looks for Muller finds Müller."""
    plain = normalize("NFKD", text).casefold()
    return plain.translate({ord(each): None for each in set(plain) if category(each) == "Mn"})


def words_of(plain: str) -> list[str]:
    """Return the words of a folded text; some scripts write vowels as marks, which belong to it."""
    gaps = {ord(each): " " for each in set(plain) if category(each)[0] not in "LMN"}
    return plain.translate(gaps).split()


def sought_words(text: str) -> tuple[str, ...]:
    """Return the words that a text looks for; an address, or how one begins, is one word."""
    return tuple(
        word for part in _parts(text) for word in ([part] if "@" in part else words_of(part))
    )


def terms_of(title: str, description: str) -> list[str]:
    """Return the words that a ticket is found by, each once.

    The title comes first, so the bound costs only words from the end of a long description.
    """
    said = (word[:WORD_MOST] for word in [*_said(title), *_said(description)])
    return list(islice(dict.fromkeys(said), WORDS_MOST))


def have_all(terms: Sequence[str], words: Sequence[str]) -> bool:
    """Say whether a ticket with these terms is found by each of the words."""
    return {word[:WORD_MOST] for word in words} <= set(terms)


def _said(text: str) -> list[str]:
    """Return the words of a text; an address is found as a whole and by its parts."""
    return [
        word
        for part in _parts(text)
        for word in ([part, *words_of(part)] if "@" in part else words_of(part))
    ]


def _parts(text: str) -> list[str]:
    return [part.strip(_AROUND) for part in folded(text).split()]
