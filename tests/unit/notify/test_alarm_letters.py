"""Letters of time: who hears that a promise is nearly missed or is, and what a resolution says."""

import html
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.changes import Edits, edited, named, told_by
from helpdesk.delivery import Delivered
from helpdesk.goals import Goals
from helpdesk.levels import OnBreach, shipped
from helpdesk.service import Service
from helpdesk.ticket import Status
from notify.letters import alarm, resolved
from tests.builders import FixedClock, a_moderator, a_ticket, a_user, an_admin, an_entry
from upkeep.alarms import look_after

FRIDAY = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HIGH = {"title": "Production is down", "description": "URGENT: everything is down for everybody!"}


@pytest.fixture
def clock():
    return FixedClock(FRIDAY)


@pytest.fixture
def desk(line):
    """Return a line whose moderator has a high ticket, with two admins; its mailbox is read."""
    line.staffed(a_user(), a_moderator(), an_admin(), an_admin(id="chief"))
    line.open(created_at=FRIDAY, updated_at=FRIDAY, **HIGH)
    line.run_out()
    return line


def look(desk, after):
    """Look after the ticket so long after it was opened, and return the event that tells of it."""
    desk.clock.tick(seconds=(FRIDAY + after - desk.clock.now()).total_seconds())
    look_after("T1CKET01", tickets=desk.tickets, timers=desk.timers, clock=desk.clock)
    return desk.tray.published[-1]


def moved(desk, status, by, *, assignee=None):
    """Move the ticket as somebody, and return the event that tells of it."""
    before = desk.tickets.get("T1CKET01")
    after = edited(before, Edits(status=status), assignee=assignee, now=desk.clock.now())
    entry = an_entry(action=named(before, after).value, actor_id=by, cause="by hand")
    desk.tickets.save(after, told_by(before, after), entry, before=before)
    return desk.tray.published[-1]


def resolve(desk, by):
    return moved(desk, Status.RESOLVED, by)


def reopen(desk, by):
    return moved(desk, Status.ASSIGNED, by, assignee=a_moderator())


def letters_after(desk, event):
    """Deliver an event twice, and return the letters that it made, by who got them."""
    known = desk.mailbox.count()
    desk.deliver("notify", event)
    made = desk.mailbox.count() - known
    assert desk.deliver("notify", event) in {Delivered.DUPLICATE, Delivered.PROCESSED}
    found = desk.mailbox.read(limit=100)[:made]
    assert desk.mailbox.count() == known + made
    return {each.letter.to: each.letter for each in found}


# Who hears of it.


def test_a_warning_goes_to_whoever_has_the_ticket_alone(desk):
    sent = letters_after(desk, look(desk, 45 * MINUTE))

    assert set(sent) == {"mod@example.com"}
    text = sent["mod@example.com"].text
    assert "The first response is due by 2026-01-30 11:00 UTC." in text
    assert "Production is down" in text
    assert sent["mod@example.com"].subject.startswith("[T1CKET01]")


def test_a_breach_goes_to_whoever_has_it_and_to_every_admin(desk):
    sent = letters_after(desk, look(desk, HOUR))

    assert set(sent) == {"mod@example.com", "admin@example.com", "chief@example.com"}
    late = "The first response is late: it was promised by 2026-01-30 11:00 UTC."
    assert all(late in each.text for each in sent.values())


def test_what_is_missed_together_is_one_letter(desk):
    sent = letters_after(desk, look(desk, 4 * DAY))

    text = sent["mod@example.com"].text
    assert "The first response is late" in text
    assert "The resolution is late: it was promised by 2026-02-02 10:00 UTC." in text


def test_a_ticket_that_nobody_has_is_the_admins_to_hear_of(line):
    line.run_to("assign", created_at=FRIDAY, updated_at=FRIDAY, **HIGH)
    line.staffed(a_moderator(), an_admin())

    sent = letters_after(line, look(line, 45 * MINUTE))

    assert set(sent) == {"admin@example.com"}
    assert "to nobody" in sent["admin@example.com"].text
    assert "triaged" in sent["admin@example.com"].text


def test_an_admin_who_has_the_ticket_is_told_once(line):
    line.staffed(a_user(), an_admin())
    line.open(created_at=FRIDAY, updated_at=FRIDAY, **HIGH)
    line.run_out()

    assert set(letters_after(line, look(line, HOUR))) == {"admin@example.com"}


