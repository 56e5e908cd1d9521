"""The page on which people read what the API offers."""

from api.policy import Act
from api.route import Answered, Asked, Route


def reference(_desk: None, asked: Asked) -> Answered:
    """Show what the API offers, as the OpenAPI document tells it."""
    # Imported when somebody asks: no other request should wait for it at a cold start.
    from api.openapi import document  # noqa: PLC0415
    from api.reference import content_security_policy, page  # noqa: PLC0415

    headers = {"Content-Security-Policy": content_security_policy()}
    return Answered(status=200, text=page(document(asked.table)), headers=headers)


REFERENCE_PAGE = Route(
    method="GET", path="/api/docs", act=Act.LOOK_IN, handler=reference,
    summary="Show what the API offers, for people to read",
    status=200, answer=str, mimetype="text/html", wired=False,
)  # fmt: skip
