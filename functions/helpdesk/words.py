"""How texts are read for a search: as words without case, accents and what stands around them."""

import re
from collections.abc import Sequence
from itertools import islice
from unicodedata import category, normalize

WORD_MOST = 40  # characters by which one word of a ticket is told from another
WORDS_MOST = 200
_AROUND = ".!#$%&'*+^`{}~-"  # what stands around an address, though it may be in one
# An address in a text, or how one begins. It starts where a run does, so a long run is read once.
_ADDRESS = re.compile(r"((?<![\w.!#$%&'*+^`{}~-])[\w.!#$%&'*+^`{}~-]++@\w[\w.-]*+)")
# Accents are these marks. The marks of other scripts stand apart from them, and are vowels or make
# another letter, as in Thai or Japanese. What picks the look of a character means nothing, either.
_ACCENT = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_ALIKE = {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i"}  # what no rule of Unicode takes apart


def folded(text: str) -> str:
    """Return a text without case, accents and what nobody sees: Muller finds Müller."""
    if text.isascii():
        return text.casefold()
    plain = normalize("NFKD", text).casefold()
    lost = {each for each in set(plain) if category(each) == "Cf" or _ACCENT.match(each)}
    return plain.translate({ord(each): _ALIKE.get(each) for each in lost | _ALIKE.keys()})


def words_of(plain: str) -> list[str]:
    """Return the words of a folded text; some scripts write vowels as marks, which belong to it."""
    gaps = {ord(each): " " for each in set(plain) if category(each)[0] not in "LMN"}
    return plain.translate(gaps).split()


def sought_words(text: str) -> tuple[str, ...]:
    """Return the words that a text looks for; an address, or how one begins, is one word."""
    return tuple(
        word
        for part, is_address in _parts(text)
        for word in ([part] if is_address else words_of(part))
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
        for part, is_address in _parts(text)
        for word in ([part, *words_of(part)] if is_address else words_of(part))
    ]


def _parts(text: str) -> list[tuple[str, bool]]:
    """Return a folded text in parts, each with whether it is an address."""
    plain = folded(text)
    if "@" not in plain:
        return [(plain, False)]
    parts = [part.strip(_AROUND) if "@" in part else part for part in _ADDRESS.split(plain)]
    return [(part, bool(number % 2) and part[0] != "@") for number, part in enumerate(parts)]
