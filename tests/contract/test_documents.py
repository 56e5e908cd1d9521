"""What the Documents port promises, over every adapter."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

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
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    InvalidQueryError,
    NotFoundError,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
BY_RANK = (Order("rank"),)
NEWEST = (Order("rank", descending=True),)


def names(found):
    return [document.id for document in found]


def fill(documents, **things):
    documents.commit([Create(f"things/{name}", data) for name, data in things.items()])


def pages(documents, query, size=2):
    """Walk a query to its end by cursors and return the ids of each page."""
    walked, after = [], query.after
    while True:
        page = documents.query(Query(query.collection, query.filters, query.order, size, after))
        walked.append(names(page))
        if len(page) < size:
            return walked
        after = (*(page[-1].data[o.field] for o in query.order), page[-1].id)


# reading


def test_what_was_written_is_read_back_as_it_was(documents):
    data = {
        "text": 'a "quoted" 👍 \x01 line\nend',
        "number": -7,
        "large": 2**62,
        "real": 0.25,
        "yes": True,
        "nothing": None,
        "at": NOON,
        "list": [1, "two", None, {"deep": [NOON]}],
        "map": {"key": {"deeper": False}},
        "vector": Vector((0.5, -1.0, 3.0)),
        "empty": {},
        "none": [],
    }

    documents.commit([Create("things/a", data)])

    found = documents.get("things/a")
    assert found.data == data
    assert found.path == "things/a"
    assert found.id == "a"


def test_a_time_comes_back_in_utc_whatever_its_zone(documents):
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))

    documents.commit([Create("things/a", {"at": elsewhere})])

    found = documents.get("things/a").data["at"]
    assert found == NOON
    assert found.utcoffset() == timedelta(0)


def test_what_is_not_there_is_none(documents):
    documents.commit([Create("things/a", {"rank": 1})])

    assert documents.get("things/b") is None
    assert [d and d.id for d in documents.get_many(["things/b", "things/a", "things/b"])] == [
        None,
        "a",
        None,
    ]


def test_a_version_changes_with_every_write_and_only_then(documents):
    documents.commit([Create("things/a", {"rank": 1}), Create("things/b", {"rank": 1})])
    first = documents.get("things/a").version

    documents.commit([Update("things/b", {"rank": 2})])
    untouched = documents.get("things/a").version
    documents.commit([Update("things/a", {"rank": 1})])

    assert untouched == first
    assert documents.get("things/a").version != first


def test_a_document_that_comes_again_has_another_version(documents):
    documents.commit([Create("things/a", {"rank": 1})])
    first = documents.get("things/a").version

    documents.commit([Delete("things/a")])
    documents.commit([Create("things/a", {"rank": 1})])

    assert documents.get("things/a").version != first


@pytest.mark.parametrize(
    "path",
    [
        "things",
        "things/",
        "/a",
        "things/a/b",
        "things/..",
        "Things/a",
        "things/a b",
        "",
        "things/__a__",
    ],
)
def test_a_path_that_names_no_document_is_refused(documents, path):
    with pytest.raises(InvalidQueryError):
        documents.get(path)
    with pytest.raises(InvalidQueryError):
        documents.commit([Set(path, {"rank": 1})])


# committing


def test_create_refuses_what_is_there_and_changes_nothing(documents):
    documents.commit([Create("things/a", {"rank": 1})])

    with pytest.raises(AlreadyExistsError):
        documents.commit([Set("things/b", {"rank": 2}), Create("things/a", {"rank": 2})])

    assert documents.get("things/a").data == {"rank": 1}
    assert documents.get("things/b") is None


def test_set_replaces_the_whole_document(documents):
    documents.commit([Create("things/a", {"rank": 1, "color": "red"})])

    documents.commit([Set("things/a", {"rank": 2})])

    assert documents.get("things/a").data == {"rank": 2}


def test_update_replaces_fields_and_leaves_the_others(documents):
    documents.commit([Create("things/a", {"rank": 1, "map": {"x": 1, "y": 2}})])

    documents.commit([Update("things/a", {"map": {"x": 3}, "new": None})])

    assert documents.get("things/a").data == {"rank": 1, "map": {"x": 3}, "new": None}


def test_update_of_what_is_not_there_is_refused(documents):
    with pytest.raises(NotFoundError):
        documents.commit([Update("things/a", {"rank": 1})])


def test_update_of_what_somebody_else_changed_is_refused_with_all_the_rest(documents):
    documents.commit([Create("things/a", {"rank": 1})])
    read = documents.get("things/a")
    documents.commit([Update("things/a", {"rank": 2})])

    with pytest.raises(ConflictError):
        documents.commit(
            [
                Create("things/b", {"rank": 3}),
                Update("things/a", {"rank": 3}, unchanged_since=read.version),
            ]
        )

    assert documents.get("things/a").data == {"rank": 2}
    assert documents.get("things/b") is None


def test_update_of_what_nobody_changed_succeeds(documents):
    documents.commit([Create("things/a", {"rank": 1})])
    read = documents.get("things/a")

    documents.commit([Update("things/a", {"rank": 2}, unchanged_since=read.version)])

    assert documents.get("things/a").data == {"rank": 2}


def test_increment_makes_counts_sets_and_tells_the_new_value(documents):
    first = documents.commit([Increment("things/a", {"n": 1, "m": -2}, {"at": NOON})])
    second = documents.commit(
        [Set("things/b", {"rank": 1}), Increment("things/a", {"n": 5}, {"at": None})]
    )

    assert first == [{"n": 1, "m": -2}]
    assert second == [{}, {"n": 6}]
    assert documents.get("things/a").data == {"n": 6, "m": -2, "at": None}


def test_delete_removes_whether_there_or_not(documents):
    documents.commit([Create("things/a", {"rank": 1})])

    documents.commit([Delete("things/a"), Delete("things/b")])

    assert documents.get("things/a") is None


def test_writes_of_one_commit_see_each_other_in_order(documents):
    documents.commit(
        [
            Create("things/a", {"rank": 1}),
            Update("things/a", {"rank": 2}),
            Increment("things/a", {"rank": 3}, {}),
        ]
    )

    assert documents.get("things/a").data == {"rank": 5}


@pytest.mark.parametrize("count", [0, 501])
def test_a_commit_takes_1_to_500_writes(documents, count):
    with pytest.raises(InvalidInputError):
        documents.commit([Set(f"things/{n}", {"rank": n}) for n in range(count)])


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        datetime(2026, 1, 1),  # noqa: DTZ001 - the point
        b"bytes",
        {1: "key"},
        {"$t": "2026"},
        "\ud800",
        2**63,
        {"set"},
        object(),
    ],
)
def test_what_no_document_may_hold_is_refused_and_nothing_is_kept(documents, value):
    with pytest.raises(InvalidInputError):
        documents.commit([Set("things/a", {"rank": 1}), Set("things/b", {"value": value})])

    assert documents.get("things/a") is None


def test_of_many_who_create_one_document_one_succeeds(documents):
    results = run_all(8, lambda n: documents.commit([Create("things/a", {"rank": n})]))

    assert sum(isinstance(r, AlreadyExistsError) for r in results) == 7
    assert sum(isinstance(r, list) for r in results) == 1


def test_increments_from_many_threads_all_count_and_each_sees_another_value(documents):
    def count(_):
        return [documents.commit([Increment("things/a", {"n": 1}, {})])[0]["n"] for _ in range(10)]

    seen = [value for values in run_all(8, count) for value in values]

    assert sorted(seen) == list(range(1, 81))
    assert documents.get("things/a").data == {"n": 80}


def test_read_and_update_in_a_loop_loses_nothing(documents):
    documents.commit([Create("things/a", {"n": 0})])

    def add(_):
        for _ in range(5):
            while True:
                read = documents.get("things/a")
                change = {"n": read.data["n"] + 1}
                try:
                    documents.commit([Update("things/a", change, unchanged_since=read.version)])
                except ConflictError:
                    continue
                break

    run_all(4, add)

    assert documents.get("things/a").data == {"n": 20}


def run_all(threads, work):
    """Run `work` in that many threads at once and return what each returned or raised."""
    results: list[object] = [None] * threads
    start = threading.Barrier(threads)

    def one(number):
        start.wait()
        try:
            results[number] = work(number)
        except (AlreadyExistsError, ConflictError) as error:
            results[number] = error

    started = [threading.Thread(target=one, args=(n,)) for n in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return results


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


# nearness


def test_nearest_ranks_by_the_angle_between_vectors(documents):
    fill(
        documents,
        same={"v": Vector((2.0, 0.0)), "color": "red"},
        near={"v": Vector((1.0, 0.1)), "color": "red"},
        across={"v": Vector((0.0, 3.0)), "color": "blue"},
        opposite={"v": Vector((-1.0, 0.0)), "color": "red"},
        without={"color": "red"},
    )

    found = documents.nearest(Nearest("things", "v", Vector((1.0, 0.0)), limit=4))

    assert [n.document.id for n in found] == ["same", "near", "across", "opposite"]
    assert [round(n.distance, 2) for n in found] == [0.0, 0.0, 1.0, 2.0]


def test_nearest_takes_filters_and_a_limit(documents):
    fill(
        documents,
        a={"v": Vector((1.0, 0.0)), "color": "red"},
        b={"v": Vector((1.0, 0.5)), "color": "blue"},
        c={"v": Vector((1.0, 0.9)), "color": "blue"},
    )
    blue = (Filter("color", Op.EQ, "blue"),)

    found = documents.nearest(Nearest("things", "v", Vector((1.0, 0.0)), limit=1, filters=blue))

    assert [n.document.id for n in found] == ["b"]


def test_nearest_refuses_vectors_of_another_length(documents):
    fill(documents, a={"v": Vector((1.0, 0.0))})

    with pytest.raises(InvalidInputError):
        documents.nearest(Nearest("things", "v", Vector((1.0,))))
