"""Whoever leaves keeps no open ticket."""

from dataclasses import replace

import pytest

from helpdesk.changes import Edits, answered, edited
from helpdesk.documents import Create, Update
from helpdesk.events import EventType
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.user import Role
from tests.builders import NOW, a_load, a_moderator, a_user, an_admin
from tests.by_hand import changed
from tests.stands import Faulty
from upkeep.leavers import give_back_for_leavers


@pytest.fixture
def assigned(line):
    """A line with a ticket that is the moderator's."""
    line.staffed(a_user(), a_moderator(), an_admin())
    line.run_to("notify", title="Quux", description="Quux")
    return line


def leave(line, **fields):
    line.users.save(replace(line.users.get("mod"), **fields))


def night(line, tickets=None):
    return give_back_for_leavers(
        tickets=tickets or line.tickets, users=line.users, clock=line.clock
    )


@pytest.mark.parametrize("left", [{"role": Role.USER}, {"disabled": True}], ids=str)
@pytest.mark.parametrize("status", [None, Status.WAITING], ids=str)
def test_whoever_left_has_no_open_ticket_in_the_morning(assigned, left, status):
    changed(assigned.tickets, lambda it, *, now: answered(it, status=status, now=now))
    leave(assigned, **left)

    assert night(assigned) == 1

    assigned.deliver("assign", assigned.tray.published[-2])
    ticket = assigned.tickets.get("T1CKET01")
    assert (ticket.status, ticket.assignee_id) == (Status.ASSIGNED, "admin")
    assert {name: it.open for name, it in assigned.users.loads(["mod", "admin"]).items()} == {
        "mod": 0,
        "admin": 1,
    }
    assert night(assigned) == 0


def test_it_is_told_as_given_back_by_a_rule(assigned):
    leave(assigned, disabled=True)

    night(assigned)

    told = assigned.tickets.change("T1CKET01", 4)
    assert (told.entry.action, told.entry.actor_id) == ("declined", "leavers-1")
    assert [each.type for each in assigned.tray.published[-2:]] == [
        EventType.TICKET_TRIAGED,
        EventType.TICKET_UPDATED,
    ]


def test_whoever_serves_keeps_theirs_and_what_is_done_stays(assigned):
    assert night(assigned) == 0

    changed(
        assigned.tickets,
        lambda it, *, now: edited(it, Edits(status=Status.RESOLVED), assignee=None, now=now),
    )
    leave(assigned, disabled=True)

    assert night(assigned) == 0
    assert assigned.tickets.get("T1CKET01").assignee_id == "mod"


class Meanwhile(Faulty):
    """A store in which somebody changes a ticket right after it was found."""

    def __init__(self, documents, change):
        super().__init__(documents)
        self._change = change

    def query(self, query):
        found = super().query(query)
        if found:
            self._change()
        return found


@pytest.mark.parametrize(
    "fields", [{"assignee_id": "admin"}, {"status": "resolved"}, {"id": "T1CKET01"}], ids=str
)
def test_what_changes_meanwhile_is_left_for_the_next_night(assigned, fields):
    leave(assigned, disabled=True)
    store = assigned.store
    change = Update("tickets/T1CKET01", {**fields, "triage_attempts": 7})
    meanwhile = Tickets(
        documents=Meanwhile(store, lambda: store.commit([change])), outbox=assigned.outbox
    )

    night(assigned, meanwhile)

    ticket = assigned.tickets.get("T1CKET01")
    assert (ticket.assignee_id is None) is (fields == {"id": "T1CKET01"})


def test_a_load_whose_owner_was_never_there_harms_nobody(assigned):
    assigned.store.commit([a_load("gone", NOW)])
    assigned.store.commit([Create("load/other", {"open": 0})])

    assert night(assigned) == 0
