"""The routes of webhooks, for admins."""

from api import hook_schemas
from api.desk import Desk
from api.etags import is_had, quoted
from api.policy import Act
from api.route import Answered, Asked, Header, Route
from helpdesk.hooks import Hook

IF_NONE_MATCH = Header(
    name="If-None-Match", always=False,
    about="tags of the versions one has, or *: if the webhook is still one of them, 304",
)  # fmt: skip
IF_MATCH = Header(
    name="If-Match", always=False,
    about="tags of the versions one has seen, or *: if the webhook is none of them, 412",
)  # fmt: skip
ETAG = Header(name="ETag", about="the version of the webhook", on=(200, 201, 304))
LOCATION = Header(name="Location", about="where the webhook is", on=(201,))


def list_hooks(desk: Desk, _asked: Asked) -> Answered:
    """List every webhook."""
    items = [hook_schemas.hook_view(each) for each in desk.hooks.list_hooks()]
    return Answered(status=200, body={"items": items})


def add_hook(desk: Desk, asked: Asked) -> Answered:
    """Add a webhook."""
    body: hook_schemas.NewHook = asked.body
    hook = desk.hooks.add(asked.principal, body.wanted())
    location = {"Location": f"/api/hooks/{hook.id}"}
    return Answered(status=201, body=_with_secret(desk, hook), headers=_tagged(hook) | location)


def read_hook(desk: Desk, asked: Asked) -> Answered:
    """Read a webhook."""
    hook = desk.hooks.read(asked.path["hook_id"])
    headers = _tagged(hook)
    if is_had(asked.headers.get(IF_NONE_MATCH.name, ""), headers["ETag"]):
        return Answered(status=304, headers=headers)
    return Answered(status=200, body=hook_schemas.hook_view(hook), headers=headers)


def change_hook(desk: Desk, asked: Asked) -> Answered:
    """Change a webhook."""
    body: hook_schemas.ChangeHook = asked.body
    hook = desk.hooks.change(
        asked.path["hook_id"], body.changes(), meant=asked.headers.get(IF_MATCH.name)
    )
    return Answered(status=200, body=hook_schemas.hook_view(hook), headers=_tagged(hook))


def remove_hook(desk: Desk, asked: Asked) -> Answered:
    """Remove a webhook."""
    desk.hooks.remove(asked.path["hook_id"])
    return Answered(status=204)


def rotate_hook_secret(desk: Desk, asked: Asked) -> Answered:
    """Give a webhook another secret."""
    hook = desk.hooks.rotate(asked.path["hook_id"], meant=asked.headers.get(IF_MATCH.name))
    return Answered(status=200, body=_with_secret(desk, hook), headers=_tagged(hook))


def ping_hook(desk: Desk, asked: Asked) -> Answered:
    """Send a webhook what says that it is a test."""
    delivery = desk.hooks.ping(asked.path["hook_id"])
    return Answered(status=202, body=hook_schemas.delivery_line(delivery))


def list_deliveries(desk: Desk, asked: Asked) -> Answered:
    """List what was sent to a webhook, newest first."""
    query: hook_schemas.ListDeliveries = asked.query
    page = desk.hooks.list_deliveries(
        asked.principal, asked.path["hook_id"], state=query.state, limit=query.limit,
        cursor=query.cursor,
    )  # fmt: skip
    items = [hook_schemas.delivery_line(each) for each in page.deliveries]
    return Answered(status=200, body={"items": items, "next_cursor": page.next_cursor})


def read_delivery(desk: Desk, asked: Asked) -> Answered:
    """Read a delivery with what is sent."""
    delivery = desk.hooks.read_delivery(asked.path["hook_id"], asked.path["delivery_id"])
    return Answered(status=200, body=hook_schemas.delivery_view(delivery))


def replay_delivery(desk: Desk, asked: Asked) -> Answered:
    """Send a delivery again."""
    delivery = desk.hooks.replay(asked.path["hook_id"], asked.path["delivery_id"])
    return Answered(status=202, body=hook_schemas.delivery_line(delivery))


def _with_secret(desk: Desk, hook: Hook) -> dict[str, object]:
    return {**hook_schemas.hook_view(hook), "secret": desk.hooks.secret(hook)}


def _tagged(hook: Hook) -> dict[str, str]:
    return {"ETag": quoted(str(hook.version))}


HOOK = "/api/hooks/{hook_id}"
DELIVERY = f"{HOOK}/deliveries/{{delivery_id}}"
HOOK_ROUTES = (
    Route(
        method="GET", path="/api/hooks", act=Act.MANAGE_HOOKS, handler=list_hooks,
        summary="List every webhook", status=200, answer=hook_schemas.HookList,
    ),
    Route(
        method="POST", path="/api/hooks", act=Act.MANAGE_HOOKS, handler=add_hook,
        summary="Have events sent to an address; the answer alone shows the secret",
        body=hook_schemas.NewHook, status=201, answer=hook_schemas.HookSecret, also=(409,),
        tells=(ETAG, LOCATION),
    ),
    Route(
        method="GET", path=HOOK, act=Act.MANAGE_HOOKS, handler=read_hook,
        summary="Read a webhook", status=200, answer=hook_schemas.HookView, also=(304, 404),
        reads=(IF_NONE_MATCH,), tells=(ETAG,),
    ),
    Route(
        method="PATCH", path=HOOK, act=Act.MANAGE_HOOKS, handler=change_hook,
        summary="Change a webhook, disable it or enable it again", body=hook_schemas.ChangeHook,
        status=200, answer=hook_schemas.HookView, also=(404, 409, 412), reads=(IF_MATCH,),
        tells=(ETAG,),
    ),
    Route(
        method="DELETE", path=HOOK, act=Act.MANAGE_HOOKS, handler=remove_hook,
        summary="Remove a webhook; nothing more is sent to it", status=204, answer=None,
        also=(404, 409),
    ),
    Route(
        method="POST", path=f"{HOOK}/rotate-secret", act=Act.MANAGE_HOOKS,
        handler=rotate_hook_secret,
        summary="Give a webhook another secret; the one before signs beside it for a day",
        status=200, answer=hook_schemas.HookSecret, also=(404, 409, 412), reads=(IF_MATCH,),
        tells=(ETAG,),
    ),
    Route(
        method="POST", path=f"{HOOK}/test", act=Act.MANAGE_HOOKS, handler=ping_hook,
        summary="Send a webhook a message of type `ping`, whatever events it wants", status=202,
        answer=hook_schemas.DeliveryLine, also=(404, 409),
    ),
    Route(
        method="GET", path=f"{HOOK}/deliveries", act=Act.MANAGE_HOOKS, handler=list_deliveries,
        summary="List what was sent to a webhook in the last 30 days, newest first",
        query=hook_schemas.ListDeliveries, status=200, answer=hook_schemas.DeliveryPage,
        also=(404,),
    ),
    Route(
        method="GET", path=DELIVERY, act=Act.MANAGE_HOOKS, handler=read_delivery,
        summary="Read a delivery with what is sent", status=200, answer=hook_schemas.DeliveryView,
        also=(404,),
    ),
    Route(
        method="POST", path=f"{DELIVERY}/replay", act=Act.MANAGE_HOOKS, handler=replay_delivery,
        summary="Send a delivery again, whether it arrived or not", status=202,
        answer=hook_schemas.DeliveryLine, also=(404, 409),
    ),
)  # fmt: skip
