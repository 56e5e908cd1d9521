"""Hostile input to every route there is: refused or taken as text, and never a fault of ours.

Everything here is made from the OpenAPI document, so a new route is covered when it is served.
"""

import json
import re
from itertools import count
from typing import cast

import pytest

from api.openapi import document
from api.routes import ROUTES
from api.service_schemas import levels_view
from helpdesk.levels import shipped
from helpdesk.parked import Kind
from helpdesk.user import Role
from local.mailbox import Mailbox
from local.pages import pages
from tests.unit.api.desk import PASSWORD, is_problem
from tests.unit.api.hooks import URL, repository

NOBODYS = cast(Mailbox, None)  # the routes are described, not asked
WHOLE = (*ROUTES, *pages(NOBODYS))
DOCUMENT = json.loads(document(WHOLE))
OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in sorted(DOCUMENT["paths"].items())
    for method, operation in item.items()
]

LONE = "\\ud800"  # half of a character, as JSON may write it
VALUES = {
    "null": "null",
    "object": '{"$gt": ""}',
    "empty object": "{}",
    "array": '["a", 1, null]',
    "empty array": "[]",
    "array of arrays": "[[[[]]]]",
    "true": "true",
    "false": "false",
    "zero": "0",
    "negative": "-1",
    "fraction": "0.5",
    "whole fraction": "1.0",
    "2**53": str(2**53),
    "2**63": str(2**63),
    "2**64": str(2**64),
    "many digits": "9" * 4_000,
    "1e308": "1e308",
    "1e400": "1e400",
    "empty": '""',
    "blank": '" \\t\\n "',
    "lone surrogate": f'"{LONE}"',
    "lone surrogate within": f'"a{LONE}b@example.com and some more"',
    "lone low surrogate": '"\\udfff and a quite private phrase"',
    "right to left": '"\\u202egpj.exe and more of it"',
    "isolates": '"\\u2066a\\u2069 and more of it"',
    "zero width": '"zero\\u200bwidth\\ufeff and more of it"',
    "zero width alone": '"\\u200b"',
    "nul": '"nul\\u0000 and quite some more"',
    "line ends": '"a\\r\\nBcc: x@example.com\\u0085\\u2028"',
    "emoji": '"' + "\\ud83d\\ude00" * 50 + '"',
    "combining": '"e' + "\\u0301" * 100 + '"',
    "two forms": '"A\\u030angstrom \\u212b and more"',
    "20,001 characters": '"' + "x" * 20_001 + '"',
    "20,001 characters of four bytes": '"' + "\U0001f600" * 15_000 + '"',
    "array of long texts": json.dumps(["y" * 1_000] * 50),
    "array of many": json.dumps(["s"] * 20_001),
    "array with a lone surrogate": f'["{LONE}"]',
    "array with zero width": '["\\u200b", "\\u202e"]',
    "a time": '"2026-01-31T09:30:00Z"',
    "a time that never was": '"2026-02-30T25:61:61Z"',
    "a time before all time": '"0001-01-01T00:00:00+14:00"',
    "a time after all time": '"9999-12-31T23:59:59-12:00"',
    "html": '"<script>alert(1)</script>"',
    "sql": '"\' OR 1=1; DROP TABLE documents --"',
    "template": '"{{7*7}} ${jndi:ldap://x} %s %n %(x)s"',
    "path": '"../../etc/passwd"',
    "prototype": '"__proto__"',
}
TEXTS = [
    "", " ", "%", "%zz", "%00", "%ff%fe", "%ed%a0%80", "%e2%80%ae", "%e2%80%8b", "..", "%2e%2e",
    "%252e", "a%0d%0aX: y", "null", "-1", "0", "1e308", "1e400", "NaN", "9" * 4_000, "x" * 20_001,
    "'", "%27%20OR%201=1", "$where", "[]", "%5B%24gt%5D", "%7B%7D", "__proto__", "latest",
    "%F0%9F%98%80",
]  # fmt: skip
# What a field takes that is to be right while another one is wrong.
RIGHT = {
    "email": "grace@example.com",
    "password": "another private phrase",
    "current_password": PASSWORD,
    "new_password": "another private phrase",
    "skills": ["Printing"],
    "role": "moderator",
    "url": URL,
    **levels_view(shipped()),
}
_number = count()


def found(schema):
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def right_value(name, schema):
    """Return something that a field may well take."""
    schema = found(schema)
    if name in RIGHT:
        return RIGHT[name]
    for choice in schema.get("anyOf", []):
        return right_value(name, choice)
    if "enum" in schema:
        return schema["enum"][0]
    if "date-time" in schema.get("format", ""):
        return "2026-01-31T09:30:00Z"
    kinds = {
        "string": "x" * max(3, schema.get("minLength", 0)),
        "integer": schema.get("minimum", 1),
        "boolean": True,
        "array": [],
        "object": {},
    }
    return kinds[schema["type"]]


