"""Where documents stand in the declared indexes: a small row for each place, sorted as asked.

A place is a key, which says of what index, collection and values it is, then the values of the
order as bytes that sort as the values do, then the document's id. So all indexes are one table, and
a change of a document touches only the places that it leaves and takes.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import product
from typing import Any

from helpdesk.documents import LISTS, RANGES, Data, Filter, Op, Query, Value, Vector
from helpdesk.indexes import Index, group
from local.codec import encode, scalar

Place = tuple[bytes, bytes, str]
Bound = tuple[bytes, str]

_NONE, _BOOL, _NUMBER, _TIME, _TEXT, _OTHER, _LONG = (bytes([tag]) for tag in range(1, 8))
_BEGIN: Bound = (b"", "")
_END: Bound = (b"\xff", "")  # every value begins with less, whichever way it is sorted
_LONG_MOST = 64  # bytes of an element that stands in a key as it is
_EACH = "[]"  # marks the name of an array whose elements are meant
_TURNED = bytes(range(255, -1, -1))
_OPPOSITE: Mapping[Op, Op] = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WHOLE = (list, tuple, dict, Vector)
_SIGN, _ALL = 1 << 63, (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through each of some keys: from one place to right before another, or back."""

    keys: tuple[bytes, ...]
    least: Bound
    beyond: Bound
    backward: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """An index as it is kept: the last of its orders as it is, each other to fit that one.

    So ids, which sort as the last order does, may stay what they are.
    """

    name: bytes
    fields: frozenset[str]
    equal: tuple[str, ...]
    array: str | None
    order: tuple[tuple[str, bool], ...]

    def sorted_as(self, plain: Iterable[bytes]) -> bytes:
        """Return the bytes of the order's values as they sort where they are kept."""
        return b"".join(
            each.translate(_TURNED) if turned else each
            for each, (_, turned) in zip(plain, self.order, strict=True)
        )

    def places(self, collection: str, name: str, known: "_Known") -> list[Place]:
        """Return where a document stands."""
        if not self.fields <= known.keys():
            return []
        key = _key(self.name, collection, *[known[field][0] for field in self.equal])
        place = self.sorted_as([known[field][0] for field, _ in self.order])
        if self.array is None:
            return [(key, place, name)]
        return [(key + _element(each), place, name) for each in known[self.array]]


# What indexes read of a document: the elements of an array, of all else the bytes alone.
_Known = Mapping[str, Sequence[Any]]


class Places:
    """Knows where a document stands in the declared indexes."""

    def __init__(self, indexes: Iterable[Index]) -> None:
        """Know these indexes."""
        self._of: defaultdict[str, list[_Kept]] = defaultdict(list)
        self._fields: defaultdict[str, set[str]] = defaultdict(set)
        for index in indexes:
            kept = _kept(index)
            self._of[index.collection].append(kept)
            self._fields[index.collection] |= kept.fields

    def know(self, collection: str) -> bool:
        """Say whether documents of a collection stand in any index."""
        return group(collection) in self._of

    def moved(
        self, collection: str, name: str, before: Data | None, after: Data | None
    ) -> tuple[set[Place], set[Place]]:
        """Return the places that a document leaves with a change, and those that it takes."""
        kind = group(collection)
        was, now = self._known(kind, before or {}), self._known(kind, after or {})
        changed = {field for field in self._fields[kind] if was.get(field) != now.get(field)}
        left: set[Place] = set()
        taken: set[Place] = set()
        for kept in self._of[kind] if changed else ():
            if not changed.isdisjoint(kept.fields):
                left.update(kept.places(collection, name, was))
                taken.update(kept.places(collection, name, now))
        return left - taken, taken - left

    def _known(self, kind: str, data: Data) -> _Known:
        known: dict[str, Sequence[Any]] = {}
        for name in self._fields[kind]:
            field = name.removesuffix(_EACH)
            if field in data:
                value = data[field]
                known[name] = [_bytes(value)] if field == name else _elements(value)
        return known


def walk(query: Query, index: Index) -> Walk:
    """Return the way through an index that answers a query."""
    kept = _kept(index)
    backward = query.order[-1].descending if query.order else False
    least, beyond = _BEGIN, _END
    for each in query.filters:
        if each.op in RANGES:
            begin, end = _range(each, turned=kept.order[0][1])
            least, beyond = max(least, (begin, "")), min(beyond, (end, ""))
    if query.after is not None:
        *values, name = query.after
        behind = kept.sorted_as([_bytes(_checked(value)) for value in values])
        if backward:
            beyond = min(beyond, (behind, name))
        else:
            least = max(least, (behind, f"{name}\0"))
    return Walk(tuple(dict.fromkeys(_keys(query, kept))), least, beyond, backward)


