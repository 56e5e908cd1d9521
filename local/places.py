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

from helpdesk.documents import ARRAYS, LISTS, RANGES, Data, Filter, Op, Query, Value
from helpdesk.indexes import Index, group
from local.codec import encode, scalar

Place = tuple[bytes, bytes, str]
Bound = tuple[bytes, str]

_NONE, _BOOL, _NUMBER, _TIME, _TEXT, _OTHER, _LONG = (bytes([tag]) for tag in range(1, 8))
_BEGIN: Bound = (b"", "")
_END: Bound = (b"\xff", "")  # every value begins with less, whichever way it is sorted
_LONG_MOST = 64  # bytes of an element that stands in a key as it is
_TURNED = bytes(range(255, -1, -1))
_OPPOSITE: Mapping[Op, Op] = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
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

    def key(self, collection: str, values: Sequence[Value]) -> bytes:
        """Return what all places of one collection with these values have in common."""
        return _hashed(b"\0".join([self.name, collection.encode(), *map(_bytes, values)]))

    def sorted_as(self, values: Iterable[Value]) -> bytes:
        """Return the values of the order as bytes that sort as they are kept."""
        return b"".join(
            _bytes(value).translate(_TURNED) if turned else _bytes(value)
            for value, (_, turned) in zip(values, self.order, strict=True)
        )

    def places(self, collection: str, name: str, data: Data) -> Iterator[Place]:
        """Return where a document stands."""
        if not self.fields <= data.keys():
            return
        key = self.key(collection, [data[field] for field in self.equal])
        place = self.sorted_as(data[field] for field, _ in self.order)
        if self.array is None:
            yield key, place, name
        elif isinstance(elements := data[self.array], list | tuple):
            for element in elements:
                yield key + _element(element), place, name


class Places:
    """Knows where a document stands in the declared indexes."""

    def __init__(self, indexes: Iterable[Index]) -> None:
        """Know these indexes."""
        self._of: defaultdict[str, list[_Kept]] = defaultdict(list)
        for index in indexes:
            self._of[index.collection].append(_kept(index))

    def know(self, collection: str) -> bool:
        """Say whether documents of a collection stand in any index."""
        return group(collection) in self._of

    def moved(
        self, collection: str, name: str, before: Data | None, after: Data | None
    ) -> tuple[set[Place], set[Place]]:
        """Return the places that a document leaves with a change, and those that it takes."""
        was, now = before or {}, after or {}
        same = {field for field in was.keys() & now.keys() if was[field] == now[field]}
        touched = [kept for kept in self._of[group(collection)] if not kept.fields <= same]
        left = {place for kept in touched for place in kept.places(collection, name, was)}
        taken = {place for kept in touched for place in kept.places(collection, name, now)}
        return left - taken, taken - left


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
        behind = kept.sorted_as(_checked(value) for value in values)
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
        key = kept.key(query.collection, values)
        if kept.array is None:
            yield key
        else:
            yield from (key + _element(each) for each in checked[kept.array])


def _checked(value: Value) -> Value:
    """Return a value, or raise InvalidInputError for a list and for what no document may hold."""
    scalar(value)
    return value


@cache
def _kept(index: Index) -> _Kept:
    last = index.order[-1].descending if index.order else False
    order = tuple((each.field, each.descending != last) for each in index.order)
    array = {index.array} if index.array else set()
    fields = frozenset({*index.equal, *array, *(field for field, _ in order)})
    return _Kept(index.name.encode(), fields, index.equal, index.array, order)


@lru_cache(maxsize=10_000)
def _hashed(named: bytes) -> bytes:
    return blake2b(named, digest_size=8).digest()


def _element(value: Value) -> bytes:
    plain = _bytes(value)
    if len(plain) <= _LONG_MOST:
        return plain
    return _LONG + blake2b(plain, digest_size=16).digest()


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
    match value:
        case str():
            return _TEXT + _text(value)
        case datetime():
            return _TIME + ((value - _EPOCH) // _MICROSECOND + _SIGN).to_bytes(8, "big")
        case None:
            return _NONE
        case bool():
            return _BOOL + bytes([value])
        case int() | float():
            return _NUMBER + _number(value)
        case _:
            return _OTHER + _text(encode({"value": value}))


def _text(text: str) -> bytes:
    return text.encode().replace(b"\0", b"\0\xff") + b"\0"


def _number(value: float) -> bytes:
    """Return a number's bytes: the nearest float's, then how far a whole number is from it."""
    near = float(value) + 0.0  # there is no -0.0
    (bits,) = struct.unpack(">Q", struct.pack(">d", near))
    ordered = bits ^ (_ALL if bits & _SIGN else _SIGN)
    return ordered.to_bytes(8, "big") + (int(value) - int(near) + 0x8000).to_bytes(2, "big")
