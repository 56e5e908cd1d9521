"""What the SQLite documents do beyond the port: forget what has expired."""

from datetime import timedelta

import pytest

from helpdesk.documents import Create
from helpdesk.indexes import expiring
from local import queries
from local.documents import FORGET_MOST, SqliteDocuments
from tests.builders import NOW

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def store(tmp_path):
    made = SqliteDocuments(tmp_path / "a.db")
    yield made
    made.close()


@pytest.mark.parametrize("collection", expiring())
def test_what_has_expired_is_forgotten_and_the_rest_kept(store, collection):
    store.commit(
        [
            Create(f"{collection}/past", {"expires_at": NOW - timedelta(seconds=1)}),
            Create(f"{collection}/now", {"expires_at": NOW}),
            Create(f"{collection}/later", {"expires_at": LATER}),
            Create(f"{collection}/never", {"other": 1}),
        ]
    )

    gone = store.forget(NOW)

    kept = [store.get(f"{collection}/{name}") for name in ("past", "now", "later", "never")]
    assert gone == 2
    assert [document is not None for document in kept] == [False, False, True, True]


@pytest.mark.parametrize("path", ["tickets/a", "mail/a", "parked/a", "tickets/a/timeline/000001"])
def test_what_may_not_expire_stays_whatever_it_holds(store, path):
    store.commit([Create(path, {"expires_at": NOW})])

    assert store.forget(LATER) == 0
    assert store.get(path) is not None


def test_a_long_backlog_goes_in_short_transactions(store):
    for start in range(0, FORGET_MOST + 10, 100):
        store.commit([Create(f"idem/{n}", {"expires_at": NOW}) for n in range(start, start + 100)])

    assert store.forget(LATER) == FORGET_MOST
    assert store.forget(LATER) == 100
    assert store.forget(LATER) == 0


def test_the_expired_are_found_without_looking_at_the_others(store):
    with store._database.reading() as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {queries.expired(expiring())}", ("x", 1)
        ).fetchall()

    assert any("USING COVERING INDEX expiry" in row[3] or "INDEX expiry" in row[3] for row in plan)
    assert not any(row[3].startswith("SCAN") for row in plan)
