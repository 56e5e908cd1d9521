"""What the OpenAPI document says in words: how it goes, who may, and what an answer means."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from textwrap import indent

from api import limits
from api.changing import CHANGING
from api.comments import COMMENTING
from api.edge import problem_text
from api.handover import RETRIAGING
from api.http import BODY_MOST
from api.limits import Rule
from api.policy import REACH, SIGNED_IN, Act, Standing, granted
from api.tokens import LIFE

REFERENCE = "/api/docs"
LOCAL = "http://127.0.0.1:8080"  # where the house on one machine is

# Each group of operations with what its paths begin with; the longest that fits counts.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Sign-in and account": ("/api/auth",),
    "Users": ("/api/auth/users", "/api/auth/update-user"),
    "Tickets": ("/api/tickets", "/api/skills", "/api/service-levels"),
    "Webhooks": ("/api/hooks",),
    "Operations": ("/api",),
    "Health and pages": ("/", REFERENCE),
}

MEANINGS: Mapping[int, str] = {
    200: "Done",
    201: "Made",
    202: "Taken; the rest is done by itself",
    204: "Done, and there is nothing to say",
    304: "It is still the version that one has",
    400: "It cannot be read, or in more than one way",
    401: "Nobody is logged in, or the log-in is refused",
    403: "The role, or what one is to the ticket, does not allow it",
    404: "There is none, or none that the asker may see",
    409: "Somebody else changed it just now, or what is kept stands against it",
    412: "It is no longer the version that `If-Match` names",
    413: "The body is too large",
    415: "The body is not `application/json`",
    422: "A field is wrong, missing or not asked for; `errors` names it",
    429: "Too often: `Retry-After` says how many seconds to wait",
    500: "A fault on our side; it is in the log under `request_id`",
    503: "Something is down or too busy: try again after `Retry-After` seconds",
}

STANDINGS: Mapping[Standing, str] = {
    Standing.USER: "users",
    Standing.MODERATOR: "moderators",
    Standing.ADMIN: "admins",
    Standing.REQUESTER: "whoever filed the ticket",
    Standing.ASSIGNEE: "whoever it is assigned to",
}


_LOG_IN = f"""\
TOKEN=$(curl -s {LOCAL}/api/auth/login \\
  -H 'Content-Type: application/json' \\
  -d '{{"email": "viewer@demo.com", "password": "demopassword"}}' \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
_PROBLEM = problem_text(
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "the request has invalid fields",
    path="/api/tickets",
    request_id="0123456789abcdef",
    errors=[{"field": "title", "detail": "Field required"}],
)


def group_of(path: str) -> str:
    """Return the group that an operation belongs to."""
    fitting = [
        (len(beginning), group)
        for group, beginnings in GROUPS.items()
        for beginning in beginnings
        if f"{path}/".startswith(f"{beginning.rstrip('/')}/")
    ]
    return max(fitting)[1]


def who_may(act: Act) -> str:
    """Return in words who may do something, as the policy grants it."""
    allowed = granted(act)
    if Standing.ANYBODY in allowed:
        return "anybody, without a log-in"
    if allowed >= SIGNED_IN:
        return "everybody who is logged in"
    named = [_named(each) for each in STANDINGS if each in allowed]
    return " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]])) or "nobody"


def meaning(status: int) -> str:
    """Return what an answer with this status means."""
    return MEANINGS.get(status) or HTTPStatus(status).phrase


def introduction() -> str:
    """Return what whoever calls the API should know first, in CommonMark."""
    text = Path(__file__).with_name("introduction.md").read_text(encoding="utf-8")
    return text.format(
        minutes=LIFE // timedelta(minutes=1),
        body=BODY_MOST // 1024,
        log_in=indent(_LOG_IN, "    "),
        problem=indent(json.dumps(json.loads(_PROBLEM), indent=2), "    "),
        account=_often(limits.LOG_IN_ACCOUNT),
        client=_often([limits.LOG_IN_IP]),
        sign_up=_often([limits.SIGN_UP_IP]),
        forgot=_often(limits.FORGOT_ADDRESS),
        comments=_often([COMMENTING]),
        changes=_often([CHANGING]),
        retriage=_often([RETRIAGING]),
    )


def _named(standing: Standing) -> str:
    roles = [role for role, reach in REACH.items() if standing in reach]
    of_some = "" if len(roles) in {1, len(REACH)} else f" (a {' or an '.join(roles)})"
    return STANDINGS[standing] + of_some


def _often(rules: Iterable[Rule]) -> str:
    return ", ".join(f"{rule.most} in {_span(rule.per)}" for rule in rules)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes} minutes" if minutes <= 60 else f"{minutes // 60} hours"  # noqa: PLR2004
