"""Events as letters: what people are told, in plain text and in HTML. Pure text work.

Whatever a requester or a model wrote is text here and stays text: one line where a header is
built, escaped where HTML is built, no links made of it.
"""

import html
import textwrap
from dataclasses import dataclass

from helpdesk.mail import mail_id
from helpdesk.ports import Letter
from helpdesk.ticket import Ticket
from helpdesk.user import User

SUBJECT_MOST = 150


@dataclass(frozen=True, slots=True)
class _Part:
    """One block of a letter: a heading, and its lines."""

    heading: str
    text: str


def assignment(ticket: Ticket, *, assignee: User, event_id: str) -> Letter:
    """Return the letter that gives a ticket to its assignee, with all triage found."""
    verdict = ticket.verdict
    facts = [
        ("Ticket", ticket.id),
        ("Title", ticket.title),
        ("From", ticket.requester_name or "unknown"),
        ("Priority", ticket.priority or "not set"),
        ("Category", ticket.category or "not set"),
        ("Skills", ", ".join(ticket.skills) or "none named"),
    ]
    parts = [_Part("Description", ticket.description)]
    if verdict:
        parts.insert(0, _Part("Summary", verdict.summary))
        parts.append(_Part("Notes (written by a machine, for staff only)", verdict.notes))
    if ticket.needs_review:
        parts.append(_Part("Please check", "The built-in rules judged this one: look it over."))
    hello = f"Hello {_one_line(assignee.name or assignee.email)},"
    subject = f"[{ticket.id}] {ticket.priority or 'new'}: {ticket.title}"
    return Letter(
        id=mail_id(subject=ticket.id, event_id=event_id, recipient=assignee.email),
        to=assignee.email,
        subject=_one_line(subject)[:SUBJECT_MOST],
        text=_text(hello, "this ticket is now yours.", facts, parts),
        html=_html(hello, "this ticket is now yours.", facts, parts),
        ticket_id=ticket.id,
    )


def welcome(user: User, *, event_id: str, url: str) -> Letter:
    """Return the letter that greets a new user."""
    hello = f"Hello {_one_line(user.name or user.email)},"
    said = "your account is ready. File a ticket whenever something does not work."
    facts = [("Address", url), ("E-mail", user.email)]
    return Letter(
        id=mail_id(subject=user.id, event_id=event_id, recipient=user.email),
        to=user.email,
        subject="Welcome to Helpdesk",
        text=_text(hello, said, facts, []),
        html=_html(hello, said, facts, []),
    )


def _text(hello: str, said: str, facts: list[tuple[str, str]], parts: list[_Part]) -> str:
    lines = [hello, "", said, ""]
    lines += [f"{name + ':':<10} {_one_line(value)}" for name, value in facts]
    for part in parts:
        lines += ["", part.heading, textwrap.indent(_body(part.text), "  ", lambda _: True)]
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"


def _html(hello: str, said: str, facts: list[tuple[str, str]], parts: list[_Part]) -> str:
    rows = "".join(
        f"<tr><th align=left>{html.escape(name)}</th><td>{html.escape(_one_line(value))}</td></tr>"
        for name, value in facts
    )
    blocks = "".join(
        f"<h3>{html.escape(part.heading)}</h3>"
        f'<div style="white-space:pre-wrap">{html.escape(_body(part.text))}</div>'
        for part in parts
    )
    return f"<p>{html.escape(hello)}</p><p>{html.escape(said)}</p><table>{rows}</table>{blocks}"


def _body(text: str) -> str:
    """Return text without control characters: no terminal or mail reader gets orders from it."""
    spaced = (" " if c.isspace() and c not in "\n\t" else c for c in text)
    return "".join(c for c in spaced if c.isprintable() or c in "\n\t").strip()


def _one_line(text: str) -> str:
    """Return text that cannot end a header: control characters and line ends become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
