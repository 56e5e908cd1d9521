"""The OpenAPI document, made from the table of routes and the models in it."""

import json
import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, get_args

from openapi_pydantic import OpenAPI
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from api.descriptions import GROUPS, REFERENCE, group_of, introduction, meaning, who_may
from api.examples import JSON, with_examples
from api.policy import REACH, granted, is_public
from api.route import TOLD_ALWAYS, Header, Route
from api.schemas import Problem


def document(routes: Sequence[Route], *, url: str = "") -> str:
    """Return the OpenAPI 3.1 document of these routes as JSON; `url` is where the house is."""
    return _document(tuple(routes), url)


@cache
def _document(routes: tuple[Route, ...], url: str) -> str:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    described = OpenAPI.model_validate(
        {
            "openapi": "3.1.1",
            "info": {
                "title": "Helpdesk",
                "version": "1",
                "description": introduction(),
            },
            # It must be a whole address, and a house that does not know its own tells none.
            "externalDocs": {"url": url + REFERENCE, "description": "for people"} if url else None,
            "tags": [{"name": group} for group in GROUPS],
            "paths": paths,
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            },
        }
    )
    queries = {route.query for route in routes if route.query}
    whole = construct_open_api_with_schema_class(described, schema_classes=list(queries))
    text = whole.model_dump_json(by_alias=True, exclude_none=True, exclude_unset=True)
    told = _with_queries(json.loads(text), routes)
    return json.dumps(with_examples(told), separators=(",", ":"))


def _operation(route: Route) -> dict[str, Any]:
    operation = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "description": f"For {who_may(route.act)}.",
        "tags": [group_of(route.path)],
        "parameters": [*_path_parameters(route), *_header_parameters(route)],
        "responses": {
            str(status): _response(route, status)
            for status in (route.status, *sorted(_refusals(route)))
        },
        "security": [] if is_public(route.act) else [{"bearer": []}],
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(JSON, route.body)}
    if route.raw_most:
        operation["requestBody"] = {
            "description": f"at most {route.raw_most} bytes, read as they come: they are signed",
            "required": True,
            "content": {JSON: {"schema": {}, "example": []}},
        }
    return operation


def _refusals(route: Route) -> set[int]:
    statuses = {*route.also, 500, 503}
    if not is_public(route.act):
        statuses |= {400, 401}
        if not all(granted(route.act) & reach for reach in REACH.values()):
            statuses |= {403}
    if route.body:
        statuses |= {400, 413, 415, 422}
    if route.raw_most:
        statuses |= {400, 413, 422}
    if route.query:
        statuses |= {422}
    return statuses


def _response(route: Route, status: int) -> dict[str, Any]:
    told = (*TOLD_ALWAYS, *route.tells)
    response: dict[str, Any] = {
        "description": meaning(status),
        "headers": {each.name: _header(each) for each in told if status in (each.on or (status,))},
    }
    if status >= HTTPStatus.BAD_REQUEST:
        response["content"] = _content("application/problem+json", Problem)
    elif status == route.status and route.answer is str:
        response["content"] = {route.mimetype: {"schema": {"type": "string"}}}
    elif status == route.status and route.answer:
        response["content"] = _content(JSON, *(get_args(route.answer) or (route.answer,)))
    return response


def _header(header: Header) -> dict[str, Any]:
    schema = {"type": header.kind}
    if header.pattern:
        schema["pattern"] = header.pattern
    return {"description": header.about, "required": header.always, "schema": schema}


def _content(mimetype: str, *models: type[BaseModel]) -> dict[str, Any]:
    schemas = [PydanticSchema(schema_class=model, enum=None) for model in models]
    return {mimetype: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"which {name.removesuffix('_id')}",
            "schema": {"type": "string"},
        }
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    return [_header_parameter(each) for each in route.reads]


def _header_parameter(header: Header) -> dict[str, Any]:
    told = _header(header)
    # Generators explain an argument by its schema, people read the parameter.
    told["schema"]["description"] = header.about
    return {"name": header.name, "in": "header", **told}


def _with_queries(document: dict[str, Any], routes: Sequence[Route]) -> dict[str, Any]:
    """Return the document with the fields of each query as parameters, and no shape of a query.

    What the fields refer to stays among the shapes, so that one thing has one name.
    """
    shapes = document["components"]["schemas"]
    for route in routes:
        if route.query:
            operation = document["paths"][route.path][route.method.lower()]
            operation["parameters"] += [
                {"name": name, "in": "query", "schema": _sent(shape)}
                for name, shape in shapes[route.query.__name__]["properties"].items()
            ]
    for query in {route.query for route in routes if route.query}:
        del shapes[query.__name__]
    return document


def _sent(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of what is sent: an address has no null, only what is not there."""
    match shape.get("anyOf"):
        case [inner, {"type": "null"}]:
            rest = {key: value for key, value in shape.items() if key != "anyOf"}
            return {**rest, **inner}
        case _:
            return shape
