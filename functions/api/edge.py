"""What every answer of the house carries, and the shape of its errors. Standard library only.

So an answer of ours can also be given where no request reached the app, or there is no app.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from helpdesk.settings import ApiSettings, SettingsError

PROBLEM_TYPE = "application/problem+json"
FAULT = "something went wrong here"  # all that anybody outside is told of a fault of ours

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HSTS = {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}  # two years


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where people reach the house, and which pages of others may call it.

    Where nothing is known the strictest holds: nobody else's page, and no way back from https.
    """

    url: str = ""
    origins: tuple[str, ...] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what every answer carries that does not say otherwise itself."""
        # RFC 6797, section 7.2: it must not be said over plain http, as one machine alone speaks.
        return SECURITY_HEADERS if self.url.startswith("http:") else SECURITY_HEADERS | HSTS


STRICTEST = Edge()


def edge_of(read: Callable[[], ApiSettings]) -> Edge:
    """Return the edge that the settings tell of; of broken ones, the strictest.

    Then no request that needs the settings gets far, and all that is wrong with them is logged.
    """
    try:
        settings = read()
    except SettingsError:
        return STRICTEST
    return Edge(url=settings.url, origins=settings.origins)


def new_request_id() -> str:
    """Return what a request is called in its answer and in the log."""
    return secrets.token_hex(8)


def problem_text(
    status: HTTPStatus,
    detail: str,
    *,
    path: str,
    request_id: str,
    errors: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return an error as RFC 9457 wants it told."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
        "errors": list(errors),
    }
    return json.dumps(body, separators=(",", ":"))
