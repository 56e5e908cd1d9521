"""HTML made of elements: whatever is put into one is text, unless it is an element itself."""

import re
from html import escape
from textwrap import dedent


class Html(str):
    """Markup of ours, which may stand in a page as it is."""

    __slots__ = ()


def el(name: str, *inside: str, **attributes: str) -> Html:
    """Return an element; `class_` is the attribute class."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{told}>{joined(*inside)}</{name}>")


def joined(*parts: str) -> Html:
    """Return the parts in a row; what is not markup of ours is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def between(link: str, parts: list[Html]) -> Html:
    """Return the parts with a word between each two."""
    return Html(escape(link).join(parts))


def code(text: str) -> Html:
    """Return text as it is typed."""
    return el("code", text)


def listing(text: str) -> Html:
    """Return lines as they are typed."""
    return el("pre", code(text))


def slug(*words: str) -> str:
    """Return a name for a place in a page."""
    return "-".join(re.sub("[^A-Za-z0-9]+", "-", word).strip("-") for word in words).lower()


def line(text: str) -> Html:
    """Return a line of text in which backticks mean code."""
    parts = text.split("`")
    return joined(*(code(part) if at % 2 else part for at, part in enumerate(parts)))


def prose(text: str) -> Html:
    """Return text in the little of CommonMark that we write: `## `, `- `, and indented code."""
    return joined(*(_block(block) for block in re.split(r"\n{2,}", text.strip("\n"))))


def _block(text: str) -> Html:
    if text.startswith("## "):
        heading = text.removeprefix("## ")
        return el("h2", heading, id=slug(heading))
    if text.startswith("    "):
        return listing(dedent(text))
    if text.startswith("- "):
        items = text.removeprefix("- ").split("\n- ")
        return el("ul", *(el("li", line(item)) for item in items))
    return el("p", line(text))
