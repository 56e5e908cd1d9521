"""What becomes of a commit to Firestore when the wire fails: it is applied once or not at all."""

from datetime import datetime, timedelta, timezone

import grpc
import pytest

from helpdesk.documents import Create, Delete, Increment, Set, Update, Vector
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError, OutsideError
from tests.wire.firestore_faults import DOWN, HANG, LOST, Fault

pytestmark = pytest.mark.emulator

EAST = timezone(timedelta(hours=2))
ONE = Create(
    "things/one",
    {
        "rank": 1,
        "at": datetime(2026, 1, 31, 11, 30, 0, 123456, EAST),
        "place": Vector((0.1, 0.2)),
        "notes": ["a", {"b": 2.5, "c": None}],
    },
)
FENCED = (ONE, Increment("things/total", {"count": 1, "size": 5}, {}))
PASSING = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
)


def data_of(store, path):
    found = store.get(path)
    return found and found.data


@pytest.mark.parametrize("status", PASSING)
def test_a_fenced_commit_that_never_arrived_is_tried_again(store, wire, status):
    wire.plan("Commit", Fault(status=status))

    told = store.commit(FENCED)

    assert told == [{}, {"count": 1, "size": 5}]
    assert data_of(store, "things/one") == ONE.data


@pytest.mark.parametrize("status", PASSING)
def test_a_fenced_commit_whose_answer_was_lost_is_applied_once(store, wire, status):
    store.commit([Set("things/total", {"count": 7})])
    wire.plan("Commit", Fault(status=status, applied=True))

    told = store.commit(FENCED)

    assert told == [{}, {"count": 8, "size": 5}]
    assert data_of(store, "things/one") == ONE.data
    assert data_of(store, "things/total") == {"count": 8, "size": 5}


def test_a_fenced_commit_whose_answer_was_lost_twice_is_applied_once(store, wire):
    wire.plan("Commit", DOWN, LOST, DOWN)

    told = store.commit(FENCED)

    assert told == [{}, {"count": 1, "size": 5}]
    assert wire.calls["Commit"] == 4


def test_what_was_read_back_survives_a_lost_read(store, wire):
    wire.plan("Commit", LOST)
    wire.plan("BatchGetDocuments", DOWN)

    told = store.commit(FENCED)

    assert told == [{}, {"count": 1, "size": 5}]


@pytest.mark.parametrize("fence_first", [True, False])
def test_a_transition_whose_answer_was_lost_is_no_conflict(store, wire, fence_first):
    store.commit([Set("things/ticket", {"rank": 1})])
    version = store.get("things/ticket").version
    update = Update("things/ticket", {"rank": 2}, unchanged_since=version)
    wire.plan("Commit", LOST)

    told = store.commit([ONE, update] if fence_first else [update, ONE])

    assert told == [{}, {}]
    assert data_of(store, "things/ticket") == {"rank": 2}


def test_a_fence_that_another_one_holds_refuses_a_second_try(store, wire):
    store.commit([Create("things/one", {"rank": 99})])
    wire.plan("Commit", DOWN)

    with pytest.raises(AlreadyExistsError):
        store.commit(FENCED)

    assert data_of(store, "things/one") == {"rank": 99}
    assert store.get("things/total") is None


def test_a_fence_that_refuses_the_first_try_is_not_read_back(store, wire):
    store.commit([ONE])

    with pytest.raises(AlreadyExistsError):
        store.commit(FENCED)

    assert wire.calls["BatchGetDocuments"] == 0
    assert store.get("things/total") is None


def test_a_conflict_after_a_try_that_never_arrived_is_one(store, wire):
    store.commit([Set("things/ticket", {"rank": 1})])
    version = store.get("things/ticket").version
    store.commit([Set("things/ticket", {"rank": 3})])
    wire.plan("Commit", DOWN)

    with pytest.raises(ConflictError):
        store.commit([ONE, Update("things/ticket", {"rank": 2}, unchanged_since=version)])

    assert store.get("things/one") is None
    assert data_of(store, "things/ticket") == {"rank": 3}


@pytest.mark.parametrize(("fault", "counted"), [(DOWN, None), (LOST, 1), (HANG, None)])
def test_increments_alone_are_never_tried_again(store, wire, hasty, fault, counted):
    wire.plan("Commit", fault)
    hasty(patience_s=10)

    with pytest.raises(OutsideError, match=r"^the store did not answer$"):
        store.commit([Increment("things/total", {"count": 1}, {})])

    assert wire.calls["Commit"] == 1
    assert (data_of(store, "things/total") or {}).get("count") == counted


def test_increments_beside_an_update_are_never_tried_again(store, wire):
    store.commit([Set("things/ticket", {"rank": 1})])
    wire.plan("Commit", LOST)

    with pytest.raises(OutsideError):
        store.commit(
            [Update("things/ticket", {"rank": 2}), Increment("things/total", {"count": 1}, {})]
        )

    assert data_of(store, "things/total") == {"count": 1}


@pytest.mark.parametrize("fault", [DOWN, LOST, HANG])
def test_what_only_sets_is_tried_again(store, wire, hasty, fault):
    store.commit([Set("things/two", {"rank": 1}), Set("things/three", {"rank": 1})])
    wire.plan("Commit", fault)
    hasty(patience_s=10)

    told = store.commit(
        [Set("things/one", {"rank": 5}), Update("things/two", {"rank": 6}), Delete("things/three")]
    )

    assert told == [{}, {}, {}]
    found = store.get_many(["things/one", "things/two", "things/three"])
    assert [each and each.data for each in found] == [{"rank": 5}, {"rank": 6}, None]


def test_an_unfenced_update_whose_answer_was_lost_is_a_conflict_and_applied_once(store, wire):
    store.commit([Set("things/ticket", {"rank": 1})])
    version = store.get("things/ticket").version
    wire.plan("Commit", LOST)

    with pytest.raises(ConflictError):
        store.commit([Update("things/ticket", {"rank": 2}, unchanged_since=version)])

    assert data_of(store, "things/ticket") == {"rank": 2}
    assert wire.calls["Commit"] == 3


def test_an_update_of_what_is_gone_says_so_after_a_try_that_never_arrived(store, wire):
    wire.plan("Commit", DOWN)

    with pytest.raises(NotFoundError, match=r"^things/gone is not there$"):
        store.commit([Update("things/gone", {"rank": 2})])