def _keys(query: Query, kept: _Kept) -> Iterator[bytes]:
    """Return the keys that a query asks for; a list of values makes several of them."""
    asked = {
        each.field: list(each.value) if each.op in LISTS else [each.value]
        for each in query.filters
        if each.op not in RANGES
    }
    checked = {field: [_checked(value) for value in asked[field]] for field in asked}
    for values in product(*(checked[field] for field in kept.equal)):
        key = _key(kept.name, query.collection, *map(_bytes, values))
        if kept.array is None:
            yield key
        else:
            yield from (key + _element(each) for each in checked[kept.array.removesuffix(_EACH)])


def _checked(value: Value) -> Value:
    """Return a value, or raise InvalidInputError for a list and for what no document may hold."""
    scalar(value)
    return value


@cache
def _kept(index: Index) -> _Kept:
    last = index.order[-1].descending if index.order else False
    order = tuple((each.field, each.descending != last) for each in index.order)
    array = index.array and index.array + _EACH
    fields = {*index.equal, *(field for field, _ in order)} | ({array} if array else set())
    return _Kept(index.name.encode(), frozenset(fields), index.equal, array, order)


@lru_cache(maxsize=10_000)
def _key(name: bytes, collection: str, *plain: bytes) -> bytes:
    """Return what all places of an index and a collection with these values have in common.

    It begins as for other indexes with the same first values: a change of a document leaves and
    takes places in several of these, and pays for every page that one of them is on.
    """
    near = b"".join(_hashed(each, 2) for each in plain[:2])
    return near + _hashed(b"\0".join([name, collection.encode(), *plain]), 8)


def _hashed(plain: bytes, size: int) -> bytes:
    return blake2b(plain, digest_size=size).digest()


def _elements(value: Value) -> Sequence[Value]:
    return value if isinstance(value, list | tuple) else ()


def _element(value: Value) -> bytes:
    plain = _bytes(value)
    if len(plain) <= _LONG_MOST:
        return plain
    return _LONG + _hashed(plain, 16)


def _range(each: Filter, *, turned: bool) -> tuple[bytes, bytes]:
    """Return where a range begins and what is right behind it; like is compared with like only."""
    value, op = _bytes(_checked(each.value)), each.op
    if turned:
        value, op = value.translate(_TURNED), _OPPOSITE[op]
    begin, end = value[:1], _behind(value[:1])
    match op:
        case Op.GE:
            return value, end
        case Op.GT:
            return _behind(value), end
        case Op.LT:
            return begin, value
        case _:
            return begin, _behind(value)


def _behind(beginning: bytes) -> bytes:
    """Return the least bytes after all that begin so."""
    plain = beginning.rstrip(b"\xff")  # never all of it: no value begins with that
    return plain[:-1] + bytes([plain[-1] + 1])


def _bytes(value: Value) -> bytes:
    """Return bytes that sort as values do in Firestore; none is the beginning of another's."""
    if isinstance(value, _WHOLE):
        return _OTHER + _text(encode({"value": value}))
    return _scalar(value)


# Types are told apart, for True is 1 to whoever does not ask. The same words come again and again.
@lru_cache(maxsize=20_000, typed=True)
def _scalar(value: Value) -> bytes:
    match value:
        case str():
            return _TEXT + _text(value)
        case datetime():
            return _TIME + ((value - _EPOCH) // _MICROSECOND + _SIGN).to_bytes(8, "big")
        case None:
            return _NONE
        case bool():
            return _BOOL + bytes([value])
        case _:
            return _NUMBER + _number(value)


def _text(text: str) -> bytes:
    """Return a text's bytes and an end that none of them is: what goes on stands behind it."""
    return text.encode().replace(b"\1", b"\1\2").replace(b"\0", b"\1\1") + b"\0"


def _number(value: float) -> bytes:
    """Return a number's bytes: the nearest float's, then how far a whole number is from it."""
    near = float(value) + 0.0  # there is no -0.0
    bits: int = struct.unpack(">Q", struct.pack(">d", near))[0]
    ordered = bits ^ (_ALL if bits & _SIGN else _SIGN)
    return ordered.to_bytes(8, "big") + (int(value) - int(near) + 0x8000).to_bytes(2, "big")
