"""Documents as JSON text: times and vectors are wrapped, everything else is itself."""

import json
import math
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from helpdesk.documents import Data, Value, Vector
from helpdesk.errors import InvalidInputError
from helpdesk.wire import time_text

_TIME = "$t"
_VECTOR = "$v"
_INT_MOST = 2**63  # both stores keep 64-bit integers


def encode(data: Data) -> str:
    """Return a document's JSON, or raise InvalidInputError for what no document may hold."""
    return _ENCODER.encode(_wrapped(data))


def decode(text: str) -> Data:
    """Return the document a JSON text holds."""
    data: Data = _DECODER.decode(text)
    return data


def decode_fields(names: Sequence[str], text: str) -> Data:
    """Return the named fields whose values a JSON array holds in their order."""
    return dict(zip(names, _DECODER.decode(text), strict=False))


def scalar(value: Value) -> str | int | float | None:
    """Return what SQLite's json_extract gives for a value: what indexes hold and filters ask."""
    wrapped = _wrapped(value)
    if isinstance(wrapped, dict):
        return _ENCODER.encode(wrapped)
    if isinstance(wrapped, list):
        raise InvalidInputError("a list is compared by array_contains only")
    return int(wrapped) if isinstance(wrapped, bool) else wrapped


def vector_of(text: str) -> "array[float]":
    """Return the numbers of a vector as json_extract gives it."""
    return _numbers(json.loads(text)[_VECTOR])


def _wrapped(value: Value) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if value is None or isinstance(value, bool):
        return value
    wrap = _WRAPPERS.get(type(value))
    if wrap is None:
        raise InvalidInputError(f"a document cannot hold a {type(value).__name__}")
    return wrap(value)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidInputError("half a surrogate pair is no text") from error
    return value


def _whole(value: int) -> int:
    if not -_INT_MOST <= value < _INT_MOST:
        raise InvalidInputError("a whole number has more than 64 bits")
    return value


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInputError("a number is not finite")
    return value


def _time(value: datetime) -> dict[str, str]:
    if value.tzinfo is None:
        raise InvalidInputError("a time lacks its zone")
    return {_TIME: time_text(value)}


def _vector(value: Vector) -> dict[str, str]:
    return {_VECTOR: b64encode(array("d", value.values).tobytes()).decode("ascii")}


def _sequence(value: list[Value]) -> list[Any]:
    return [_wrapped(item) for item in value]


def _mapping(value: dict[Any, Value]) -> dict[str, Any]:
    if any(type(key) is not str or key.startswith("$") for key in value):
        raise InvalidInputError("a field's name is not valid")
    return {_text(key): _wrapped(item) for key, item in value.items()}


# By exact type: an enum or another subclass has no business in a document.
_WRAPPERS: dict[type, Callable[[Any], Any]] = {
    str: _text,
    int: _whole,
    float: _number,
    datetime: _time,
    Vector: _vector,
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
}


def _unwrapped(found: dict[str, Any]) -> Value:
    if len(found) == 1:
        if _TIME in found:
            return datetime.fromisoformat(found[_TIME]).astimezone(UTC)
        if _VECTOR in found:
            return Vector(tuple(_numbers(found[_VECTOR])))
    return found


def _numbers(text: str) -> "array[float]":
    numbers = array("d")
    numbers.frombytes(b64decode(text))
    return numbers


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_hook=_unwrapped)
