"""Which pages of others may call: those on a list, matched to the letter, and never with cookies.

Our own few lines. Flask-cors matches by regular expressions, had five CVEs in 2024, and would be
imported at every cold start.
"""

from collections.abc import Collection

from flask import Request, Response
from werkzeug.exceptions import MethodNotAllowed

# What a page may send, and what it may read, beyond what every page may.
SENT = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "traceparent",
)  # fmt: skip
READ = ("ETag", "Location", "Retry-After", "X-Request-Id", "Idempotent-Replayed")
KEPT_S = 7200  # how long a browser may remember it: Chromium takes no more


def preflight(request: Request, origins: Collection[str]) -> Response | None:
    """Answer a browser that asks whether a page on the list may send this; None for all else."""
    refusal = request.routing_exception  # no route takes OPTIONS
    if request.method != "OPTIONS" or not isinstance(refusal, MethodNotAllowed):
        return None
    methods = refusal.valid_methods or ()
    wanted = request.headers.get("Access-Control-Request-Method", "")
    if request.headers.get("Origin", "") not in origins or wanted not in methods:
        return None
    headers = {
        "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
        "Access-Control-Allow-Headers": ", ".join(SENT),
        "Access-Control-Max-Age": str(KEPT_S),
    }
    return Response(status=204, headers=headers, mimetype="application/json")


def tell_page(response: Response, origin: str, origins: Collection[str]) -> None:
    """Let a page on the list read an answer; all other pages' browsers keep it from them."""
    if not origins:
        return
    response.vary.add("Origin")  # or a cache would give one page what was meant for another
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(READ)
