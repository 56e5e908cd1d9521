"""Triage: read a new ticket, keep what it is about, and pass it on. AI trouble only delays."""

import logging
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

from helpdesk.errors import (
    AtWorkError,
    ConflictError,
    DuplicateError,
    RefusedError,
    TransientError,
)
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.ports import Classifier, Clock
from helpdesk.ticket import Status, Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Action, Actor, Entry
from helpdesk.verdict import Source, Verdict

ATTEMPTS_MOST = 3
WAIT_MOST = timedelta(seconds=90)  # with the last attempt on top, triage takes 120 s at most
LEASE = timedelta(seconds=45)  # longer than a classifier may take; a paid call is made once
SAVES_MOST = 5  # a person who changes the ticket meanwhile seldom does so twice in a moment

log = logging.getLogger(__name__)


def triage_ticket(
    event: Event,
    *,
    tickets: Tickets,
    classifier: Classifier,
    fallback: Classifier,
    clock: Clock,
) -> None:
    """Judge the ticket and keep the verdict: at first, or once more because somebody asked."""
    ticket = _waiting(event, tickets)
    with bind(ticket_id=ticket.id):
        now = clock.now()
        if ticket.triage_until and now < ticket.triage_until:
            raise AtWorkError(f"ticket {ticket.id} is being triaged just now")
        tickets.claim_triage(ticket, until=now + LEASE)
        with ExitStack() as failed:
            failed.callback(tickets.release_triage, ticket.id, until=now + LEASE)
            verdict = _judged(ticket, classifier, fallback, clock)
            failed.pop_all()
        _save(verdict, event, tickets, clock)
        log.info("ticket triaged", extra={"source": verdict.provenance.source.value})


def _waiting(event: Event, tickets: Tickets) -> Ticket:
    """Return the ticket as it is now, or raise DuplicateError when it is triaged already."""
    ticket = tickets.get(event.subject)
    first = event.type is EventType.TICKET_CREATED
    # An asking is known by its moment: a slow delivery of an earlier one answers no later one.
    if ticket.status is not Status.NEW if first else ticket.triage_asked_at != event.time:
        raise DuplicateError(f"ticket {ticket.id} is triaged already")
    return ticket


def _save(
    verdict: Verdict, event: Event, tickets: Tickets, clock: Clock, *, tries: int = SAVES_MOST
) -> None:
    """Keep the verdict on the ticket as a person may have changed it meanwhile."""
    ticket = _waiting(event, tickets)
    now, first = clock.now(), ticket.status is Status.NEW
    try:
        tickets.save(
            ticket.triaged(verdict, now=now) if first else _again(ticket, verdict, now),
            EventType.TICKET_TRIAGED if first else EventType.TICKET_UPDATED,
            _entry(verdict, Action.TRIAGED if first else Action.TRIAGED_AGAIN, cause=event.id),
            before=ticket,
        )
    except ConflictError:
        if tries == 1:
            raise
        _save(verdict, event, tickets, clock, tries=tries - 1)


def _again(ticket: Ticket, verdict: Verdict, now: datetime) -> Ticket:
    """Return a ticket as it is judged once more: what merely stands in overrules no model."""
    if verdict.provenance.fallback_reason:
        return ticket.triaged_in_vain(now=now)
    return ticket.triaged_again(verdict, now=now)


def _judged(ticket: Ticket, classifier: Classifier, fallback: Classifier, clock: Clock) -> Verdict:
    """Return what the classifier says, or what stands in for it after too many failures."""
    attempt = ticket.triage_attempts + 1
    if attempt > ATTEMPTS_MOST or (attempt > 1 and _is_late(ticket, clock)):
        return _stood_in(ticket, fallback, attempt, reason="unavailable")
    try:
        verdict = classifier.classify(ticket.title, ticket.description)
    except RefusedError:
        return _stood_in(ticket, fallback, attempt, reason="refused")
    except TransientError:
        if attempt < ATTEMPTS_MOST and not _is_late(ticket, clock):
            raise
        return _stood_in(ticket, fallback, attempt, reason="unavailable")
    return replace(verdict, provenance=replace(verdict.provenance, attempts=attempt))


def _is_late(ticket: Ticket, clock: Clock) -> bool:
    return clock.now() - (ticket.triage_asked_at or ticket.created_at) >= WAIT_MOST


def _stood_in(ticket: Ticket, fallback: Classifier, attempt: int, *, reason: str) -> Verdict:
    """Let the built-in classifier decide, and say so on the verdict."""
    verdict = fallback.classify(ticket.title, ticket.description)
    said = replace(verdict.provenance, attempts=attempt, fallback_reason=reason)
    return replace(verdict, provenance=said)


def _entry(verdict: Verdict, action: Action, *, cause: str) -> Entry:
    provenance = verdict.provenance
    return Entry(
        action=action.value,
        actor=Actor.AI if provenance.source is Source.AI else Actor.RULE,
        actor_id=provenance.model,
        cause=cause,
        why={
            "summary": verdict.summary,
            "evidence": {
                "priority": verdict.priority.evidence,
                "category": verdict.category.evidence,
                "skills": verdict.skills.evidence,
            },
            "prompt_version": provenance.prompt_version,
            "tokens_in": provenance.tokens_in,
            "tokens_out": provenance.tokens_out,
            "fallback_reason": provenance.fallback_reason,
        },
    )
