"""The sheet that every letter is written on: blocks, as plain text and as HTML. Pure text work.

Whatever a person or a model wrote is text here and stays text: one line where a header or a fact is
built, escaped where HTML is built. The one thing that can be clicked is a Link, made by us.
"""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Block(Protocol):
    """A piece of a letter."""

    def text(self) -> str:
        """Return it as plain text."""

    def html(self) -> str:
        """Return it as HTML."""


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph on one line."""

    words: str

    def text(self) -> str:
        """Return the line."""
        return one_line(self.words)

    def html(self) -> str:
        """Return the paragraph."""
        return f"<p>{_shown(self.words)}</p>"


@dataclass(frozen=True, slots=True)
class Link:
    """An address of ours that can be clicked."""

    address: str

    def text(self) -> str:
        """Return the address on a line of its own, where every mail reader finds its end."""
        return one_line(self.address)

    def html(self) -> str:
        """Return the address as a link to itself."""
        shown = _shown(self.address)
        return f'<p><a href="{shown}">{shown}</a></p>'


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values, a line each."""

    rows: Sequence[tuple[str, str]]

    def text(self) -> str:
        """Return the lines, values below each other."""
        return "\n".join(f"{name + ':':<10} {one_line(value)}" for name, value in self.rows)

    def html(self) -> str:
        """Return a table."""
        rows = "".join(
            f"<tr><th align=left>{_shown(name)}</th><td>{_shown(value)}</td></tr>"
            for name, value in self.rows
        )
        return f"<table>{rows}</table>"


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, and what somebody wrote below it, indented so that it passes for nothing else."""

    heading: str
    words: str

    def text(self) -> str:
        """Return the heading and the indented lines."""
        return (
            f"{one_line(self.heading)}\n{textwrap.indent(_lines(self.words), '  ', lambda _: True)}"
        )

    def html(self) -> str:
        """Return the heading and the lines as they are."""
        words = html.escape(_lines(self.words))
        heading = f"<h3>{_shown(self.heading)}</h3>"
        return f'{heading}<div style="white-space:pre-wrap">{words}</div>'


def as_text(blocks: Sequence[Block]) -> str:
    """Return blocks as plain text, with a blank line between two."""
    whole = "\n\n".join(block.text() for block in blocks)
    return "\n".join(line.rstrip() for line in whole.splitlines()) + "\n"


def as_html(blocks: Sequence[Block]) -> str:
    """Return blocks as HTML."""
    return "".join(block.html() for block in blocks)


def one_line(words: str) -> str:
    """Return text that cannot end a header: control characters and line ends become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _lines(words: str) -> str:
    """Return text without control characters: no terminal or mail reader gets orders from it."""
    spaced = (" " if c.isspace() and c not in "\n\t" else c for c in words)
    return "".join(c for c in spaced if c.isprintable() or c in "\n\t").strip()


def _shown(words: str) -> str:
    return html.escape(one_line(words))
