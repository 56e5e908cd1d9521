"""Notify as a step: who is told of what, once."""

from dataclasses import replace

import pytest

from helpdesk.delivery import Delivered
from helpdesk.errors import EarlyEventError, OutsideError
from helpdesk.events import EventType
from helpdesk.mail import LEASE
from helpdesk.ports import Outcome
from tests.builders import a_moderator, a_ticket, a_user, an_event
from tests.stands import Carrier, everything


@pytest.fixture
def staffed(line):
    return line.staffed(a_user(), a_moderator(), a_moderator(id="other", available=False))


def recipients(line):
    return [received.letter.to for received in line.mailbox.read()]


def signed_up(name):
    return an_event(id=f"{name}.signed-up.1", type=EventType.USER_SIGNED_UP, subject=name)


def test_the_assignee_is_told_and_the_ticket_says_when(staffed):
    event = staffed.run_to("notify", title="Quux", description="Quux")
    staffed.clock.tick(seconds=5)

    staffed.deliver("notify", event)

    (received,) = staffed.mailbox.read()
    assert received.letter.to == "mod@example.com"
    assert received.letter.ticket_id == "T1CKET01"
    assert "From:      Ann Asker" in received.letter.text
    assert staffed.tickets.get("T1CKET01").notified_at == staffed.clock.now()


def test_a_new_user_is_greeted_once(staffed):
    event = signed_up("asker")

    for _ in range(3):
        staffed.deliver("notify", event)

    assert recipients(staffed) == ["asker@example.com"]


def test_a_user_that_is_not_there_is_parked(staffed):
    result = staffed.deliver("notify", signed_up("nobody"))

    assert result is Delivered.PARKED
    assert recipients(staffed) == []


@pytest.mark.parametrize(
    "kind", [EventType.TICKET_CREATED, EventType.TICKET_TRIAGED, EventType.TICKET_UPDATED]
)
def test_nobody_is_told_of_anything_else(staffed, kind):
    staffed.open()
    before = everything(staffed.store)

    result = staffed.deliver("notify", an_event(type=kind))

    assert result is Delivered.PROCESSED
    assert everything(staffed.store) == before
    assert recipients(staffed) == []


def test_a_ticket_that_is_not_assigned_is_too_early(staffed):
    staffed.open()

    with pytest.raises(EarlyEventError):
        staffed.deliver("notify", an_event(type=EventType.TICKET_ASSIGNED))

    assert recipients(staffed) == []


def test_who_was_assigned_then_is_told_even_if_it_is_somebody_elses_now(staffed):
    event = staffed.run_to("notify", title="Quux", description="Quux")
    staffed.deliver("notify", replace(event, id="e2", data={"assignee_id": "other"}))

    staffed.deliver("notify", event)

    assert recipients(staffed) == ["mod@example.com", "other@example.com"]


@pytest.mark.parametrize("data", [{}, {"assignee_id": None}, {"assignee_id": "gone"}])
def test_where_that_is_not_known_the_present_assignee_is_told(staffed, data):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    staffed.deliver("notify", replace(event, data=data))

    assert recipients(staffed) == ["mod@example.com"]


@pytest.mark.parametrize("odd", ["../x", ["mod"], {"a": 1}, 7, "é"])
def test_an_odd_assignee_harms_nobody(staffed, odd):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    result = staffed.deliver("notify", replace(event, data={"assignee_id": odd}))

    assert result is (Delivered.PROCESSED if odd == 7 else Delivered.PARKED)
    assert recipients(staffed) == (["mod@example.com"] if odd == 7 else [])


def test_an_assignee_who_is_nowhere_is_parked(line):
    event = line.open(assignee_id="gone", assignee_name="Gone")

    result = line.deliver("notify", replace(event, type=EventType.TICKET_ASSIGNED))

    assert result is Delivered.PARKED


def test_mail_that_is_down_only_delays_a_letter(staffed):
    staffed.mailer = Carrier(OutsideError("down"), OutsideError("down"))
    event = staffed.run_to("notify")

    result = staffed.insist("notify", event)

    assert result is Delivered.PROCESSED
    assert len(staffed.mailer.carried) == 1
    assert staffed.tickets.get("T1CKET01").notified_at is not None


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN])
def test_a_ticket_does_not_claim_that_somebody_was_told_who_may_not_have_been(staffed, outcome):
    staffed.mailer = Carrier(outcome)
    event = staffed.run_to("notify")

    results = [staffed.deliver("notify", event) for _ in range(3)]

    assert results == [Delivered.PROCESSED, Delivered.DUPLICATE, Delivered.DUPLICATE]
    assert len(staffed.mailer.carried) == 1
    assert staffed.tickets.get("T1CKET01").notified_at is None


@pytest.mark.parametrize(("when", "state"), [("before", "unknown"), ("after", "accepted")])
def test_a_crash_behind_the_sending_sends_no_second_letter(staffed, when, state):
    staffed.mailer = Carrier()
    event = staffed.run_to("notify")
    staffed.documents.arm(when, 2)

    with pytest.raises(OutsideError):
        staffed.deliver("notify", event)
    staffed.clock.tick(seconds=LEASE.total_seconds())
    staffed.deliver("notify", event)

    (kept,) = (data for path, data in everything(staffed.store).items() if path[:5] == "mail/")
    assert kept["state"] == state
    assert len(staffed.mailer.carried) == 1
    assert a_ticket().id == kept["ticket_id"]
