"""Queries as SQL: each walks the places of the one declared index, so a page costs a page.

There is no way to ask that scans a collection. A list of values becomes a union of walks, each of
which stops after a page.
"""

from dataclasses import dataclass, replace

from helpdesk.documents import Query
from helpdesk.indexes import Index
from local.places import Walk, walk

EXPIRY = "expiry"  # how the names of such indexes begin, in every version
_EXPIRES_AT = "json_extract(data, '$.expires_at')"
_BETWEEN = "key = ? AND (place, id) >= (?, ?) AND (place, id) < (?, ?)"

Parameter = str | bytes | int


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement and its parameters; the columns are id, version, data."""

    text: str
    parameters: tuple[Parameter, ...]


SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  collection TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
  data TEXT NOT NULL, PRIMARY KEY (collection, id));
CREATE TABLE IF NOT EXISTS places (
  key BLOB NOT NULL, place BLOB NOT NULL, id TEXT NOT NULL, PRIMARY KEY (key, place, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS layout (indexes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ticks (tick INTEGER NOT NULL);
INSERT INTO ticks SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ticks);
"""

LEAVE = "DELETE FROM places WHERE key = ? AND place = ? AND id = ?"
TAKE = "INSERT INTO places VALUES (?, ?, ?)"


def expiry_index(collections: tuple[str, ...]) -> str:
    """Return the name of the index by which expired documents are found; it tells of which."""
    return "__".join([EXPIRY, *collections])


def expiry_schema(collections: tuple[str, ...]) -> str:
    """Return the statement that makes that index."""
    return (
        f"CREATE INDEX {expiry_index(collections)} ON documents ({_EXPIRES_AT})"
        f" WHERE kind IN ({_listed(collections)})"
    )


def expired(collections: tuple[str, ...]) -> str:
    """Return the statement that finds so many documents that expired before a time."""
    return (
        f"SELECT collection, id FROM documents INDEXED BY {expiry_index(collections)}"
        f" WHERE kind IN ({_listed(collections)}) AND {_EXPIRES_AT} <= ? LIMIT ?"
    )


def _listed(collections: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in collections)


def select(query: Query, index: Index | None) -> Sql:
    """Return the statement that reads one page."""
    columns = f"d.id, d.version, {_data(query)}"
    if index is None:
        behind = query.after[0] if query.after else ""  # ids are never empty
        text = f"SELECT {columns} FROM documents AS d WHERE collection = ? AND id > ?"
        return Sql(f"{text} ORDER BY id LIMIT {query.limit}", (query.collection, behind))
    way = walk(query, index)
    order = "ORDER BY place DESC, id DESC" if way.backward else "ORDER BY place, id"
    one = f"SELECT place, id FROM places WHERE {_BETWEEN} {order} LIMIT {query.limit}"
    found = one if len(way.keys) == 1 else f"{_union(one, way)} {order} LIMIT {query.limit}"
    # A cross join looks its right side up in the order of its left one, which is sorted already.
    text = (
        f"SELECT {columns} FROM ({found}) AS p CROSS JOIN documents AS d"
        " ON d.collection = ? AND d.id = p.id"
    )
    return Sql(text, (*_bounds(way), query.collection))


def count(query: Query, index: Index | None) -> Sql:
    """Return the statement that counts all matches, whatever the limit and the cursor."""
    if index is None:
        return Sql("SELECT count(*) FROM documents WHERE collection = ?", (query.collection,))
    way = walk(replace(query, after=None), index)
    one = f"SELECT place, id FROM places WHERE {_BETWEEN}"
    return Sql(f"SELECT count(*) FROM ({_union(one, way)})", _bounds(way))


def _union(one: str, way: Walk) -> str:
    # UNION, not UNION ALL: a document may have two of the values of an array filter.
    return " UNION ".join([f"SELECT * FROM ({one})"] * len(way.keys))


def _bounds(way: Walk) -> tuple[Parameter, ...]:
    return tuple(value for key in way.keys for value in (key, *way.least, *way.beyond))


def _data(query: Query) -> str:
    """Return what is read of a document: all of it, or the wanted fields as a JSON array."""
    if not query.fields:
        return "d.data"
    # Two paths at least make json_extract answer with an array, which keeps true apart from 1.
    paths = ", ".join(f"'$.{field}'" for field in (*query.fields, query.fields[0]))
    return f"json_extract(d.data, {paths})"
