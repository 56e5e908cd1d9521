"""What the Documents port promises of queries, over every adapter."""

from datetime import timedelta

import pytest

from helpdesk.documents import (
    Create,
    Delete,
    Filter,
    Nearest,
    Op,
    Order,
    Query,
    Update,
    Vector,
)
from helpdesk.errors import (
    InvalidInputError,
    InvalidQueryError,
)
from tests.contract.things import BY_RANK, NEWEST, NOON, fill, names, pages

# asking


def test_documents_come_in_order_and_equals_by_id_in_the_last_direction(documents):
    fill(documents, b={"rank": 1}, a={"rank": 1}, c={"rank": 0}, d={"rank": 2})

    assert names(documents.query(Query("things", order=BY_RANK))) == ["c", "a", "b", "d"]
    assert names(documents.query(Query("things", order=NEWEST))) == ["d", "b", "a", "c"]


def test_without_an_order_documents_come_by_id(documents):
    fill(documents, b={}, a={}, c={})

    assert names(documents.query(Query("things", limit=2))) == ["a", "b"]
    assert names(documents.query(Query("things", limit=2, after=("b",)))) == ["c"]


def test_order_by_two_fields_with_two_directions(documents):
    order = (Order("rank", descending=True), Order("size"))
    fill(
        documents,
        a={"rank": 1, "size": 2},
        b={"rank": 2, "size": 9},
        c={"rank": 2, "size": 3},
        d={"rank": 2, "size": 3},
        e={"rank": 1, "size": None},
    )

    found = documents.query(Query("things", order=order))

    assert names(found) == ["c", "d", "b", "e", "a"]
    assert pages(documents, Query("things", order=order)) == [["c", "d"], ["b", "e"], ["a"]]


def test_a_collection_under_a_document_is_its_own(documents):
    documents.commit(
        [
            Create("things/a", {"rank": 1}),
            Create("things/a/entries/2", {"rank": 5}),
            Create("things/a/entries/1", {"rank": 9}),
            Create("things/b/entries/1", {"rank": 7}),
        ]
    )

    assert names(documents.query(Query("things"))) == ["a"]
    assert names(documents.query(Query("things/a/entries"))) == ["1", "2"]
    assert names(documents.query(Query("things/a/entries", order=BY_RANK))) == ["2", "1"]
    assert documents.query(Query("things/c/entries")) == []


def test_filters_by_equality(documents):
    red, blue = {"color": "red", "shape": "cube"}, {"color": "blue", "shape": "cube"}
    fill(documents, a={**red, "rank": 1}, b={**blue, "rank": 2}, c={**red, "rank": 3})

    one = (Filter("color", Op.EQ, "red"),)
    two = (Filter("shape", Op.EQ, "cube"), Filter("color", Op.EQ, "blue"))

    assert names(documents.query(Query("things", one, NEWEST))) == ["c", "a"]
    assert names(documents.query(Query("things", two, BY_RANK))) == ["b"]


@pytest.mark.parametrize("value", [None, True, False, 0, 1.5, NOON, ""])
def test_equality_knows_every_kind_of_value(documents, value):
    fill(documents, a={"color": value, "rank": 1}, b={"color": "other", "rank": 2})

    found = documents.query(Query("things", (Filter("color", Op.EQ, value),), NEWEST))

    assert names(found) == ["a"]


def test_filters_by_a_list_of_values(documents):
    fill(
        documents,
        a={"color": "red", "rank": 1},
        b={"color": "blue", "rank": 2},
        c={"color": "red", "rank": 3},
        d={"color": "green", "rank": 4},
    )
    query = Query("things", (Filter("color", Op.IN, ["red", "blue", "red"]),), NEWEST)

    assert names(documents.query(query)) == ["c", "b", "a"]
    assert pages(documents, query) == [["c", "b"], ["a"]]
    assert documents.count(query) == 3


def test_filters_by_what_an_array_contains(documents):
    fill(
        documents,
        a={"tags": ["x", "y"], "rank": 1},
        b={"tags": ["y", "y"], "rank": 2},
        c={"tags": [], "rank": 3},
        d={"tags": ["x"], "rank": 4},
    )
    one = Query("things", (Filter("tags", Op.CONTAINS, "x"),), NEWEST)
    any_of = Query("things", (Filter("tags", Op.CONTAINS_ANY, ["x", "y", "z"]),), NEWEST)

    assert names(documents.query(one)) == ["d", "a"]
    assert names(documents.query(any_of)) == ["d", "b", "a"]
    assert pages(documents, any_of) == [["d", "b"], ["a"]]
    assert documents.count(any_of) == 3


