"""The words of the Documents port: documents, writes and queries. Values only; no store here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from helpdesk.errors import InvalidQueryError

# What a document may hold: None, bool, int, float, str, an aware datetime, a Vector, and lists and
# dicts with str keys of these.
Value: TypeAlias = Any
Data: TypeAlias = dict[str, Value]

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_COLLECTION = re.compile(r"[a-z][a-z_]{0,40}")
QUERY_MOST = 1000
IN_MOST = 30  # disjunctions Firestore accepts in one query


@dataclass(frozen=True, slots=True)
class Vector:
    """An embedding, kept so that a store can search by nearness."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read. `version` changes whenever the document does, and only then."""

    path: str
    data: Data
    version: str

    @property
    def id(self) -> str:
        """Return the last segment of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not be there yet."""

    path: str
    data: Data


@dataclass(frozen=True, slots=True)
class Set:
    """Write a whole document, there or not."""

    path: str
    data: Data


@dataclass(frozen=True, slots=True)
class Update:
    """Replace some top-level fields of a document that must be there.

    With `unchanged_since`, only if its version is still that one.
    """

    path: str
    fields: Data
    unchanged_since: str | None = None


@dataclass(frozen=True, slots=True)
class Increment:
    """Add to whole-number fields and set others, making the document if it is not there."""

    path: str
    amounts: Mapping[str, int]
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document, there or not."""

    path: str


Write: TypeAlias = Create | Set | Update | Increment | Delete


class Op(StrEnum):
    """How a filter compares."""

    EQ = "=="
    IN = "in"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    CONTAINS = "array_contains"
    CONTAINS_ANY = "array_contains_any"


RANGES = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
ARRAYS = frozenset({Op.CONTAINS, Op.CONTAINS_ANY})
LISTS = frozenset({Op.IN, Op.CONTAINS_ANY})


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the documents whose field compares so with the value."""

    field: str
    op: Op
    value: Value

    def __post_init__(self) -> None:
        _check_field(self.field)
        if self.op in LISTS and not (
            isinstance(self.value, list | tuple) and 0 < len(self.value) <= IN_MOST
        ):
            raise InvalidQueryError(f"{self.op} takes 1 to {IN_MOST} values", field=self.field)
        if self.op in RANGES and self.value is None:
            raise InvalidQueryError("a range has no bound", field=self.field)
        sought = self.value if self.op in LISTS else [self.value]
        if self.op in LISTS | ARRAYS and any(value is None for value in sought):
            raise InvalidQueryError(f"{self.op} does not look for null", field=self.field)


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a field."""

    field: str
    descending: bool = False

    def __post_init__(self) -> None:
        _check_field(self.field)


@dataclass(frozen=True, slots=True)
class Query:
    """Ask one collection for documents.

    Sorted by `order`, then by id in the direction of the last order (ascending without one). Only
    documents that have every field asked for take part. `after` holds a document's order values
    and its id: the answer begins behind that document. With `fields`, documents come with just
    these top-level fields, None where one is lacking.
    """

    collection: str
    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int = 20
    after: tuple[Value, ...] | None = None
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_collection(self.collection)
        for name in self.fields:
            _check_field(name)
        if not 1 <= self.limit <= QUERY_MOST:
            raise InvalidQueryError(f"limit must be 1 to {QUERY_MOST}", field="limit")
        if self.after is not None and len(self.after) != len(self.order) + 1:
            raise InvalidQueryError("the cursor does not fit the order", field="after")
        ranges = {f.field for f in self.filters if f.op in RANGES}
        if ranges and (not self.order or ranges != {self.order[0].field}):
            raise InvalidQueryError("a range needs its field to be the first order")
        if sum(f.op in LISTS for f in self.filters) > 1:
            raise InvalidQueryError("a query takes one list of values at most")
        if sum(f.op in ARRAYS for f in self.filters) > 1:
            raise InvalidQueryError("a query takes one array filter at most")
        used = [f.field for f in self.filters if f.op not in RANGES] + [o.field for o in self.order]
        if len(used) != len(set(used)):
            raise InvalidQueryError("a query names a field twice")


@dataclass(frozen=True, slots=True)
class Nearest:
    """Ask one collection for the documents whose vector is nearest, by cosine distance.

    A document whose vector has another length takes no part.
    """

    collection: str
    field: str
    vector: Vector
    limit: int = 5
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        check_collection(self.collection)
        _check_field(self.field)
        if not 1 <= self.limit <= QUERY_MOST:
            raise InvalidQueryError(f"limit must be 1 to {QUERY_MOST}", field="limit")
        if any(f.op is not Op.EQ for f in self.filters):
            raise InvalidQueryError("a nearness search filters by equality only")
        if not any(self.vector.values):
            raise InvalidQueryError("a vector of zeros is near nothing", field=self.field)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One document found by nearness; distance 0 (same direction) to 2 (opposite)."""

    document: Document
    distance: float


def check_collection(path: str) -> None:
    """Raise InvalidQueryError unless the path names a collection: `a` or `a/id/b`."""
    segments = path.split("/")
    if len(segments) % 2 == 0 or not _COLLECTION.fullmatch(segments[-1]):
        raise InvalidQueryError(f"no collection is called {path!r}")
    for name in segments[:-1]:
        _check_segment(name)


def check_path(path: str) -> None:
    """Raise InvalidQueryError unless the path names a document: `a/id` or `a/id/b/id`."""
    collection, _, name = path.rpartition("/")
    _check_segment(name)
    check_collection(collection)


def _check_segment(name: str) -> None:
    # "." and ".." and "__x__" are names Firestore refuses
    if not _SEGMENT.fullmatch(name) or name in {".", ".."} or name.startswith("__"):
        raise InvalidQueryError("a document's name is not valid")


def _check_field(name: str) -> None:
    if not _FIELD.fullmatch(name):
        raise InvalidQueryError("a field's name is not valid", field=name[:40])
