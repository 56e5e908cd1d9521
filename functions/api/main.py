"""Cloud Function `api`: accounts, tickets and the carrier's word over HTTP. Wiring only."""

from typing import Any

import functions_framework
from flask import Flask, Request, Response
from flask.typing import ResponseReturnValue

from gcp.lines import begin
from gcp.once import once
from helpdesk.settings import webhook_key, without_plugins


@once
def wired() -> Any:  # noqa: ANN401 - its class would load the store
    """Wire the store once per instance, when a request first needs it."""
    from api.wiring import wire

    return wire()


@once
def app() -> Flask:
    """Make the app on the first request."""
    begin()
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
