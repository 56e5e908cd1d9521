"""Counting as Firestore bills."""

import pytest

from bench.counted import Count, Counted, Tally
from helpdesk.documents import (
    Create,
    Delete,
    Filter,
    Increment,
    Nearest,
    Op,
    Order,
    Query,
    Set,
    Update,
    Vector,
)
from helpdesk.errors import AlreadyExistsError
from tests.builders import NOW

NEWEST = (Order("created_at", descending=True),)


@pytest.fixture
def tally():
    return Tally()


@pytest.fixture
def counted(documents, tally):
    documents.commit(
        [
            Create(f"tickets/{name}", {"created_at": NOW, "status": "new"})
            for name in ("a", "b", "c")
        ]
    )
    return Counted(documents, tally)


def test_a_document_that_is_asked_for_is_read_there_or_not(counted, tally):
    assert tally.of(lambda: counted.get("tickets/a")) == Count(reads=1, trips=1)
    assert tally.of(lambda: counted.get("tickets/none")) == Count(reads=1, trips=1)


def test_many_documents_are_read_in_one_trip(counted, tally):
    paths = ["tickets/a", "tickets/none", "tickets/b"]

    assert tally.of(lambda: counted.get_many(paths)) == Count(reads=3, trips=1)
    assert tally.of(lambda: counted.get_many([])) == Count()


def test_a_query_reads_what_it_returns_and_one_at_least(counted, tally):
    some = Query("tickets", order=NEWEST, limit=2)
    none = Query("tickets", (Filter("status", Op.EQ, "closed"),), NEWEST)

    assert tally.of(lambda: counted.query(some)) == Count(reads=2, trips=1)
    assert tally.of(lambda: counted.query(none)) == Count(reads=1, trips=1)


@pytest.mark.parametrize(("matches", "reads"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2)])
def test_a_count_reads_one_for_each_thousand_begun(documents, tally, matches, reads):
    for start in range(0, matches, 500):
        names = range(start, min(start + 500, matches))
        documents.commit([Create(f"tickets/{name}", {"created_at": NOW}) for name in names])
    every = Query("tickets", order=NEWEST, limit=1)

    assert tally.of(lambda: Counted(documents, tally).count(every)) == Count(reads=reads, trips=1)


def test_a_search_by_nearness_reads_what_it_returns(counted, tally):
    counted.commit([Create("texts/a", {"vector": Vector((1.0, 0.0))})])
    near = Nearest("texts", "vector", Vector((1.0, 0.0)))

    assert tally.of(lambda: counted.nearest(near)) == Count(reads=1, trips=1)


def test_a_commit_tells_deletions_from_writes(counted, tally):
    writes = [
        Create("tickets/d", {"status": "new"}),
        Set("tickets/a", {"status": "new"}),
        Update("tickets/b", {"status": "closed"}),
        Increment("load/mod", {"open": 1}, {}),
        Delete("tickets/c"),
    ]

    assert tally.of(lambda: counted.commit(writes)) == Count(writes=4, deletes=1, trips=1)


def test_a_refused_commit_counts_as_well(counted, tally):
    def refused():
        with pytest.raises(AlreadyExistsError):
            counted.commit([Create("tickets/a", {})])

    assert tally.of(refused) == Count(writes=1, trips=1)


def test_each_act_is_counted_alone(counted, tally):
    tally.of(lambda: counted.get("tickets/a"))

    assert tally.of(lambda: None) == Count()


def test_two_stores_count_into_one_tally(counted, documents, tally):
    other = Counted(documents, tally)

    both = tally.of(lambda: (counted.get("tickets/a"), other.get("tickets/b")))

    assert both == Count(reads=2, trips=2)


def test_a_count_reads_as_a_sentence():
    assert str(Count(reads=1, writes=2, trips=1)) == "1 read, 2 writes in 1 round trip"
    assert str(Count(deletes=1, trips=2)) == "1 delete in 2 round trips"
    assert str(Count()) == "nothing in 0 round trips"