def model_of(operation):
    """Return the schema of an operation's body; one that is taken as it comes has no fields."""
    content = operation.get("requestBody", {}).get("content", {})
    return found(content.get("application/json", {}).get("schema", {}))


BODIES = [
    (method, path, model_of(operation))
    for method, path, operation in OPERATIONS
    if "properties" in model_of(operation)
]
FIELDS = [
    pytest.param(method, path, model, field, id=f"{method} {path} {field}")
    for method, path, model in BODIES
    for field in model["properties"]
]


def parameters(place):
    return [
        pytest.param(method, path, parameter["name"], id=f"{method} {path} {parameter['name']}")
        for method, path, operation in OPERATIONS
        for parameter in operation["parameters"]
        if parameter["in"] == place
    ]


class Hostile:
    """An admin, who may reach every handler; and another one when this one is used up."""

    def __init__(self, desk):
        self._desk = desk
        self._asker = self.somebody()
        self.target = desk.somebody("grace")
        self.ticket = self.target.file().json["id"]
        self.hook = a_hook(desk).id

    def ask(self, method, path, raw=b"", headers=None):
        answer = self._asked(method, path, raw, headers)
        ended = "invalid_token" in answer.headers.get("WWW-Authenticate", "")
        if ended or answer.status_code == 429:
            self._asker = self.somebody()
            answer = self._asked(method, path, raw, headers)
        return answer

    def _asked(self, method, path, raw, headers):
        given = self._asker.headers({"Content-Type": "application/json", **(headers or {})})
        return self._asker.client.open(path, method=method, data=raw, headers=given)

    def somebody(self):
        return self._desk.somebody(f"hostile{next(_number)}", Role.ADMIN)

    def filled(self, path, **parts):
        """Return the path of something that is there, where we know a thing of its kind."""
        known = {
            "user_id": self.target.user.id, "ticket_id": self.ticket, "hook_id": self.hook, **parts
        }  # fmt: skip
        return re.sub(r"{(\w+)}", lambda part: known.get(part[1], "nobody"), path)


def a_hook(desk):
    """Keep a webhook, whatever was kept before."""
    hooks = repository(desk)
    for each in hooks.list():
        hooks.remove(each.id)
    return hooks.add(url=URL, created_by="chief")


@pytest.fixture(scope="module")
def hostile(battered):
    return Hostile(battered)


def is_no_fault(answer):
    """Say whether an answer is a good one, or an error of the caller's in our shape."""
    status = answer.status_code
    return status < 400 or (status < 500 and is_problem(answer, status))


def body_with(model, field, value):
    others = {
        name: right_value(name, schema)
        for name, schema in model["properties"].items()
        if name != field and name in model.get("required", [])
    }
    parts = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in others.items()]
    return ("{" + ", ".join([*parts, f"{json.dumps(field)}: {value}"]) + "}").encode()


def test_the_document_has_something_to_be_hostile_to():
    assert len(FIELDS) >= 20
    assert {"POST /api/tickets", "PATCH /api/auth/me", "POST /api/auth/password/reset"} <= {
        f"{method} {path}" for method, path, _ in BODIES
    }
    assert len(parameters("query")) >= 8
    assert len(parameters("path")) >= 4


@pytest.mark.parametrize(("method", "path", "model", "field"), FIELDS)
def test_no_value_of_any_field_is_a_fault_of_ours(hostile, method, path, model, field):
    answers = {
        name: hostile.ask(method, hostile.filled(path), body_with(model, field, value))
        for name, value in VALUES.items()
    }

    assert [name for name, answer in answers.items() if not is_no_fault(answer)] == []
    for name in ("1e400", "lone surrogate", "lone surrogate within", "lone low surrogate"):
        assert answers[name].status_code in {400, 422}, name


@pytest.mark.parametrize(("method", "path", "model"), BODIES)
@pytest.mark.parametrize("extra", ["__proto__", "constructor", "id", "", "\u202e", "x" * 20_001])
def test_a_field_that_nobody_knows_is_refused(hostile, method, path, model, extra):
    raw = body_with(model, extra, "1")

    answer = hostile.ask(method, hostile.filled(path), raw)

    assert is_problem(answer, 422)
    assert len(answer.data) < 2_000


@pytest.mark.parametrize(("method", "path", "model"), BODIES)
@pytest.mark.parametrize("key", ["\\ud800", "a\\udfffb"])
def test_a_field_whose_name_is_no_text_is_refused(hostile, method, path, model, key):
    raw = body_with(model, "x", "1").replace(b'"x"', f'"{key}"'.encode())

    answer = hostile.ask(method, hostile.filled(path), raw)

    assert answer.status_code in {400, 422}
    assert is_problem(answer, answer.status_code)


@pytest.mark.parametrize(("method", "path", "model"), BODIES)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_a_body_that_is_not_said_to_be_json_is_not_read(hostile, method, path, model, kind):
    raw = body_with(model, "x", "1")

    answer = hostile.ask(method, hostile.filled(path), raw, {"Content-Type": kind})

    assert is_problem(answer, 415)


