"""The OpenAPI document: whole, valid, and true to what the routes really answer."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.edge import STRICTEST
from api.openapi import document
from api.policy import Act, is_public
from api.routes import ROUTES
from helpdesk.user import Role
from tests.unit.api.desk import PASSWORD
from tests.unit.api.test_app import one_of_each, route

# What every answer on the web may carry, and our constant headers of protection.
UNTOLD = {"Content-Type", "Content-Length", "Allow", *STRICTEST.headers}
KINDS = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
DOCUMENT = json.loads(document(ROUTES))
OPERATIONS = {
    (method.upper(), path): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}


def found(reference):
    """Return what a reference inside the document points at."""
    place = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def every(value, key):
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else [])
        for inner in value.values():
            yield from every(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from every(inner, key)


def fits(schema, value):
    """Check a value against the part of JSON Schema that the document uses; return the faults."""
    if "$ref" in schema:
        return fits(found(schema["$ref"]), value)
    if "anyOf" in schema:
        tried = [fits(each, value) for each in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{value!r} is not one of {schema['enum']}"]
    kind = schema.get("type")
    if kind and not isinstance(value, KINDS[kind]):
        return [f"{value!r} is no {kind}"]
    faults = []
    if kind == "array":
        faults += [fault for item in value for fault in fits(schema["items"], item)]
    if kind == "object":
        known, extra = schema.get("properties", {}), schema.get("additionalProperties")
        faults += [f"{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            inner = known.get(name, extra)
            if inner is None:
                faults.append(f"{name} is not documented")
            elif isinstance(inner, dict):
                faults += [f"{name}: {fault}" for fault in fits(inner, item)]
    return faults


def documented(method, path, answer):
    """Return the faults of a real answer against what the document says of it."""
    responses = OPERATIONS[method, path]["responses"]
    if str(answer.status_code) not in responses:
        return [f"{method} {path} answered {answer.status_code}, which is not documented"]
    response = responses[str(answer.status_code)]
    faults = headed(response["headers"], answer)
    content = response.get("content")
    if content is None:
        return faults if not answer.data else [*faults, "a body that is not documented"]
    if answer.mimetype not in content:
        return [*faults, f"{answer.mimetype} is not documented"]
    return faults + fits(content[answer.mimetype]["schema"], answer.json)


def headed(told, answer):
    """Return the faults of an answer's headers against those the document tells of."""
    sent = set(answer.headers.keys()) - UNTOLD
    due = {name for name, each in told.items() if each["required"]}
    faults = [f"the header {name} is not documented" for name in sent - set(told)]
    faults += [f"the header {name} is missing" for name in due - sent]
    for name in sent & set(told):
        pattern = told[name]["schema"].get("pattern", "")
        if not re.search(pattern, answer.headers[name]):
            faults.append(f"{name}: {answer.headers[name]} is not {pattern}")
    return faults


def test_the_document_is_served_to_anyone(battered):
    answer = battered.visitor().get("/api/openapi.json")

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.json == json.loads(document(battered.routes))


def test_the_document_is_valid_openapi():
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_what_the_house_on_one_machine_adds_is_valid_too(counter):
    told = counter.visitor().get("/api/openapi.json").json

    assert "/api/mailbox" in told["paths"]
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"parameters": []},
        {"parameters": [{"name": "ticket_id", "in": "nowhere", "schema": {}}]},
        {"operationId": "list_tickets"},
        {"responses": {"200": {}}},
    ],
    ids=json.dumps,
)
def test_a_document_that_is_not_valid_would_be_seen(fault):
    broken = json.loads(json.dumps(DOCUMENT))
    broken["paths"]["/api/tickets/{ticket_id}"]["get"].update(fault)

    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_route_is_in_it_and_nothing_else():
    assert set(OPERATIONS) == {(each.method, each.path) for each in ROUTES}


def test_every_reference_leads_somewhere():
    references = list(every(DOCUMENT, "$ref"))

    assert references
    assert all(found(reference) for reference in references)


