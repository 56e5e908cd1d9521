"""What becomes of a call to Firestore when the wire fails, and what the store refuses."""

import logging
from time import monotonic

import grpc
import pytest

from emulated.emulators import free_port
from helpdesk.documents import Create, Filter, Nearest, Op, Order, Query, Set, Vector
from helpdesk.errors import InvalidInputError, OutsideError
from tests.contract.adapters import INDEXES, firestore_documents
from tests.wire.firestore_faults import HANG, SECRET, Fault

pytestmark = pytest.mark.emulator

SOON_S = 20.0  # far above every deadline that the tests set, far below the client's own
ONE = Create("things/one", {"rank": 1, "notes": ["a", {"b": 2.5}]})
BY_RANK = Query("things", (), (Order("rank"),))
UNMENDED = (
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
)


def data_of(store, path):
    found = store.get(path)
    return found and found.data


def took_s(call):
    """Return how long a call took to raise OutsideError."""
    begun = monotonic()
    with pytest.raises(OutsideError):
        call()
    return monotonic() - begun


READS = {
    "get": ("BatchGetDocuments", lambda store: store.get("things/a").data["rank"]),
    "get_many": (
        "BatchGetDocuments",
        lambda store: len(store.get_many(["things/a", "things/b", "things/c"])),
    ),
    "query": ("RunQuery", lambda store: len(store.query(BY_RANK))),
    "count": ("RunAggregationQuery", lambda store: store.count(BY_RANK)),
    "nearest": (
        "RunQuery",
        lambda store: len(store.nearest(Nearest("things", "place", Vector((1.0, 0.0))))),
    ),
}


@pytest.fixture
def filled(store):
    place = Vector((1.0, 0.0))
    store.commit([Set(f"things/{name}", {"rank": 3, "place": place}) for name in "abc"])
    return store


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("passing", [0, 1])
def test_a_read_that_fails_is_tried_again_from_the_start(filled, wire, read, passing):
    method, call = READS[read]
    wire.plan(method, Fault(passing=passing))

    assert call(filled) == 3

    assert wire.calls[method] == 2


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("passing", [0, 1])
def test_a_read_that_hangs_is_tried_again(filled, wire, hasty, read, passing):
    method, call = READS[read]
    wire.plan(method, Fault(status=None, passing=passing))
    hasty(patience_s=10)

    assert call(filled) == 3

    assert wire.calls[method] >= 2


@pytest.mark.parametrize(("read", "passing"), [("get", 0), ("query", 1), ("count", 1)])
def test_a_read_that_hangs_for_ever_ends_with_an_error(filled, wire, hasty, read, passing):
    method, call = READS[read]
    wire.plan(method, *[Fault(status=None, passing=passing)] * 100)
    hasty(patience_s=1)

    assert took_s(lambda: call(filled)) < SOON_S


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("passing", [0, 1])
def test_a_read_that_nobody_may_do_fails_at_once(filled, wire, read, passing):
    method, call = READS[read]
    wire.plan(method, Fault(status=grpc.StatusCode.PERMISSION_DENIED, passing=passing))

    with pytest.raises(OutsideError, match=r"^the store did not answer$"):
        call(filled)

    assert wire.calls[method] == 1


@pytest.mark.parametrize("status", [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION])
def test_a_read_without_its_database_or_index_fails_for_now(filled, wire, status):
    wire.plan("RunQuery", Fault(status=status))

    with pytest.raises(OutsideError, match=r"^the database or an index is not there$"):
        filled.query(BY_RANK)


def test_a_commit_that_hangs_for_ever_ends_with_an_error(store, wire, hasty):
    wire.plan("Commit", *[HANG] * 100)
    hasty(patience_s=1)

    assert took_s(lambda: store.commit([ONE])) < SOON_S


def test_a_store_that_is_gone_is_an_error_soon(emulators, hasty):
    hasty(patience_s=1)
    store = firestore_documents(emulators, INDEXES, address=f"127.0.0.1:{free_port()}")

    assert took_s(lambda: store.get("things/one")) < SOON_S
    assert took_s(lambda: store.commit([ONE])) < SOON_S


@pytest.mark.parametrize("status", UNMENDED)
def test_what_the_vendor_says_is_in_no_error_and_no_log(store, wire, caplog, status):
    caplog.set_level(logging.DEBUG, logger="gcp")
    wire.plan("Commit", Fault(status=status))

    with pytest.raises(OutsideError) as raised:
        store.commit([ONE])

    assert str(raised.value) == "the store did not answer"
    assert wire.calls["Commit"] == 1
    assert [record.message for record in caplog.records] == ["the store failed"]
    assert SECRET not in str([vars(record) for record in caplog.records])


def test_a_commit_into_a_database_that_is_not_there_fails_for_now(store, wire):
    wire.plan("Commit", Fault(status=grpc.StatusCode.NOT_FOUND))

    with pytest.raises(OutsideError, match=r"^the database is not there$"):
        store.commit([Set("things/one", {"rank": 1})])


def test_a_document_above_a_megabyte_is_refused(store):
    with pytest.raises(InvalidInputError, match=r"^the store takes no such document or query$"):
        store.commit([Create("things/one", {"text": "x" * 1_100_000})])

    assert store.get("things/one") is None


def test_a_list_compares_by_membership_only(store):
    unlisted = Query("things", (Filter("color", Op.EQ, ["red"]),), (Order("rank", True),))

    with pytest.raises(InvalidInputError):
        store.query(unlisted)


def test_named_databases_know_nothing_of_each_other(emulators):
    from gcp.firestore import FirestoreDocuments  # noqa: PLC0415

    default = firestore_documents(emulators, INDEXES)
    with emulators.pointing_at(FIRESTORE_EMULATOR_HOST=emulators.firestore.address):
        auth = FirestoreDocuments.connect(default._client.project, "auth")

    auth.commit([ONE])
    default.commit([Create("things/one", {"rank": 2})])

    assert (data_of(auth, "things/one"), data_of(default, "things/one")) == (ONE.data, {"rank": 2})
