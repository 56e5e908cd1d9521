"""The Flask app: the table of routes, served."""

import logging
import re
import secrets
from collections.abc import Callable, Sequence

from flask import Flask, Response, g, request

from api import http
from api.accounts import Principal
from api.passwords import BusyError
from api.routes import ROUTES, Answered, Asked, Desk, Route, Who
from helpdesk.errors import ForbiddenError, HelpdeskError, UnauthenticatedError
from helpdesk.log import bind
from helpdesk.user import Role

log = logging.getLogger(__name__)


def create_app(desk: Callable[[], Desk], *, routes: Sequence[Route] = ROUTES) -> Flask:
    """Return the app; `desk` is asked for at the first request, never at import."""
    app = Flask("helpdesk", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = http.BODY_MOST + 1  # read_raw refuses that one
    app.url_map.merge_slashes = False
    for route in routes:
        if not route.wired and route.who is not Who.ANYONE:
            raise ValueError(f"{route.path} asks who it is and has nobody to ask")
        rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
        view = _view(route, desk)
        app.add_url_rule(
            rule, f"{route.method} {route.path}", view, methods=[route.method],
            provide_automatic_options=False,
        )  # fmt: skip
    app.add_url_rule(
        "/api/openapi.json", "openapi", lambda: _openapi(routes), methods=["GET"],
        provide_automatic_options=False,
    )  # fmt: skip
    app.register_error_handler(Exception, _problem)
    app.before_request(_begin)
    app.after_request(_finish)
    return app


def _view(route: Route, desk: Callable[[], Desk]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        built = desk() if route.wired else None
        asker = _asker(route, built) if built and route.who is not Who.ANYONE else None
        asked = Asked(
            asker=asker,
            path=path,
            headers=dict(request.headers),
            body=http.read_body(request, route.body) if route.body else None,
            raw=http.read_raw(request, route.raw_most) if route.raw_most else b"",
            query=http.read_query(request, route.query) if route.query else None,
        )
        with bind(user_id=asker.user_id) if asker else bind():
            answered: Answered = route.handler(built, asked)
        if answered.text is not None:
            return http.text_response(answered.status, answered.text)
        return http.json_response(answered.status, answered.body, answered.headers)

    return view


def _asker(route: Route, desk: Desk) -> Principal:
    token = http.bearer(request)
    try:
        asker = desk.accounts.authenticate(token)
    except UnauthenticatedError as error:
        raise http.BadTokenError(str(error)) from error
    if route.who is Who.ADMIN and asker.role is not Role.ADMIN:
        raise ForbiddenError("only an admin may do this")
    return asker


def _begin() -> None:
    g.watch = http.Watch()
    g.request_id = secrets.token_hex(8)
    g.bound = bind(request_id=g.request_id, traceparent=http.trace_of(request))
    g.bound.__enter__()


def _finish(response: Response) -> Response:
    response.headers.update(
        {name: value for name, value in http.SECURITY_HEADERS.items()
         if name not in response.headers}
    )  # fmt: skip
    response.headers["X-Request-Id"] = g.request_id
    log.info(
        "answered",
        extra={
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else "",
            "status": response.status_code,
            "duration_ms": g.watch.ms(),
        },
    )
    g.bound.__exit__(None, None, None)
    return response


def _problem(error: Exception) -> Response:
    response = http.problem(error, path=request.path, request_id=g.request_id)
    if isinstance(error, BusyError):
        log.warning("request refused", extra={"reason": str(error)})  # no fault: a flood is on
    elif response.status_code >= 500:  # noqa: PLR2004
        log.error("request failed", exc_info=error, extra={"reason": type(error).__name__})
    elif isinstance(error, HelpdeskError):
        log.info("request refused", extra={"reason": str(error)})
    return response


def _openapi(routes: Sequence[Route]) -> Response:
    # Imported when somebody asks: no other request should wait for it at a cold start.
    from api.openapi import document  # noqa: PLC0415

    return Response(document(routes), mimetype="application/json")