def test_every_schema_is_used():
    used = {reference.rpartition("/")[2] for reference in every(DOCUMENT, "$ref")}

    assert used == set(DOCUMENT["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_shape_has_a_name_that_can_be_a_class():
    for name, shape in DOCUMENT["components"]["schemas"].items():
        assert re.fullmatch("([A-Z][a-z]+)+", name)
        assert shape["description"]


def test_what_is_chosen_from_a_list_is_named_once():
    asked = [each["parameters"] for each in OPERATIONS.values()]

    assert list(every(asked, "enum")) == []
    listed = [tuple(each) for each in every(DOCUMENT["components"]["schemas"], "enum")]
    assert len(set(listed)) == len(listed)


def test_no_parameter_is_null():
    for operation in OPERATIONS.values():
        for parameter in operation["parameters"]:
            assert "null" not in json.dumps(parameter["schema"])


def test_a_change_has_no_defaults():
    # Generated clients send them, and would change what nobody asked for.
    for (method, _), operation in OPERATIONS.items():
        if method == "PATCH":
            content = operation["requestBody"]["content"]["application/json"]
            assert list(every(found(content["schema"]["$ref"]), "default")) == []


@pytest.mark.parametrize("name", OPERATIONS, ids=" ".join)
def test_an_operation_is_described_whole(name):
    operation = OPERATIONS[name]
    path = name[1]

    inside = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
    assert inside == set(re.findall(r"{(\w+)}", path))
    assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")
    assert ("requestBody" in operation) is any(
        each.body for each in ROUTES if (each.method, each.path) == name
    )
    assert all(response["description"] for response in operation["responses"].values())
    assert {"500", "503"} <= set(operation["responses"])
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("name", OPERATIONS, ids=" ".join)
def test_an_operation_says_whether_a_name_is_needed(name):
    [row] = [each for each in ROUTES if (each.method, each.path) == name]
    operation = OPERATIONS[name]

    assert operation["security"] == ([] if is_public(row.act) else [{"bearer": []}])
    assert ("401" in operation["responses"]) >= (not is_public(row.act))
    if row.act is Act.MANAGE_USERS:
        assert "403" in operation["responses"]
    assert "bearer" in DOCUMENT["components"]["securitySchemes"]


def test_requests_take_nothing_that_is_not_described():
    for operation in OPERATIONS.values():
        for content in every(operation.get("requestBody", {}), "content"):
            schema = found(content["application/json"]["schema"]["$ref"])
            assert schema["additionalProperties"] is False


def test_the_query_of_the_list_is_described():
    parameters = OPERATIONS["GET", "/api/tickets"]["parameters"]
    limits = {each["name"]: each["schema"] for each in parameters}

    assert set(limits) == {
        "view", "status", "priority", "category", "skill", "assignee", "requester",
        "needs_review", "q", "created_from", "created_until", "sort", "limit", "cursor",
    }  # fmt: skip
    assert (limits["limit"]["minimum"], limits["limit"]["maximum"]) == (1, 100)
    assert "closed" in limits["status"]["pattern"]
    assert "filed" in found(limits["view"]["$ref"])["enum"]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/tickets", "Idempotency-Key"),
        ("GET", "/api/tickets/{ticket_id}", "If-None-Match"),
    ],
)
def test_a_header_that_is_read_is_described(method, path, name):
    [header] = [each for each in OPERATIONS[method, path]["parameters"] if each["in"] == "header"]

    assert header["name"] == name
    assert header["description"] == header["schema"]["description"]
    assert not header["required"]


@pytest.mark.parametrize(
    ("key", "status"),
    [("k", 201), ("A-z_0", 201), ("-_", 201), ("x" * 64, 201), ("x" * 65, 422), ("a b", 422),
     ("", 422), ("\u00e4", 422), ("a.b", 422)],
)  # fmt: skip
def test_the_key_that_is_described_is_the_key_that_is_taken(battered, key, status):
    [header] = [
        each for each in OPERATIONS["POST", "/api/tickets"]["parameters"] if each["in"] == "header"
    ]
    ada = battered.somebody(f"key{abs(hash(key))}")

    answer = ada.file(headers={"Idempotency-Key": key})

    assert answer.status_code == status
    assert bool(re.search(header["schema"]["pattern"], key)) is (status == 201)


def test_both_views_of_a_ticket_are_described():
    for name, status in ((("POST", "/api/tickets"), "201"),
                         (("GET", "/api/tickets/{ticket_id}"), "200")):  # fmt: skip
        content = OPERATIONS[name]["responses"][status]["content"]["application/json"]
        views = [each["$ref"].rpartition("/")[2] for each in content["schema"]["anyOf"]]
        assert views == ["StaffTicketView", "TicketView"]


def test_a_route_for_admins_documents_its_refusal():
    def only_for_admins():
        """Stand in for a handler; it is never called."""

    made = json.loads(document((route(only_for_admins, act=Act.MANAGE_USERS),)))

    assert {"401", "403"} <= set(made["paths"]["/api/x"]["get"]["responses"])


