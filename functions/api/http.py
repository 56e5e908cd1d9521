"""HTTP at the edge: requests become values, results and errors become JSON. One error shape."""

import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Request, Response
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from api.accounts import TakenError
from api.admins import LastAdminError
from api.edge import FAULT, PROBLEM_TYPE, problem_text
from api.hooks import AgainstError
from api.limits import TooManyError
from api.strict import BadRequestError, strict_json
from helpdesk.errors import (
    ConflictError,
    ForbiddenError,
    HelpdeskError,
    InvalidInputError,
    MismatchError,
    NotFoundError,
    StaleError,
    TransientError,
    UnauthenticatedError,
)
from helpdesk.settings import SettingsError
from helpdesk.wire import time_text

BODY_MOST = 64 * 1024
ERRORS_MOST = 20  # of a body's faults that are told
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

# The first class that fits decides; everything of ours that is not listed is a fault: 500.
STATUS: tuple[tuple[type[HelpdeskError], HTTPStatus], ...] = (
    (TakenError, HTTPStatus.CONFLICT),
    (LastAdminError, HTTPStatus.CONFLICT),
    (AgainstError, HTTPStatus.CONFLICT),
    (MismatchError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidInputError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (ForbiddenError, HTTPStatus.FORBIDDEN),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (StaleError, HTTPStatus.PRECONDITION_FAILED),
    (ConflictError, HTTPStatus.CONFLICT),
    (TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (TransientError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class BadTokenError(UnauthenticatedError):
    """An access token was sent, and it lets nobody in."""


def read_body(request: Request, model: type[BaseModel]) -> BaseModel:
    """Return the checked body, or raise BadRequestError or ValidationError."""
    if request.mimetype != "application/json":
        raise BadRequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    return model.model_validate(strict_json(read_raw(request, BODY_MOST)))


def read_raw(request: Request, most: int) -> bytes:
    """Return the body as it came, or raise BadRequestError when it has more bytes than that."""
    if (request.content_length or 0) <= most:
        # Without a Content-Length, Flask cuts where it should refuse: so it gets one byte more.
        request.max_content_length = most + 1
        raw = _arrived(request)
        if len(raw) <= most:
            return raw
    detail = f"the body has more than {most} bytes"
    raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def _arrived(request: Request) -> bytes:
    try:
        return request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception as error:
        # Each server has its own error for chunks that are none, and for a client that has gone.
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "the body breaks off") from error


def read_query(request: Request, model: type[BaseModel]) -> BaseModel:
    """Return the checked query, or raise BadRequestError or ValidationError."""
    values = request.args.to_dict(flat=False)
    if doubled := [name for name, given in values.items() if len(given) > 1]:
        detail = f"{doubled[0][:40]} is given more than once"
        raise BadRequestError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return model.model_validate({name: given[0] for name, given in values.items()})


def bearer(request: Request) -> str:
    """Return the access token of a request, or raise UnauthenticatedError or BadRequestError."""
    given = request.headers.get("Authorization", "")
    if "," in given:  # as servers join a header that is sent twice; readers may take either one
        raise BadRequestError(HTTPStatus.BAD_REQUEST, "send one access token")
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError("log in first")
    return token


def trace_of(request: Request) -> str:
    """Return the caller's W3C trace, or a new one."""
    given = request.headers.get("traceparent", "")
    if _TRACE.fullmatch(given):
        return given
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def json_response(status: int, body: object, headers: Mapping[str, str]) -> Response:
    """Return an answer as Flask sends it; None is no body, and so of no type."""
    text = "" if body is None else json.dumps(body, default=_plain, separators=(",", ":"))
    response = Response(text, status=status, mimetype="application/json")
    if body is None:
        del response.headers["Content-Type"]
    response.headers.update(headers)
    return response


def text_response(
    status: int, text: str, headers: Mapping[str, str], mimetype: str = "text/plain"
) -> Response:
    """Return text as Flask sends it; nosniff keeps browsers from reading plain text as HTML."""
    response = Response(text, status=status, mimetype=mimetype)
    response.headers.update(headers)
    return response


def problem(error: Exception, *, path: str, request_id: str) -> Response:
    """Return what went wrong as application/problem+json; nothing of the inside shows."""
    errors: list[dict[str, str]] = []
    headers: dict[str, str] = {}
    match error:
        case ValidationError():
            status, detail = HTTPStatus.UNPROCESSABLE_ENTITY, "the request has invalid fields"
            errors = [_field_error(e) for e in error.errors(include_input=False)[:ERRORS_MOST]]
        case BadRequestError():
            status, detail = error.status, str(error)
        case HTTPException():
            status, detail, headers = _of_werkzeug(error)
        case HelpdeskError() if not isinstance(error, SettingsError):
            status, detail, errors, headers = _of_ours(error)
        case _:
            status, detail = HTTPStatus.INTERNAL_SERVER_ERROR, FAULT
    text = problem_text(status, detail, path=path, request_id=request_id, errors=errors)
    return Response(text, status=status, headers=headers, mimetype=PROBLEM_TYPE)


class Watch:
    """Times one request."""

    def __init__(self) -> None:
        """Start now."""
        self._started = time.perf_counter()

    def ms(self) -> float:
        """Return the milliseconds since the start."""
        return round((time.perf_counter() - self._started) * 1000, 1)


def _of_ours(
    error: HelpdeskError,
) -> tuple[HTTPStatus, str, list[dict[str, str]], dict[str, str]]:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), None)
    if status is None:
        return HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, [], {}
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        # RFC 6750, section 3.1: an error code only for whoever has sent a token.
        bad = isinstance(error, BadTokenError)
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if bad else "Bearer"
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        # What a store or a vendor said is for the log.
        return status, "try again in a moment", [], {"Retry-After": "2"}
    if isinstance(error, ConflictError):
        return status, "somebody else changed this just now: try again", [], headers
    field = error.field if isinstance(error, InvalidInputError) else None
    errors = [{"field": field, "detail": str(error)}] if field else []
    return status, str(error), errors, headers


def _of_werkzeug(error: HTTPException) -> tuple[HTTPStatus, str, dict[str, str]]:
    status = HTTPStatus(error.code or 500)
    headers = {}
    methods = getattr(error, "valid_methods", None)
    if methods:
        headers["Allow"] = ", ".join(sorted(methods))
    said = {
        HTTPStatus.NOT_FOUND: "there is nothing here",
        HTTPStatus.METHOD_NOT_ALLOWED: "this method is not allowed here",
    }
    return status, said.get(status, status.description or status.phrase), headers


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    detail = "send a JSON object" if error["type"] == "model_type" else error["msg"]
    return {"field": ".".join(str(part) for part in error["loc"])[:100], "detail": detail}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    raise TypeError(f"an answer holds a {type(value).__name__}")
