"""Lays a file's places out anew when the declared indexes are others than those it was made for."""

from sqlite3 import Connection
from typing import Any

from helpdesk.errors import OutsideError
from helpdesk.indexes import Index
from local.codec import decode
from local.database import Database
from local.places import Place, Places

_LAYOUT = "2"  # goes up when places are made another way
_PART = 1_000  # documents that are read at once


def lay_out(database: Database, indexes: tuple[Index, ...]) -> None:
    """Put every document where it stands in these indexes, unless that is done.

    Close the file and raise OutsideError where it cannot be read. With a million documents this
    takes minutes; it happens once, at the first start of a version with other indexes.
    """
    wanted = "\n".join(sorted([_LAYOUT, *(index.name for index in indexes)]))
    try:
        with database.reading() as connection:
            if _laid_out(connection) == wanted:
                return
        with database.writing() as connection:
            if _laid_out(connection) != wanted:  # nor did another process do it meanwhile
                _forget_older(connection)
                _place_all(connection, Places(indexes))
                connection.execute("DELETE FROM layout")
                connection.execute("INSERT INTO layout VALUES (?)", (wanted,))
    except OutsideError:
        database.close()
        raise


def _laid_out(connection: Connection) -> str:
    row = connection.execute("SELECT indexes FROM layout").fetchone()
    return str(row[0]) if row else ""


def _place_all(connection: Connection, places: Places) -> None:
    connection.execute("DELETE FROM places")
    connection.execute("CREATE TEMP TABLE taken (key, place, id)")
    rows: list[tuple[Any, ...]] = [(0,)]
    part = "SELECT rowid, collection, id, data FROM documents WHERE rowid > ? ORDER BY 1 LIMIT ?"
    while rows := connection.execute(part, (rows[-1][0], _PART)).fetchall():
        taken: list[Place] = []
        for _, collection, name, text in rows:
            if places.know(collection):
                taken += places.moved(collection, name, None, decode(text))[1]
        connection.executemany("INSERT INTO taken VALUES (?, ?, ?)", taken)
    # In their order every page is written once.
    connection.execute("INSERT INTO places SELECT * FROM taken ORDER BY key, place, id")
    connection.execute("DROP TABLE taken")


def _forget_older(connection: Connection) -> None:
    """Drop what an older version kept its indexes in: triggers, their tables, and SQL indexes."""
    on_documents = "SELECT name FROM sqlite_master WHERE tbl_name = 'documents' AND type = ?"
    for (name,) in connection.execute(on_documents, ("trigger",)).fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
        table, _, _ = name.rpartition("__")
        connection.execute(f'DROP TABLE IF EXISTS "{table}"')
    made = f"{on_documents} AND sql IS NOT NULL AND name != 'expiry'"
    for (name,) in connection.execute(made, ("index",)).fetchall():
        connection.execute(f'DROP INDEX "{name}"')
