"""Events as letters: what people are told of tickets and of their own arrival. Pure text work."""

from helpdesk.mail import mail_id
from helpdesk.ports import Letter
from helpdesk.ticket import Ticket
from helpdesk.user import User
from notify.sheet import Block, Facts, Part, Said, as_html, as_text, one_line

SUBJECT_MOST = 150


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
    parts = [Part("Description", ticket.description)]
    if verdict:
        parts.insert(0, Part("Summary", verdict.summary))
        parts.append(Part("Notes (written by a machine, for staff only)", verdict.notes))
    if ticket.needs_review:
        parts.append(Part("Please check", "The built-in rules judged this one: look it over."))
    said: list[Block] = [_hello(assignee), Said("this ticket is now yours."), Facts(facts), *parts]
    subject = f"[{ticket.id}] {ticket.priority or 'new'}: {ticket.title}"
    return Letter(
        id=mail_id(subject=ticket.id, event_id=event_id, recipient=assignee.email),
        to=assignee.email,
        subject=one_line(subject)[:SUBJECT_MOST],
        text=as_text(said),
        html=as_html(said),
        ticket_id=ticket.id,
    )


def welcome(user: User, *, event_id: str, url: str) -> Letter:
    """Return the letter that greets a new user."""
    said: list[Block] = [
        _hello(user),
        Said("your account is ready. File a ticket whenever something does not work."),
        Facts([("Address", url), ("E-mail", user.email)]),
    ]
    return Letter(
        id=mail_id(subject=user.id, event_id=event_id, recipient=user.email),
        to=user.email,
        subject="Welcome to Helpdesk",
        text=as_text(said),
        html=as_html(said),
    )


def _hello(user: User) -> Said:
    return Said(f"Hello {user.name or user.email},")
