"""What a document may hold, value by value: the same rules for every store."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from helpdesk.documents import Value, Vector
from helpdesk.errors import InvalidInputError

INT_MOST = 2**63  # every store keeps 64-bit integers
# "$" marks what is wrapped in SQLite; Firestore keeps names between double underscores to itself.
_NO_KEY = re.compile(r"\$.*|__.*__|", re.DOTALL)


def converter(
    *, time: Callable[[datetime], Any], vector: Callable[[Vector], Any]
) -> Callable[[Value], Any]:
    """Return the function that turns a checked value into what one store keeps of it.

    Times and vectors become what is given here, everything else stays itself. The function raises
    InvalidInputError for what no document may hold.
    """

    def convert(value: Value) -> Any:  # noqa: ANN401 - each store has its own types
        if value is None or isinstance(value, bool):
            return value
        convert_one = by_type.get(type(value))
        if convert_one is None:
            raise InvalidInputError(f"a document cannot hold a {type(value).__name__}")
        return convert_one(value)

    def moment(value: datetime) -> Any:  # noqa: ANN401 - likewise
        if value.tzinfo is None:
            raise InvalidInputError("a time lacks its zone")
        return time(value)

    def sequence(value: list[Value] | tuple[Value, ...]) -> list[Any]:
        if any(type(item) in {list, tuple} for item in value):
            raise InvalidInputError("a list cannot hold a list")  # Firestore's rule
        if any(type(item) is Vector for item in value):
            raise InvalidInputError("a list cannot hold a vector")  # likewise
        return [convert(item) for item in value]

    def mapping(value: dict[Any, Value]) -> dict[str, Any]:
        return {_key(key): convert(item) for key, item in value.items()}

    # By exact type: an enum or another subclass has no business in a document.
    by_type: dict[type, Callable[[Any], Any]] = {
        str: _text,
        int: _whole,
        float: _number,
        datetime: moment,
        Vector: vector,
        list: sequence,
        tuple: sequence,
        dict: mapping,
    }
    return convert


def _key(key: object) -> str:
    if type(key) is not str or _NO_KEY.fullmatch(key):
        raise InvalidInputError("a field's name is not valid")
    return _text(key)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidInputError("half a surrogate pair is no text") from error
    return value


def _whole(value: int) -> int:
    if not -INT_MOST <= value < INT_MOST:
        raise InvalidInputError("a whole number has more than 64 bits")
    return value


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise InvalidInputError("a number is not finite")
    return value
