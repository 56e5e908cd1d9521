"""What a ticket is promised: kept up with every change of it, whoever makes the change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.changes import Edits, answered, asked_back, closed_by_time, edited, given_back
from helpdesk.errors import NotFoundError
from helpdesk.events import EventType
from helpdesk.goals import Goal, begun
from helpdesk.levels import Target, shipped
from helpdesk.promises import come_back_to, look_at, promised
from helpdesk.service import Service
from helpdesk.ticket import Status
from helpdesk.verdict import Category, Judged, Priority
from tests.builders import FixedClock, a_moderator, a_ticket, a_verdict, an_entry
from tests.stands import everything
from tests.unit.helpdesk.alarms import Alarms

FRIDAY = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)  # high: 1 h to answer, 8 h to resolve, 9 to 5
MONDAY = datetime(2026, 2, 2, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LEVELS = shipped()


@pytest.fixture
def clock():
    return FixedClock(FRIDAY)


class Asked:
    """Service levels for whoever asks; it counts how often somebody does."""

    def __init__(self, levels=LEVELS):
        self.levels = levels
        self.times = 0

    def __call__(self):
        self.times += 1
        return self.levels


def a_filed(**changes):
    return a_ticket(created_at=FRIDAY, updated_at=FRIDAY, **changes)


def goals_of(ticket):
    """Return the goals of a ticket that must have some."""
    assert ticket.goals is not None
    return ticket.goals


def at_work(asked=None):
    """Return a high ticket in the hands of a moderator, with its goals."""
    filed, asked = a_filed(), asked or Asked()
    triaged = promised(filed, filed.triaged(a_verdict(), now=FRIDAY), asked)
    return promised(triaged, triaged.assigned_to(a_moderator(), now=FRIDAY + MINUTE), asked)


def set_to(ticket, status, now, asked=None, **edits):
    changed = edited(ticket, Edits(status=status, **edits), assignee=a_moderator(), now=now)
    return promised(ticket, changed, asked or Asked())


# When a promise begins, and what moves it.


def test_a_ticket_is_promised_something_once_its_priority_is_known():
    filed, asked = a_filed(), Asked()

    renamed = promised(filed, replace(filed, title="Fire", seq=2), asked)
    triaged = promised(filed, filed.triaged(a_verdict(), now=FRIDAY + HOUR), asked)

    assert (renamed.goals, look_at(renamed)) == (None, None)
    assert triaged.goals == begun(Priority.HIGH, created_at=FRIDAY, levels=LEVELS)
    assert look_at(triaged) == FRIDAY + 45 * MINUTE
    assert asked.times == 1


def test_what_moves_no_clock_asks_for_no_levels():
    asked = Asked()
    ticket = at_work(asked)
    begun_with = asked.times

    told = promised(ticket, replace(ticket, title="Fire", seq=4), asked)
    said = promised(ticket, answered(ticket, status=None, now=FRIDAY + 5 * MINUTE), asked)
    waits = set_to(ticket, Status.WAITING, FRIDAY + HOUR, asked)

    assert told.goals == ticket.goals
    assert goals_of(said).answered_in_time is True
    assert waits.goals.paused_at == FRIDAY + HOUR
    assert asked.times == begun_with == 1


def test_another_priority_moves_the_goals():
    ticket = at_work()

    lower = set_to(ticket, None, FRIDAY + 5 * MINUTE, priority=Priority.MEDIUM)

    assert lower.goals == begun(Priority.MEDIUM, created_at=FRIDAY, levels=LEVELS)


def test_a_second_triage_moves_the_goals_as_well():
    ticket = at_work()
    verdict = a_verdict(priority=Judged(Priority.LOW, 0.9, "no hurry"))

    again = promised(ticket, ticket.triaged_again(verdict, now=FRIDAY + HOUR), Asked())

    assert again.goals == begun(Priority.LOW, created_at=FRIDAY, levels=LEVELS)


def test_another_category_moves_nothing():
    ticket = at_work()

    other = set_to(ticket, None, FRIDAY + HOUR, category=Category.ACCESS)

    assert other.goals == ticket.goals


def test_other_levels_move_nothing_that_was_promised():
    ticket, quicker = at_work(), {**LEVELS.targets, Priority.HIGH: Target(resolution=HOUR)}

    begins = set_to(
        ticket, Status.IN_PROGRESS, FRIDAY + HOUR, Asked(replace(LEVELS, targets=quicker))
    )

    assert begins.goals == ticket.goals


def test_waiting_stands_still_and_an_answer_of_the_requester_goes_on():
    ticket = promised(at_work(), answered(at_work(), status=None, now=FRIDAY + HOUR / 2), Asked())
    waits = set_to(ticket, Status.WAITING, FRIDAY + HOUR)

    goes_on = promised(waits, asked_back(waits, assignee=None, now=FRIDAY + 3 * HOUR), Asked())

    assert (waits.status, look_at(waits)) == (Status.WAITING, None)
    assert goes_on.status is Status.IN_PROGRESS
    assert goals_of(goes_on).resolve_by == goals_of(ticket).resolve_by + 2 * HOUR


def test_a_ticket_that_is_given_back_while_its_requester_is_waited_for_goes_on_too():
    waits = set_to(at_work(), Status.WAITING, FRIDAY + HOUR)

    back = promised(waits, given_back(waits, now=FRIDAY + 2 * HOUR), Asked())

    assert goals_of(back).paused_at is None
    assert goals_of(back).resolve_by == waits.goals.resolve_by + HOUR


# The end, and after it.


def test_a_resolved_ticket_closes_a_week_later_and_has_nothing_else_to_come():
    ticket = at_work()

    done = set_to(ticket, Status.RESOLVED, FRIDAY + HOUR / 2)

    assert (done.goals.answered_in_time, done.goals.solved_in_time) == (True, True)
    assert done.closes_at == look_at(done) == FRIDAY + HOUR / 2 + 7 * DAY


def test_when_it_closes_stays_as_it_was_said():
    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR)
    other = Asked(replace(LEVELS, close_after=DAY))

    edit = set_to(done, None, FRIDAY + 2 * HOUR, other, category=Category.ACCESS)

    assert edit.closes_at == done.closes_at
    assert other.times == 0


def test_where_nothing_closes_by_itself_there_is_nothing_to_come_back_to():
    never = Asked(replace(LEVELS, close_after=None))

    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR, never)

    assert (done.closes_at, look_at(done)) == (None, None)


def test_what_was_resolved_when_nothing_closed_by_itself_never_does():
    never = Asked(replace(LEVELS, close_after=None))
    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR, never)

    edit = set_to(done, None, FRIDAY + 90 * DAY, category=Category.ACCESS)

    assert (edit.closes_at, look_at(edit)) == (None, None)


def test_a_ticket_that_is_resolved_once_more_closes_a_week_after_that():
    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR)
    again = set_to(done, Status.ASSIGNED, FRIDAY + DAY)

    anew = set_to(again, Status.RESOLVED, FRIDAY + 2 * DAY)

    assert anew.closes_at == FRIDAY + 9 * DAY


def test_a_closed_ticket_is_left_alone():
    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR / 2)

    closed = promised(done, closed_by_time(done, now=done.closes_at), Asked())

    assert (closed.closes_at, look_at(closed)) == (None, None)
    assert closed.goals == done.goals


def test_a_reopened_ticket_has_the_time_it_had_left():
    done = set_to(at_work(), Status.RESOLVED, FRIDAY + HOUR / 2)

    again = set_to(done, Status.ASSIGNED, FRIDAY + 2 * HOUR)

    assert (again.status, again.closes_at) == (Status.ASSIGNED, None)
    assert again.goals.resolve_by == done.goals.resolve_by + 1.5 * HOUR
    assert again.goals.solved_in_time is None


# Tickets from before there were service levels.


def test_an_old_open_ticket_is_promised_nothing_whatever_is_done_to_it():
    old, asked = replace(at_work(), goals=None), Asked()

    begins = set_to(old, Status.IN_PROGRESS, FRIDAY + HOUR, asked)
    higher = set_to(begins, None, FRIDAY + HOUR, asked, priority=Priority.LOW)

    assert (begins.goals, higher.goals, look_at(higher)) == (None, None, None)
    assert asked.times == 0


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_an_old_ticket_that_is_done_is_promised_nothing(status):
    old = replace(at_work(), goals=None, status=status, resolved_at=FRIDAY, closed_at=FRIDAY, seq=9)

    edit = promised(old, replace(old, title="Fire", seq=10), Asked())

    assert edit.goals is None


def test_an_old_ticket_that_does_not_say_when_it_was_resolved_never_closes():
    old = replace(at_work(), status=Status.RESOLVED, resolved_at=None)

    edit = promised(old, replace(old, title="Fire", seq=10), Asked())

    assert look_at(edit) is None


# Coming back.


def test_a_timer_is_named_for_the_ticket_and_its_moment():
    timers, ticket = Alarms(), at_work()

    for _ in range(2):
        come_back_to(ticket, timers)
    come_back_to(set_to(ticket, Status.RESOLVED, FRIDAY + HOUR), timers)
    come_back_to(a_filed(), timers)

    assert [(each.name, each.due_at, each.about) for each in timers.kept] == [
        (
            "ticket.T1CKET01.20260130T104500.000000",
            FRIDAY + 45 * MINUTE,
            "ticket:T1CKET01",
        ),
        (
            "ticket.T1CKET01.20260206T110000.000000",
            FRIDAY + HOUR + 7 * DAY,
            "ticket:T1CKET01",
        ),
    ]


# What is kept of it.


def saved(line, change, kinds=EventType.TICKET_UPDATED, **entry):
    before = line.tickets.get("T1CKET01")
    line.clock.tick(minutes=1)
    after = change(before, line.clock.now())
    return line.tickets.save(after, kinds, an_entry(**entry), before=before)


def triage(line):
    return saved(line, lambda it, now: it.triaged(a_verdict(), now=now), EventType.TICKET_TRIAGED)


def test_saving_returns_the_ticket_as_it_is_kept(line):
    line.open(created_at=FRIDAY, updated_at=FRIDAY)

    kept = triage(line)

    assert kept.goals == begun(Priority.HIGH, created_at=FRIDAY, levels=LEVELS)
    assert kept == replace(line.tickets.get("T1CKET01"), version=kept.version)
    assert line.store.get("tickets/T1CKET01").data["look_at"] == look_at(kept)


def test_several_events_of_one_change_are_kept_and_sent_together(line):
    line.open()
    line.tray.down = True
    both = (EventType.TICKET_TRIAGED, EventType.TICKET_UPDATED)

    saved(line, lambda it, now: it.triaged(a_verdict(), now=now), both)
    waiting = {path for path in everything(line.store) if path.startswith("outbox/")}
    line.tray.down = False
    line.outbox.sweep(timedelta(0))

    assert waiting == {"outbox/T1CKET01.triaged.2", "outbox/T1CKET01.updated.2"}
    assert {each.id for each in line.tray.published[-2:]} == {
        "T1CKET01.triaged.2",
        "T1CKET01.updated.2",
    }
    assert not [path for path in everything(line.store) if path.startswith("outbox/")]


def test_a_change_that_was_never_made_is_not_found(line):
    line.open()

    with pytest.raises(NotFoundError, match="no change 2"):
        line.tickets.change("T1CKET01", 2)


def test_tickets_are_counted_by_where_they_stand(line):
    line.open()
    line.open(id="T1CKET02")
    triage(line)

    found = [line.tickets.count(status) for status in (Status.NEW, Status.TRIAGED, Status.CLOSED)]

    assert found == [1, 1, 0]


def test_tickets_ask_for_the_levels_that_an_admin_has_set(line):
    calm = replace(LEVELS, targets={**LEVELS.targets, Priority.HIGH: Target(resolution=16 * HOUR)})
    Service(line.store).replace(calm)
    line.open(created_at=FRIDAY, updated_at=FRIDAY)

    kept = triage(line)

    assert (kept.goals.respond_by, kept.goals.resolve_by) == (None, MONDAY + DAY)
    assert line.tickets.levels(line.clock.now()).tag == calm.tag
    assert kept.goals.warned == ()
    assert Goal.RESOLUTION not in kept.goals.breached
