"""Cloud Function `api`: accounts, tickets and the carrier's word over HTTP. Wiring only."""

from functools import cache
from typing import TYPE_CHECKING

import functions_framework
from flask import Flask, Request, Response
from flask.typing import ResponseReturnValue

from helpdesk.settings import WebhookSettings, without_plugins

if TYPE_CHECKING:
    from api.wiring import Wired


@cache
def wired() -> "Wired":
    """Wire the store once per instance, when a request first needs it."""
    from api.wiring import wire

    return wire()


@cache
def app() -> Flask:
    """Make the app on the first request."""
    without_plugins()
    from api.app import create_app
    from api.routes import ROUTES
    from api.webhooks import webhooks
    from helpdesk.clock import SystemClock

    key = WebhookSettings.from_env().sendgrid_public_key
    hears = webhooks(lambda: wired().claims, key=key, clock=SystemClock())
    return create_app(lambda: wired().desk, routes=(*ROUTES, *hears))


@functions_framework.http
def api(request: Request) -> ResponseReturnValue:
    """Answer one request."""
    return Response.from_app(app(), request.environ)
