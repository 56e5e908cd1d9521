"""The Flask app: the table of routes, served."""

import logging
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from flask import Flask, Response, g, request

from api import cors, http
from api.client import client_of
from api.desk import Desk
from api.edge import STRICTEST, Edge, new_request_id
from api.entrance import LogInError, Visitor
from api.passwords import BusyError
from api.policy import check, is_public
from api.route import Answered, Asked, Route
from api.routes import ROUTES
from api.sessions import Principal, RevokedError
from helpdesk.errors import HelpdeskError, UnauthenticatedError
from helpdesk.log import bind

log = logging.getLogger(__name__)


def create_app(
    desk: Callable[[], Desk], *, routes: Sequence[Route] = ROUTES, edge: Edge = STRICTEST
) -> Flask:
    """Return the app; `desk` is asked for at the first request, never at import."""
    app = Flask("helpdesk", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = http.BODY_MOST + 1  # read_raw refuses that one
    app.url_map.merge_slashes = False
    for route in routes:
        if not route.wired and not is_public(route.act):
            raise ValueError(f"{route.path} asks who it is and has nobody to ask")
        rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
        view = _view(route, desk, routes)
        app.add_url_rule(
            rule, f"{route.method} {route.path}", view, methods=[route.method],
            provide_automatic_options=False,
        )  # fmt: skip
    app.add_url_rule(
        "/api/openapi.json", "openapi", lambda: _openapi(routes, edge.url), methods=["GET"],
        provide_automatic_options=False,
    )  # fmt: skip
    app.register_error_handler(Exception, _problem)
    app.before_request(_begin)
    app.before_request(lambda: cors.preflight(request, edge.origins))
    app.after_request(partial(_finish, edge=edge))
    return app


def _view(
    route: Route, desk: Callable[[], Desk], table: Sequence[Route]
) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        built = desk() if route.wired else None
        asker = _asker(route, built) if built and not is_public(route.act) else None
        asked = Asked(
            asker=asker,
            path=path,
            headers=dict(request.headers),
            visitor=_visitor(built.proxies) if built else Visitor(),
            body=http.read_body(request, route.body) if route.body else None,
            raw=http.read_raw(request, route.raw_most) if route.raw_most else b"",
            query=http.read_query(request, route.query) if route.query else None,
            table=table,
        )
        answered: Answered = route.handler(built, asked)
        if answered.text is not None:
            return http.text_response(
                answered.status, answered.text, answered.headers, route.mimetype
            )
        return http.json_response(answered.status, answered.body, answered.headers)

    return view


def _asker(route: Route, desk: Desk) -> Principal:
    token = http.bearer(request)
    try:
        asker = desk.sessions.authenticate(token)
    except UnauthenticatedError as error:
        raise http.BadTokenError(str(error)) from error
    g.bound.enter_context(bind(user_id=asker.user_id))  # to the end: refusals are logged there
    check(asker, route.act)
    return asker


def _visitor(proxies: int) -> Visitor:
    peer, forwarded = request.remote_addr or "", request.headers.get("X-Forwarded-For", "")
    return Visitor(
        client=client_of(peer, forwarded, proxies),
        cookies=request.headers.get("Cookie", ""),
        agent=request.headers.get("User-Agent", ""),
    )


def _begin() -> None:
    g.watch = http.Watch()
    g.request_id = new_request_id()
    g.bound = ExitStack()
    g.bound.enter_context(
        bind(
            request_id=g.request_id,
            traceparent=http.trace_of(request),
            route=request.url_rule.rule if request.url_rule else "",
        )
    )


def _finish(response: Response, *, edge: Edge) -> Response:
    for name, value in edge.headers.items():
        response.headers.setdefault(name, value)
    cors.tell_page(response, request.headers.get("Origin", ""), edge.origins)
    response.headers["X-Request-Id"] = g.request_id
    log.info(
        "answered",
        extra={
            "method": request.method,
            "status": response.status_code,
            "duration_ms": g.watch.ms(),
        },
    )
    g.bound.close()
    return response


def _problem(error: Exception) -> Response:
    response = http.problem(error, path=request.path, request_id=g.request_id)
    if isinstance(error, BusyError):
        log.warning("request refused", extra={"reason": str(error)})  # no fault: a flood is on
    elif response.status_code >= 500:  # noqa: PLR2004
        log.error("request failed", exc_info=error, extra={"reason": type(error).__name__})
    elif isinstance(error, HelpdeskError) and not isinstance(error, LogInError):
        revoked = next((e for e in (error, error.__cause__) if isinstance(e, RevokedError)), None)
        with bind(user_id=revoked.user_id) if revoked else bind():
            log.info("request refused", extra={"reason": str(error)})
    return response


def _openapi(routes: Sequence[Route], url: str) -> Response:
    # Imported when somebody asks: no other request should wait for it at a cold start.
    from api.openapi import document  # noqa: PLC0415

    return Response(document(routes, url=url), mimetype="application/json")
