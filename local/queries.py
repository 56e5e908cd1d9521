"""Queries as SQL: each is a walk through the one declared index, so a page costs a page.

SQLite is told which index to use and refuses when it cannot: no query ever scans a collection.
An OR (a list of values, the places behind a cursor) becomes a union of such walks, each of which
stops after a page.
"""

from dataclasses import dataclass, replace

from helpdesk.documents import ARRAYS, LISTS, RANGES, Filter, Op, Query
from helpdesk.indexes import Index, group
from local.codec import scalar

_EXPIRES_AT = "json_extract(data, '$.expires_at')"

Parameter = str | int | float | None


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement and its parameters; the columns are id, version, data."""

    text: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    """One condition of a WHERE."""

    text: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class _Walk:
    """One way through an index; its first `fixed` sort keys have one value only."""

    terms: tuple[_Term, ...]
    fixed: int

    @property
    def where(self) -> str:
        return " AND ".join(term.text for term in self.terms)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(value for term in self.terms for value in term.parameters)


def schema(indexes: tuple[Index, ...]) -> str:
    """Return the statements that make the table and every declared index."""
    table = (
        "CREATE TABLE IF NOT EXISTS documents (collection TEXT NOT NULL, id TEXT NOT NULL,"
        " kind TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL,"
        " PRIMARY KEY (collection, id));"
    )
    made = [_array_schema(index) if index.array else _plain_schema(index) for index in indexes]
    return "\n".join(
        [
            table,
            "CREATE TABLE IF NOT EXISTS ticks (tick INTEGER NOT NULL);",
            "INSERT INTO ticks SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ticks);",
            *made,
        ]
    )


def expiry_schema(collections: tuple[str, ...]) -> str:
    """Return the statement that makes the index by which expired documents are found."""
    return (
        f"CREATE INDEX IF NOT EXISTS expiry ON documents ({_EXPIRES_AT})"
        f" WHERE kind IN ({_listed(collections)});"
    )


def forget(collections: tuple[str, ...]) -> str:
    """Return the statement that deletes so many documents that expired before a time."""
    return (
        "DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents INDEXED BY expiry"
        f" WHERE kind IN ({_listed(collections)}) AND {_EXPIRES_AT} <= ? LIMIT ?)"
    )


def _listed(collections: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in collections)


def select(query: Query, index: Index | None) -> Sql:
    """Return the statement that reads one page."""
    keys = [*(_column(o.field, index) for o in query.order), _id_column(index)]
    ways = [*(o.descending for o in query.order), _last(query)]
    order = [f"k{place} {'DESC' if way else 'ASC'}" for place, way in enumerate(ways)]
    columns = ["d.id AS id", "d.version AS version", f"{_data(query)} AS data"]
    columns += [f"{key} AS k{place}" for place, key in enumerate(keys)]
    head = f"SELECT * FROM (SELECT {', '.join(columns)} FROM {_source(index)}"
    walks = _walks(query, index)
    texts = [
        # A key that the walk holds fixed is left out of its order: SQLite would sort for it.
        f"{head} WHERE {walk.where} ORDER BY {', '.join(order[walk.fixed :])} LIMIT {query.limit})"
        for walk in walks
    ]
    parameters = tuple(value for walk in walks for value in walk.parameters)
    if len(texts) == 1:
        return Sql(texts[0], parameters)
    # UNION, not UNION ALL: a document may match two values of an array filter
    ordered = f"{' UNION '.join(texts)} ORDER BY {', '.join(order)} LIMIT {query.limit}"
    return Sql(ordered, parameters)


def count(query: Query, index: Index | None) -> Sql:
    """Return the statement that counts all matches, whatever the limit and the cursor."""
    walks = _walks(replace(query, after=None), index)
    head = f"SELECT {_id_column(index)} FROM {_source(index)}"
    texts = [f"{head} WHERE {walk.where}" for walk in walks]
    return Sql(
        f"SELECT count(*) FROM ({' UNION '.join(texts)})",
        tuple(value for walk in walks for value in walk.parameters),
    )


def _walks(query: Query, index: Index | None) -> list[_Walk]:
    shared = [_Term(f"{_collection_column(index)} = ?", (query.collection,))]
    if index and not index.array:
        shared.append(_Term(_presence(index)))
    ranges = [_compared(each, index) for each in query.filters if each.op in RANGES]
    shared += [_compared(f, index) for f in query.filters if f.op not in LISTS | RANGES]
    ways = [shared]
    for each in query.filters:
        if each.op in LISTS:
            one = Op.EQ if each.op is Op.IN else Op.CONTAINS
            values = dict.fromkeys(each.value)
            ways = [[*shared, _compared(Filter(each.field, one, v), index)] for v in values]
    walks = []
    for place in _behind(query, index):
        # "+" keeps SQLite from walking the range where the cursor already holds its field fixed
        bounds = [replace(r, text=f"+{r.text}") if place.fixed else r for r in ranges]
        walks += [_Walk((*way, *place.terms, *bounds), place.fixed) for way in ways]
    return walks


def _compared(each: Filter, index: Index | None) -> _Term:
    if each.op in ARRAYS:
        return _Term("a.element IS ?", (scalar(each.value),))
    operator = each.op.value if each.op in RANGES else "IS"
    return _Term(f"{_column(each.field, index)} {operator} ?", (scalar(each.value),))


def _behind(query: Query, index: Index | None) -> list[_Walk]:
    """Return the places behind the cursor as walks that do not overlap."""
    if query.after is None:
        return [_Walk((), 0)]
    bounded = {f.field for f in query.filters if f.op in RANGES}
    keys = [(o.field, _column(o.field, index), o.descending) for o in query.order]
    keys.append(("id", _id_column(index), _last(query)))
    walks: list[_Walk] = []
    equal: list[_Term] = []
    for (field, column, descending), value in zip(keys, query.after, strict=True):
        # A missing value sorts before all others, in SQLite as in Firestore.
        beyond = []
        if value is not None:
            beyond.append(_Term(f"{column} {'<' if descending else '>'} ?", (scalar(value),)))
        elif not descending:
            beyond.append(_Term(f"{column} IS NOT NULL"))
        walks += [_Walk((*equal, term), len(equal)) for term in beyond]
        if value is not None and descending and field not in {"id", *bounded}:
            walks.append(_Walk((*equal, _Term(f"{column} IS NULL")), len(equal) + 1))
        equal.append(_Term(f"{column} IS ?", (scalar(value),)))
    return walks


def _last(query: Query) -> bool:
    return query.order[-1].descending if query.order else False


def _data(query: Query) -> str:
    """Return what is read of a document: all of it, or the wanted fields as a JSON array."""
    if not query.fields:
        return "d.data"
    # Two paths at least make json_extract answer with an array, which keeps true apart from 1.
    paths = ", ".join(f"'$.{field}'" for field in (*query.fields, query.fields[0]))
    return f"json_extract(d.data, {paths})"


def _source(index: Index | None) -> str:
    if index is None:
        return "documents AS d"
    if index.array:
        return (
            f'"{index.name}" AS a CROSS JOIN documents AS d'
            " ON d.collection = a.collection AND d.id = a.id"
        )
    return f'documents AS d INDEXED BY "{index.name}"'


def _column(field: str, index: Index | None) -> str:
    if index and index.array:
        return f'a."{field}"'
    return f"json_extract(d.data, '$.{field}')"


def _collection_column(index: Index | None) -> str:
    return "a.collection" if index and index.array else "d.collection"


def _id_column(index: Index | None) -> str:
    return "a.id" if index and index.array else "d.id"


def _fields(index: Index) -> list[str]:
    return [*index.equal, *(o.field for o in index.order)]


def _presence(index: Index, table: str = "d") -> str:
    """Return the condition under which a document has every field of an index."""
    prefix = f"{table}." if table else ""
    terms = [f"{prefix}kind = '{group(index.collection)}'"]
    terms += [f"json_type({prefix}data, '$.{f}') IS NOT NULL" for f in _fields(index)]
    return " AND ".join(terms)


def _plain_schema(index: Index) -> str:
    keys = ["collection", *(f"json_extract(data, '$.{f}')" for f in index.equal)]
    keys += [
        f"json_extract(data, '$.{o.field}'){' DESC' if o.descending else ''}" for o in index.order
    ]
    last = index.order[-1].descending if index.order else False
    keys.append("id DESC" if last else "id")
    return (
        f'CREATE INDEX IF NOT EXISTS "{index.name}" ON documents ({", ".join(keys)})'
        f" WHERE {_presence(index, '')};"
    )


def _array_schema(index: Index) -> str:
    """Return a table with a row per element of the array, kept up by triggers."""
    name, fields = index.name, _fields(index)
    columns = ["collection", "element", *fields, "id"]
    ways = {o.field for o in index.order if o.descending}
    last = index.order[-1].descending if index.order else False
    keys = [f'"{c}" DESC' if c in ways or (c == "id" and last) else f'"{c}"' for c in columns]

    def values(row: str) -> list[str]:
        return [f"json_extract({row}.data, '$.{f}')" for f in fields]

    def added(row: str) -> str:
        picked = ", ".join([f"{row}.collection", "e.value", *values(row), f"{row}.id"])
        return (
            f'INSERT INTO "{name}" SELECT DISTINCT {picked}'
            f" FROM json_each({row}.data, '$.{index.array}') AS e WHERE {_presence(index, row)};"
        )

    def removed(row: str) -> str:
        same = [f'"{f}" IS {value}' for f, value in zip(fields, values(row), strict=True)]
        where = " AND ".join([f"collection = {row}.collection", *same, f"id = {row}.id"])
        elements = f"SELECT value FROM json_each({row}.data, '$.{index.array}')"
        return f'DELETE FROM "{name}" WHERE element IN ({elements}) AND {where};'

    looked = [index.array, *fields]
    changed = " OR ".join(
        f"json_extract(OLD.data, '$.{f}') IS NOT json_extract(NEW.data, '$.{f}')" for f in looked
    )
    kind = f"kind = '{group(index.collection)}'"
    declared = ", ".join(f'"{column}"' for column in columns)

    def trigger(when: str, row: str, doing: str, also: str = "") -> str:
        return (
            f'CREATE TRIGGER IF NOT EXISTS "{name}__{when.lower()}" AFTER {when} ON documents'
            f" WHEN {row}.{kind}{also} BEGIN {doing} END;"
        )

    return "\n".join(
        [
            f'CREATE TABLE IF NOT EXISTS "{name}" ({declared});',
            f'CREATE INDEX IF NOT EXISTS "{name}__walk" ON "{name}" ({", ".join(keys)});',
            trigger("INSERT", "NEW", added("NEW")),
            trigger("DELETE", "OLD", removed("OLD")),
            trigger("UPDATE", "NEW", removed("OLD") + added("NEW"), f" AND ({changed})"),
        ]
    )
