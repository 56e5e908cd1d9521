"""Documents as JSON text: times and vectors are wrapped, everything else is itself."""

import json
from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from helpdesk.documents import Data, Value, Vector
from helpdesk.errors import InvalidInputError
from helpdesk.values import converter
from helpdesk.wire import time_text

_TIME = "$t"
_VECTOR = "$v"


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


def _time(value: datetime) -> dict[str, str]:
    return {_TIME: time_text(value)}


def _vector(value: Vector) -> dict[str, str]:
    return {_VECTOR: b64encode(array("d", value.values).tobytes()).decode("ascii")}


_wrapped = converter(time=_time, vector=_vector)


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
