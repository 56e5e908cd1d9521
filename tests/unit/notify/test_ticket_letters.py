"""Who hears of a change of a ticket: the other side, and nobody who may not read it."""

from dataclasses import replace

import pytest

from helpdesk.changes import (
    Edits,
    answered,
    asked_back,
    edited,
    given_back,
    handed_to,
    named,
    noted,
)
from helpdesk.comments import Comment, Side, kept
from helpdesk.delivery import Delivered
from helpdesk.errors import EarlyEventError, NotFoundError
from helpdesk.events import EventType
from helpdesk.ticket import Status
from helpdesk.timeline import Action
from helpdesk.user import Role
from notify.ticket_letters import gives, ticket_letters
from tests.builders import NOW, a_moderator, a_user, an_admin, an_event
from tests.by_hand import changed

TOLD = {
    Action.REPLIED,
    Action.NOTED,
    Action.RESOLVED,
    Action.REOPENED,
    Action.HANDED_OVER,
    Action.WARNED,
    Action.BREACHED,
}
QUIET = sorted(set(Action) - TOLD)


@pytest.fixture
def assigned(line):
    """A line with a ticket that is the moderator's."""
    line.staffed(a_user(), a_moderator(), a_moderator(id="other", available=False), an_admin())
    line.run_to("notify", title="Quux", description="Quux")
    return line


def told(line, **changes):
    """Return who is told of the latest event, and what each is told."""
    event = replace(line.tray.published[-1], **changes)
    ticket = line.tickets.get(event.subject)
    letters = ticket_letters(event, ticket, tickets=line.tickets, users=line.users)
    return {letter.to.partition("@")[0]: letter.text for letter in letters}


def reply(line, by, side, *, text="Have you tried water?", internal=False, status=None):
    """Let somebody say something, as the api keeps it."""

    def change(ticket, *, now):
        if internal:
            return noted(ticket, now=now)
        if side is Side.STAFF:
            return answered(ticket, status=status, now=now)
        return asked_back(ticket, assignee=a_moderator(), now=now)

    def also(after):
        comment = Comment(
            seq=after.seq, at=NOW, author_id=by, author_name=by.title(), side=side, text=text,
            internal=internal,
        )  # fmt: skip
        return [kept(comment, ticket_id=after.id)]

    action = Action.NOTED if internal else Action.REPLIED
    return changed(line.tickets, change, action, by=by, also=also)


def move(line, to, *, by, assignee=None):
    before = line.tickets.get("T1CKET01")
    edits = Edits(status=to)

    def change(ticket, *, now):
        return edited(ticket, edits, assignee=assignee, now=now)

    return changed(line.tickets, change, named(before, change(before, now=NOW)), by=by)


def change_user(line, user_id, **changes):
    line.users.save(replace(line.users.get(user_id), **changes))


@pytest.mark.parametrize(
    ("by", "side", "heard"),
    [
        ("mod", Side.STAFF, "asker"),
        ("admin", Side.STAFF, "asker"),
        ("asker", Side.REQUESTER, "mod"),
    ],
)
def test_a_reply_is_told_to_the_other_side(assigned, by, side, heard):
    reply(assigned, by, side)

    letters = told(assigned)

    assert list(letters) == [heard]
    assert "Have you tried water?" in letters[heard]


def test_a_reply_that_leaves_a_ticket_somewhere_says_where(assigned):
    reply(assigned, "mod", Side.STAFF, status=Status.WAITING)

    assert "which is waiting" in told(assigned)["asker"]


@pytest.mark.parametrize(("by", "heard"), [("mod", []), ("admin", ["mod"])])
def test_a_note_is_told_to_the_assignee_unless_it_is_their_own(assigned, by, heard):
    reply(assigned, by, Side.STAFF, internal=True)

    assert list(told(assigned)) == heard


def test_a_note_of_an_admin_who_asked_is_told_to_staff_as_well(assigned):
    reply(assigned, "asker", Side.REQUESTER, internal=True)

    assert list(told(assigned)) == ["mod"]


@pytest.mark.parametrize("changes", [{"role": Role.USER}, {"disabled": True}])
@pytest.mark.parametrize("internal", [True, False])
def test_whoever_serves_no_more_hears_nothing_of_old_tickets(assigned, internal, changes):
    change_user(assigned, "mod", **changes)

    reply(assigned, "asker", Side.REQUESTER, internal=internal)

    assert told(assigned) == {}


def test_a_requester_who_is_disabled_hears_nothing(assigned):
    change_user(assigned, "asker", disabled=True)

    reply(assigned, "mod", Side.STAFF)

    assert told(assigned) == {}


