"""Who hears of a change of a ticket: those who may read it, whenever the news arrives."""

from dataclasses import replace

import pytest

from helpdesk.comments import Comment, Side, kept
from helpdesk.events import EventType
from helpdesk.ticket import Status
from helpdesk.timeline import Action
from helpdesk.user import Role
from tests.builders import a_moderator, a_ticket, a_user, an_admin, an_entry, an_event
from tests.stands import everything


@pytest.fixture
def staffed(line):
    return line.staffed(
        a_user(), a_moderator(), a_moderator(id="other", available=False), an_admin()
    )


def recipients(line):
    return [received.letter.to for received in line.mailbox.read()]


def become(line, name, **changes):
    line.users.save(replace(line.users.get(name), **changes))


def hand_to(line, name):
    """Let a ticket be somebody else's from now on; nobody is told."""
    ticket = line.tickets.get("T1CKET01")
    given = ticket.held_by(line.users.get(name), seq=ticket.seq + 1, now=line.clock.now())
    after = replace(given, seq=ticket.seq + 1)
    line.tickets.save(
        after, EventType.TICKET_UPDATED, an_entry(action="handed_over"), before=ticket
    )


def news(line, action, *, by="asker", **why):
    """Return the event of a change that is made now, to a ticket that mod has.

    Of the ticket it changes no more than what the action is named for.
    """
    line.run_to("notify", title="Quux", description="Quux")
    ticket = line.tickets.get("T1CKET01")
    entry = an_entry(action=action.value, actor_id=by, why=why)
    stands = Status.RESOLVED if action is Action.RESOLVED else ticket.status
    after = replace(ticket, status=stands, seq=ticket.seq + 1)
    line.tickets.save(after, EventType.TICKET_UPDATED, entry, before=ticket)
    return line.tray.published[-1]


def alarm(line, action):
    kind = "warn" if action is Action.WARNED else "breach"
    alarms = [{"alarm": kind, "goal": "response"}]
    return news(line, action, by="service-levels-1", alarms=alarms)


@pytest.mark.parametrize("changes", [{"role": Role.USER}, {"disabled": True}])
def test_whoever_serves_no_longer_is_not_sent_what_is_for_staff(staffed, changes):
    event = staffed.run_to("notify", title="Quux", description="Quux")
    become(staffed, "mod", **changes)

    staffed.deliver("notify", event)

    assert recipients(staffed) == []
    assert staffed.tickets.get("T1CKET01").notified_at is None


@pytest.mark.parametrize("action", [Action.RESOLVED, Action.REOPENED])
def test_the_assignee_hears_what_the_requester_did(staffed, action):
    event = news(staffed, action)

    staffed.deliver("notify", event)

    assert recipients(staffed) == ["mod@example.com"]


@pytest.mark.parametrize("action", [Action.RESOLVED, Action.REOPENED])
@pytest.mark.parametrize("changes", [{"role": Role.USER}, {"disabled": True}])
def test_an_assignee_who_serves_no_longer_hears_nothing(staffed, action, changes):
    event = news(staffed, action)
    become(staffed, "mod", **changes)

    staffed.deliver("notify", event)

    assert recipients(staffed) == []


@pytest.mark.parametrize("action", [Action.RESOLVED, Action.REOPENED])
def test_a_late_copy_tells_nobody_who_was_given_the_ticket_since(staffed, action):
    event = news(staffed, action)
    staffed.deliver("notify", event)
    hand_to(staffed, "other")
    before = everything(staffed.store)

    staffed.deliver("notify", event)

    assert everything(staffed.store) == before
    assert recipients(staffed) == ["mod@example.com"]


@pytest.mark.parametrize(
    ("action", "by", "since"),
    [
        (Action.RESOLVED, "asker", Status.ASSIGNED),
        (Action.RESOLVED, "mod", Status.IN_PROGRESS),
        (Action.REOPENED, "asker", Status.RESOLVED),
        (Action.REOPENED, "asker", Status.CLOSED),
    ],
)
def test_what_is_undone_by_the_time_it_would_be_told_is_told_to_nobody(staffed, action, by, since):
    event = news(staffed, action, by=by)
    ticket = staffed.tickets.get("T1CKET01")
    after = replace(ticket, status=since, seq=ticket.seq + 1)
    staffed.tickets.save(after, EventType.TICKET_UPDATED, an_entry(action="edited"), before=ticket)

    staffed.deliver("notify", event)

    assert recipients(staffed) == []