def test_an_array_and_an_equality_together(documents):
    fill(
        documents,
        a={"tags": ["x"], "color": "red", "rank": 1},
        b={"tags": ["x"], "color": "blue", "rank": 2},
    )
    filters = (Filter("tags", Op.CONTAINS, "x"), Filter("color", Op.EQ, "blue"))

    assert names(documents.query(Query("things", filters, BY_RANK))) == ["b"]


def test_an_array_that_changes_is_found_by_what_it_holds_now(documents):
    fill(documents, a={"tags": ["x", "y"], "rank": 1}, b={"tags": ["x"], "rank": 2})
    by_x = Query("things", (Filter("tags", Op.CONTAINS, "x"),), NEWEST)
    by_z = Query("things", (Filter("tags", Op.CONTAINS, "z"),), NEWEST)

    documents.commit([Update("things/a", {"tags": ["z"]}), Delete("things/b")])

    assert names(documents.query(by_x)) == []
    assert names(documents.query(by_z)) == ["a"]


@pytest.mark.parametrize(
    ("op", "expected"),
    [(Op.LT, ["a"]), (Op.LE, ["b", "a"]), (Op.GT, ["c"]), (Op.GE, ["c", "b"])],
)
def test_filters_by_a_range(documents, op, expected):
    day = timedelta(days=1)
    fill(
        documents,
        a={"rank": NOON - day},
        b={"rank": NOON},
        c={"rank": NOON + day},
        n={"rank": None},
    )

    query = Query("things", (Filter("rank", op, NOON),), NEWEST)

    assert names(documents.query(query)) == expected
    assert documents.count(query) == len(expected)


@pytest.mark.parametrize(
    ("op", "expected"),
    [(Op.LT, ["a"]), (Op.LE, ["b", "a"]), (Op.GT, ["e", "d", "c"]), (Op.GE, ["e", "d", "c", "b"])],
)
def test_a_range_of_texts_ends_with_the_whole_text(documents, op, expected):
    texts = {"a": "", "b": "x", "c": "x\0", "d": "x\0y", "e": "x\1"}
    fill(documents, **{name: {"rank": text} for name, text in texts.items()})

    query = Query("things", (Filter("rank", op, "x"),), NEWEST)

    assert names(documents.query(query)) == expected
    assert documents.count(query) == len(expected)


