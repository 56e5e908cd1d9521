"""The reference page, made of an OpenAPI document: no script, and nothing from anywhere else."""

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from api import shapes
from api.descriptions import LOCAL
from api.examples import JSON
from api.markup import Html, between, code, el, joined, line, listing, prose, slug

_STYLE = Path(__file__).with_name("reference.css")

Operation = Mapping[str, Any]


@cache
def page(document: str) -> str:
    """Return the page of an OpenAPI document in JSON; it is made once."""
    return render(json.loads(document))


@cache
def content_security_policy() -> str:
    """Return the policy that lets the page wear its own style, and do nothing else."""
    style = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def render(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    known = document.get("components", {}).get("schemas", {})
    groups = _groups(document)
    title = document["info"]["title"]
    head = joined(
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        el("title", f"{title}: the API"),
        el("style", Html(_style())),
    )
    body = joined(
        el("a", "Skip the table of contents", href="#reference", class_="skip"),
        el("header", el("h1", f"{title}: the API"), _same_for_machines()),
        el("nav", *_contents(groups, known), aria_label="Table of contents"),
        el(
            "main",
            el("section", prose(document["info"].get("description", ""))),
            *(_group(name, found, known) for name, found in groups.items()),
            _shapes(known),
            id="reference",
            tabindex="-1",
        ),
    )
    html = el("html", el("head", head), el("body", body), lang="en")
    return f"<!doctype html>\n{html}\n"


@cache
def _style() -> str:
    """Return the style sheet, read when somebody first asks for the page."""
    return _STYLE.read_text(encoding="utf-8")


def _same_for_machines() -> Html:
    return el("p", el("a", "The same as OpenAPI 3.1", href="/api/openapi.json"), ", for machines.")


def _groups(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, Operation]]]:
    """Return the operations of each tag, in the order of the document; no empty ones."""
    groups: dict[str, list[tuple[str, str, Operation]]] = {
        tag["name"]: [] for tag in document.get("tags", [])
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = next(iter(operation.get("tags", [])), "Others")
            groups.setdefault(name, []).append((method.upper(), path, operation))
    return {name: found for name, found in groups.items() if found}


def _contents(
    groups: Mapping[str, list[tuple[str, str, Operation]]], known: Mapping[str, Any]
) -> Iterator[Html]:
    yield el("p", el("a", "Introduction", href="#reference"))
    for name, found in groups.items():
        yield el("p", el("a", name, href=f"#{slug('group', name)}"))
        yield el(
            "ul",
            *(
                el("li", el("a", _verb(method), " ", code(path), href=_place(operation)))
                for method, path, operation in found
            ),
        )
    if known:
        yield el("p", el("a", "Shapes", href="#shapes"))


def _group(name: str, found: list[tuple[str, str, Operation]], known: Mapping[str, Any]) -> Html:
    operations = (_operation(*each, known) for each in found)
    return el("section", el("h2", name, id=slug("group", name)), *operations)


def _operation(method: str, path: str, operation: Operation, known: Mapping[str, Any]) -> Html:
    inside = [
        el("h3", _verb(method), " ", code(path)),
        el("p", line(operation.get("summary", ""))),
        el("p", el("em", line(operation.get("description", "")))),
    ]
    if parameters := operation.get("parameters"):
        inside.append(shapes.table("Parameters", [_parameter(each) for each in parameters]))
    if body := operation.get("requestBody"):
        inside.extend(_body(body, known))
    answers = [_answer(*each) for each in operation["responses"].items()]
    inside.append(shapes.table("Answers", answers))
    inside.append(listing(curl(method, path, operation)))
    inside.extend(_good_answers(operation))
    return el("article", *inside, id=_place(operation).removeprefix("#"))


def curl(method: str, path: str, operation: Operation) -> str:
    """Return the command that asks for an operation of the house on one machine."""
    at = re.sub(r"{(\w+)}", lambda named: _variable(named[1]), path)
    lines = [f'curl -i -X {method} "{LOCAL}{at}"']
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    lines.extend(
        f'-H "{each["name"]}: {_variable(each["name"])}"'
        for each in operation.get("parameters", [])
        if each["in"] == "header" and each.get("required")
    )
    content = operation.get("requestBody", {}).get("content", {})
    if JSON in content:
        sent = json.dumps(content[JSON]["example"], ensure_ascii=False)
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(sent)}"]
    return " \\\n  ".join(lines)


def _variable(name: str) -> str:
    return "$" + slug(name).replace("-", "_").upper()


def _parameter(parameter: Mapping[str, Any]) -> Html:
    shape = parameter["schema"]
    place = {"path": "in the path", "query": "in the query", "header": "header"}[parameter["in"]]
    told = [place, parameter.get("description") or shapes.about(shape)]
    if shape.get("default") is not None:
        told.append(f"`{shape['default']}` unless it is sent")
    note = "; ".join(filter(None, told))
    return shapes.row(parameter["name"], shape, required=bool(parameter.get("required")), note=note)


def _body(body: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Html]:
    content = body["content"][JSON]
    shape = content["schema"]
    if "$ref" in shape:
        shape = known[shape["$ref"].rpartition("/")[2]]
    words = body.get("description") or shape.get("description", "")
    yield el("p", el("strong", "Body: "), line(words))
    if fields := shape.get("properties"):
        sent = content["example"]
        examples = {name: json.dumps(value, ensure_ascii=False) for name, value in sent.items()}
        yield shapes.table("Fields of the body", shapes.rows(shape, fields, examples))


def _answer(status: str, answer: Mapping[str, Any]) -> Html:
    inside = [el("span", line(answer["description"]))]
    for mimetype, content in answer.get("content", {}).items():
        inside.append(
            el("span", joined(code(mimetype), ": ", shapes.kind(content["schema"])), class_="kind")
        )
    told = [code(name) for name in answer.get("headers", {}) if name != "X-Request-Id"]
    if told:
        inside.append(el("span", "Headers: ", between(", ", told)))
    return el("tr", el("th", code(status), scope="row"), el("td", *inside))


def _good_answers(operation: Operation) -> Iterator[Html]:
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if "example" in content:
                text = json.dumps(content["example"], indent=2, ensure_ascii=False)
                yield _details(f"Answer {status}, for example", listing(text))


def _details(summary: str, *inside: Html) -> Html:
    return el("details", el("summary", summary), *inside)


def _shapes(known: Mapping[str, Any]) -> Html:
    if not known:
        return Html()
    described = (shapes.described(name, shape) for name, shape in sorted(known.items()))
    return el("section", el("h2", "Shapes", id="shapes"), *described)


def _verb(method: str) -> Html:
    return el("span", method, class_="verb")


def _place(operation: Operation) -> str:
    return f"#{slug('operation', operation['operationId'])}"
