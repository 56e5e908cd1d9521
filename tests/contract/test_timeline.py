"""A ticket's changes are found in their order, in every store."""

from contextlib import closing

import pytest

from helpdesk.events import EventType
from helpdesk.outbox import Outbox
from helpdesk.tickets import Tickets
from helpdesk.timeline import Actor
from local.documents import SqliteDocuments
from tests.builders import NOW, FixedClock, a_moderator, a_ticket, a_verdict, an_entry
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray


@pytest.fixture(params=ADAPTERS)
def tickets(request, tmp_path, emulators):
    """Lend the tickets over an empty store of one adapter, with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "helpdesk.db", durable=False)) as opened:
            yield tickets_over(opened)
    else:
        yield tickets_over(firestore_documents(emulators))


def tickets_over(documents):
    outbox = Outbox(documents=documents, bus=Tray(), clock=FixedClock())
    return Tickets(documents=documents, outbox=outbox)


@pytest.fixture
def travelled(tickets):
    """Take a ticket as far as its assignee, and return it."""
    tickets.open(a_ticket(), an_entry(), once=None)
    for change, kind, action in (
        (lambda it: it.triaged(a_verdict(), now=NOW), EventType.TICKET_TRIAGED, "triaged"),
        (lambda it: it.assigned_to(a_moderator(), now=NOW), EventType.TICKET_ASSIGNED, "assigned"),
    ):
        before = tickets.get("T1CKET01")
        entry = an_entry(action=action, actor=Actor.RULE, why={"so": action})
        tickets.save(change(before), kind, entry, before=before)
    return tickets.get("T1CKET01")


def test_changes_are_read_page_by_page_oldest_first(tickets, travelled):
    first = tickets.timeline(travelled.id, limit=2, after=None)
    second = tickets.timeline(travelled.id, limit=2, after=(first[-1].id,))

    assert [(each.seq, each.entry.action) for each in first] == [(1, "created"), (2, "triaged")]
    assert [(each.seq, each.entry.action) for each in second] == [(3, "assigned")]
    assert first[1].changes["status"] == {"before": "new", "after": "triaged"}
    assert first[1].entry.why == {"so": "triaged"}
    assert first[0].at == NOW


def test_the_latest_change_of_a_kind_is_found(tickets, travelled):
    assert tickets.latest(travelled.id, "assigned").seq == 3
    assert tickets.latest(travelled.id, "created").seq == 1
    assert tickets.latest(travelled.id, "resolved") is None


def test_a_ticket_that_is_not_there_has_no_changes(tickets):
    assert list(tickets.timeline("N0NE0000", limit=5, after=None)) == []
