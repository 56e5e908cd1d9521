"""Faults that were planted to see whether the state machine finds them: it finds each.

A run of it that finds nothing says something only as long as this holds. Each fault replaces one
function of the product by one that forgets what it is for.
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import api.change_routes
import api.changing
import api.handover
import assign.choose
import helpdesk.changes
import helpdesk.ticket
import helpdesk.tickets
import notify.ticket_letters
import triage.step
from helpdesk.days import counted
from helpdesk.documents import Increment
from helpdesk.ticket import Status, Ticket
from helpdesk.users import moved_load
from helpdesk.verdict import Source
from tests.journey.desk_machine import DeskMachine

BOUNDED = settings(
    max_examples=300,
    stateful_step_count=30,
    phases=[Phase.generate],  # that it is found is all there is to know
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
_judged = Ticket._judged
_reopened = helpdesk.changes._reopened
_numbered = helpdesk.changes._numbered
_nobodys = helpdesk.changes._nobodys
_exclusion = assign.choose._exclusion
_comments = helpdesk.tickets.Tickets.comments


def rising(writes):
    return [
        Increment(each.path, {name: n for name, n in each.amounts.items() if n > 0}, each.fields)
        for each in writes
    ]


def nobody_loses_a_ticket(before, after):
    return [each for each in moved_load(before, after) if each.amounts["open"] > 0]


def the_machine_is_right(self, told, verdict):
    return _judged(replace(self, sources={}), told, verdict)


def whoever_gave_back_is_asked_again(user, ticket, match, now):
    return _exclusion(user, replace(ticket, declined=()), match, now)


def resolved_for_ever(ticket, assignee, now):
    return replace(_reopened(ticket, assignee, now), resolved_at=ticket.resolved_at)


def no_number_of_its_own(changed, before, now):
    return replace(_numbered(changed, before, now), seq=before.seq)


def notes_for_everybody(self, ticket_id, *, notes, limit, behind):
    return _comments(self, ticket_id, notes=True, limit=limit, behind=behind)


def the_last_one_was_told(ticket):
    return replace(_nobodys(ticket), given_seq=ticket.given_seq)


def whatever_the_verdict(ticket, verdict, now):
    return ticket.triaged_again(verdict, now=now)


def closed_or_not(ticket, *, now):
    return replace(ticket, triage_asked_at=now, seq=ticket.seq + 1, updated_at=now)


def no_copy_is_known(event, tickets):
    return tickets.get(event.subject)


FAULTS = {
    "a load never falls": (helpdesk.tickets, "moved_load", nobody_loses_a_ticket),
    "a machine overrules a person": (Ticket, "_judged", the_machine_is_right),
    "who gave back gets it again": (
        assign.choose, "_exclusion", whoever_gave_back_is_asked_again,
    ),
    "a comment's key is not looked at": (api.change_routes, "idempotency_key", lambda _asked: None),
    "notes are shown to requesters": (helpdesk.tickets.Tickets, "comments", notes_for_everybody),
    "If-Match is not looked at": (api.changing, "is_meant", lambda _tags, _tag: True),
    "an opened ticket stays resolved": (helpdesk.changes, "_reopened", resolved_for_ever),
    "a change has no number": (helpdesk.changes, "_numbered", no_number_of_its_own),
    "days only rise": (
        helpdesk.tickets, "counted", lambda before, after: rising(counted(before, after)),
    ),
    "a ticket closes unresolved": (
        helpdesk.ticket, "MOVES",
        {**helpdesk.ticket.MOVES, Status.TRIAGED: frozenset(set(Status) - {Status.NEW})},
    ),
    "what a rule raised is lowered": (helpdesk.ticket, "FIRM", frozenset({Source.HUMAN})),
    "a stand-in overrules the model": (triage.step, "_again", whatever_the_verdict),
    "a closed ticket is triaged again": (api.handover, "asked_again", closed_or_not),
    "what is nobody's was told to somebody": (
        helpdesk.changes, "_nobodys", the_last_one_was_told,
    ),
    "a copy of an event counts": (triage.step, "_waiting", no_copy_is_known),
    "a letter goes to whoever had it once": (
        notify.ticket_letters, "_holder",
        lambda event, ticket, users: notify.ticket_letters._readers(
            ticket.assignee_id, event, users
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_that(fault, monkeypatch):
    room, name, planted = FAULTS[fault]
    monkeypatch.setattr(room, name, planted)

    with pytest.raises(AssertionError):
        run_state_machine_as_test(DeskMachine, settings=BOUNDED)
