"""JSON read strictly: what two readers may read in two ways is refused."""

import json
import math
from http import HTTPStatus
from typing import Any

from helpdesk.errors import InvalidInputError

DEPTH_MOST = 20


class BadRequestError(InvalidInputError):
    """The request is not even readable; carries the status that says why."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        """Refuse with this status."""
        super().__init__(detail)
        self.status = status


def strict_json(raw: bytes) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return what the JSON says, or raise BadRequestError.

    Refused is also what two readers may read in two ways: doubled keys, NaN, 1e400, bad UTF-8.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_single,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the body is not valid JSON") from error
    if _depth(value) > DEPTH_MOST:
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the body is nested too deeply")
    return value


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [
        item
        for each in level
        if isinstance(each, list | dict)
        for item in (each.values() if isinstance(each, dict) else each)
    ]:
        depth += 1
        if depth > DEPTH_MOST:
            break
    return depth
