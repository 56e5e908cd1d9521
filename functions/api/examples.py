"""Examples for the OpenAPI document: a whole body or answer, made of those of its fields."""

from collections.abc import Mapping
from typing import Any

JSON = "application/json"

# What stands in for a field whose model names no example of its own, by its type.
VALUES: Mapping[str, Mapping[str, Any]] = {
    "string": {
        "access_token": "eyJ...",
        "agent": "curl/8.5.0",
        "at": "2026-01-31T09:30:00Z",
        "cause": "P3FESNBC.created.1",
        "data_keys": "ticket_id",
        "declined": "6P51KE443E2M5A38J3BDFMKTKC",
        "description": "The page stays white since noon.",
        "email": "ada@example.com",
        "event_id": "P3FESNBC.created.1",
        "evidence": "stays white",
        "fallback_reason": "",
        "helpful_notes": "First look for the last change.",
        "id": "P3FESNBC",
        "language": "en",
        "model": "gemini-2.5-flash",
        "name": "Ada",
        "next_cursor": "bmV4dA...",
        "prompt_version": "1",
        "refresh_token": "cmVmcmVzaA...",
        "skills": "Printing",
        "priority": "medium",
        "reason": "the answer of the model could not be read",
        "role": "moderator",
        "sentiment": "neutral",
        "status": "assigned",
        "step": "triage",
        "subject": "P3FESNBC",
        "summary": "Cannot log in since noon",
        "ticket_id": "P3FESNBC",
        "title": "Cannot log in",
        "to": "ada@example.com",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "value": "Printing",
    },
    "integer": {"capacity": 8, "expires_in": 600, "latency_ms": 900, "open_tickets": 3},
    "number": {"cost_usd": 0.0004},
    "boolean": {"disabled": False, "needs_review": False},
}
FORMATS = {"date-time": "2026-01-31T09:30:00Z", "date": "2026-01-31", "email": "ada@example.com"}
KINDS: Mapping[str, Any] = {
    "string": "...",
    "boolean": True,
    "integer": 1,
    "number": 0.9,
    "null": None,
}


def with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with an example for every JSON body and every good JSON answer."""
    known = document.get("components", {}).get("schemas", {})
    for item in document["paths"].values():
        for operation in item.values():
            contents = [
                answer.get("content", {})
                for status, answer in operation["responses"].items()
                if status.startswith("2")
            ]
            for content in [operation.get("requestBody", {}).get("content", {}), *contents]:
                if JSON in content:
                    shape = content[JSON]["schema"]
                    content[JSON].setdefault("example", example(shape, known))
    return document


def example(shape: Mapping[str, Any], known: Mapping[str, Any], name: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a value that a schema allows; `name` is what the field is called."""
    if shape.get("examples"):
        return shape["examples"][0]
    if "$ref" in shape:
        return example(known[shape["$ref"].rpartition("/")[2]], known, name)
    if "anyOf" in shape:
        return example(shape["anyOf"][0], known, name)
    if "const" in shape:
        return shape["const"]
    if "enum" in shape:
        usual = VALUES["string"].get(name)
        return usual if usual in shape["enum"] else shape["enum"][0]
    return _of_kind(shape, known, name)


def _of_kind(shape: Mapping[str, Any], known: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    match shape.get("type"):
        case "array":
            return [example(shape["items"], known, name)]
        case "object" if "properties" in shape:
            fields = shape["properties"].items()
            return {field: example(inner, known, field) for field, inner in fields}
        case "object":
            return {}
        case "string" if shape.get("format") in FORMATS:
            return FORMATS[shape["format"]]
        case None:
            return {}
        case kind:
            return VALUES.get(kind, {}).get(name, KINDS[kind])
