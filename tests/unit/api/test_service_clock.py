"""A ticket's clock from outside: goals, closing, and how long it can be reopened."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.reopening import check_window
from api.sessions import Principal
from helpdesk.errors import InvalidInputError
from helpdesk.goals import Alarm, Goal
from helpdesk.levels import shipped
from helpdesk.service import Service
from helpdesk.ticket import Status
from helpdesk.user import Role
from helpdesk.wire import time_text
from tests.builders import NOW, FixedClock, a_ticket
from tests.unit.api.desk import is_problem
from tests.unit.api.served import DAY, FRIDAY, HOUR, MINUTE, closed, later, served
from tests.unit.helpdesk.alarms import Alarms
from upkeep.alarms import look_after

WINDOW = shipped().reopen_within


@pytest.fixture
def clock():
    return FixedClock(FRIDAY)


@pytest.fixture
def ticket_id(counter, ada, mona):
    return served(counter, ada, mona)


def path(ticket_id, rest=""):
    return f"/api/tickets/{ticket_id}{rest}"


def resolve(who, ticket_id):
    answer = who.patch(path(ticket_id), {"status": "resolved"})
    assert answer.status_code == 200, answer.json
    return answer.json


def reopen(who, ticket_id):
    return who.patch(path(ticket_id), {"status": "assigned"})


def reply(who, ticket_id):
    return who.post(path(ticket_id, "/comments"), {"text": "It burns again."})


# What is shown.


def test_staff_sees_what_is_promised_and_a_requester_does_not(ada, mona, chief, ticket_id):
    shown = mona.get(path(ticket_id)).json

    assert shown["goals"] == {
        "respond_by": time_text(FRIDAY + HOUR),
        "resolve_by": time_text(FRIDAY + 3 * DAY),
        "paused": False,
        "answered_in_time": None,
        "solved_in_time": None,
        "warned": [],
        "breached": [],
    }
    assert chief.get(path(ticket_id)).json["goals"] == shown["goals"]
    assert "goals" not in ada.get(path(ticket_id)).json


def test_a_ticket_that_is_not_triaged_is_promised_nothing_yet(ada, chief):
    filed = ada.file().json["id"]

    assert chief.get(path(filed)).json["goals"] is None


def test_an_answer_in_time_and_waiting_are_seen_at_once(mona, ticket_id):
    answer = reply(mona, ticket_id)
    waiting = mona.patch(path(ticket_id), {"status": "waiting"}).json

    assert answer.status_code == 201
    assert (waiting["goals"]["answered_in_time"], waiting["goals"]["paused"]) == (True, True)


def test_what_is_late_is_seen(counter, mona, ticket_id):
    [mona] = later(counter, mona, hours=2)
    look_after(ticket_id, tickets=counter.tickets, timers=Alarms(), clock=counter.clock)

    assert mona.get(path(ticket_id)).json["goals"]["breached"] == ["response"]


def test_whoever_resolves_a_ticket_reads_at_once_when_it_closes(ada, mona, ticket_id):
    answered = resolve(mona, ticket_id)

    assert answered["closes_at"] == time_text(FRIDAY + 7 * DAY)
    assert answered["goals"]["solved_in_time"] is True
    assert answered == mona.get(path(ticket_id)).json
    assert ada.get(path(ticket_id)).json["closes_at"] == answered["closes_at"]


def test_a_change_whose_commit_is_answered_twice_is_shown_as_it_was_kept(counter, mona, ticket_id):
    def twice(name, asked):
        if name == "commit" and any("timeline" in write.path for write in asked):
            counter.documents.fails = lambda _name, _asked: False
            counter.house.documents.commit(asked)
        return False

    counter.documents.fails = twice

    answered = resolve(mona, ticket_id)

    assert answered["closes_at"] is not None
    assert answered == mona.get(path(ticket_id)).json


# Reopening.


def test_a_requester_opens_a_closed_ticket_again_within_the_window(counter, ada, mona, ticket_id):
    resolve(mona, ticket_id)
    later(counter, days=7)
    closed(counter, ticket_id)
    (ada,) = later(counter, ada, seconds=WINDOW.total_seconds() - 1)

    answer = reopen(ada, ticket_id)

    assert (answer.status_code, answer.json["status"]) == (200, "assigned")
    assert (answer.json["closed_at"], answer.json["closes_at"]) == (None, None)


@pytest.mark.parametrize("act", [reopen, reply])
def test_and_not_after_it_but_staff_still_does(counter, ada, mona, ticket_id, act):
    resolve(mona, ticket_id)
    later(counter, days=7)
    closed(counter, ticket_id)
    ada, mona = later(counter, ada, mona, seconds=WINDOW.total_seconds())

    refused, taken = act(ada, ticket_id), reopen(mona, ticket_id)

    assert is_problem(refused, 422)
    assert "closed for good" in refused.get_data(as_text=True)
    assert (taken.status_code, taken.json["status"]) == (200, "assigned")


def test_a_resolved_ticket_is_opened_again_however_late(counter, ada, mona, ticket_id):
    Service(counter.house.documents).replace(
        replace(shipped(), close_after=None, reopen_within=timedelta(0))
    )
    ada, mona = later(counter, ada, mona, minutes=2)
    resolve(mona, ticket_id)
    (ada,) = later(counter, ada, days=300)

    assert reply(ada, ticket_id).status_code == 201
    assert counter.tickets.get(ticket_id).status is Status.ASSIGNED


def test_the_window_is_what_the_levels_say(counter, ada, mona, ticket_id):
    Service(counter.house.documents).replace(replace(shipped(), reopen_within=timedelta(0)))
    ada, mona = later(counter, ada, mona, minutes=2)
    resolve(mona, ticket_id)
    closed(counter, ticket_id)

    assert is_problem(reopen(ada, ticket_id), 422)


def test_a_ticket_that_does_not_say_when_it_was_closed_is_open_to_its_requester():
    asker = Principal(user_id="asker", name="Ann", role=Role.USER, session_id="s")
    old = a_ticket(status=Status.CLOSED, closed_at=None)

    check_window(asker, old, levels=shipped(), now=NOW)

    with pytest.raises(InvalidInputError):
        check_window(asker, replace(old, closed_at=NOW), levels=shipped(), now=NOW + WINDOW)


def test_a_reopened_ticket_is_shown_with_the_time_it_has_left(counter, ada, mona, ticket_id):
    resolve(mona, ticket_id)
    ada, mona = later(counter, ada, mona, hours=2)

    reopen(ada, ticket_id)

    goals = mona.get(path(ticket_id)).json["goals"]
    assert goals["resolve_by"] == time_text(FRIDAY + 3 * DAY + 2 * HOUR)
    assert goals["solved_in_time"] is None


# The timeline.


def test_a_requester_does_not_learn_what_is_for_staff_only(counter, ada, mona, ticket_id):
    mona.post(path(ticket_id, "/comments"), {"text": "He calls every day.", "internal": True})
    mona.post(path(ticket_id, "/retriage"))
    for after in (45 * MINUTE, HOUR):
        later(counter, seconds=(FRIDAY + after - counter.clock.now()).total_seconds())
        look_after(ticket_id, tickets=counter.tickets, timers=Alarms(), clock=counter.clock)
    ada, mona = later(counter, ada, mona)
    mona.post(path(ticket_id, "/assign"), {"assignee": None})

    def actions(who):
        items = who.get(path(ticket_id, "/timeline?limit=100")).json["items"]
        return [each["action"] for each in items]

    chief = counter.somebody("boss", Role.ADMIN)
    known = ["created", "triaged", "assigned"]
    assert actions(ada) == known
    assert actions(chief) == [
        *known, "noted", "triage_asked", "warned", "breached", "declined",
    ]  # fmt: skip


def test_grounds_of_an_alarm_are_told_to_staff(counter, mona, ticket_id):
    [mona] = later(counter, mona, hours=1)
    look_after(ticket_id, tickets=counter.tickets, timers=Alarms(), clock=counter.clock)

    last = mona.get(path(ticket_id, "/timeline")).json["items"][-1]

    assert last["actor"]["kind"] == "rule"
    assert last["why"] == {"alarms": [{"alarm": Alarm.BREACH, "goal": Goal.RESPONSE}]}
