"""Write docs/events/*.json anew: `PYTHONPATH=functions python tools/event_schemas.py`."""

import argparse
import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from helpdesk.events import SHAPES, VERSION, Envelope, EventType

OUT = Path(__file__).parents[1] / "docs" / "events"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HAPPENED = {
    EventType.TICKET_CREATED: "Somebody filed a ticket.",
    EventType.TICKET_TRIAGED: "A ticket was read: it has a priority, a category and skills.",
    EventType.TICKET_ASSIGNED: "A ticket was given to whom it fits best.",
    EventType.TICKET_UPDATED: "A ticket was changed in any other way.",
    EventType.USER_SIGNED_UP: "Somebody has an account from now on.",
}
SIMPLE = {str: "string", int: "integer", NoneType: "null"}


def main() -> None:
    """Write a schema for each event."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to (%(default)s)")
    folder: Path = parser.parse_args().out
    for name, text in files():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(name)


def files() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file."""
    for kind in SHAPES:
        text = json.dumps(schema(kind), indent=2, ensure_ascii=False)
        yield f"{kind.value}.json", f"{text}\n"


def schema(kind: EventType) -> dict[str, Any]:
    """Return the JSON Schema of an event."""
    envelope = described(Envelope)
    fields = envelope["properties"]
    fields["type"] = {"const": kind.value, **without_type(fields["type"])}
    fields["version"] = {"const": VERSION, **without_type(fields["version"])}
    fields["data"] = described(SHAPES[kind])
    return {
        "$schema": DIALECT,
        "$id": f"urn:helpdesk:{kind.value}:{VERSION}",
        "title": kind.value,
        **envelope,
        "description": HAPPENED[kind],
    }


def described(shape: type) -> dict[str, Any]:
    """Return the schema of a TypedDict: all of it is there, and more may be one day."""
    fields = get_type_hints(shape, include_extras=True)
    return {
        "description": shape.__doc__,
        "type": "object",
        "required": list(fields),
        "properties": {name: field(hint) for name, hint in fields.items()},
    }


def field(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a type, of whatever form
    """Return the schema of one field, with what is told of it."""
    if get_origin(hint) is not Annotated:
        return typed(hint)
    told: dict[str, Any] = typed(hint.__origin__)
    for each in hint.__metadata__:
        told |= {"description": each} if isinstance(each, str) else each
    return told


def typed(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    """Return the schema of a type, or raise KeyError for one that no event has yet."""
    parts = get_args(hint)
    if get_origin(hint) is list:
        return {"type": "array", "items": typed(parts[0])}
    if get_origin(hint) is dict:
        return {"type": "object"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [each.value for each in hint]}
    if not parts:
        return {"type": SIMPLE[hint]}
    first = typed(parts[0])  # or None
    if "enum" in first:
        return {"enum": [*first["enum"], None]}
    return {"type": [first["type"], "null"]}


def without_type(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "type"}


if __name__ == "__main__":
    main()