def test_whoever_gets_a_ticket_because_of_a_breach_is_given_it_as_ever(desk):
    Service(desk.store).replace(replace(shipped(), on_breach=OnBreach(reassign=True)))
    desk.users.add(a_moderator(id="other"))
    desk.clock.tick(minutes=2)
    before, known = desk.tickets.get("T1CKET01").assignee_id, desk.mailbox.count()

    look(desk, HOUR)
    desk.run_out()

    told = [each.letter for each in desk.mailbox.read(limit=100)[: desk.mailbox.count() - known]]
    after = desk.tickets.get("T1CKET01").assignee_id
    given = [each.to for each in told if "this ticket is now yours" in each.text]
    assert after != before
    assert given == [f"{after}@example.com"]
    assert {"admin@example.com", "chief@example.com"} <= {each.to for each in told}


@pytest.mark.parametrize(
    ("by", "reader", "says"),
    [
        ("mod", "asker@example.com", "your ticket T1CKET01 is resolved."),
        ("admin", "asker@example.com", "your ticket T1CKET01 is resolved."),
        ("asker", "mod@example.com", "is resolved, says who filed it."),
    ],
)
def test_the_other_side_hears_of_a_resolution(desk, by, reader, says):
    sent = letters_after(desk, resolve(desk, by))

    assert set(sent) == {reader}
    assert says in sent[reader].text


def test_a_requester_hears_until_when_a_ticket_can_be_opened_again_just_so(desk):
    sent = letters_after(desk, resolve(desk, "mod"))

    text = sent["asker@example.com"].text
    assert "reply to the ticket, and it is opened again" in text
    assert "Otherwise it closes by itself on 2026-02-06." in text


def test_where_nobody_has_a_ticket_nobody_hears_that_its_requester_is_done_with_it(line, caplog):
    caplog.set_level(logging.INFO)
    line.staffed(a_user())
    line.run_to("assign", created_at=FRIDAY, updated_at=FRIDAY, **HIGH)

    assert letters_after(line, resolve(line, "asker")) == {}
    assert "nobody is told of this change" in caplog.messages


@pytest.mark.parametrize(
    ("by", "readers"),
    [("asker", {"mod@example.com"}), ("admin", {"mod@example.com"}), ("mod", set())],
)
def test_whoever_has_a_ticket_hears_that_it_was_opened_again_unless_it_was_them(desk, by, readers):
    letters_after(desk, resolve(desk, "mod"))

    sent = letters_after(desk, reopen(desk, by))

    assert set(sent) == readers
    assert all("was opened again, and it is yours" in each.text for each in sent.values())


def test_nobody_hears_that_a_ticket_has_closed_by_itself(desk):
    letters_after(desk, resolve(desk, "mod"))

    assert letters_after(desk, look(desk, 8 * DAY)) == {}


# When a timer is set.


def test_a_timer_is_set_once_however_often_an_event_comes(desk):
    event = look(desk, 45 * MINUTE)
    desk.timers.kept.clear()

    for _ in range(2):
        desk.deliver("notify", event)

    assert [each.due_at for each in desk.timers.kept] == [FRIDAY + HOUR]


def test_no_letter_waits_for_timers_that_are_down(desk, caplog):
    event = look(desk, 45 * MINUTE)
    desk.timers.down = True

    sent = letters_after(desk, event)

    assert set(sent) == {"mod@example.com"}
    assert "no timer is set" in caplog.messages


# The words.


def test_a_letter_of_a_goal_that_is_there_no_more_still_reads_well():
    for goals in (None, Goals()):
        letter = alarm(
            a_ticket(goals=goals), [("warn", "resolution")], reader=a_user(), event_id="e1"
        )
        assert "The resolution is due by its time." in letter.text
        assert "not set" in letter.text


def test_where_nothing_closes_by_itself_nothing_is_said_of_it():
    letter = resolved(a_ticket(closes_at=None), reader=a_user(), event_id="e1")

    assert "is resolved" in letter.text
    assert "closes" not in letter.text


def test_what_a_requester_wrote_is_never_more_than_text():
    title = "<script>alert(1)</script>\r\nBcc: all@example.com"

    letter = alarm(a_ticket(title=title), [("breach", "response")], reader=a_user(), event_id="e1")

    assert "<script>" not in letter.html
    assert html.escape("<script>") in letter.html
    assert "\n" not in letter.subject
