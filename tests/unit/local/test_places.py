"""Where documents stand in the indexes: bytes that sort as values do, and what a change moves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.documents import Create, Filter, Op, Order, Query, Vector
from helpdesk.errors import InvalidInputError
from helpdesk.indexes import Index
from local.documents import SqliteDocuments
from local.places import Places, _bytes, _key, walk

NEWEST = (Order("at", descending=True),)
BY_COLOR = Index("things", ("color",), None, NEWEST)
BY_TAG = Index("things", ("color",), "tags", NEWEST)
PLACES = Places([Index("things", (), None, NEWEST), BY_COLOR, BY_TAG])
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from("\0\1\2a"))


@given(st.lists(NUMBERS))
def test_numbers_sort_as_they_are(numbers):
    assert sorted(numbers, key=_bytes) == sorted(numbers)


@given(st.lists(TIMES))
def test_times_sort_as_they_are(times):
    assert sorted(times, key=_bytes) == sorted(times)


@given(st.lists(TEXTS))
def test_texts_sort_by_their_utf8(texts):
    assert sorted(texts, key=_bytes) == sorted(texts, key=lambda text: text.encode())


@given(TEXTS | NUMBERS | TIMES | st.none() | st.booleans(), TEXTS | NUMBERS | TIMES | st.none())
def test_no_value_is_the_beginning_of_another(one, other):
    same = _bytes(one) == _bytes(other)

    assert same or not _bytes(other).startswith(_bytes(one))
    assert _bytes(one)[0] < 255


def test_values_sort_by_their_type_first():
    kinds = [None, False, True, -1, 0, 0.5, 2**40, NOON, "", "a", {"a": 1}]

    assert sorted(kinds, key=_bytes) == kinds
    assert _bytes(1) == _bytes(1.0) != _bytes(True)
    assert _bytes(0.0) == _bytes(-0.0)
    assert _bytes(Vector((1.0,))) != _bytes(Vector((2.0,)))


def test_long_texts_sort_by_all_that_is_in_them():
    start = "x" * 2_000

    assert _bytes(f"{start}a") < _bytes(f"{start}b") != _bytes(start)


def test_lists_and_maps_sort_as_their_json_does():
    values = [[10], [9], {"a": 10}, {"a": 9, "b": 1}, {"a": 9}, {"b": 0}]

    assert sorted(values, key=_bytes) == values


def test_a_change_moves_only_what_it_changes():
    old = {"at": NOON, "color": "red", "tags": ["x", "y"], "more": 1}

    def moved(**changes):
        left, taken = PLACES.moved("things", "a", old, {**old, **changes})
        return len(left), len(taken)

    assert moved(more=2) == (0, 0)
    assert moved(tags=("x", "y")) == (0, 0)
    assert moved(tags=["y", "x", "z"]) == (0, 1)
    assert moved(color="blue") == (3, 3)
    assert moved(at=NOON + timedelta(seconds=1)) == (4, 4)
    assert [len(each) for each in PLACES.moved("things", "a", None, old)] == [0, 4]
    assert [len(each) for each in PLACES.moved("things", "a", old, None)] == [4, 0]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ({}, 0),
        ({"at": None}, 1),
        ({"at": 1, "color": None}, 2),
        ({"at": 1, "color": "red", "tags": "x"}, 2),  # no array has no elements
        ({"at": 1, "color": "red", "tags": [{"a": 1}, "x" * 100, "x" * 101]}, 5),
        ({"color": "red", "tags": ["x"]}, 0),
    ],
)
def test_a_document_stands_where_it_has_every_field(data, count):
    assert len(PLACES.moved("things", "a", None, data)[1]) == count


def test_places_with_the_same_first_value_are_neighbours():
    keys = [_key(name, "things", _bytes("red")) for name in (b"one", b"two")]

    assert keys[0][:2] == keys[1][:2]
    assert keys[0] != keys[1]
    assert len({_key(b"one", "things", *values) for values in ((), (b"a",), (b"a", b"b"))}) == 3


@pytest.mark.parametrize("value", [[1], (1,), object()])
def test_what_no_value_can_be_is_refused(value):
    query = Query("things", (Filter("color", Op.EQ, value),), NEWEST)

    with pytest.raises(InvalidInputError):
        walk(query, BY_COLOR)


@pytest.mark.parametrize("backward", [False, True])
def test_a_range_of_texts_that_are_kept_turned_ends_with_the_whole_text(tmp_path, backward):
    order = (Order("rank", descending=True), Order("size"))
    store = SqliteDocuments(tmp_path / "a.db", (Index("things", (), None, order),))
    ranks = {"a": "", "b": "x", "c": "x\0", "d": "x\0y", "e": "x\1"}
    store.commit([Create(f"things/{n}", {"rank": it, "size": 1}) for n, it in ranks.items()])
    asked = tuple(Order(o.field, descending=o.descending != backward) for o in order)

    for op, expected in ((Op.LE, "ba"), (Op.LT, "a"), (Op.GT, "edc"), (Op.GE, "edcb")):
        found = store.query(Query("things", (Filter("rank", op, "x"),), asked))

        assert "".join(each.id for each in found) == (expected[::-1] if backward else expected)
    store.close()


@pytest.mark.parametrize(
    ("op", "expected"),
    [(Op.LT, ["a"]), (Op.LE, ["b", "a"]), (Op.GT, ["d"]), (Op.GE, ["d", "b"])],
)
@pytest.mark.parametrize("backward", [False, True])
def test_a_range_of_values_that_are_kept_turned_is_a_range(tmp_path, op, expected, backward):
    order = (Order("rank", descending=True), Order("size"))
    store = SqliteDocuments(tmp_path / "a.db", (Index("things", (), None, order),))
    ranks = {"a": -(2**60), "b": 7, "c": None, "d": 7.5, "e": "7"}
    store.commit([Create(f"things/{n}", {"rank": it, "size": 1}) for n, it in ranks.items()])
    asked = tuple(Order(o.field, descending=o.descending != backward) for o in order)

    found = store.query(Query("things", (Filter("rank", op, 7),), asked))

    assert [each.id for each in found] == (expected[::-1] if backward else expected)
    store.close()
