"""Documents over SQLite: Firestore's shape and rules in one file."""

import heapq
import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import mul
from pathlib import Path

from helpdesk.documents import (
    Create,
    Data,
    Delete,
    Document,
    Nearest,
    Neighbour,
    Query,
    Set,
    Update,
    Write,
    check_path,
)
from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError
from helpdesk.indexes import Index, declared, expiring, group, index_for
from local import queries
from local.codec import decode, decode_fields, encode, scalar, vector_of
from local.database import Database, opened
from local.layout import lay_out
from local.places import Places

COMMIT_MOST = 500
FORGET_MOST = 500  # a short transaction, so that nobody waits for it

_GET = "SELECT version, data FROM documents WHERE collection = ? AND id = ?"
_INSERT = "INSERT INTO documents (collection, id, kind, version, data) VALUES (?, ?, ?, ?, ?)"
_CHANGE = "UPDATE documents SET version = ?, data = ? WHERE collection = ? AND id = ?"
_DELETE = "DELETE FROM documents WHERE collection = ? AND id = ?"
_TICK = "UPDATE ticks SET tick = tick + 1 RETURNING tick"


class SqliteDocuments:
    """The Documents port over one SQLite file."""

    def __init__(
        self,
        file: Database | Path,
        indexes: tuple[Index, ...] | None = None,
        *,
        durable: bool = True,
    ) -> None:
        """Keep documents in the file with the declared indexes, or raise OutsideError."""
        self._indexes = declared() if indexes is None else indexes
        self._durable = durable
        self._database = opened(file)
        self._places = Places(self._indexes)
        self._database.install(queries.SCHEMA)
        lay_out(self._database, self._indexes, expiring())

    def get(self, path: str) -> Document | None:
        """Return one document, or None when it is not there."""
        return self.get_many([path])[0]

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """Return one answer for each path, in their order."""
        with self._database.reading() as connection:
            found = [connection.execute(_GET, _key(path)).fetchone() for path in paths]
        return [
            Document(path, decode(row[1]), str(row[0])) if row else None
            for path, row in zip(paths, found, strict=True)
        ]

    def query(self, query: Query) -> list[Document]:
        """Return the documents asked for, or raise InvalidQueryError without a declared index."""
        sql = queries.select(query, index_for(query, self._indexes))
        with self._database.reading() as connection:
            rows = connection.execute(sql.text, sql.parameters).fetchall()
        read = partial(decode_fields, query.fields) if query.fields else decode
        return [Document(f"{query.collection}/{row[0]}", read(row[2]), str(row[1])) for row in rows]

    def count(self, query: Query) -> int:
        """Return how many documents match, whatever the limit."""
        sql = queries.count(query, index_for(query, self._indexes))
        with self._database.reading() as connection:
            found: tuple[int] = connection.execute(sql.text, sql.parameters).fetchone()
        return found[0]

    def nearest(self, nearest: Nearest) -> list[Neighbour]:
        """Return the documents with the nearest vectors: every one is compared, fit for a team."""
        terms = [
            "collection = ?",
            *(f"json_extract(data, '$.{f.field}') IS ?" for f in nearest.filters),
        ]
        vector = f"json_extract(data, '$.{nearest.field}')"
        text = (
            f"SELECT id, version, data, {vector} FROM documents"
            f" WHERE {' AND '.join(terms)} AND {vector} IS NOT NULL"
        )
        values = [nearest.collection, *(scalar(f.value) for f in nearest.filters)]
        wanted = nearest.vector.values
        with self._database.reading() as connection:
            rows = ((vector_of(row[3]), row) for row in connection.execute(text, values))
            ranked = (
                (_distance(wanted, vector), row[0], row)
                for vector, row in rows
                if len(vector) == len(wanted)
            )
            best = heapq.nsmallest(nearest.limit, ranked, key=lambda each: each[:2])
        return [
            Neighbour(
                Document(f"{nearest.collection}/{row[0]}", decode(row[2]), str(row[1])), distance
            )
            for distance, _, row in best
        ]

    def commit(self, writes: Sequence[Write]) -> list[Mapping[str, int]]:
        """Apply all writes or none, and return per write the new values of its counters."""
        if not 1 <= len(writes) <= COMMIT_MOST:
            raise InvalidInputError(f"a commit takes 1 to {COMMIT_MOST} writes")
        # Whole documents become text before the lock is taken: nobody should wait for that.
        whole = [encode(w.data) if isinstance(w, Create | Set) else "" for w in writes]
        with self._database.writing(durable=self._durable) as connection:
            version: int = connection.execute(_TICK).fetchone()[0]
            return [
                self._apply(connection, write, version, text)
                for write, text in zip(writes, whole, strict=True)
            ]

    def forget(self, now: datetime) -> int:
        """Delete some of what has expired, oldest first, and return how many went."""
        with self._database.writing(durable=False) as connection:
            values = (scalar(now), FORGET_MOST)
            keys = connection.execute(queries.expired(expiring()), values).fetchall()
            for key in keys:
                self._remove(connection, key)
            return len(keys)

    def fold(self) -> None:
        """Fold the file's log into it when that has grown."""
        self._database.fold()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _apply(
        self, connection: sqlite3.Connection, write: Write, version: int, whole: str
    ) -> Mapping[str, int]:
        """Apply one write, given the text of a whole document; return what it counted."""
        key = _key(write.path)
        if isinstance(write, Delete):
            self._remove(connection, key)
            return {}
        row = None if isinstance(write, Create) else connection.execute(_GET, key).fetchone()
        old = decode(row[1]) if row else None
        counted: Mapping[str, int] = {}
        match write:
            case Create() | Set():
                new, text = write.data, whole
            case Update():
                new = _updated(write, row, old)
                text = encode(new)
            case _:
                known = old or {}
                counted = {field: known.get(field, 0) + by for field, by in write.amounts.items()}
                new = {**known, **write.fields, **counted}
                text = encode(new)
        try:
            if row is None:
                connection.execute(_INSERT, (*key, group(key[0]), version, text))
            elif text != row[1]:  # a write that changes nothing makes no new version
                connection.execute(_CHANGE, (version, text, *key))
        except sqlite3.IntegrityError as error:
            raise AlreadyExistsError(f"{write.path} is there already") from error
        self._move(connection, key, old, new)
        return counted

    def _remove(self, connection: sqlite3.Connection, key: tuple[str, str]) -> None:
        row = connection.execute(_GET, key).fetchone()
        if row:
            connection.execute(_DELETE, key)
            self._move(connection, key, decode(row[1]), None)

    def _move(
        self,
        connection: sqlite3.Connection,
        key: tuple[str, str],
        old: Data | None,
        new: Data | None,
    ) -> None:
        """Put a document where it stands now in the indexes."""
        if self._places.know(key[0]):
            left, taken = self._places.moved(*key, old, new)
            connection.executemany(queries.LEAVE, left)
            connection.executemany(queries.TAKE, taken)


def _updated(write: Update, row: tuple[int, str] | None, old: Data | None) -> Data:
    if row is None or old is None:
        raise NotFoundError(f"{write.path} is not there")
    if write.unchanged_since not in {None, str(row[0])}:
        raise ConflictError(f"{write.path} was changed by somebody else")
    return {**old, **write.fields}


def _key(path: str) -> tuple[str, str]:
    check_path(path)
    collection, _, name = path.rpartition("/")
    return collection, name


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine distance; 1 for a vector of zeros, which points nowhere."""
    length = math.hypot(*one) * math.hypot(*other)
    return 1 - sum(map(mul, one, other)) / length if length else 1.0
