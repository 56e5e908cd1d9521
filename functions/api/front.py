"""The front of the function: our app answers every request, and so it does when there is no app.

The functions framework would answer some itself: /robots.txt and /favicon.ico with a page of its
own, and a crash with another. It would also pass each request through two Flask apps.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Request, Response, current_app, has_app_context

from api.edge import FAULT, PROBLEM_TYPE, STRICTEST, new_request_id, problem_text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE = 64 * 1024  # bytes of a body at once
DRAIN_MOST = 32 * 1024 * 1024  # bytes: as many as Cloud Run takes over HTTP/1
_FAILED = HTTPStatus.INTERNAL_SERVER_ERROR

log = logging.getLogger(__name__)


def in_front(
    function: Callable[[Request], "WSGIApplication"],
) -> Callable[[Request], "WSGIApplication"]:
    """Let what a function returns answer whatever is sent to the Flask app that loads it.

    Where no app does, it is a view like any other: Flask takes an application for an answer.
    """
    application = _answering(function)
    if has_app_context():
        current_app.wsgi_app = application  # type: ignore[assignment,method-assign]

    @wraps(function)
    def view(_request: Request) -> "WSGIApplication":
        return application

    return view


def _answering(function: Callable[[Request], "WSGIApplication"]) -> "WSGIApplication":
    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = function(request)(environ, start_response)
        except Exception as error:
            request_id = new_request_id()
            told = {"request_id": request_id, "reason": type(error).__name__, "status": _FAILED}
            log.exception("request failed", extra=told)
            answer = _fault(request.path, request_id)(environ, start_response)
        _let_go(environ)
        return answer

    return application


def _fault(path: str, request_id: str) -> Response:
    """Say that this failed, and not why; that is for the log."""
    text = problem_text(_FAILED, FAULT, path=path, request_id=request_id)
    headers = {**STRICTEST.headers, "X-Request-Id": request_id}
    return Response(text, status=_FAILED, headers=headers, mimetype=PROBLEM_TYPE)


def _let_go(environ: "WSGIEnvironment") -> None:
    """Take what is left of a body and drop it.

    A client that is refused early still sends, and would see its connection break, not the answer.
    """
    if not environ.get("wsgi.input_terminated"):
        return  # where the body ends, nobody says: this would wait for more for ever
    with suppress(Exception):  # whatever the server finds wrong with the rest, there is an answer
        for _ in range(DRAIN_MOST // PIECE):
            if not environ["wsgi.input"].read(PIECE):
                break
