"""Cloud Function `api`: accounts, tickets and the carrier's word over HTTP. Wiring only."""

from typing import TYPE_CHECKING

import functions_framework
from flask import Flask, Request, Response
from flask.typing import ResponseReturnValue

from gcp.once import once
from helpdesk.settings import webhook_key, without_plugins

if TYPE_CHECKING:
    from api.wiring import Wired


@once
def wired() -> "Wired":
    """Wire the store once per instance, when a request first needs it."""
    from api.wiring import wire

    return wire()


@once
def app() -> Flask:
    """Make the app on the first request."""
    without_plugins()
    from api.app import create_app
    from api.routes import ROUTES
    from api.webhooks import webhooks
    from helpdesk.clock import SystemClock

    told = webhooks(lambda: wired().claims, key=webhook_key(), clock=SystemClock())
    return create_app(lambda: wired().desk, routes=(*ROUTES, *told))


@functions_framework.http
def api(request: Request) -> ResponseReturnValue:
    """Answer one request."""
    return Response.from_app(app(), request.environ)
