"""Notify as a step: who is told of what, once."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.changes import Edits, edited, given_back, handed_to
from helpdesk.claims import Claims
from helpdesk.delivery import Delivered
from helpdesk.documents import Update
from helpdesk.errors import DuplicateError, EarlyEventError, OutsideError
from helpdesk.events import EventType
from helpdesk.links import link_id_of
from helpdesk.log import JsonLine
from helpdesk.mail import LEASE, WAIT, Mail, MailState
from helpdesk.notices import LINK_LIFE, LINKED, Notice, notice
from helpdesk.ports import Outcome
from helpdesk.ticket import Status
from helpdesk.tickets import notified
from helpdesk.timeline import Action
from notify.letters import assignment
from notify.step import _send_all
from tests.builders import a_moderator, a_ticket, a_user, an_event
from tests.by_hand import changed
from tests.stands import LINK_KEY, Carrier, everything

LINK_ID = "0123456789ABCDEFGHJKMNPQRS"


@pytest.fixture
def staffed(line):
    return line.staffed(a_user(), a_moderator(), a_moderator(id="other", available=False))


def recipients(line):
    return [received.letter.to for received in line.mailbox.read()]


def signed_up(name):
    return an_event(id=f"{name}.signed-up.1", type=EventType.USER_SIGNED_UP, subject=name)


def told(line, kind, **changes):
    """Return the event of a notice that is told now."""
    given = {
        "id": "N0T1CE", "at": line.clock.now(), "email": "ann@example.com", "name": "Ann",
        "link_id": LINK_ID, **changes,
    }  # fmt: skip
    return notice(kind, **given)


def hand_over(line, user_id, *, by="mod"):
    def given(ticket, *, now):
        return handed_to(ticket, line.users.get(user_id), now=now)

    return changed(line.tickets, given, Action.HANDED_OVER, by=by, now=line.clock.now())


def claims_of(line):
    return {path: data for path, data in everything(line.store).items() if path[:5] == "mail/"}


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


def test_the_next_assignee_is_told_and_the_ticket_says_when(staffed):
    staffed.run_to("notify", title="Quux", description="Quux")
    hand_over(staffed, "other")
    staffed.clock.tick(minutes=1)

    staffed.deliver("notify", staffed.tray.published[-1])

    assert recipients(staffed) == ["other@example.com"]
    assert staffed.tickets.get("T1CKET01").notified_at == staffed.clock.now()


def test_news_of_a_ticket_is_told_once_and_says_nothing_of_its_assignee(staffed):
    staffed.run_to("notify", title="Quux", description="Quux")
    edits = Edits(status=Status.RESOLVED)
    changed(
        staffed.tickets,
        lambda it, now: edited(it, edits, assignee=None, now=now),
        Action.RESOLVED,
    )

    results = [staffed.deliver("notify", staffed.tray.published[-1]) for _ in range(3)]

    assert results == [Delivered.PROCESSED, Delivered.DUPLICATE, Delivered.DUPLICATE]
    assert recipients(staffed) == ["asker@example.com"]
    assert staffed.tickets.get("T1CKET01").notified_at is None


def test_of_many_letters_those_that_are_not_known_are_sent(staffed, caplog):
    event = staffed.run_to("notify", title="Quux", description="Quux")
    ticket = staffed.tickets.get("T1CKET01")
    one, other = (
        assignment(ticket, assignee=a_moderator(id=name), event_id=event.id)
        for name in ("mod", "other")
    )
    mail = Mail(documents=staffed.documents, mailer=staffed.mailer, clock=staffed.clock)

    _send_all([one], event, mail, [])
    _send_all([one, other], event, mail, [])
    with pytest.raises(DuplicateError):
        _send_all([one, other], event, mail, [])

    assert recipients(staffed) == ["other@example.com", "mod@example.com"]


def test_a_ticket_that_is_not_assigned_is_too_early(staffed):
    staffed.open()

    with pytest.raises(EarlyEventError):
        staffed.deliver("notify", an_event(type=EventType.TICKET_ASSIGNED))

    assert recipients(staffed) == []


def test_who_has_the_ticket_no_longer_is_not_told_that_it_is_theirs(staffed):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    staffed.deliver("notify", replace(event, id="e2", data={"assignee_id": "other"}))

    assert recipients(staffed) == []
    assert staffed.tickets.get(event.subject).notified_at is None


@pytest.mark.parametrize("data", [{}, {"assignee_id": None}])
def test_where_that_is_not_known_the_present_assignee_is_told(staffed, data):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    staffed.deliver("notify", replace(event, data={"seq": event.data["seq"], **data}))

    assert recipients(staffed) == ["mod@example.com"]


@pytest.mark.parametrize("data", [{}, {"seq": None}, {"seq": 2}, {"seq": "3"}, {"seq": [3]}])
def test_what_does_not_tell_of_this_giving_tells_nobody(staffed, data):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    staffed.deliver("notify", replace(event, data={"assignee_id": "mod", **data}))

    assert recipients(staffed) == []
    assert staffed.tickets.get("T1CKET01").notified_at is None


def test_of_a_ticket_that_comes_back_to_somebody_they_are_told_by_the_later_giving_alone(staffed):
    first = staffed.run_to("notify", title="Quux", description="Quux")
    hand_over(staffed, "other")
    hand_over(staffed, "mod", by="other")
    last = staffed.tray.published[-1]

    staffed.deliver("notify", first)
    early = staffed.tickets.get("T1CKET01").notified_at
    staffed.deliver("notify", last)

    assert early is None
    assert recipients(staffed) == ["mod@example.com"]
    assert staffed.tickets.get("T1CKET01").notified_at == staffed.clock.now()


def test_word_of_an_earlier_giving_that_comes_late_marks_nothing(staffed):
    first = staffed.run_to("notify", title="Quux", description="Quux")
    hand_over(staffed, "other")

    staffed.store.commit([notified(first, staffed.clock.now())])

    ticket = staffed.tickets.get("T1CKET01")
    assert (ticket.assignee_id, ticket.notified_at) == ("other", None)
    assert staffed.store.get("tickets/T1CKET01").data["told_3"] == staffed.clock.now()


def test_that_its_last_assignee_was_told_is_not_said_of_a_ticket_that_nobody_has(staffed):
    staffed.deliver("notify", staffed.run_to("notify", title="Quux", description="Quux"))

    ticket = changed(staffed.tickets, given_back, Action.DECLINED)

    assert (ticket.assignee_id, ticket.given_seq, ticket.notified_at) == (None, 0, None)


def test_a_giving_from_before_it_was_numbered_is_told(staffed):
    event = staffed.run_to("notify", title="Quux", description="Quux")
    staffed.store.commit([Update("tickets/T1CKET01", {"given_seq": 0})])

    result = staffed.deliver("notify", event)

    assert result is Delivered.PROCESSED
    assert recipients(staffed) == ["mod@example.com"]


@pytest.mark.parametrize("odd", ["../x", ["mod"], {"a": 1}, 7, "é"])
def test_an_odd_assignee_harms_nobody(staffed, odd):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    result = staffed.deliver("notify", replace(event, data={"assignee_id": odd}))

    assert result is Delivered.PROCESSED
    assert recipients(staffed) == []


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


@pytest.mark.parametrize("kind", Notice)
def test_the_holder_of_an_account_is_told_once(line, kind):
    event = told(line, kind)

    for _ in range(3):
        line.deliver("notify", event)

    assert recipients(line) == ["ann@example.com"]


@pytest.mark.parametrize("kind", sorted(LINKED))
def test_a_link_is_made_with_the_houses_key_and_kept_nowhere(line, kind, caplog):
    caplog.set_level(logging.DEBUG)

    line.deliver("notify", told(line, kind))

    (received,) = line.mailbox.read()
    (token,) = (word for word in received.letter.text.split() if word.startswith("https://"))
    secret = token.partition(f"#{LINK_ID}.")[2]
    assert secret
    assert link_id_of(token.partition("#")[2], key=LINK_KEY) == LINK_ID
    assert secret not in repr(everything(line.store))
    assert caplog.records
    assert not any(secret in JsonLine().format(record) for record in caplog.records)


@pytest.mark.parametrize("kind", Notice)
def test_where_there_is_nobody_to_tell_nothing_is_sent_or_kept(line, kind, caplog):
    caplog.set_level(logging.INFO)

    result = line.deliver("notify", told(line, kind, email="", name=""))

    assert result is Delivered.PROCESSED
    assert recipients(line) == []
    assert everything(line.store) == {}
    assert caplog.messages == [
        "nobody is told of this notice",
        "delivered",
    ]
    assert caplog.records[0].kind == kind


@pytest.mark.parametrize("kind", Notice)
def test_a_letter_whose_link_has_ended_is_not_sent_any_more(line, kind, caplog):
    event = told(line, kind)
    line.clock.tick(seconds=LINK_LIFE.total_seconds())

    result = line.deliver("notify", event)

    assert result is Delivered.PROCESSED
    assert recipients(line) == ([] if kind in LINKED else ["ann@example.com"])
    assert ("a letter is too late" in caplog.messages) is (kind in LINKED)


@pytest.mark.parametrize("kind", sorted(LINKED))
def test_a_link_that_still_works_is_sent(line, kind):
    event = told(line, kind)
    line.clock.tick(seconds=LINK_LIFE.total_seconds() - 1)

    line.deliver("notify", event)

    assert recipients(line) == ["ann@example.com"]


@pytest.mark.parametrize("kind", Notice)
def test_mail_that_is_down_only_delays_a_notice(line, kind):
    line.mailer = Carrier(OutsideError("down"), OutsideError("down"))

    result = line.insist("notify", told(line, kind))

    assert result is Delivered.PROCESSED
    assert len(line.mailer.carried) == 1


@pytest.mark.parametrize("kind", Notice)
def test_a_notice_of_unknown_outcome_is_never_sent_again(line, kind):
    line.mailer = Carrier(Outcome.UNKNOWN)
    event = told(line, kind)
    line.deliver("notify", event)
    line.clock.tick(seconds=WAIT.total_seconds())
    claims = Claims(documents=line.documents, outbox=line.outbox, clock=line.clock)

    settled = claims.sweep()
    result = line.deliver("notify", event)

    assert settled == 1
    assert result is Delivered.DUPLICATE
    assert [claim["state"] for claim in claims_of(line).values()] == [MailState.GIVEN_UP]
    assert len(line.mailer.carried) == 1
    assert line.outbox.sweep(timedelta(0)) == 0


@pytest.mark.parametrize(("when", "state"), [("before", "unknown"), ("after", "accepted")])
def test_a_crash_behind_the_sending_sends_no_second_notice(line, when, state):
    line.mailer = Carrier()
    event = told(line, Notice.RESET_ASKED)
    line.documents.arm(when, 2)

    with pytest.raises(OutsideError):
        line.deliver("notify", event)
    line.clock.tick(seconds=LEASE.total_seconds())
    line.deliver("notify", event)

    assert [claim["state"] for claim in claims_of(line).values()] == [state]
    assert len(line.mailer.carried) == 1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"notice": "reset-asked"},
        {"notice": "reset-asked", "email": "ann@example.com", "name": "Ann", "link_id": ""},
        {"notice": "reset-asked", "email": "a@b\r\nBcc: c@d", "name": "", "link_id": LINK_ID},
        {"notice": "eaten", "email": "ann@example.com", "name": "", "link_id": ""},
    ],
)
def test_a_notice_that_cannot_be_read_is_parked_and_opens_nothing(line, data):
    event = replace(told(line, Notice.RESET_ASKED), data=data)

    result = line.deliver("notify", event)

    (kept,) = everything(line.store).values()
    assert result is Delivered.PARKED
    assert json.loads(kept["envelope"])["data"] == data
    assert recipients(line) == []
