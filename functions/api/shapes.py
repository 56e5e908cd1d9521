"""Schemas as a reader wants them: what a field is, how much of it, and what it is for."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.markup import Html, between, code, el, joined, line, slug

Shape = Mapping[str, Any]

LIMITS = {
    "minLength": "{} or more characters",
    "maxLength": "at most {} characters",
    "minimum": "{} or more",
    "maximum": "{} or less",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "{} or more of them",
    "maxItems": "at most {} of them",
    "pattern": "as `{}`",
    "format": "{}",
}


def kind(shape: Shape) -> Html:
    """Return what a value is, in words, with links to what is described elsewhere."""
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return el("a", name, href=f"#{slug('shape', name)}")
    if "anyOf" in shape:
        return between(" or ", [kind(each) for each in shape["anyOf"]])
    if "const" in shape:
        return code(str(shape["const"]))
    if "enum" in shape:
        return joined("one of ", between(", ", [code(str(each)) for each in shape["enum"]]))
    return _plain(shape)


def limits(shape: Shape) -> list[str]:
    """Return what a value is held to."""
    return [
        words.format(_number(each[name]))
        for each in _parts(shape)
        for name, words in LIMITS.items()
        if name in each
    ]


def about(shape: Shape) -> str:
    """Return what a value is for, or nothing."""
    return next((each["description"] for each in _parts(shape) if "description" in each), "")


def row(name: str, shape: Shape, *, required: bool, note: str = "", example: str = "") -> Html:
    """Return the row of a table that describes one field, parameter or header."""
    must = el("span", "required", class_="must") if required else Html()
    facts = between("; ", [kind(shape), *map(line, limits(shape))])
    lines = [el("span", facts, class_="kind")]
    if words := note or about(shape):
        lines.append(el("span", line(words)))
    if example:
        lines.append(el("span", "Example: ", code(example)))
    return el("tr", el("th", code(name), must, scope="row"), el("td", *lines))


def table(caption: str, rows: list[Html]) -> Html:
    """Return a table with its caption."""
    return el("table", el("caption", caption), el("tbody", *rows))


def described(name: str, shape: Shape) -> Html:
    """Return the whole of one named schema."""
    inside = [el("h3", name)]
    if words := shape.get("description"):
        inside.append(el("p", line(words)))
    if fields := shape.get("properties"):
        inside.append(table("Fields", rows(shape, fields)))
    else:
        inside.append(el("p", kind(shape)))
    return el("article", *inside, id=slug("shape", name))


def rows(shape: Shape, fields: Mapping[str, Shape], examples: Mapping[str, str] = {}) -> list[Html]:
    """Return a row for each field of a schema."""
    required = shape.get("required", [])
    return [
        row(name, inner, required=name in required, example=examples.get(name, ""))
        for name, inner in fields.items()
    ]


def _number(value: object) -> object:
    """Return a whole number without the point that the document gives it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _parts(shape: Shape) -> Iterator[Shape]:
    yield shape
    for each in shape.get("anyOf", []):
        yield from _parts(each)
    if "items" in shape:
        yield from _parts(shape["items"])


def _plain(shape: Shape) -> Html:
    match shape.get("type", "anything"):
        case "array":
            return joined("list of ", kind(shape.get("items", {})))
        case "object" if isinstance(shape.get("additionalProperties"), dict):
            return joined("names, each with ", kind(shape["additionalProperties"]))
        case name:
            return joined(name)