def test_the_requester_hears_that_it_is_resolved_though_it_is_closed_by_then(staffed):
    event = news(staffed, Action.RESOLVED, by="mod")
    ticket = staffed.tickets.get("T1CKET01")
    after = replace(ticket, status=Status.CLOSED, seq=ticket.seq + 1)
    staffed.tickets.save(after, EventType.TICKET_UPDATED, an_entry(action="closed"), before=ticket)

    staffed.deliver("notify", event)

    assert recipients(staffed) == ["asker@example.com"]


def test_the_requester_hears_that_it_is_resolved(staffed):
    event = news(staffed, Action.RESOLVED, by="mod")

    staffed.deliver("notify", event)

    assert recipients(staffed) == ["asker@example.com"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (Action.WARNED, ["mod@example.com"]),
        (Action.BREACHED, ["admin@example.com", "mod@example.com"]),
    ],
)
def test_an_alarm_is_told_once_whoever_has_the_ticket_since(staffed, action, told):
    event = alarm(staffed, action)
    staffed.deliver("notify", event)
    hand_to(staffed, "other")

    staffed.deliver("notify", event)

    assert sorted(recipients(staffed)) == told


@pytest.mark.parametrize("action", [Action.WARNED, Action.BREACHED])
def test_an_admin_hears_an_alarm_whose_assignee_serves_no_longer(staffed, action):
    event = alarm(staffed, action)
    become(staffed, "mod", role=Role.USER)

    staffed.deliver("notify", event)

    assert recipients(staffed) == ["admin@example.com"]


@pytest.mark.parametrize("action", [Action.WARNED, Action.BREACHED])
def test_an_admin_hears_an_alarm_of_a_ticket_that_nobody_has(staffed, action):
    event = alarm(staffed, action)
    ticket = staffed.tickets.get("T1CKET01")
    nobodys = replace(ticket, assignee_id=None, assignee_name=None, seq=ticket.seq + 1)
    staffed.tickets.save(
        nobodys, EventType.TICKET_UPDATED, an_entry(action="declined"), before=ticket
    )

    staffed.deliver("notify", replace(event, data={**event.data, "assignee_id": None}))

    assert recipients(staffed) == ["admin@example.com"]


def test_where_the_event_does_not_say_whose_it_was_the_present_assignee_is_told(staffed):
    event = news(staffed, Action.REOPENED)
    silent = {name: value for name, value in event.data.items() if name != "assignee_id"}

    staffed.deliver("notify", replace(event, data=silent))

    assert recipients(staffed) == ["mod@example.com"]


def test_what_this_version_does_not_know_is_told_to_nobody(staffed):
    staffed.open()
    event = an_event(type=EventType.TICKET_UPDATED, data={"change": "sung", "assignee_id": None})

    staffed.deliver("notify", event)

    assert recipients(staffed) == []
    assert a_ticket().id == event.subject


def said(line, *, by, side, internal=False):
    """Let somebody say something to a ticket that mod has, and return the event that tells."""
    line.run_to("notify", title="Quux", description="Quux")
    ticket = line.tickets.get("T1CKET01")
    after = replace(ticket, seq=ticket.seq + 1)
    comment = Comment(
        seq=after.seq, at=line.clock.now(), author_id=by, author_name=by, side=side, text="Hm.",
        internal=internal,
    )  # fmt: skip
    entry = an_entry(action="noted" if internal else "replied", actor_id=by)
    also = [kept(comment, ticket_id=ticket.id)]
    line.tickets.save(after, EventType.TICKET_UPDATED, entry, before=ticket, also=also)
    return line.tray.published[-1]


@pytest.mark.parametrize(
    ("by", "side", "internal", "told"),
    [
        ("asker", Side.REQUESTER, False, ["mod@example.com"]),
        ("mod", Side.STAFF, False, ["asker@example.com"]),
        ("admin", Side.STAFF, False, ["asker@example.com"]),
        ("admin", Side.STAFF, True, ["mod@example.com"]),
        ("mod", Side.STAFF, True, []),
    ],
)
def test_the_other_side_hears_what_was_said(staffed, by, side, internal, told):
    event = said(staffed, by=by, side=side, internal=internal)

    staffed.deliver("notify", event)

    assert recipients(staffed) == told


@pytest.mark.parametrize("internal", [True, False])
def test_whoever_serves_no_longer_hears_nothing_that_is_said(staffed, internal):
    by, side = ("admin", Side.STAFF) if internal else ("asker", Side.REQUESTER)
    event = said(staffed, by=by, side=side, internal=internal)
    become(staffed, "mod", role=Role.USER)

    staffed.deliver("notify", event)

    assert recipients(staffed) == []


def test_whoever_took_a_ticket_is_not_told_that_they_have_it(staffed):
    event = staffed.run_to("notify", title="Quux", description="Quux")

    staffed.deliver("notify", replace(event, data={**event.data, "by": "mod"}))

    assert recipients(staffed) == []