def test_a_range_goes_on_behind_a_cursor(documents):
    fill(documents, **{f"t{n}": {"rank": n // 2} for n in range(10)})
    filters = (Filter("rank", Op.GE, 1), Filter("rank", Op.LT, 4))

    walked = pages(documents, Query("things", filters, NEWEST), size=4)

    assert walked == [["t7", "t6", "t5", "t4"], ["t3", "t2"]]


def test_a_document_without_a_field_that_is_asked_for_takes_no_part(documents):
    fill(documents, a={"rank": 1}, b={"color": "red"}, c={"rank": None, "color": "red"})

    assert names(documents.query(Query("things", order=BY_RANK))) == ["c", "a"]
    red = Query("things", (Filter("color", Op.EQ, "red"),), NEWEST)
    assert names(documents.query(red)) == ["c"]


@pytest.mark.parametrize("order", [BY_RANK, NEWEST])
def test_cursors_walk_over_equal_and_missing_values_without_gap_or_double(documents, order):
    ranks = [None, 3, 1, None, 2, 2, 2, None, 1, 3, 0]
    fill(documents, **{f"t{n:02}": {"rank": rank} for n, rank in enumerate(ranks)})
    whole = names(documents.query(Query("things", order=order, limit=100)))

    for size in (1, 2, 3, 5):
        walked = pages(documents, Query("things", order=order), size)
        assert [name for page in walked for name in page] == whole
    assert len(set(whole)) == len(ranks)


def test_texts_sort_by_their_utf8_bytes(documents):
    texts = ["Z", "a", "é", "z", "", "𝄞", "ﬀ", "A"]
    fill(documents, **{f"t{n}": {"rank": text} for n, text in enumerate(texts)})

    found = documents.query(Query("things", order=BY_RANK))

    assert [d.data["rank"] for d in found] == sorted(texts, key=lambda text: text.encode())


def test_counting_knows_no_limit_and_no_cursor(documents):
    fill(documents, **{f"t{n}": {"color": "red", "rank": n} for n in range(30)})
    fill(documents, x={"color": "blue", "rank": 1}, y={"color": "red"})
    red = (Filter("color", Op.EQ, "red"),)

    assert documents.count(Query("things", red, NEWEST, limit=5, after=(7, "t7"))) == 30
    assert documents.count(Query("things", order=BY_RANK, limit=1)) == 31
    assert documents.count(Query("things")) == 32


def test_a_query_for_some_fields_reads_just_these(documents):
    whole = {"rank": 1, "color": None, "yes": True, "at": NOON, "list": [1, {"x": "y"}], "big": "z"}
    fill(documents, a=whole, b={"rank": 2})
    wanted = ("yes", "at", "list", "color")

    found = documents.query(Query("things", order=BY_RANK, fields=wanted))
    one = documents.query(Query("things", order=BY_RANK, limit=1, fields=("yes",)))

    assert [d.id for d in found] == ["a", "b"]
    assert found[0].data == {"yes": True, "at": NOON, "list": [1, {"x": "y"}], "color": None}
    assert found[1].data == dict.fromkeys(wanted)
    assert found[0].version == documents.get("things/a").version
    assert one[0].data == {"yes": True}


def test_some_fields_of_any_of_several_values_come_once_each(documents):
    fill(documents, a={"tags": ["x", "y"], "rank": 1}, b={"tags": ["y"], "rank": 2})
    either = (Filter("tags", Op.CONTAINS_ANY, ["x", "y"]),)

    found = documents.query(Query("things", either, NEWEST, fields=("tags", "rank")))

    assert [d.data for d in found] == [
        {"tags": ["y"], "rank": 2},
        {"tags": ["x", "y"], "rank": 1},
    ]


# the shapes of queries


@pytest.mark.parametrize(
    "query",
    [
        Query("things", (Filter("shape", Op.EQ, "cube"),), BY_RANK),
        Query("things", (Filter("color", Op.EQ, "red"),), (Order("size"),)),
        Query("others", order=BY_RANK),
        Query("things", (Filter("labels", Op.CONTAINS, 1),), NEWEST),
        Query("things", (Filter("color", Op.EQ, "red"),)),
    ],
)
def test_a_query_without_a_declared_index_is_refused(documents, query):
    with pytest.raises(InvalidQueryError, match="no index is declared"):
        documents.query(query)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Query("things", limit=0),
        lambda: Query("things", limit=1001),
        lambda: Query("things", order=BY_RANK, after=(1,)),
        lambda: Query("things/a"),
        lambda: Query("things", fields=("a'b",)),
        lambda: Query("th'ings"),
        lambda: Query("things", (Filter("rank", Op.GT, 1),)),
        lambda: Query("things", (Filter("size", Op.GT, 1),), BY_RANK),
        lambda: Query("things", (Filter("rank", Op.EQ, 1),), BY_RANK),
        lambda: Query("things", (Filter("a", Op.IN, [1]), Filter("b", Op.IN, [1]))),
        lambda: Query("things", (Filter("a", Op.CONTAINS, 1), Filter("b", Op.CONTAINS, 1))),
        lambda: Filter("a'b", Op.EQ, 1),
        lambda: Filter("A", Op.EQ, 1),
        lambda: Filter("a", Op.IN, []),
        lambda: Filter("a", Op.IN, list(range(31))),
        lambda: Filter("a", Op.IN, "text"),
        lambda: Filter("a", Op.GT, None),
        lambda: Filter("a", Op.IN, [1, None]),
        lambda: Filter("a", Op.CONTAINS, None),
        lambda: Filter("a", Op.CONTAINS_ANY, ["x", None]),
        lambda: Order("a b"),
        lambda: Nearest("things", "v", Vector((1.0,)), limit=0),
        lambda: Nearest("things", "v", Vector((0.0, 0.0))),
        lambda: Nearest("things", "v", Vector((1.0,)), filters=(Filter("a", Op.GT, 1),)),
    ],
)
def test_a_query_against_the_rules_cannot_be_made(build):
    with pytest.raises(InvalidQueryError):
        build()


def test_a_list_is_no_value_to_compare_with(documents):
    with pytest.raises(InvalidInputError):
        documents.query(Query("things", (Filter("color", Op.EQ, [1]),), NEWEST))
