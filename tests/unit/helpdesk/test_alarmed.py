"""What becomes of a ticket whose time has come: what is noted, what follows, and who is woken."""

from dataclasses import replace

import pytest

from helpdesk.changes import alarmed, asked_again, closed_by_time, given_back, told_by
from helpdesk.errors import InvalidInputError
from helpdesk.events import EventType
from helpdesk.goals import Alarm, Goal, begun
from helpdesk.levels import OnBreach, shipped
from helpdesk.ticket import Status
from helpdesk.verdict import Priority, Source
from tests.builders import NOW, a_moderator, a_ticket, a_verdict

LEVELS = shipped()
RAISE = replace(LEVELS, on_breach=OnBreach(raise_priority=True))
REASSIGN = replace(LEVELS, on_breach=OnBreach(reassign=True))
BOTH = replace(LEVELS, on_breach=OnBreach(raise_priority=True, reassign=True))
WARN, BREACH = (Alarm.WARN, Goal.RESPONSE), (Alarm.BREACH, Goal.RESPONSE)


def at_work(**changes):
    given = a_ticket().triaged(a_verdict(), now=NOW).assigned_to(a_moderator(), now=NOW)
    goals = begun(given.priority, created_at=NOW, levels=LEVELS)
    return replace(given, **{"goals": goals, **changes})


def goals_of(ticket):
    """Return the goals of a ticket that must have some."""
    assert ticket.goals is not None
    return ticket.goals


def test_a_warning_is_noted_and_changes_nothing_else():
    ticket = at_work()

    warned = alarmed(ticket, [WARN], BOTH, now=NOW)

    assert goals_of(warned).warned == (Goal.RESPONSE,)
    assert warned == replace(ticket, goals=warned.goals, seq=ticket.seq + 1)
    assert told_by(ticket, warned) == (EventType.TICKET_UPDATED,)


def test_a_breach_changes_nothing_else_unless_the_levels_say_so():
    ticket = at_work()

    late = alarmed(ticket, [BREACH], LEVELS, now=NOW)

    assert goals_of(late).breached == (Goal.RESPONSE,)
    assert late == replace(ticket, goals=late.goals, seq=ticket.seq + 1)


@pytest.mark.parametrize(
    ("before", "after"), [("low", "medium"), ("medium", "high"), ("high", "high")]
)
def test_a_breach_raises_the_priority_by_one(before, after):
    ticket = at_work(priority=Priority(before))

    late = alarmed(ticket, [BREACH], RAISE, now=NOW)

    assert late.priority is Priority(after)
    assert late.sources == {**ticket.sources, "priority": Source.RULE}
    assert (late.assignee_id, late.status) == ("mod", Status.ASSIGNED)


def test_a_priority_that_a_person_has_set_is_not_raised():
    ticket = at_work(priority=Priority.LOW, sources={"priority": Source.HUMAN})

    late = alarmed(ticket, [BREACH], RAISE, now=NOW)

    assert (late.priority, late.sources) == (Priority.LOW, {"priority": Source.HUMAN})
    assert goals_of(late).breached == (Goal.RESPONSE,)


@pytest.mark.parametrize("status", [Status.ASSIGNED, Status.IN_PROGRESS])
def test_a_breach_finds_somebody_else_who_is_woken_along_with_whoever_is_told(status):
    ticket = at_work(status=status, declined=("other",))

    late = alarmed(ticket, [BREACH], REASSIGN, now=NOW)

    assert (late.status, late.assignee_id, late.declined) == (
        Status.TRIAGED,
        None,
        ("other", "mod"),
    )
    assert told_by(ticket, late) == (EventType.TICKET_TRIAGED, EventType.TICKET_UPDATED)


def test_a_ticket_that_waits_for_its_requester_stays_with_whoever_has_it():
    ticket = at_work(status=Status.WAITING)

    late = alarmed(ticket, [BREACH], REASSIGN, now=NOW)

    assert late == replace(ticket, goals=late.goals, seq=ticket.seq + 1)
    assert told_by(ticket, late) == (EventType.TICKET_UPDATED,)


def test_no_triage_takes_back_a_priority_that_a_breach_has_raised():
    late = alarmed(at_work(priority=Priority.LOW), [BREACH], RAISE, now=NOW)

    again = asked_again(late, now=NOW).triaged_again(a_verdict(), now=NOW)

    assert again.priority is Priority.MEDIUM
    assert again.sources["priority"] is Source.RULE
    assert a_verdict().priority.value is Priority.HIGH


def test_a_ticket_that_nobody_has_is_taken_from_nobody():
    ticket = replace(a_ticket().triaged(a_verdict(), now=NOW), goals=at_work().goals)

    late = alarmed(ticket, [BREACH], REASSIGN, now=NOW)

    assert (late.status, late.declined) == (Status.TRIAGED, ())
    assert told_by(ticket, late) == (EventType.TICKET_UPDATED,)


def test_a_ticket_without_goals_has_no_alarm():
    ticket = at_work(goals=None)

    assert alarmed(ticket, [BREACH], RAISE, now=NOW) is ticket


def test_what_was_told_already_changes_nothing():
    late = alarmed(at_work(), [BREACH], LEVELS, now=NOW)

    assert alarmed(late, [BREACH], LEVELS, now=NOW) is late


def test_time_closes_what_is_resolved_and_nothing_else():
    done = at_work(status=Status.RESOLVED, resolved_at=NOW)

    closed = closed_by_time(done, now=NOW)

    assert (closed.status, closed.closed_at, closed.seq) == (Status.CLOSED, NOW, done.seq + 1)
    assert told_by(done, closed) == (EventType.TICKET_UPDATED,)
    with pytest.raises(InvalidInputError):
        closed_by_time(at_work(), now=NOW)


def test_each_event_wakes_whoever_has_to_go_on():
    ticket = at_work()
    waiting = a_ticket().triaged(a_verdict(), now=NOW)

    assert told_by(ticket, given_back(ticket, now=NOW)) == (
        EventType.TICKET_TRIAGED,
        EventType.TICKET_UPDATED,
    )
    assert told_by(ticket, asked_again(ticket, now=NOW)) == (EventType.TRIAGE_ASKED,)
    assert told_by(waiting, waiting.assigned_to(a_moderator(), now=NOW)) == (
        EventType.TICKET_ASSIGNED,
    )