@pytest.mark.parametrize(("method", "path", "model"), BODIES)
@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b"NaN", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'{"a": "\xff"}',
        b"[" * 30_000, b'{"a": ' * 21 + b"1" + b"}" * 21, b"\xef\xbb\xbf{}", b"{}{}",
        b"{}" * 50_000,
    ],
    ids=lambda raw: str(raw[:20]),
)  # fmt: skip
def test_no_body_at_all_is_a_fault_of_ours(hostile, method, path, model, raw):
    answer = hostile.ask(method, hostile.filled(path), raw)

    assert answer.status_code in {400, 413, 422}
    assert is_problem(answer, answer.status_code)


@pytest.mark.parametrize(("method", "path", "name"), parameters("path"))
def test_no_part_of_a_path_is_a_fault_of_ours(hostile, method, path, name):
    answers = {
        text: hostile.ask(method, hostile.filled(path, **{name: text}), b"{}") for text in TEXTS
    }

    assert [text for text, answer in answers.items() if not is_no_fault(answer)] == []


@pytest.mark.parametrize(("method", "path", "name"), parameters("query"))
def test_no_value_of_a_query_is_a_fault_of_ours(hostile, method, path, name):
    answers = {text: hostile.ask(method, f"{hostile.filled(path)}?{name}={text}") for text in TEXTS}

    assert [text for text, answer in answers.items() if not is_no_fault(answer)] == []
    assert answers["x" * 20_001].status_code == 422
    assert name in FREE or answers["$where"].status_code == 422


# Fields of a query that take any short text.
FREE = {"q", "skill", "ticket_id"}
LISTS = sorted({each.values[:2] for each in parameters("query")})


@pytest.mark.parametrize(("method", "path"), LISTS)
@pytest.mark.parametrize(
    "query",
    [
        "x=1", "sort=title", "order=desc", "filter=1", "offset=5", "page=2", "limit%5B%24gt%5D=1",
        "limit[gt]=1", "limit.gte=1", "limit__gt=1", "status%5B%5D=new", "requester_id=1", "=1",
        "1", "limit=1&limit=2", "limit=1&limit=1", "Limit=1", "limit =1",
    ],
)  # fmt: skip
def test_a_query_that_nobody_knows_is_refused(hostile, method, path, query):
    answer = hostile.ask(method, f"{path}?{query}")

    assert is_problem(answer, 422)


@pytest.mark.parametrize(("method", "path", "name"), parameters("header"))
@pytest.mark.parametrize(
    "text", ["", " ", "x" * 20_001, "\u00e4\u00f6", '"', "*", "W/", ",,,", "../..", "\x7f"]
)
def test_no_header_is_a_fault_of_ours(hostile, method, path, name, text):
    [model] = [model for *which, model in BODIES if which == [method, path]] or [{}]

    raw = body_with(model, "x", "1").replace(b', "x": 1', b"") if model else b""
    answer = hostile.ask(method, hostile.filled(path), raw, {name: text})

    assert is_no_fault(answer)


PAGED = [path for method, path, name in (each.values for each in parameters("query"))
         if name == "cursor"]  # fmt: skip


@pytest.fixture
def listed(battered):
    """Return somebody to whom every list has a second page, and another one like them."""
    one, other = (battered.somebody(f"lister{next(_number)}", Role.ADMIN) for _ in range(2))
    first, _ = (one.file().json["id"] for _ in range(2))
    for text in ("One", "Two"):
        assert one.post(f"/api/tickets/{first}/comments", {"text": text}).status_code == 201
    for name in ("e1", "e2"):
        battered.house.parked.park(
            "{", event_id=name, step="triage", kind=Kind.PERMANENT, reason="no"
        )
    hook_id = a_hook(battered).id
    for _ in range(2):
        battered.desk.hooks.ping(hook_id)
    return one, other, {"ticket_id": first, "hook_id": hook_id}


@pytest.mark.parametrize("path", PAGED)
def test_a_cursor_opens_its_own_page_to_its_owner_alone(listed, path):
    one, other, known = listed
    path = re.sub(r"{(\w+)}", lambda part: known[part[1]], path)
    cursor = one.get(f"{path}?limit=1").json["next_cursor"]
    elsewhere = next(each for each in PAGED if "{" not in each and each != path)

    tampered = {
        f"{cursor[:place]}{'A' if cursor[place] != 'A' else 'B'}{cursor[place + 1 :]}"
        for place in range(len(cursor))
    }
    answers = [one.get(f"{path}?limit=1&cursor={each}") for each in tampered]
    answers += [
        one.get(f"{path}?limit=1&cursor={each}") for each in (cursor[:-1], cursor + "A", cursor * 2)
    ]
    answers += [other.get(f"{path}?limit=1&cursor={cursor}")]
    answers += [one.get(f"{elsewhere}?limit=1&cursor={cursor}")]

    assert one.get(f"{path}?limit=1&cursor={cursor}").status_code == 200
    for answer in answers:
        assert is_problem(answer, 422)
