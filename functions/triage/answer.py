"""What the model answered, made a verdict or refused: untrusted text in, values of ours out.

Lists are closed, lengths are bounded, evidence must be literal, and nothing the model wrote can
become a tag, an image or a link where Markdown is shown.
"""

import html
import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from helpdesk.errors import OutsideError
from helpdesk.verdict import Category, Judged, Priority, Provenance, Sentiment, Verdict
from triage.language import UNKNOWN
from triage.notes import clipped, one_line
from triage.skills import SKILLS_MOST

SUMMARY_MOST = 300
NOTES_MOST = 2_000
EVIDENCE_MOST = 200
_READ_MOST = 4 * NOTES_MOST  # of any text: the model cannot make us work long

_LANGUAGE = re.compile("[a-z]{2}")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_IMAGE = re.compile(r"!\[[^\[\]]*\](\([^)\n]*\)|\[[^\[\]]*\])?")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^)\n]*\)")
_TAG = re.compile(r"<[/!?a-z][^>]*>", re.IGNORECASE)
_URL = re.compile(
    r"[\w+.-]{0,40}://\S*|www\.\S*|(?<![a-z0-9])(mailto|xmpp|javascript|vbscript|data):\S+"
    r"|[\w.+-]{1,64}@[\w.-]{1,190}",
    re.IGNORECASE,
)
# What would still open a tag, an entity, an image or a link; a space in the middle shuts it.
_OPENER = re.compile(r"<(?=\S)|&(?=#?\w+;)|!(?=\[)|\](?=[(\[:])", re.IGNORECASE)

E = TypeVar("E", bound=StrEnum)


def read_verdict(
    text: str,
    *,
    title: str,
    description: str,
    skills: Iterable[str],
    provenance: Provenance,
) -> Verdict:
    """Return the verdict in an answer, or raise OutsideError: it is none, another try may be."""
    row = _row(text)
    quotable = (title, description)
    summary = clipped(one_line(harmless(_text(row, "summary"))), SUMMARY_MOST)
    if not summary:
        raise OutsideError("the model left the summary empty")
    return Verdict(
        summary=summary,
        priority=_judged(row, "priority", Priority, quotable),
        category=_judged(row, "category", Category, quotable),
        skills=_judged_skills(row, skills, quotable),
        language=_language(_text(row, "language")),
        sentiment=_member(row, "sentiment", Sentiment),
        notes=clipped(harmless(_text(row, "notes")), NOTES_MOST),
        provenance=provenance,
    )


def harmless(text: str) -> str:
    """Return Markdown without control characters, tags, images, links and addresses of the web."""
    # What a renderer would decode is decoded first, so that the rest sees what it would show.
    text = _printable(html.unescape(text[:_READ_MOST]))
    text = _ESCAPE.sub("", text)
    text = _TAG.sub("", text)
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    text = _URL.sub("(link removed)", text)
    # Taking things out may have brought others together; from here on nothing is taken out.
    return _OPENER.sub(r"\g<0> ", text).strip()


def _row(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OutsideError("the model did not answer in JSON") from error
    if not isinstance(row, dict):
        raise OutsideError("the model did not answer with an object")
    return row


def _field(row: Mapping[str, Any], name: str, kind: type[Any] | tuple[type[Any], ...]) -> Any:  # noqa: ANN401 - as JSON is
    value = row.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise OutsideError(f"the model left out {name}, or made it something else")
    return value


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(_field(row, name, str))


def _member(row: Mapping[str, Any], name: str, kind: type[E]) -> E:
    try:
        return kind(_text(row, name))
    except ValueError as error:
        raise OutsideError(f"the model chose a {name} that is not on the list") from error


def _judged(
    row: Mapping[str, Any], name: str, kind: type[E], quotable: tuple[str, ...]
) -> Judged[E]:
    inner = _field(row, name, dict)
    value = _member({name: inner.get("value")}, name, kind)
    return Judged(value, _confidence(inner), _evidence(inner, quotable))


def _judged_skills(
    row: Mapping[str, Any], skills: Iterable[str], quotable: tuple[str, ...]
) -> Judged[tuple[str, ...]]:
    inner = _field(row, "skills", dict)
    canonical = {name.casefold(): name for name in skills}
    named = [canonical.get(str(name).strip().casefold()) for name in _field(inner, "value", list)]
    known = tuple(dict.fromkeys(name for name in named if name))
    return Judged(known[:SKILLS_MOST], _confidence(inner), _evidence(inner, quotable))


def _confidence(inner: Mapping[str, Any]) -> float:
    # In this order: max(0.0, nan) is 0.0.
    return float(min(max(0.0, _field(inner, "confidence", (int, float))), 1.0))


def _evidence(inner: Mapping[str, Any], quotable: tuple[str, ...]) -> str:
    """Return the quote where the ticket really says so; the start of a quote is one as well."""
    quote = _text(inner, "evidence").strip()[:EVIDENCE_MOST].rstrip()
    return quote if any(quote in text for text in quotable) else ""


def _language(code: str) -> str:
    code = code.strip().lower()
    return code if _LANGUAGE.fullmatch(code) else UNKNOWN


def _printable(text: str) -> str:
    """Return text without control characters and marks nobody sees; lines stay lines."""
    spaced = (" " if char.isspace() and char != "\n" else char for char in text)
    return "".join(char for char in spaced if char.isprintable() or char == "\n")
