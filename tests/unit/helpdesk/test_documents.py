"""The words of the Documents port: what may be asked and named, and what may not."""

import pytest

from helpdesk.documents import (
    IN_MOST,
    QUERY_MOST,
    Document,
    Filter,
    Nearest,
    Op,
    Order,
    Query,
    Vector,
    check_collection,
    check_path,
)
from helpdesk.errors import InvalidQueryError

NEW = Filter("status", Op.EQ, "new")
NEWEST = (Order("created_at", descending=True),)
EAST = Vector((1.0, 0.0))


def test_a_document_is_called_by_the_end_of_its_path():
    assert Document("tickets/T1/timeline/000001", {}, "1").id == "000001"


@pytest.mark.parametrize("path", ["tickets/T1", "tickets/T1/timeline/000001", "mail/a.b~c_d-e"])
def test_a_path_of_pairs_names_a_document(path):
    check_path(path)


@pytest.mark.parametrize("path", ["tickets", "tickets/T1/timeline", "a/b/c/d/e"])
def test_a_path_that_ends_with_a_collection_names_one(path):
    check_collection(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tickets",
        "tickets/",
        "/T1",
        "tickets/T1/timeline",
        "tickets//timeline/1",
        "tickets/.",
        "tickets/..",
        "tickets/__x__",
        "tickets/../users/u",
        "tickets/a b",
        "tickets/é",
        "tickets/a\n",
        "tickets/" + "x" * 201,
        "Tickets/T1",
        "tickets'/T1",
        "tickets/./timeline/1",
    ],
)
def test_no_other_path_names_a_document(path):
    with pytest.raises(InvalidQueryError):
        check_path(path)


@pytest.mark.parametrize(
    "path", ["", "tickets/T1", "tickets/../timeline", "UPPER", "a" * 42, "a-b", "a/b/"]
)
def test_no_other_path_names_a_collection(path):
    with pytest.raises(InvalidQueryError):
        check_collection(path)


@pytest.mark.parametrize("name", ["", "Status", "status'", "a.b", "1st", "x" * 42, "a\n"])
def test_a_field_has_a_plain_name(name):
    with pytest.raises(InvalidQueryError) as from_filter:
        Filter(name, Op.EQ, 1)
    with pytest.raises(InvalidQueryError):
        Order(name)
    with pytest.raises(InvalidQueryError):
        Nearest("things", name, EAST)

    assert len(from_filter.value.field or "") <= 40


@pytest.mark.parametrize("op", [Op.IN, Op.CONTAINS_ANY])
@pytest.mark.parametrize("value", [[], "abc", None, 7, list(range(IN_MOST + 1))])
def test_a_list_filter_takes_a_short_list(op, value):
    with pytest.raises(InvalidQueryError):
        Filter("skills", op, value)


@pytest.mark.parametrize("value", [[1], (1, 2), list(range(IN_MOST))])
def test_a_list_filter_takes_lists_and_tuples(value):
    assert Filter("skills", Op.IN, value).value == value


@pytest.mark.parametrize("op", [Op.LT, Op.LE, Op.GT, Op.GE])
def test_a_range_needs_a_bound(op):
    with pytest.raises(InvalidQueryError):
        Filter("created_at", op, None)


def test_equality_may_ask_for_none():
    assert Filter("assignee_id", Op.EQ, None).value is None


@pytest.mark.parametrize("limit", [1, QUERY_MOST])
def test_a_page_may_be_as_small_and_as_large_as_allowed(limit):
    assert Query("tickets", limit=limit).limit == limit
    assert Nearest("tickets", "vector", EAST, limit=limit).limit == limit


@pytest.mark.parametrize("limit", [-1, 0, QUERY_MOST + 1])
def test_a_page_of_any_other_size_is_refused(limit):
    with pytest.raises(InvalidQueryError):
        Query("tickets", limit=limit)
    with pytest.raises(InvalidQueryError):
        Nearest("tickets", "vector", EAST, limit=limit)


@pytest.mark.parametrize(
    ("filters", "order", "after"),
    [
        ((NEW,), NEWEST, ("x",)),  # the cursor lacks the id
        ((), (), ()),
        ((Filter("rank", Op.GT, 1),), (), None),
        ((Filter("rank", Op.GT, 1),), NEWEST, None),
        ((Filter("rank", Op.GT, 1),), (*NEWEST, Order("rank")), None),
        ((Filter("rank", Op.GT, 1), Filter("size", Op.LT, 1)), (Order("rank"),), None),
        ((Filter("a", Op.IN, [1]), Filter("b", Op.CONTAINS_ANY, [1])), (), None),
        ((Filter("a", Op.IN, [1]), Filter("b", Op.IN, [1])), (), None),
        ((Filter("a", Op.CONTAINS, 1), Filter("b", Op.CONTAINS, 1)), (), None),
        ((NEW, NEW), (), None),
        ((NEW,), (Order("status"),), None),
        ((), (*NEWEST, *NEWEST), None),
    ],
)
def test_a_query_that_one_walk_cannot_answer_is_refused(filters, order, after):
    with pytest.raises(InvalidQueryError):
        Query("tickets", filters, order, after=after)


@pytest.mark.parametrize(
    ("filters", "order", "after"),
    [
        ((), (), None),
        ((), (), ("T1",)),
        ((NEW,), NEWEST, (None, "T1")),
        ((Filter("rank", Op.GT, 1), Filter("rank", Op.LT, 9)), (Order("rank"),), None),
        ((NEW, Filter("skills", Op.CONTAINS_ANY, ["a", "b"])), NEWEST, None),
        ((Filter("a", Op.IN, [1]), Filter("b", Op.CONTAINS, 1)), (), None),
    ],
)
def test_a_query_that_one_walk_answers_is_taken(filters, order, after):
    assert Query("tickets", filters, order, after=after).order == order


def test_a_query_asks_a_collection():
    with pytest.raises(InvalidQueryError):
        Query("tickets/T1")
    with pytest.raises(InvalidQueryError):
        Nearest("tickets/T1", "vector", EAST)


@pytest.mark.parametrize("filters", [(Filter("a", Op.IN, [1]),), (NEW, Filter("a", Op.GT, 1))])
def test_nearness_filters_by_equality_only(filters):
    with pytest.raises(InvalidQueryError):
        Nearest("things", "vector", EAST, filters=filters)


@pytest.mark.parametrize("values", [(), (0.0, 0.0)])
def test_nearness_needs_a_direction(values):
    with pytest.raises(InvalidQueryError):
        Nearest("things", "vector", Vector(values))
