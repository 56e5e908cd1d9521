"""Triage: read a new ticket, keep what it is about, and pass it on. AI trouble only delays."""

import logging
from dataclasses import replace
from datetime import timedelta

from helpdesk.errors import RefusedError, TransientError
from helpdesk.events import Event, EventType
from helpdesk.log import bind
from helpdesk.ports import Classifier, Clock
from helpdesk.ticket import Status, Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Actor, Entry
from helpdesk.verdict import Source, Verdict

ATTEMPTS_MOST = 3
WAIT_MOST = timedelta(seconds=90)  # with the last attempt on top, triage takes 120 s at most

log = logging.getLogger(__name__)


def triage_ticket(
    event: Event,
    *,
    tickets: Tickets,
    classifier: Classifier,
    fallback: Classifier,
    clock: Clock,
) -> None:
    """Judge the ticket and keep the verdict."""
    ticket = tickets.get(event.subject)
    if ticket.status is not Status.NEW:
        return  # an earlier delivery did the work
    with bind(ticket_id=ticket.id):
        try:
            verdict = _judged(ticket, classifier, fallback, clock)
        except TransientError:
            tickets.count_attempt(ticket.id)
            raise
        tickets.save(
            ticket.triaged(verdict, now=clock.now()),
            EventType.TICKET_TRIAGED,
            _entry(verdict, cause=event.id),
            before=ticket,
        )
        log.info("ticket triaged", extra={"source": verdict.provenance.source.value})


def _judged(ticket: Ticket, classifier: Classifier, fallback: Classifier, clock: Clock) -> Verdict:
    attempt = ticket.triage_attempts + 1
    late = clock.now() - ticket.created_at >= WAIT_MOST
    if attempt > ATTEMPTS_MOST or (late and attempt > 1):
        return _stood_in(ticket, fallback, attempt, reason="unavailable")
    try:
        verdict = classifier.classify(ticket.title, ticket.description)
    except RefusedError:
        return _stood_in(ticket, fallback, attempt, reason="refused")
    return replace(verdict, provenance=replace(verdict.provenance, attempts=attempt))


def _stood_in(ticket: Ticket, fallback: Classifier, attempt: int, *, reason: str) -> Verdict:
    """Let the built-in classifier decide, and say so on the verdict."""
    verdict = fallback.classify(ticket.title, ticket.description)
    said = replace(verdict.provenance, attempts=attempt, fallback_reason=reason)
    return replace(verdict, provenance=said)


def _entry(verdict: Verdict, *, cause: str) -> Entry:
    provenance = verdict.provenance
    return Entry(
        action="triaged",
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
