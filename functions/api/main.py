"""Cloud Function `api`: accounts, tickets and the carrier's word over HTTP. Wiring only."""

from typing import Any

import functions_framework
from flask import Flask, Request

from api.front import in_front
from gcp.lines import begin
from gcp.once import once
from helpdesk.settings import ApiSettings, webhook_key, without_plugins


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
    from api import edge, routes, webhooks
    from api.app import create_app
    from helpdesk.clock import SystemClock

    told = webhooks.webhooks(lambda: wired().claims, key=webhook_key(), clock=SystemClock())
    here = edge.edge_of(ApiSettings.from_env)
    return create_app(lambda: wired().desk, routes=(*routes.ROUTES, *told), edge=here)


@functions_framework.http
@in_front
def api(_request: Request) -> Flask:
    """Return what answers the request."""
    return app()
