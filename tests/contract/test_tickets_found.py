"""What finds tickets, over every adapter with the indexes that ship: page by page, as billed."""

from contextlib import closing
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bench.counted import Counted, Tally
from helpdesk.documents import Create
from helpdesk.outbox import Outbox
from helpdesk.search import READ_MOST
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.verdict import Category, Priority
from helpdesk.wanted import Sort, Wanted
from helpdesk.wire import searchable_ticket
from local.documents import SqliteDocuments
from tests.builders import NOW, FixedClock, a_ticket
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray

STATUSES = (Status.NEW, Status.TRIAGED, Status.ASSIGNED, Status.RESOLVED)
TITLES = ("Printer is on fire", "Dünner Toner", "VPN drops", "A printer again")
DESCRIPTIONS = ("It burns on floor two.", "Mail me: ann@example.com.", "The printer of the VPN")


Asked = dict[str, Any]


def ticket(number):
    assigned = number % 4 > 1 and number % 8 != 7  # some are done without anybody
    return a_ticket(
        id=f"T{number:02}",
        title=TITLES[number * 5 % 7 % 4],
        description=DESCRIPTIONS[number * 3 % 5 % 3],
        requester_id=("ann", "bob")[number * 7 % 11 % 2],
        assignee_id=("mod", "eve")[number // 4 % 2] if assigned else None,
        status=STATUSES[number % 4],
        priority=(None, *Priority)[number * 3 % 7 % 4],
        category=(None, Category.BUG, Category.ACCESS)[number % 3],
        skills=((), ("SQL",), ("Java", "sql"), ("C++",))[number * 5 % 9 % 4],
        needs_review=number % 5 == 0,
        created_at=NOW + timedelta(seconds=number // 3),  # three at a time
        updated_at=NOW + timedelta(seconds=number * 17 % 23),
    )


TICKETS = [ticket(number) for number in range(60)]
WHOSE: tuple[Asked, ...] = ({}, {"requester_id": "ann"}, {"assignee_id": "mod"})
ONES: tuple[Asked, ...] = (
    {},
    {"priority": Priority.HIGH},
    {"category": Category.BUG},
    {"skill": "SQL"},
    {"needs_review": True},
    {"needs_review": False},
    {"created_from": NOW + timedelta(seconds=3), "created_until": NOW + timedelta(seconds=11)},
    {"created_from": NOW + timedelta(seconds=9)},
    {"text": "printer"},
    {"text": "FIRE"},
    {"text": "dunner"},
    {"text": "ann@example.com"},
    {"text": "nothing"},
    {"sort": Sort.OLDEST},
    {"sort": Sort.UPDATED},
)
STATUS: tuple[Asked, ...] = (
    {},
    {"statuses": (Status.ASSIGNED,)},
    {"statuses": (Status.NEW,)},
    {"statuses": (Status.TRIAGED, Status.RESOLVED)},
)
SINGLE: list[Asked] = [
    {**whose, **one, **status} for whose, one, status in product(WHOSE, ONES, STATUS)
]
# A word or a skill is not walked together with the status, and no review by requester.
ONLY = {"text", "skill"}
PLAIN = [
    asked
    for asked in SINGLE
    if not ("statuses" in asked and ONLY & asked.keys())
    and "needs_review" not in asked
    and not ("created_from" in asked and asked.get("sort") is Sort.UPDATED)
]
PLAIN += [{**whose, "needs_review": True} for whose in WHOSE if "requester_id" not in whose]
SINGLE += [
    {**whose, "sort": Sort.UPDATED, "created_from": NOW + timedelta(seconds=9)} for whose in WHOSE
]
SINGLE += [{"unassigned": True, **status} for status in STATUS]
TOGETHER: list[Asked] = [
    {**whose, **one, **more}
    for whose in (*WHOSE, {"requester_id": "ann", "assignee_id": "mod"}, {"unassigned": True})
    for one in ({"text": "printer"}, {"text": "fire printer"}, {"skill": "sql"}, {})
    for more in (
        {"skill": "JAVA"},
        {"priority": Priority.LOW, "category": Category.ACCESS},
        {"needs_review": True, "sort": Sort.OLDEST, "created_from": NOW + timedelta(seconds=2)},
        {"statuses": (Status.TRIAGED,), "category": Category.BUG, "sort": Sort.OLDEST},
    )
]


@pytest.fixture(scope="module", params=ADAPTERS)
def house(request, tmp_path_factory, emulators):
    """Lend the tickets, kept in one adapter, and the tally of what is read of them."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("tickets") / "tickets.db"
        with closing(SqliteDocuments(file, durable=False)) as store:
            yield filled(store)
    else:
        yield filled(firestore_documents(emulators))


def filled(store):
    store.commit([Create(f"tickets/{each.id}", searchable_ticket(each)) for each in TICKETS])
    tally = Tally()
    counted = Counted(store, tally)
    outbox = Outbox(documents=counted, bus=Tray(), clock=FixedClock())
    return Tickets(documents=counted, outbox=outbox), tally


def walked(tickets, wanted, size):
    """Return the ids of all pages, and check that no page is too long."""
    ids, after = [], None
    while True:
        found = tickets.find(wanted, limit=size, after=after)
        assert len(found.tickets) <= size
        ids += [each.id for each in found.tickets]
        after = found.after
        if after is None:
            return ids


def there(asked):
    """Return the ids of what should be found, in its order, by looking at every ticket."""
    sort = asked.get("sort", Sort.CREATED)
    time = "updated_at" if sort is Sort.UPDATED else "created_at"
    ordered = sorted(TICKETS, key=lambda each: (getattr(each, time), each.id))
    found = [each.id for each in ordered if all(has(each, *one) for one in asked.items())]
    return found if sort is Sort.OLDEST else found[::-1]


def has(ticket, name, value):
    match name:
        case "unassigned":
            fits = ticket.assignee_id is None
        case "skill":
            fits = value.lower() in [each.lower() for each in ticket.skills]
        case "statuses":
            fits = ticket.status in value
        case "created_from":
            fits = ticket.created_at >= value
        case "created_until":
            fits = ticket.created_at < value
        case "text":
            fits = all(is_said(ticket, word) for word in value.lower().split())
        case _:
            fits = name == "sort" or getattr(ticket, name) == value
    return fits


def is_said(ticket, word):
    title = ticket.title.lower().replace("ü", "u").split()
    said = ticket.description.lower().replace(":", " ").split()
    return word in [*title, *(each.strip(".") for each in said)]


def test_the_oracle_finds_something_for_almost_every_question():
    empty = [asked for asked in SINGLE + TOGETHER if not there(asked)]

    assert len(empty) < len(SINGLE + TOGETHER) / 2


@pytest.mark.parametrize("size", [4, 100])
def test_every_question_finds_what_it_should_without_gap_or_double(house, size):
    tickets, _ = house

    for asked in SINGLE + TOGETHER:
        assert walked(tickets, Wanted(**asked), size) == there(asked), asked


@pytest.mark.parametrize("size", [1, 20])
def test_a_page_for_one_thing_reads_one_document_more_than_it_shows(house, size):
    tickets, tally = house

    for asked in PLAIN:
        wanted = Wanted(**asked)
        billed = tally.of(lambda wanted=wanted: tickets.find(wanted, limit=size))

        assert billed.reads <= size + 1, asked
        assert billed.trips == 1


def test_what_is_looked_at_reads_no_more_than_the_most(house):
    tickets, tally = house

    billed = tally.of(lambda: tickets.find(Wanted(skill="COBOL", text="printer"), limit=2))

    assert len(there({"text": "printer"})) <= billed.reads <= READ_MOST
    assert billed.trips == 4  # 3, 6, 12, 24: each read is twice the one before


def test_what_cannot_be_costs_nothing(house):
    tickets, tally = house

    billed = tally.of(lambda: tickets.find(Wanted(text="--"), limit=20))

    assert billed.trips == 0