def test_where_nobody_has_a_ticket_a_reply_waits_for_them(line):
    line.staffed(a_user())
    line.open()

    reply(line, "asker", Side.REQUESTER)

    assert told(line) == {}


def test_a_requester_whose_user_is_gone_is_told_nothing(line):
    line.open(requester_id="gone")

    reply(line, "mod", Side.STAFF)

    assert told(line) == {}


def test_a_moderator_who_works_on_their_own_ticket_writes_no_letter_to_themselves(line):
    line.staffed(a_moderator())
    line.run_to("notify", requester_id="mod")

    reply(line, "mod", Side.STAFF)

    assert told(line) == {}


@pytest.mark.parametrize(("by", "heard"), [("mod", ["asker"]), ("asker", ["mod"])])
def test_the_other_side_is_told_that_a_ticket_is_resolved(assigned, by, heard):
    move(assigned, Status.RESOLVED, by=by)

    letters = told(assigned)

    assert list(letters) == heard
    assert all("is resolved" in text for text in letters.values())


@pytest.mark.parametrize(("by", "heard"), [("asker", ["mod"]), ("admin", ["mod"]), ("mod", [])])
def test_the_assignee_is_told_that_a_ticket_is_open_again(assigned, by, heard):
    move(assigned, Status.RESOLVED, by="mod")
    move(assigned, Status.ASSIGNED, by=by, assignee=a_moderator())

    letters = told(assigned)

    assert assigned.tray.published[-1].data["change"] == "reopened"
    assert list(letters) == heard
    assert all("opened again" in text for text in letters.values())


def test_a_reply_that_reopens_a_ticket_is_told_as_a_reply(assigned):
    move(assigned, Status.RESOLVED, by="mod")

    reply(assigned, "asker", Side.REQUESTER, text="It burns again.")

    assert assigned.tickets.get("T1CKET01").status is Status.ASSIGNED
    assert "It burns again." in told(assigned)["mod"]


@pytest.mark.parametrize(("by", "heard"), [("mod", ["other"]), ("admin", ["other"]), ("other", [])])
def test_the_next_assignee_is_told_unless_they_took_it(assigned, by, heard):
    changed(
        assigned.tickets,
        lambda it, now: handed_to(it, a_moderator(id="other"), now=now),
        Action.HANDED_OVER,
        by=by,
    )

    letters = told(assigned)

    assert list(letters) == heard
    assert all("is now yours" in text for text in letters.values())


def test_what_was_given_back_is_told_to_whoever_has_it_next(assigned):
    changed(assigned.tickets, given_back, Action.DECLINED)
    declined, told_of = assigned.tray.published[-2:]

    assigned.deliver("assign", declined)

    assert declined.type is EventType.TICKET_TRIAGED
    assert told_of.type is EventType.TICKET_UPDATED
    assert list(told(assigned)) == ["admin"]


@pytest.mark.parametrize("change", QUIET)
def test_nobody_is_told_of_anything_else(assigned, change):
    data = {**assigned.tray.published[-1].data, "change": change.value}

    assert told(assigned, type=EventType.TICKET_UPDATED, data=data) == {}


@pytest.mark.parametrize("odd", [None, "", "eaten", 7, ["replied"], {"replied": 1}])
def test_a_change_that_is_not_known_is_told_to_nobody(assigned, odd):
    data = {**assigned.tray.published[-1].data, "change": odd}

    assert told(assigned, type=EventType.TICKET_UPDATED, data=data) == {}


@pytest.mark.parametrize("odd", [None, "", "2/../3", "4", 4.0, True, [4], {}])
@pytest.mark.parametrize("change", ["replied", "noted"])
def test_a_comment_without_its_number_is_parked(assigned, change, odd):
    data = {"change": change, "seq": odd}
    event = an_event(id="odd", type=EventType.TICKET_UPDATED, data=data)

    assert assigned.deliver("notify", event) is Delivered.PARKED


def test_a_comment_that_is_not_there_is_not_made_up(assigned):
    reply(assigned, "mod", Side.STAFF)
    data = {**assigned.tray.published[-1].data, "change": "noted"}

    with pytest.raises(NotFoundError):
        told(assigned, data=data)


def test_events_that_give_a_ticket_to_somebody_are_known():
    updated = EventType.TICKET_UPDATED

    assert gives(an_event(type=EventType.TICKET_ASSIGNED, data={}))
    assert gives(an_event(type=updated, data={"change": "handed_over"}))
    assert not gives(an_event(type=updated, data={"change": "replied"}))
    assert not gives(an_event(type=updated, data={}))


def test_a_hand_over_that_is_not_kept_yet_is_too_early(line):
    line.open()

    with pytest.raises(EarlyEventError):
        told(line, type=EventType.TICKET_UPDATED, data={"change": "handed_over"})
