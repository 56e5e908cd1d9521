"""Examples: every body and every good answer has one, and it fits."""

import pytest

from api.examples import JSON, example, with_examples
from tests.unit.api.test_openapi import DOCUMENT, OPERATIONS, fits, found

BODIES = {
    name: operation["requestBody"]["content"][JSON]
    for name, operation in OPERATIONS.items()
    if "requestBody" in operation
}
ANSWERS = [
    (*name, status, response["content"][JSON])
    for name, operation in OPERATIONS.items()
    for status, response in operation["responses"].items()
    if JSON in response.get("content", {})
]


@pytest.mark.parametrize("name", BODIES, ids=" ".join)
def test_every_body_has_an_example_of_each_of_its_fields(name):
    schema = found(BODIES[name]["schema"]["$ref"])

    assert fits(schema, BODIES[name]["example"]) == []
    assert set(BODIES[name]["example"]) == set(schema["properties"])
    assert "..." not in str(BODIES[name]["example"])


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: " ".join(case[:3]))
def test_every_good_answer_has_an_example(case):
    content = case[3]

    assert fits(content["schema"], content["example"]) == []


@pytest.mark.parametrize(
    ("shape", "name", "value"),
    [
        ({"type": "string", "examples": ["x"]}, "title", "x"),
        ({"$ref": "#/components/schemas/Health"}, "", {"status": "ok"}),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "", True),
        ({"const": 7}, "", 7),
        ({"enum": ["a", "b"], "type": "string"}, "", "a"),
        ({"enum": ["low", "medium"], "type": "string"}, "priority", "medium"),
        ({"type": "array", "items": {"type": "string"}}, "skills", ["Printing"]),
        ({"type": "object"}, "", {}),
        ({"type": "string", "format": "date-time"}, "", "2026-01-31T09:30:00Z"),
        ({"type": "string", "format": "uri"}, "", "..."),
        ({"type": "integer"}, "capacity", 8),
        ({"type": "integer"}, "unheard_of", 1),
        ({"type": "null"}, "", None),
        ({}, "", {}),
    ],
)
def test_an_example_is_of_the_kind_that_is_asked_for(shape, name, value):
    assert example(shape, DOCUMENT["components"]["schemas"], name) == value


def test_an_example_that_is_there_stays():
    content = {JSON: {"schema": {"type": "string"}, "example": []}}
    paths = {"/x": {"post": {"requestBody": {"content": content}, "responses": {}}}}

    assert with_examples({"paths": paths})["paths"] == paths
    assert content[JSON]["example"] == []
