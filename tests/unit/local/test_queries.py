"""A page costs a page: every declared index is walked, never scanned, however full the store is."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.documents import Filter, Op, Order, Query
from helpdesk.indexes import declared, index_for
from local import queries
from local.codec import encode
from local.documents import SqliteDocuments
from local.places import Places

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STEPS = 10  # SQLite counts its own instructions in tens


def ticket(number):
    return {
        "created_at": NOON + timedelta(seconds=number // 3),
        "status": ("new", "assigned", "closed")[number % 3],
        "requester_id": f"u{number % 50}",
        "assignee_id": None if number % 4 == 0 else f"m{number % 9}",
        "skill_keys": [
            ("SQL", "Java", "Python")[number % 3],
            "rare" if number % 500 == 0 else "common",
        ],
    }


def filled(folder, count):
    """Return a store of that many tickets, written past the port in one transaction."""
    store = SqliteDocuments(folder / f"{count}.db")
    places = Places(declared())
    with store._database.writing() as connection:
        for n in range(count):
            key, data = ("tickets", f"T{n:07}"), ticket(n)
            row = (*key, "tickets", 1, encode(data))
            connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?)", row)
            connection.executemany(queries.TAKE, places.moved(*key, None, data)[1])
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    small, large = filled(folder, 1_000), filled(folder, 100_000)
    yield small, large
    small.close()
    large.close()


def steps(store, query):
    """Return how many instructions SQLite runs for a query, and the page."""
    counted = 0

    def count():
        nonlocal counted
        counted += 1

    connection = store._database._connection()
    connection.set_progress_handler(count, STEPS)
    try:
        page = store.query(query)
    finally:
        connection.set_progress_handler(None, 0)
    return counted, page


NEWEST = (Order("created_at", descending=True),)
ANY_STATUS = Filter("status", Op.IN, ["new", "assigned", "closed"])
QUERIES = [
    Query("tickets", order=NEWEST),
    Query("tickets", order=(Order("created_at"),)),
    Query("tickets", (Filter("status", Op.EQ, "closed"),), NEWEST),
    Query("tickets", (Filter("status", Op.IN, ["new", "closed"]),), NEWEST),
    Query("tickets", (Filter("requester_id", Op.EQ, "u7"),), NEWEST),
    Query("tickets", (Filter("assignee_id", Op.EQ, None),), NEWEST),
    Query("tickets", (ANY_STATUS,), NEWEST),
    Query("tickets", (Filter("skill_keys", Op.CONTAINS, "common"),), NEWEST),
    Query("tickets", (Filter("skill_keys", Op.CONTAINS_ANY, ["SQL", "rare"]),), NEWEST),
    Query("tickets", (Filter("created_at", Op.GE, NOON + timedelta(seconds=30)),), NEWEST),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: repr(query.filters or query.order))
def test_the_first_page_costs_the_same_in_a_store_a_hundred_times_as_full(stores, query):
    small, large = stores

    few, _ = steps(small, query)
    many, page = steps(large, query)

    assert len(page) == query.limit
    assert many <= 1.5 * few + 10


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: repr(query.filters or query.order))
def test_a_page_far_behind_costs_what_the_first_does(stores, query):
    _, large = stores
    first, _ = steps(large, query)
    middle = (NOON + timedelta(seconds=16_000), "T0048000")

    behind, page = steps(
        large, Query(query.collection, query.filters, query.order, query.limit, middle)
    )

    assert len(page) == query.limit
    assert behind <= 1.5 * first + 10


def test_a_scan_would_be_seen(stores):
    small, large = stores
    scan = "SELECT count(*) FROM documents WHERE json_extract(data, '$.status') = 'x'"
    counted = []

    for store in (small, large):
        connection = store._database._connection()
        ticks = [0]
        connection.set_progress_handler(lambda t=ticks: t.__setitem__(0, t[0] + 1), STEPS)
        connection.execute(scan).fetchall()
        connection.set_progress_handler(None, 0)
        counted.append(ticks[0])

    assert counted[1] > 50 * counted[0]


@pytest.mark.parametrize("index", declared(), ids=lambda index: index.name)
def test_every_declared_index_is_walked_in_its_order(tmp_path, index):
    store = SqliteDocuments(tmp_path / "plan.db")
    filters = [Filter(field, Op.EQ, "x") for field in index.equal]
    filters += [Filter(index.array, Op.CONTAINS, "x")] if index.array else []
    after = (*("x" for _ in index.order), "x")
    query = Query(index.collection, tuple(filters), index.order, after=after)

    sql = queries.select(query, index_for(query, declared()))
    plan = store._database._connection().execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.parameters)

    told = " ".join(row[3] for row in plan)
    assert "SEARCH places USING PRIMARY KEY (key=? AND (place,id)>(?,?) AND (place,id)<(?,?))" in (
        told
    )
    assert "SCAN places" not in told
    assert "SCAN d" not in told
    assert "TEMP B-TREE" not in told
    store.close()