def sessions(counter):
    """Return real answers of the routes for accounts, with their rows."""
    visitor = counter.visitor()
    body = {"email": "x@example.com", "password": PASSWORD}
    signed = visitor.post("/api/auth/signup", body)
    holder = counter.somebody("holder")
    refresh = {"refresh_token": signed.json["refresh_token"]}
    signup, login, refreshing = "/api/auth/signup", "/api/auth/login", "/api/auth/refresh"
    everywhere = "/api/auth/logout-all"
    return [
        ("POST", signup, signed),
        ("POST", signup, visitor.post(signup, body)),
        ("POST", signup, visitor.post(signup, {})),
        ("POST", signup, visitor.post(signup, b"{")),
        ("POST", signup, visitor.post(signup, b" " * 70_000)),
        ("POST", signup, visitor.post(signup, b"", {"Content-Type": "text/plain"})),
        ("POST", login, visitor.post(login, body)),
        ("POST", login, visitor.post(login, {**body, "password": "wrong"})),
        ("POST", login, visitor.post(login, {})),
        ("POST", refreshing, visitor.post(refreshing, refresh)),
        ("POST", refreshing, visitor.post(refreshing, refresh)),
        ("GET", "/api/auth/me", holder.get("/api/auth/me")),
        ("GET", "/api/auth/me", visitor.get("/api/auth/me")),
        ("POST", "/api/auth/logout", holder.post("/api/auth/logout")),
        ("POST", "/api/auth/logout", holder.post("/api/auth/logout")),
        ("POST", everywhere, counter.somebody("roamer").post(everywhere)),
        ("POST", everywhere, visitor.post(everywhere)),
        ("GET", "/healthz", visitor.get("/healthz")),
    ]


def tickets(counter):
    """Return real answers of the routes for tickets, for every kind of reader, with their rows."""
    ada, stranger = counter.somebody("ada"), counter.somebody("eve")
    mod, chief = counter.somebody("mod", Role.MODERATOR), counter.somebody("chief", Role.ADMIN)
    filed, later = ada.file(), ada.file(headers={"Idempotency-Key": "k"})
    one, listed, single = filed.headers["Location"], "/api/tickets", "/api/tickets/{ticket_id}"
    counter.assign(filed.json["id"], mod)
    counter.triage(later.json["id"])
    counter.assign(mod.file().json["id"], mod)
    mod.file()
    tag = ada.get(one).headers["ETag"]
    return [
        ("POST", listed, filed),
        ("POST", listed, later),
        ("POST", listed, ada.file(headers={"Idempotency-Key": "k"})),
        ("POST", listed, ada.file("Else", headers={"Idempotency-Key": "k"})),
        ("POST", listed, ada.file(headers={"Idempotency-Key": "odd key"})),
        ("POST", listed, chief.file()),
        ("POST", listed, counter.visitor().file()),
        ("GET", listed, ada.get(listed)),
        ("GET", listed, mod.get(listed)),
        ("GET", listed, mod.get(f"{listed}?view=filed")),
        ("GET", listed, chief.get(f"{listed}?limit=1")),
        ("GET", listed, chief.get(f"{listed}?limit=0")),
        ("GET", listed, chief.get(f"{listed}?cursor=x")),
        ("GET", single, ada.get(one)),
        ("GET", single, mod.get(one)),
        ("GET", single, chief.get(one)),
        ("GET", single, stranger.get(one)),
        ("GET", single, ada.get(one, {"If-None-Match": tag})),
        ("GET", single, ada.get(f"{listed}/__x__")),
        ("GET", single, counter.visitor().get(one)),
    ]


@pytest.mark.parametrize("asking", [sessions, tickets])
def test_what_is_really_answered_is_what_is_documented(counter, asking):
    faults = [documented(*asked) for asked in asking(counter)]

    assert [each for each in faults if each] == []


def test_a_store_that_is_down_is_documented_too(counter):
    ada = counter.somebody("ada")
    counter.documents.fails = lambda *_: True

    assert documented("GET", "/api/tickets", ada.get("/api/tickets")) == []
    assert documented("POST", "/api/tickets", ada.file()) == []
    assert documented("GET", "/api/auth/me", ada.get("/api/auth/me")) == []


def test_every_kind_of_error_fits_the_documented_problem(counter):
    schema = {"$ref": "#/components/schemas/Problem"}

    for status, answer in one_of_each(counter).items():
        if status >= 400:
            assert fits(schema, answer.json) == []
