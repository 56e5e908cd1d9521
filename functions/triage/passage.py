"""One field of a ticket, cut into words which know where they stand."""

import re
from dataclasses import dataclass
from typing import Self

READ_MOST = 8_000  # a ticket says what it wants early; what follows is mostly logs
GAP_MOST = 4
BREAK = ""  # no phrase holds an empty word, so none reaches across a break

# Every alternative consumes what it has looked at, so the whole text is read once.
_PIECES = re.compile(
    r"(?P<word>[A-Za-z](?:\+\+|\#)(?![A-Za-z_])"  # C++, C#
    r"|(?<!\w)\.[Nn][Ee][Tt](?!\w)"  # .NET, but not example.net
    r"|[A-Za-zÀ-ɏ0-9]+(?:(?<=n)['\u2019]t(?!\w))?"  # Latin script, don't
    r"|[^\W_A-Za-zÀ-ɏ0-9]+)"  # any other script, so that a Latin name inside is its own word
    r"|(?P<stop>[.!?;](?=[\s.!?;]|\Z))"  # one at a time: a run of them costs no second look
    r"|(?P<gap>(?:[ \t\r\n/'\u2019_-]|\.(?![Nn][Ee][Tt](?!\w)))+)"
    r"|(?P<other>[^\w \t\r\n./'\u2019_-])"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text with its words: folded for comparing, `spans` for quoting."""

    text: str
    words: tuple[str, ...]
    raw: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Cut a text into words and breaks."""
        raw: list[str] = []
        spans: list[tuple[int, int]] = []
        for piece in _PIECES.finditer(text[:READ_MOST]):
            if piece.lastgroup == "word":
                raw.append(piece.group())
                spans.append(piece.span())
            elif piece.lastgroup != "gap" or len(piece.group()) > GAP_MOST:
                raw.append(BREAK)
                spans.append(piece.span())
        words = tuple(word.lower().replace("\u2019", "'") for word in raw)
        return cls(text=text, words=words, raw=tuple(raw), spans=tuple(spans))

    def quote(self, start: int, end: int) -> str:
        """Return the text from word `start` up to, not including, word `end`."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]

    def around(self, start: int, end: int) -> tuple[str, str]:
        """Return the characters just before and just after some words, empty at the ends."""
        first, last = self.spans[start][0], self.spans[end - 1][1]
        return self.text[max(first - 1, 0) : first], self.text[last : last + 1]

    def opens_sentence(self, index: int) -> bool:
        """Say whether a word is the first of the text or of a sentence."""
        return index == 0 or self.words[index - 1] == BREAK


def word_set(row: str) -> frozenset[str]:
    """Return the words of a row."""
    return frozenset(row.split())
