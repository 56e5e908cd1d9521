"""A file whose places are of other indexes, or of an older version, is laid out anew."""

import pytest

from helpdesk.documents import Create, Filter, Op, Order, Query, Update
from helpdesk.errors import OutsideError
from helpdesk.indexes import Index, expiring
from helpdesk.wire import searchable_document, searchable_ticket, ticket_document, user_document
from local import layout
from local.database import Database
from local.documents import SqliteDocuments
from local.layout import lay_out
from local.queries import expiry_index
from tests.builders import NOW, a_ticket, a_user

BY_RANK = Index("things", (), None, (Order("rank"),))
BY_TAG = Index("things", (), "tags", (Order("rank"),))
X = Query("things", (Filter("tags", Op.CONTAINS, "x"),), BY_TAG.order)


def filled(file, indexes):
    store = SqliteDocuments(file, indexes)
    store.commit([Create("others/z", {"rank": 1})])
    store.commit([Create(f"things/t{n}", {"rank": -n, "tags": ["x"]}) for n in range(5)])
    return store


def found(store, query):
    return [each.id for each in store.query(query)]


@pytest.mark.parametrize("part", [1, 2, 100])
def test_documents_stand_in_an_index_that_came_later(tmp_path, monkeypatch, part):
    monkeypatch.setattr(layout, "_PART", part)
    filled(tmp_path / "a.db", (BY_RANK,)).close()

    store = SqliteDocuments(tmp_path / "a.db", (BY_TAG, BY_RANK))

    assert found(store, X) == ["t4", "t3", "t2", "t1", "t0"]
    assert found(store, Query("things", order=BY_RANK.order)) == found(store, X)
    store.close()


def test_places_of_an_index_that_is_gone_are_forgotten(tmp_path):
    filled(tmp_path / "a.db", (BY_RANK, BY_TAG)).close()

    store = SqliteDocuments(tmp_path / "a.db", (BY_RANK,))

    with store._database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM places").fetchone() == (5,)
    store.close()


def test_what_an_older_version_kept_its_indexes_in_is_dropped(tmp_path):
    store = filled(tmp_path / "a.db", (BY_RANK,))
    with store._database.reading() as connection:
        connection.executescript(
            """
            CREATE TABLE "things__tags_any" (collection, element, rank, id);
            CREATE TRIGGER "things__tags_any__insert" AFTER INSERT ON documents
              BEGIN INSERT INTO "things__tags_any" VALUES (1, 2, 3, 4); END;
            CREATE TRIGGER "things__tags_any__delete" AFTER DELETE ON documents
              BEGIN DELETE FROM "things__tags_any"; END;
            CREATE INDEX "things__rank" ON documents (json_extract(data, '$.rank'));
            CREATE TABLE messages (id);
            DELETE FROM layout;
            """
        )
    store.close()

    again = SqliteDocuments(tmp_path / "a.db", (BY_RANK,))

    with again._database.reading() as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    assert {row[0] for row in rows} == {
        "documents", "places", "layout", "ticks", expiry_index(expiring()), "messages",
    }  # fmt: skip
    assert len(found(again, Query("things", order=BY_RANK.order))) == 5
    again.close()


def test_what_expires_is_found_in_a_file_that_knew_of_fewer_kinds(tmp_path):
    store = filled(tmp_path / "a.db", (BY_RANK,))
    kind = expiring()[-1]
    store.commit([Create(f"{kind}/a", {"expires_at": NOW})])
    with store._database.reading() as connection:
        connection.executescript(
            f"""
            DROP INDEX {expiry_index(expiring())};
            CREATE INDEX expiry ON documents (json_extract(data, '$.expires_at'))
              WHERE kind IN ('{expiring()[0]}');
            """
        )
    store.close()

    again = SqliteDocuments(tmp_path / "a.db", (BY_RANK,))

    assert again.forget(NOW) == 1
    with again._database.reading() as connection:
        assert not connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'expiry'"
        ).fetchall()
    again.close()


@pytest.mark.parametrize(
    "made",
    [
        "CREATE INDEX things__rank ON documents (json_extract(data, '$.rank'))",
        "CREATE TRIGGER things__tags_any__insert AFTER INSERT ON documents BEGIN SELECT 1; END",
    ],
)
def test_what_an_older_version_wrote_in_between_is_placed(tmp_path, made):
    store = filled(tmp_path / "a.db", (BY_RANK,))
    with store._database.reading() as connection:
        connection.execute(made)
        connection.execute(
            "INSERT INTO documents VALUES ('things', 'between', 'things', 9, '{\"rank\": 1}')"
        )
    store.close()

    for _ in range(2):
        again = SqliteDocuments(tmp_path / "a.db", (BY_RANK,))

        assert found(again, Query("things", order=BY_RANK.order))[-1] == "between"
        again.commit([Update("things/between", {"rank": 2})])
        again.close()


def test_tickets_and_users_from_before_there_were_words_are_found_by_theirs(tmp_path):
    store = SqliteDocuments(tmp_path / "a.db")
    ticket, filed = a_ticket(seq=2, skills=("SQL",)), a_ticket(id="T2")
    kept = searchable_ticket(ticket)
    before = {name: kept[name] for name in kept if name not in {"terms", "skill_keys"}}
    user = a_user()
    store.commit(
        [
            Create(f"tickets/{ticket.id}", before),
            Create(f"tickets/{filed.id}", ticket_document(filed)),
            Create(f"users/{user.id}", user_document(user)),
        ]
    )
    paths = [f"tickets/{ticket.id}", f"tickets/{filed.id}", f"users/{user.id}"]
    versions = [each and each.version for each in store.get_many(paths)]
    with store._database.reading() as connection:
        connection.execute("DELETE FROM layout")
    store.close()

    again = SqliteDocuments(tmp_path / "a.db")

    word = Filter("terms", Op.CONTAINS, kept["terms"][0])
    order = (Order("created_at", descending=True),)
    assert found(again, Query("tickets", (word,), order)) == [ticket.id]
    kept_now = [kept, ticket_document(filed), searchable_document(user)]
    assert [each and each.data for each in again.get_many(paths)] == kept_now
    assert [each and each.version for each in again.get_many(paths)] == versions
    again.close()


@pytest.mark.parametrize(("many", "told"), [(5, True), (6, False)])
def test_a_start_that_takes_a_while_says_so_and_gives_the_room_of_its_log_back(
    tmp_path, monkeypatch, caplog, many, told
):
    filled(tmp_path / "a.db", (BY_RANK,)).close()
    monkeypatch.setattr(layout, "_MANY", many)
    caplog.set_level("INFO", "local.layout")

    store = SqliteDocuments(tmp_path / "a.db", (BY_TAG,))

    assert ("putting 6 documents in their places" in caplog.text) is told
    assert (tmp_path / "a.db-wal").stat().st_size == 0
    store.close()


def test_a_file_that_cannot_be_laid_out_is_closed(tmp_path):
    database = Database(tmp_path / "a.db")

    with pytest.raises(OutsideError, match="no such table"):
        lay_out(database, (BY_RANK,), expiring())
    assert database._opened == []
