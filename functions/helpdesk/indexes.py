"""The indexes the store keeps, from the one list that Terraform reads too; a query needs one."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpdesk.documents import ARRAYS, RANGES, Order, Query
from helpdesk.errors import InvalidQueryError

LIST = Path(__file__).with_name("indexes.json")


@dataclass(frozen=True, slots=True)
class Index:
    """One declared index: fields compared for equality (one may be an array's), then the order."""

    collection: str
    equal: tuple[str, ...]
    array: str | None
    order: tuple[Order, ...]

    @property
    def name(self) -> str:
        """Return a name that no other declared index has."""
        parts = [self.collection, *self.equal]
        parts += [f"{self.array}_any"] if self.array else []
        parts += [o.field + ("_desc" if o.descending else "_asc") for o in self.order]
        return "__".join(parts)

    def serves(self, query: Query) -> bool:
        """Say whether the query's answer is one walk through this index, either way round."""
        equal = {f.field for f in query.filters if f.op not in RANGES | ARRAYS}
        array = {f.field for f in query.filters if f.op in ARRAYS}
        flipped = tuple(Order(o.field, descending=not o.descending) for o in query.order)
        return (
            group(query.collection) == self.collection
            and equal == set(self.equal)
            and array == ({self.array} if self.array else set())
            and self.order in {query.order, flipped}
        )


def group(collection: str) -> str:
    """Return the last name of a collection's path: indexes are per name, wherever it stands."""
    return collection.rpartition("/")[2]


@cache
def declared() -> tuple[Index, ...]:
    """Return the indexes of the list that ships with the code."""
    return tuple(_index(entry) for entry in _entries() if not _expires(entry))


@cache
def expiring() -> tuple[str, ...]:
    """Return the collections whose documents go once their `expires_at` has passed.

    A store takes its time for that, so whoever reads one of them looks at the time as well.
    """
    return tuple(str(entry["collection"]) for entry in _entries() if _expires(entry))


def index_for(query: Query, indexes: tuple[Index, ...]) -> Index | None:
    """Return the index that serves a query; None where every document has what it takes: its id.

    Raise InvalidQueryError when the query needs an index that is not declared: the emulator would
    answer it and production would not.
    """
    if not query.filters and not query.order:
        return None
    for index in indexes:
        if index.serves(query):
            return index
    fields = [f"{f.field} {f.op}" for f in query.filters]
    fields += [f"{o.field} {'desc' if o.descending else 'asc'}" for o in query.order]
    raise InvalidQueryError(
        f"no index is declared for {group(query.collection)}: {', '.join(fields)}"
    )


def _entries() -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads(LIST.read_text(encoding="utf-8"))
    return entries


def _expires(entry: dict[str, object]) -> bool:
    return entry["fields"] == [{"field": "expires_at", "kind": "expires"}]


def _index(entry: dict[str, object]) -> Index:
    equal: list[str] = []
    array: str | None = None
    order: list[Order] = []
    fields = entry["fields"]
    if not isinstance(fields, list):
        raise TypeError(f"indexes.json: fields of {entry['collection']} is not a list")
    for field in fields:
        name = field["field"]
        match field["kind"]:
            case "equal":
                equal.append(name)
            case "array":
                array = name
            case "ascending" | "descending" as way:
                order.append(Order(name, descending=way == "descending"))
            case other:
                raise ValueError(f"indexes.json: no kind {other!r}")
    return Index(str(entry["collection"]), tuple(equal), array, tuple(order))
