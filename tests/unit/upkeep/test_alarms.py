"""Tickets whose time has come: each thing is done once, by a timer or by the sweep."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from helpdesk.changes import Edits, answered, edited
from helpdesk.claims import Claims
from helpdesk.documents import Update
from helpdesk.errors import ConflictError, OutsideError
from helpdesk.events import EventType
from helpdesk.goals import Goal
from helpdesk.levels import OnBreach, shipped
from helpdesk.ports import Timer
from helpdesk.service import Service
from helpdesk.ticket import Status
from helpdesk.timeline import Actor
from helpdesk.verdict import Priority
from tests.builders import FixedClock, a_moderator, a_user, an_admin, an_entry
from tests.stands import RULES, Scripted
from tests.unit.upkeep.receivers import a_post
from upkeep.alarms import PATIENCE, RULE, SWEEP_MOST, look_after, sweep_tickets
from upkeep.rounds import Upkeep

FRIDAY = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)
MONDAY = datetime(2026, 2, 2, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HIGH = {"title": "Production is down", "description": "URGENT: everything is down for everybody!"}


@pytest.fixture
def clock():
    return FixedClock(FRIDAY)


@pytest.fixture
def desk(line):
    """Return a line with a moderator and an admin, and a high ticket that its moderator has."""
    line.staffed(a_user(), a_moderator(), an_admin())
    open_high(line)
    return line


def open_high(line, ticket_id="T1CKET01"):
    line.open(id=ticket_id, created_at=line.clock.now(), updated_at=line.clock.now(), **HIGH)
    line.run_out()


def look(desk, ticket_id="T1CKET01"):
    look_after(ticket_id, tickets=desk.tickets, timers=desk.timers, clock=desk.clock)


def sweep(desk):
    return sweep_tickets(tickets=desk.tickets, timers=desk.timers, clock=desk.clock)


def until(desk, moment):
    desk.clock.tick(seconds=(moment - desk.clock.now()).total_seconds())


def change(desk, act, action="edited"):
    """Change the ticket by hand, and return it."""
    before = desk.tickets.get("T1CKET01")
    entry = an_entry(action=action, actor_id="mod", cause="by hand")
    return desk.tickets.save(act(before), EventType.TICKET_UPDATED, entry, before=before)


def set_to(desk, **edits):
    now = desk.clock.now()
    return change(desk, lambda it: edited(it, Edits(**edits), assignee=a_moderator(), now=now))


def answer(desk):
    return change(desk, lambda it: answered(it, status=None, now=desk.clock.now()))


def actions(desk, ticket_id="T1CKET01"):
    return [it.entry.action for it in desk.tickets.timeline(ticket_id, limit=50, after=None)]


def served_with(desk, **changes):
    Service(desk.store).replace(replace(shipped(), **changes))
    desk.clock.tick(seconds=60)  # a minute later everybody knows them


# What is done, and when.


def test_a_timer_waits_for_the_warning_as_soon_as_somebody_has_the_ticket(desk):
    assert [(each.about, each.due_at) for each in desk.timers.kept] == [
        ("ticket:T1CKET01", FRIDAY + 45 * MINUTE)
    ]


def test_a_warning_is_kept_with_its_grounds_and_the_next_timer_is_set(desk):
    until(desk, FRIDAY + 45 * MINUTE)

    look(desk)

    told = desk.tickets.change("T1CKET01", 4)
    assert (told.entry.action, told.entry.actor, told.entry.actor_id) == (
        "warned",
        Actor.RULE,
        RULE,
    )
    assert told.entry.why == {"alarms": [{"alarm": "warn", "goal": "response"}]}
    assert desk.tickets.get("T1CKET01").goals.warned == (Goal.RESPONSE,)
    assert desk.timers.kept[-1].due_at == FRIDAY + HOUR
    assert desk.tray.published[-1].data["change"] == "warned"


def test_a_breach_follows_a_warning_and_each_is_told_once(desk):
    for moment in (45 * MINUTE, 45 * MINUTE, HOUR, HOUR, HOUR):
        until(desk, FRIDAY + moment)
        look(desk)
        sweep(desk)

    assert actions(desk)[3:] == ["warned", "breached"]
    assert desk.tickets.get("T1CKET01").goals.breached == (Goal.RESPONSE,)


def test_a_timer_that_comes_for_what_has_changed_does_nothing_but_set_the_next(desk):
    until(desk, FRIDAY + 30 * MINUTE)
    answer(desk)
    until(desk, FRIDAY + 45 * MINUTE)

    look(desk)

    assert actions(desk)[3:] == ["edited"]
    assert desk.timers.kept[-1].due_at == FRIDAY + 6 * HOUR  # the resolution's warning


def test_a_ticket_that_is_gone_is_nobodys_trouble(desk):
    look(desk, "N0NE0000")

    assert len(desk.timers.kept) == 1


def test_nothing_is_due_of_a_ticket_that_triage_has(line):
    line.open(created_at=FRIDAY, updated_at=FRIDAY)
    until(line, FRIDAY + DAY)

    look(line)

    assert actions(line) == ["created"]
    assert line.timers.kept == []


# What follows of a breach.


def test_the_priority_is_raised_when_the_levels_say_so(desk):
    open_low(desk)
    served_with(desk, on_breach=OnBreach(raise_priority=True))
    late = desk.tickets.get("T1CKET02")
    until(desk, late.goals.respond_by)

    look(desk, "T1CKET02")

    raised = desk.tickets.get("T1CKET02")
    assert (late.priority, raised.priority) == (Priority.LOW, Priority.MEDIUM)
    assert desk.tickets.change("T1CKET02", raised.seq).changes["priority"] == {
        "before": "low",
        "after": "medium",
    }
    assert raised.goals.resolve_by < late.goals.resolve_by


def test_a_priority_that_a_person_has_set_is_never_raised(desk):
    set_to(desk, priority=Priority.LOW)
    served_with(desk, on_breach=OnBreach(raise_priority=True))
    until(desk, MONDAY + 30 * DAY)

    look(desk)

    assert actions(desk)[-1] == "breached"
    assert desk.tickets.get("T1CKET01").priority is Priority.LOW


def test_somebody_else_gets_the_ticket_when_the_levels_say_so(desk):
    desk.users.add(a_moderator(id="other"))
    served_with(desk, on_breach=OnBreach(reassign=True))
    first = desk.tickets.get("T1CKET01").assignee_id
    until(desk, FRIDAY + HOUR)

    look(desk)
    desk.run_out()

    ticket = desk.tickets.get("T1CKET01")
    assert actions(desk)[3:] == ["breached", "assigned"]
    assert {first, ticket.assignee_id} == {"mod", "other"}
    assert ticket.declined == (first,)
    assert {name: it.open for name, it in desk.users.loads(["mod", "other"]).items()} == {
        first: 0,
        ticket.assignee_id: 1,
    }


def open_low(desk):
    """Open a second ticket, which is of no hurry."""
    judged = RULES.classify("Question", "A question: no hurry at all.")
    desk.classifier = Scripted(
        replace(judged, priority=replace(judged.priority, value=Priority.LOW))
    )
    open_high(desk, "T1CKET02")


# Closing.


def test_a_resolved_ticket_is_closed_when_its_time_is_up_and_not_before(desk):
    done = set_to(desk, status=Status.RESOLVED)

    until(desk, done.closes_at - MINUTE)
    look(desk)
    early = desk.tickets.get("T1CKET01")
    until(desk, done.closes_at)
    look(desk)
    look(desk)

    assert early.status is Status.RESOLVED
    assert desk.timers.kept[-1].due_at == done.closes_at == FRIDAY + 7 * DAY
    assert desk.tickets.get("T1CKET01").status is Status.CLOSED
    assert actions(desk)[3:] == ["edited", "closed"]


def test_a_ticket_never_closes_by_itself_where_the_levels_say_so(desk):
    served_with(desk, close_after=None)
    set_to(desk, status=Status.RESOLVED)
    until(desk, FRIDAY + 365 * DAY)

    look(desk)

    assert sweep(desk) == 0
    assert desk.tickets.get("T1CKET01").status is Status.RESOLVED


# The sweep.


def test_the_sweep_finds_what_no_timer_came_back_to(desk, caplog):
    until(desk, FRIDAY + 45 * MINUTE + PATIENCE - timedelta(seconds=1))
    assert sweep(desk) == 0
    desk.clock.tick(seconds=1)

    assert sweep(desk) == 1
    assert sweep(desk) == 0

    assert actions(desk)[3:] == ["warned"]
    assert desk.timers.kept[-1].due_at == FRIDAY + HOUR
    assert "tickets looked after late" in caplog.text


def test_the_sweep_finds_a_ticket_that_nobody_could_be_found_for(line):
    line.run_to("assign", created_at=FRIDAY, updated_at=FRIDAY, **HIGH)
    until(line, FRIDAY + 2 * HOUR)

    assert sweep(line) == 1

    assert actions(line)[2:] == ["breached"]
    assert line.tickets.get("T1CKET01").status is Status.TRIAGED


def test_the_sweep_goes_on_past_a_ticket_that_somebody_is_changing(desk):
    open_high(desk, "T1CKET02")
    until(desk, FRIDAY + 2 * HOUR)
    desk.documents.interrupt(lambda: answer(desk))

    assert sweep(desk) == 2

    assert actions(desk)[3:] == ["edited"]
    assert actions(desk, "T1CKET02")[3:] == ["breached"]


def test_a_round_of_the_sweep_has_an_end(desk):
    asked = []

    def to_look_at(by, *, limit):
        asked.append((by, limit))
        return []

    desk.tickets.to_look_at = to_look_at

    assert (sweep(desk), asked) == (0, [(FRIDAY - PATIENCE, SWEEP_MOST)])


# When things meet, and when they fail.


def test_two_firings_at_once_make_one_change(desk):
    until(desk, FRIDAY + HOUR)
    desk.documents.interrupt(partial(look, desk))

    look(desk)

    assert actions(desk)[3:] == ["breached"]
    assert desk.tickets.get("T1CKET01").seq == 4


def test_whoever_meets_another_change_is_called_again_and_looks_anew(desk):
    until(desk, FRIDAY + HOUR)
    desk.documents.interrupt(lambda: set_to(desk, status=Status.RESOLVED))

    with pytest.raises(ConflictError):
        look(desk)
    look(desk)

    assert "breached" not in actions(desk)


def test_a_commit_that_is_answered_twice_is_made_once(desk):
    until(desk, FRIDAY + HOUR)
    desk.documents.arm("after", 1)

    with pytest.raises(OutsideError):
        look(desk)
    look(desk)

    assert actions(desk)[3:] == ["breached"]
    assert desk.timers.kept[-1].due_at == FRIDAY + 6 * HOUR


def test_timers_that_are_down_hold_up_nothing(desk, caplog):
    open_high(desk, "T1CKET02")
    until(desk, FRIDAY + 2 * HOUR)
    desk.timers.down = True

    assert sweep(desk) == 2

    assert [actions(desk, each)[3:] for each in ("T1CKET01", "T1CKET02")] == [["breached"]] * 2
    assert desk.store.get("tickets/T1CKET01").data["look_at"] == FRIDAY + 6 * HOUR
    assert "no timer is set" in caplog.messages


def spoil(desk):
    """Let the first ticket keep goals that nothing here can read; it is the first to be due."""
    kept = desk.store.get("tickets/T1CKET01").data["goals"]
    desk.store.commit([Update("tickets/T1CKET01", {"goals": {**kept, "breached": ["review"]}})])


def test_a_ticket_that_cannot_be_read_holds_up_no_other(desk, caplog):
    desk.clock.tick(minutes=1)
    open_high(desk, "T1CKET02")
    spoil(desk)
    until(desk, FRIDAY + 2 * HOUR)

    with pytest.raises(OutsideError, match="1 of 2 tickets"):
        sweep(desk)

    [told] = [each for each in caplog.records if each.message == "ticket not looked after"]
    assert actions(desk, "T1CKET02")[3:] == ["breached"]
    assert (told.ticket_id, told.exc_info is None) == ("T1CKET01", False)


def test_a_ticket_that_the_store_refuses_holds_up_no_other(desk, caplog):
    open_high(desk, "T1CKET02")
    until(desk, FRIDAY + 2 * HOUR)
    desk.documents.arm("before", 1)

    with pytest.raises(OutsideError, match="1 of 2 tickets"):
        sweep(desk)

    [told] = [each for each in caplog.records if each.message == "ticket not looked after"]
    assert actions(desk)[3:] == []
    assert actions(desk, "T1CKET02")[3:] == ["breached"]
    assert told.ticket_id == "T1CKET01"
    assert (told.reason, told.exc_info) == (
        "the store did not answer; nothing was written",
        None,
    )


# In the rounds.


@pytest.fixture
def upkeep(desk):
    claims = Claims(
        documents=desk.documents, outbox=desk.outbox, clock=desk.clock, timers=desk.timers
    )
    return Upkeep(
        outbox=desk.outbox,
        parked=desk.parked,
        claims=claims,
        users=desk.users,
        tickets=desk.tickets,
        hooks=a_post(desk.documents, timers=desk.timers, clock=desk.clock),
        timers=desk.timers,
        clock=desk.clock,
    )


def test_the_rounds_fire_a_ticket_s_timer_and_sweep_every_minute(desk, upkeep):
    [timer] = desk.timers.kept
    until(desk, timer.due_at)

    upkeep.fire(timer)
    until(desk, FRIDAY + HOUR + PATIENCE)
    upkeep.minute()
    upkeep.fire(Timer(name="late", due_at=timer.due_at, about=timer.about))

    assert actions(desk)[3:] == ["warned", "breached"]


def test_a_timer_that_comes_too_early_is_set_again(desk, upkeep):
    [timer] = desk.timers.kept

    upkeep.fire(timer)

    assert actions(desk)[3:] == []
    assert desk.timers.kept[-1].name == f"{timer.name}~1"
