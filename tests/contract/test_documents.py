"""What the Documents port promises of reading and committing, over every adapter."""

import threading
from datetime import datetime, timedelta, timezone

import pytest

from helpdesk.documents import (
    Create,
    Delete,
    Increment,
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
from tests.contract.things import NOON

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


def test_a_version_changes_with_the_document_and_only_then(documents):
    documents.commit([Create("things/a", {"rank": 1}), Create("things/b", {"rank": 1})])
    first = documents.get("things/a").version

    documents.commit([Update("things/b", {"rank": 2})])
    untouched = documents.get("things/a").version
    documents.commit([Update("things/a", {"rank": 2})])

    assert untouched == first
    assert documents.get("things/a").version != first


@pytest.mark.parametrize(
    "write",
    [
        Update("things/a", {"rank": 1}),
        Set("things/a", {"rank": 1, "list": [1]}),
        Increment("things/a", {"rank": 0}, {}),
    ],
)
def test_a_write_that_changes_nothing_makes_no_new_version(documents, write):
    documents.commit([Create("things/a", {"rank": 1, "list": [1]})])
    first = documents.get("things/a").version

    documents.commit([write])

    assert documents.get("things/a").version == first


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
        {"__type__": "vector"},
        {"": 1},
        [[1]],
        [Vector((1.0,))],
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
