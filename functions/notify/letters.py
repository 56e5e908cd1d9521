"""Events as letters: what people are told of tickets and of their own arrival. Pure text work."""

from collections.abc import Sequence
from datetime import datetime

from helpdesk.comments import Comment
from helpdesk.goals import Alarm, Goal
from helpdesk.mail import mail_id
from helpdesk.ports import Letter
from helpdesk.ticket import Status, Ticket
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
    if ticket.replies:
        facts.append(("Replies", f"{ticket.replies} so far: read them in the ticket"))
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


def comment(ticket: Ticket, said: Comment, *, reader: User, event_id: str) -> Letter:
    """Return the letter that brings a reply or a note to the other side."""
    wrote = "noted for staff only" if said.internal else "wrote"
    blocks: list[Block] = [
        _hello(reader),
        Said(f"there is news of ticket {ticket.id}, which is {_standing(ticket)}."),
        Part(f"{said.author_name or 'Somebody'} {wrote}", said.text),
    ]
    if ticket.status is Status.RESOLVED and reader.id == ticket.requester_id:
        blocks += _closing(ticket)
    return _about(ticket, blocks, reader=reader, event_id=event_id)


def resolved(ticket: Ticket, *, reader: User, event_id: str) -> Letter:
    """Return the letter that tells the other side that a ticket is resolved."""
    blocks: list[Block] = [_hello(reader)]
    if reader.id == ticket.requester_id:
        blocks.append(Said(f"your ticket {ticket.id} is resolved."))
        blocks += _closing(ticket)
    else:
        blocks.append(Said(f"ticket {ticket.id} is resolved, says who filed it."))
    return _about(ticket, blocks, reader=reader, event_id=event_id)


def _closing(ticket: Ticket) -> list[Block]:
    again: list[Block] = [Said("If it is not, reply to the ticket, and it is opened again.")]
    if ticket.closes_at is None:
        return again
    return [*again, Said(f"Otherwise it closes by itself on {ticket.closes_at:%Y-%m-%d}.")]


def reopened(ticket: Ticket, *, reader: User, event_id: str) -> Letter:
    """Return the letter that tells its assignee that a ticket is open again."""
    blocks: list[Block] = [
        _hello(reader),
        Said(f"ticket {ticket.id} was opened again, and it is yours."),
        Facts([("Title", ticket.title), ("Priority", ticket.priority or "not set")]),
    ]
    return _about(ticket, blocks, reader=reader, event_id=event_id)


def alarm(
    ticket: Ticket, told: Sequence[tuple[str, str]], *, reader: User, event_id: str
) -> Letter:
    """Return the letter that says which promises to a ticket are nearly missed, or are."""
    goals = ticket.goals
    by: dict[str, datetime | None] = {}
    if goals:
        by = {Goal.RESPONSE: goals.respond_by, Goal.RESOLUTION: goals.resolve_by}
    blocks: list[Block] = [
        _hello(reader),
        Said(f"ticket {ticket.id} needs somebody's attention."),
        Facts(
            [
                ("Title", ticket.title),
                ("Priority", ticket.priority or "not set"),
                ("Stands at", _standing(ticket)),
                ("Assigned", ticket.assignee_name or "to nobody"),
            ]
        ),
        *(Said(_alarm_words(alarm, goal, by.get(goal))) for alarm, goal in told),
    ]
    return _about(ticket, blocks, reader=reader, event_id=event_id)


def _alarm_words(alarm: str, goal: str, by: datetime | None) -> str:
    what = "The first response" if goal == Goal.RESPONSE else "The resolution"
    when = f"{by:%Y-%m-%d %H:%M} UTC" if by else "its time"
    if alarm == Alarm.BREACH:
        return f"{what} is late: it was promised by {when}."
    return f"{what} is due by {when}."


def _about(ticket: Ticket, blocks: list[Block], *, reader: User, event_id: str) -> Letter:
    return Letter(
        id=mail_id(subject=ticket.id, event_id=event_id, recipient=reader.email),
        to=reader.email,
        subject=one_line(f"[{ticket.id}] {ticket.title}")[:SUBJECT_MOST],
        text=as_text(blocks),
        html=as_html(blocks),
        ticket_id=ticket.id,
    )


def _standing(ticket: Ticket) -> str:
    return ticket.status.value.replace("_", " ")


def _hello(user: User) -> Said:
    return Said(f"Hello {user.name or user.email},")
