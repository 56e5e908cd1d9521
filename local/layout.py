"""Lays a file's places out anew when the declared indexes are others than those it was made for."""

import logging
from sqlite3 import Connection
from typing import Any

from helpdesk.documents import Data
from helpdesk.errors import OutsideError
from helpdesk.indexes import Index
from helpdesk.wire import found_by
from local.codec import decode, encode
from local.database import Database
from local.places import Place, Places
from local.queries import EXPIRY, expiry_index, expiry_schema

_LAYOUT = "3"  # goes up when places, or what a document is found by, are made another way
# The version stays: whoever read the document before has missed nothing that people write.
_CHANGE = "UPDATE documents SET data = ? WHERE collection = ? AND id = ?"
_PART = 1_000  # documents that are read at once
_MANY = 10_000  # documents from which on somebody may wonder what the start waits for

log = logging.getLogger(__name__)


def lay_out(database: Database, indexes: tuple[Index, ...], expiring: tuple[str, ...] = ()) -> None:
    """Put every document where it stands in these indexes, unless that is done.

    Close the file and raise OutsideError where it cannot be read. With a million documents this
    takes minutes; it happens once, at the first start of a version with other indexes.
    """
    wanted = "\n".join(sorted([_LAYOUT, *(index.name for index in indexes)]))
    try:
        with database.reading() as connection:
            if _is_laid_out(connection, wanted) and _expiry_is(connection, expiring):
                return
        with database.writing() as connection:
            if anew := not _is_laid_out(connection, wanted):  # nor did another do it meanwhile
                _tell(connection)
                _forget_older(connection)
                _place_all(connection, Places(indexes))
                connection.execute("DELETE FROM layout")
                connection.execute("INSERT INTO layout VALUES (?)", (wanted,))
            if not _expiry_is(connection, expiring):
                _make_expiry(connection, expiring)
        if anew:
            database.shrink_log()
    except OutsideError:
        database.close()
        raise


def _tell(connection: Connection) -> None:
    """Say that the start takes a while, where it does."""
    (count,) = connection.execute("SELECT count(*) FROM documents").fetchone()
    if count > _MANY:
        log.info("putting %d documents in their places, once; this may take minutes", count)


def _is_laid_out(connection: Connection, wanted: str) -> bool:
    """Say whether the places are those wanted, and no older version wrote without them since."""
    row = connection.execute("SELECT indexes FROM layout").fetchone()
    return row == (wanted,) and not _older(connection)


def _older(connection: Connection) -> list[tuple[str, str]]:
    """Return type and name of what an older version keeps its indexes with, and this one not."""
    return [each for each in _made(connection) if not _expires(each)]


def _made(connection: Connection) -> list[tuple[str, str]]:
    """Return type and name of each trigger and index of the documents that somebody made."""
    made = (
        "SELECT type, name FROM sqlite_master WHERE tbl_name = 'documents'"
        " AND type IN ('trigger', 'index') AND sql IS NOT NULL"
    )
    return connection.execute(made).fetchall()


def _expires(made: tuple[str, str]) -> bool:
    return made[1].partition("__")[0] == EXPIRY


def _expiry_is(connection: Connection, expiring: tuple[str, ...]) -> bool:
    """Say whether the index of what expires is there, for these collections and no others."""
    names = [name for _, name in filter(_expires, _made(connection))]
    return names == [expiry_index(expiring)]


def _make_expiry(connection: Connection, expiring: tuple[str, ...]) -> None:
    for _, name in filter(_expires, _made(connection)):
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute(expiry_schema(expiring))


def _place_all(connection: Connection, places: Places) -> None:
    connection.execute("DELETE FROM places")
    connection.execute("CREATE TEMP TABLE taken (key, place, id)")
    rows: list[tuple[Any, ...]] = [(0,)]
    part = "SELECT rowid, collection, id, data FROM documents WHERE rowid > ? ORDER BY 1 LIMIT ?"
    while rows := connection.execute(part, (rows[-1][0], _PART)).fetchall():
        taken: list[Place] = []
        for _, collection, name, text in rows:
            if places.know(collection):
                data = _found_by_now(connection, collection, name, decode(text))
                taken += places.moved(collection, name, None, data)[1]
        connection.executemany("INSERT INTO taken VALUES (?, ?, ?)", taken)
    # In their order every page is written once.
    connection.execute("INSERT INTO places SELECT * FROM taken ORDER BY key, place, id")
    connection.execute("DROP TABLE taken")


def _found_by_now(connection: Connection, collection: str, name: str, data: Data) -> Data:
    """Return a document with what it is found by, which an older version may have left out."""
    now = {**data, **found_by(collection, data)}
    if now != data:
        connection.execute(_CHANGE, (encode(now), collection, name))
    return now


def _forget_older(connection: Connection) -> None:
    """Drop what an older version kept its indexes in: triggers, their tables, and SQL indexes."""
    for kind, name in _older(connection):
        connection.execute(f'DROP {kind} "{name}"')
        if kind == "trigger":
            table, _, _ = name.rpartition("__")
            connection.execute(f'DROP TABLE IF EXISTS "{table}"')
