"""Schemas in words: what a value is, and what it is held to."""

import pytest

from api.shapes import kind, limits
from tests.unit.api.test_reference import texts


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"const": "x"}, "x"),
        ({"enum": ["a", "b"]}, "one of a, b"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/X"}}, "list of X"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "names, each with string"),
        ({"type": "object"}, "object"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_words(shape, words):
    assert texts(kind(shape)) == words


def test_limits_are_said_in_words():
    shape = {"anyOf": [{"type": "number", "minimum": 1.0, "maximum": 2.5}, {"type": "null"}]}

    assert limits(shape) == ["1 or more", "2.5 or less"]
    assert limits({"items": {"maxLength": 3}, "maxItems": 2}) == [
        "at most 2 of them", "at most 3 characters",
    ]  # fmt: skip
