"""The OpenAPI document, made from the table of routes and the models in it."""

import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from openapi_pydantic import OpenAPI
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel

from api.routes import Route, Who
from api.schemas import Problem

JSON = "application/json"


def document(routes: Sequence[Route]) -> str:
    """Return the OpenAPI 3.1 document of these routes as JSON."""
    return _document(tuple(routes))


@cache
def _document(routes: tuple[Route, ...]) -> str:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    described = OpenAPI.model_validate(
        {
            "openapi": "3.1.1",
            "info": {
                "title": "Helpdesk",
                "version": "1",
                "description": "Tickets that are triaged, assigned and mailed to who fits best.",
            },
            "paths": paths,
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            },
        }
    )
    whole = construct_open_api_with_schema_class(described)
    return whole.model_dump_json(by_alias=True, exclude_none=True)


def _operation(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.answer and issubclass(route.answer, BaseModel):
        answer["content"] = _content(JSON, route.answer)
    elif route.answer:
        answer["content"] = {"text/plain": {"schema": {"type": "string"}}}
    operation = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): answer,
            **{str(status): _refusal(status) for status in sorted(_refusals(route))},
        },
        "security": [] if route.who is Who.ANYONE else [{"bearer": []}],
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(JSON, route.body)}
    return operation


def _refusals(route: Route) -> set[int]:
    statuses = {*route.also, 500, 503}
    if route.who is not Who.ANYONE:
        statuses |= {401}
    if route.who is Who.ADMIN:
        statuses |= {403}
    if route.body:
        statuses |= {400, 413, 415, 422}
    if route.query:
        statuses |= {422}
    return statuses


def _refusal(status: int) -> dict[str, Any]:
    refusal: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status != HTTPStatus.NOT_MODIFIED:
        refusal["content"] = _content("application/problem+json", Problem)
    return refusal


def _content(mimetype: str, model: type[BaseModel]) -> dict[str, Any]:
    return {mimetype: {"schema": PydanticSchema(schema_class=model, enum=None)}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    known = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "schema": _inlined(shape, known)}
        for name, shape in schema["properties"].items()
    ]


def _inlined(shape: object, known: dict[str, object]) -> object:
    """Return a schema without references: parameters have no place to define things."""
    if isinstance(shape, list):
        return [_inlined(each, known) for each in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        return _inlined(known[shape["$ref"].rpartition("/")[2]], known)
    return {key: _inlined(value, known) for key, value in shape.items()}
