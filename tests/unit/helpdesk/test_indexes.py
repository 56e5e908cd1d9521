"""The declared indexes: which query each serves, and that every query needs one."""

import json

import pytest

from helpdesk import indexes
from helpdesk.documents import Filter, Op, Order, Query
from helpdesk.errors import InvalidQueryError
from helpdesk.indexes import LIST, Index, declared, expiring, group, index_for

NEWEST = Order("created_at", descending=True)
OLDEST = Order("created_at")
NEW = Filter("status", Op.EQ, "new")
SKILL = Filter("skills", Op.CONTAINS, "SQL")
BY_STATUS = Index("tickets", ("status",), None, (NEWEST,))
BY_SKILL = Index("tickets", (), "skills", (NEWEST,))
GOING = {"accounts", "deliveries", "emails", "idem", "limits", "links", "refresh", "sessions"}
BOTH = (BY_STATUS, BY_SKILL)


def test_every_entry_of_the_list_is_declared_under_its_own_name():
    entries = json.loads(LIST.read_text(encoding="utf-8"))

    names = [index.name for index in declared()]

    assert len(set(names)) == len(names)
    assert len(names) + len(expiring()) == len(entries)
    assert "tickets__status__created_at_desc" in names
    assert "tickets__skill_keys_any__created_at_desc" in names
    assert "outbox__pending_at_asc" in names


def test_only_what_may_be_lost_in_time_expires():
    assert set(expiring()) == GOING


def test_what_is_of_no_use_after_a_while_expires():
    assert set(expiring()) == GOING


@pytest.mark.parametrize(
    ("fields", "error"),
    [("rank", TypeError), ([{"field": "rank", "kind": "sideways"}], ValueError)],
)
def test_an_entry_that_nobody_understands_is_a_fault(fields, error):
    with pytest.raises(error, match=r"^indexes\.json: "):
        indexes._index({"collection": "tickets", "fields": fields})


def test_names_tell_every_difference():
    different = [
        Index("a", ("b",), None, ()),
        Index("a", (), "b", ()),
        Index("a", (), None, (Order("b"),)),
        Index("a", (), None, (Order("b", descending=True),)),
    ]

    assert len({index.name for index in different}) == 4


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query("tickets", (NEW,), (NEWEST,)), BY_STATUS),
        (Query("tickets", (NEW,), (OLDEST,)), BY_STATUS),  # walked backwards
        (Query("tickets", (Filter("status", Op.IN, ["new"]),), (NEWEST,)), BY_STATUS),
        (Query("teams/T1/tickets", (NEW,), (NEWEST,)), BY_STATUS),
        (Query("tickets", (SKILL,), (NEWEST,)), BY_SKILL),
        (Query("tickets"), None),
    ],
)
def test_a_query_finds_its_index(query, index):
    assert index_for(query, BOTH) == index


@pytest.mark.parametrize(
    "query",
    [
        Query("users", (NEW,), (NEWEST,)),
        Query("tickets", (NEW,)),
        Query("tickets", (), (NEWEST,)),
        Query("tickets", (NEW,), (Order("updated_at"),)),
        Query("tickets", (NEW, Filter("assignee_id", Op.EQ, "mod")), (NEWEST,)),
        Query("tickets", (NEW, SKILL), (NEWEST,)),
        Query("tickets", (Filter("skills", Op.EQ, "SQL"),), (NEWEST,)),
        Query("tickets", (Filter("status", Op.CONTAINS, "new"),), (NEWEST,)),
    ],
)
def test_a_query_without_a_declared_index_is_refused(query):
    with pytest.raises(InvalidQueryError) as refused:
        index_for(query, BOTH)

    assert str(refused.value).startswith(f"no index is declared for {query.collection}: ")


def test_the_refusal_names_the_index_that_is_wanted():
    query = Query("tickets", (Filter("rank", Op.GT, 7),), (Order("rank"), NEWEST))

    with pytest.raises(InvalidQueryError) as refused:
        index_for(query, ())

    assert str(refused.value).endswith("tickets: rank >, rank asc, created_at desc")


def test_indexes_are_per_name_wherever_a_collection_stands():
    assert group("tickets") == "tickets"
    assert group("tickets/T1/timeline") == "timeline"
