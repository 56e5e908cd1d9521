"""Mass assignment: no write takes what it does not name, and what is refused writes nothing."""

import pytest

from api.routes import ROUTES
from tests.builders import FixedClock
from tests.stands import everything
from tests.unit.api.desk import Counter, is_problem
from tests.unit.api.samples import PARTS, SAMPLES, Stage, named_in

FIELDS = {
    "role": "admin",
    "status": "resolved",
    "created_by": "somebody",
    "createdBy": "somebody",
    "assignee": {"id": "somebody"},
    "assignee_id": "somebody",
    "skills": ["SQL"],
    "load": 0,
    "id": "somebody",
    "created_at": "2020-01-01T00:00:00Z",
    "createdAt": "2020-01-01T00:00:00Z",
    "disabled": False,
    "password_hash": "p1:$2b$04$x",
    "epoch": "",
    "__proto__": {"role": "admin"},
    "constructor": {"prototype": {"role": "admin"}},
}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
WRITING = {each.row: each for each in SAMPLES if each.method in WRITES and each.status < 400}
WITH_BODY = {row: each for row, each in WRITING.items() if each.body}
WITHOUT = {row: each for row, each in WRITING.items() if not each.body}
# Fields from above that the own body of a route for admins names: these are theirs to change.
NAMED = {
    ("PATCH", "/api/auth/users/{user_id}"): {"role", "skills", "disabled"},
    ("POST", "/api/auth/update-user"): {"role", "skills", "disabled"},
    ("PUT", "/api/skills"): {"skills"},
    ("POST", "/api/hooks"): set(),
    ("PATCH", "/api/hooks/{hook_id}"): set(),
    ("PUT", "/api/service-levels"): set(),
    ("PATCH", "/api/tickets/{ticket_id}"): {"status", "skills"},
    ("POST", "/api/tickets/{ticket_id}/assign"): {"assignee"},
    ("POST", "/api/tickets/{ticket_id}/comments"): {"status"},
}
# What a requester may ask for is looked at before it is looked up whether all of it is theirs.
REQUESTERS = {
    ("PATCH", "/api/tickets/{ticket_id}"),
    ("POST", "/api/tickets/{ticket_id}/comments"),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    counter = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock())
    yield Stage(counter)
    counter.close()


def kept(stage):
    """Return every document of both stores, and how much waits to be told."""
    house = stage.counter.house
    return everything(house.auth), everything(house.documents), house.queue.waiting()


def sent(stage, one, who, body):
    kind = named_in(one.path)
    thing = stage.thing(kind, "own", who) if kind else ""
    path = stage.filled(one.path, thing)
    before = kept(stage)
    answer = who.client.open(path, method=one.method, json=body, headers=who.headers())
    return answer, before


def described(stage):
    """Return the names in the body of each write that the served document describes."""
    document = stage.counter.visitor().get("/api/openapi.json").json
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method.upper() in WRITES:
                content = operation.get("requestBody", {}).get("content", {})
                schema = content.get("application/json", {}).get("schema", {"$ref": "/"})
                name = schema["$ref"].rpartition("/")[2]
                shape = document["components"]["schemas"].get(name, {})
                found[method.upper(), path] = set(shape.get("properties", {}))
    return found


def test_every_described_write_is_tried(stage):
    names = described(stage)

    assert set(names) == set(WRITING)
    assert {row for row, fields in names.items() if fields} == set(WITH_BODY)
    assert {(each.method, each.path) for each in ROUTES if each.body} == set(WITH_BODY)


@pytest.mark.parametrize("row", WITH_BODY, ids=" ".join)
def test_what_a_body_does_not_name_is_refused_by_name_and_nothing_is_kept(stage, row):
    one, own = WITH_BODY[row], described(stage)[row]
    who, body = stage.player(PARTS["admin"]), WITH_BODY[row].body(stage)
    assert own & set(FIELDS) == NAMED.get(row, set())

    for name in set(FIELDS) - own:
        answer, before = sent(stage, one, who, {**body, name: FIELDS[name]})

        assert is_problem(answer, 422)
        assert [error["field"] for error in answer.json["errors"]] == [name]
        assert kept(stage) == before


@pytest.mark.parametrize("row", WITH_BODY, ids=" ".join)
def test_all_of_them_at_once_are_refused_each_by_name(stage, row):
    one, own = WITH_BODY[row], described(stage)[row]
    who, body = stage.player(PARTS["user"]), WITH_BODY[row].body(stage)

    answer, before = sent(stage, one, who, {**FIELDS, **body})

    if row in NAMED.keys() - REQUESTERS:  # only for staff
        assert is_problem(answer, 403)
    else:
        assert is_problem(answer, 422)
        assert {error["field"] for error in answer.json["errors"]} == set(FIELDS) - own
    assert kept(stage) == before


@pytest.mark.parametrize("row", WITHOUT, ids=" ".join)
def test_a_write_without_a_body_reads_none(stage, row):
    who = stage.player(PARTS["admin"])

    answer, (accounts, _, _) = sent(stage, WITHOUT[row], who, FIELDS)

    now, _, _ = kept(stage)
    ends = {"epoch", "ended", "ended_at"}
    assert answer.status_code == WITHOUT[row].status
    assert len(now) == len(accounts)
    for path, data in accounts.items():
        changed = {name for name, value in now[path].items() if data.get(name) != value}
        assert changed <= ends


@pytest.mark.parametrize("row", WITH_BODY, ids=" ".join)
def test_what_is_named_is_taken(stage, row):
    who = stage.player(PARTS["admin"])

    answer, before = sent(stage, WITH_BODY[row], who, WITH_BODY[row].body(stage))

    assert answer.status_code == WITH_BODY[row].status
    assert kept(stage) != before
