"""Loads: what each one counts is the number of open tickets, or is put right."""

import logging

import pytest

from helpdesk.documents import Create, Delete, Update
from helpdesk.ticket import AT_WORK, Status
from helpdesk.tickets import Tickets
from helpdesk.users import PAGE, Users
from helpdesk.wire import searchable_ticket
from tests.builders import NOW, a_load, a_moderator, a_ticket, a_user, an_admin
from tests.stands import Faulty
from upkeep.loads import Drift, reconcile_loads

ASSIGNED = Status.ASSIGNED


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def users(line, store):
    return Users(documents=store, outbox=line.outbox)


@pytest.fixture
def tickets(line, store):
    return Tickets(documents=store, outbox=line.outbox)


@pytest.fixture
def documents(line):
    return line.store


@pytest.fixture
def reconciled(users, tickets):
    return lambda: reconcile_loads(users, tickets=tickets)


def given(documents, user_id, *statuses, load=None):
    """Keep tickets of somebody in these states, and a load that counts so many."""
    for number, status in enumerate(statuses):
        ticket = a_ticket(id=f"{user_id.upper()}{number:04}", assignee_id=user_id, status=status)
        documents.commit([Create(f"tickets/{ticket.id}", searchable_ticket(ticket))])
    if load is not None:
        documents.commit([Create(f"load/{user_id}", {"open": load, "last_assigned_at": NOW})])


def load_of(documents, user_id):
    found = documents.get(f"load/{user_id}")
    return found and found.data


def test_loads_that_count_what_is_there_stay_as_they_are(users, documents, reconciled, caplog):
    users.add(a_moderator())
    users.add(an_admin())
    given(documents, "mod", *AT_WORK, Status.WAITING, Status.RESOLVED, Status.CLOSED, load=2)
    before = documents.get("load/mod")

    assert reconciled() == []

    assert documents.get("load/mod") == before
    assert documents.get("load/admin") is None
    assert caplog.records == []


@pytest.mark.parametrize("counted", [0, 1, 9, -1])  # of two to work on, and one that waits
def test_a_load_that_drifted_is_corrected_and_told(users, documents, reconciled, caplog, counted):
    users.add(a_moderator())
    states = (*AT_WORK, Status.WAITING, Status.CLOSED)
    given(documents, "mod", *states, load=counted)

    drifts = reconciled()

    assert drifts == [Drift(user_id="mod", counted=counted, truth=2)]
    assert load_of(documents, "mod") == {"open": 2, "last_assigned_at": NOW}
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.WARNING, "load corrected")
    assert (record.__dict__["user_id"], record.__dict__["count"]) == ("mod", 2)
    assert reconciled() == []


def test_a_load_that_is_lacking_is_made(users, documents, reconciled):
    users.add(a_moderator())
    given(documents, "mod", ASSIGNED)

    drifts = reconciled()

    assert drifts == [Drift(user_id="mod", counted=0, truth=1)]
    assert users.loads(["mod"])["mod"].open == 1


def test_who_left_the_roster_is_looked_at_as_well(users, documents, reconciled):
    users.add(a_user(id="gone"))
    given(documents, "gone", ASSIGNED, load=4)

    assert reconciled() == [Drift(user_id="gone", counted=4, truth=1)]


def test_more_loads_than_a_page_are_all_looked_at_once(documents, reconciled):
    everybody = [f"mod-{number:03}" for number in range(PAGE * 2 + 1)]
    documents.commit([Create(f"load/{name}", {"open": 1}) for name in everybody])

    drifts = reconciled()

    assert [drift.user_id for drift in drifts] == everybody
    assert all(drift.truth == 0 for drift in drifts)


class Meanwhile(Faulty):
    """The store, where something else happens whenever tickets are counted."""

    def __init__(self, documents, event):
        super().__init__(documents)
        self._event = event

    def count(self, query):
        counted = super().count(query)
        self._event()
        return counted


def one_more(documents):
    """Assign one more ticket to the moderator, with the load's count as always."""
    ticket = a_ticket(id="ANOTHER1", assignee_id="mod", status=ASSIGNED)
    kept = Create(f"tickets/{ticket.id}", searchable_ticket(ticket))
    documents.commit([kept, a_load("mod")])


def test_a_load_that_moves_while_it_is_looked_at_is_no_drift(line, users, documents):
    users.add(a_moderator())
    given(documents, "mod", ASSIGNED, load=5)
    counting = Meanwhile(documents, lambda: one_more(documents))

    drifts = reconcile_loads(users, tickets=Tickets(documents=counting, outbox=line.outbox))

    assert drifts == []
    assert load_of(documents, "mod")["open"] == 6


def test_a_load_that_comes_while_it_is_looked_at_is_no_drift(line, users, documents):
    users.add(a_moderator())
    given(documents, "mod", ASSIGNED)
    counting = Meanwhile(documents, lambda: one_more(documents))

    drifts = reconcile_loads(users, tickets=Tickets(documents=counting, outbox=line.outbox))

    assert drifts == []
    assert load_of(documents, "mod")["open"] == 1


@pytest.mark.parametrize(
    ("load", "write"),
    [
        (5, Update("load/mod", {"open": 7})),
        (5, Delete("load/mod")),
        (None, Create("load/mod", {"open": 7})),
    ],
    ids=["changed", "gone", "made"],
)
def test_a_load_that_moves_at_the_last_moment_is_left_to_the_next_round(
    users, store, documents, reconciled, caplog, load, write
):
    users.add(a_moderator())
    given(documents, "mod", ASSIGNED, load=load)
    store.interrupt(lambda: documents.commit([write]))

    assert reconciled() == []
    assert caplog.records == []

    assert [drift.truth for drift in reconciled()] == [1]


def test_one_load_that_moves_holds_up_no_other(users, store, documents, reconciled):
    for name in ("a", "b"):
        users.add(a_moderator(id=name))
        given(documents, name, ASSIGNED, load=5)
    store.interrupt(lambda: documents.commit([Update("load/a", {"open": 7})]))

    assert [drift.user_id for drift in reconciled()] == ["b"]
