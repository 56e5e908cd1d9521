"""The app as a whole: every answer carries what it must, and the log what it may."""

import json
import logging
import re
from dataclasses import replace

import pytest
from pydantic import BaseModel

from api.app import create_app
from api.policy import Act
from api.route import Answered, Route
from api.routes import ROUTES
from helpdesk.errors import ForbiddenError
from helpdesk.user import Role
from tests.unit.api.desk import PASSWORD, PROBLEM, Visitor, is_problem

SECURE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Anything(BaseModel):
    """An answer."""


def route(handler, path="/api/x", act=Act.LOOK_IN, method="GET"):
    return Route(
        method=method, path=path, act=act, handler=handler, summary="x", status=200, answer=Anything
    )


def app_with(counter, *routes):
    return create_app(lambda: counter.desk, routes=routes).test_client()


def broken(_desk, _asked):
    raise ZeroDivisionError("secret of the inside")


def one_of_each(counter):
    """Ask for one answer of each kind."""
    ada = counter.somebody("ada")
    ticket = ada.file().headers["Location"]
    tag = ada.get(ticket).headers["ETag"]
    visitor = counter.visitor()
    return {
        200: ada.get(ticket),
        201: ada.file(),
        204: counter.logged_in(ada.user).post("/api/auth/logout"),
        304: ada.get(ticket, {"If-None-Match": tag}),
        400: ada.post("/api/tickets", b"{"),
        401: visitor.get("/api/auth/me"),
        403: app_with(counter, route(broken, act=Act.MANAGE_USERS)).get(
            "/api/x", headers=ada.headers()
        ),
        404: visitor.get("/api/nothing"),
        405: visitor.client.delete("/api/tickets"),
        409: visitor.post("/api/auth/signup", {"email": ada.user.email, "password": PASSWORD}),
        413: ada.post("/api/tickets", b" " * 70_000),
        415: ada.post("/api/tickets", b"", {"Content-Type": "text/plain"}),
        422: ada.post("/api/tickets", {}),
        500: app_with(counter, route(broken)).get("/api/x"),
    }


def test_every_answer_carries_its_protection_and_its_number(counter):
    for status, answer in one_of_each(counter).items():
        assert answer.status_code == status
        assert SECURE.items() <= dict(answer.headers).items()
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])
        assert "Server" not in answer.headers


def test_every_error_has_exactly_one_shape(counter):
    for status, answer in one_of_each(counter).items():
        if status >= 400:
            assert is_problem(answer, status)
            assert all(set(error) == {"field", "detail"} for error in answer.json["errors"])
            assert answer.json["instance"].startswith("/api/")
            assert answer.json["type"] == "about:blank"


def test_two_requests_have_two_numbers(counter):
    visitor = counter.visitor()

    numbers = {visitor.get("/healthz").headers["X-Request-Id"] for _ in range(20)}

    assert len(numbers) == 20


def test_a_number_that_comes_with_the_request_is_not_taken_over(counter):
    answer = counter.visitor().get("/healthz", {"X-Request-Id": "mine"})

    assert answer.headers["X-Request-Id"] != "mine"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/api", "/api/", "/api/tickets/", "/api//tickets", "//api/tickets",
        "/api/tickets/a/b", "/API/TICKETS", "/api/auth/nobody", "/api/../etc/passwd", "/static/x",
        "/api/tickets;x", "/%2e%2e/%2e%2e/etc/passwd", "/healthz/", "/\u20ac", "/%00",
        "/%ff", "/" + "x" * 5_000,
    ],
)  # fmt: skip
def test_there_is_nothing_at_another_path(battered, path):
    answer = battered.visitor().get(path)

    assert is_problem(answer, 404)
    assert answer.json["detail"] == "there is nothing here"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/api/openapi.json", *sorted({each.path for each in ROUTES})])
def test_another_method_is_refused_and_the_right_ones_are_named(battered, path, method):
    methods = {each.method for each in ROUTES if each.path == path} or {"GET"}
    if method in methods:
        return

    answer = battered.app.test_client().open(path, method=method)

    assert is_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == methods | ({"HEAD"} & _head(methods))


def _head(methods):
    return {"HEAD"} if "GET" in methods else set()


def test_a_head_request_gets_the_headers_alone(battered):
    answer = battered.app.test_client().head("/healthz")

    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("store", ["documents", "auth"])
def test_a_store_that_is_down_is_said_without_a_word_of_the_inside(counter, store):
    ada = counter.somebody("ada")
    ticket = ada.file().headers["Location"]
    getattr(counter, store).fails = lambda *_: True

    answers = [
        ada.get(ticket),
        ada.get("/api/tickets"),
        ada.get("/api/auth/me"),
        ada.file(),
        counter.visitor().post("/api/auth/signup", {"email": "b@x.org", "password": PASSWORD}),
    ]

    for answer in answers:
        assert is_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert "secret" not in answer.get_data(as_text=True)
        assert "disk" not in answer.get_data(as_text=True)


def test_a_store_that_is_down_refuses_nobodys_password(counter):
    ada = counter.somebody("ada")
    counter.auth.fails = lambda *_: True

    answer = counter.visitor().post(
        "/api/auth/login", {"email": ada.user.email, "password": PASSWORD}
    )

    assert is_problem(answer, 503)


def test_the_process_answers_even_when_the_store_is_down(counter):
    counter.documents.fails = counter.auth.fails = lambda *_: True

    assert counter.visitor().get("/healthz").json == {"status": "ok"}


def test_a_fault_is_logged_with_its_stack_and_answered_without(counter, lines):
    answer = app_with(counter, route(broken)).get("/api/x")

    assert is_problem(answer, 500)
    assert "secret" not in answer.get_data(as_text=True)
    [fault] = [line for line in lines() if line["severity"] == "ERROR"]
    assert fault["reason"] == fault["error"] == "ZeroDivisionError"
    assert "secret of the inside" in fault["stack"]
    assert fault["request_id"] == answer.json["request_id"]


def test_a_route_for_admins_refuses_all_others(counter):
    client = app_with(
        counter, route(lambda *_: Answered(status=200, body={}), act=Act.MANAGE_USERS)
    )

    for role, status in ((Role.USER, 403), (Role.MODERATOR, 403), (Role.ADMIN, 200)):
        somebody = counter.somebody(role.value, role)
        assert client.get("/api/x", headers=somebody.headers()).status_code == status
    assert client.get("/api/x").status_code == 401


def test_a_route_that_forbids_says_why(counter):
    def forbidding(_desk, _asked):
        raise ForbiddenError("not on Sundays")

    answer = app_with(counter, route(forbidding)).get("/api/x")

    assert is_problem(answer, 403)
    assert answer.json["detail"] == "not on Sundays"


def test_a_route_for_anyone_knows_no_principal(counter):
    client = app_with(counter, route(lambda _, asked: asked.principal))

    assert is_problem(client.get("/api/x"), 401)


@pytest.mark.parametrize(
    ("given", "challenge"),
    [
        (None, "Bearer"),
        ("", "Bearer"),
        ("Basic YWRhOnBhc3N3b3Jk", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer x", 'Bearer error="invalid_token"'),
        ("bearer a.b.c", 'Bearer error="invalid_token"'),
    ],
)
def test_only_who_sends_a_token_is_told_that_it_is_bad(battered, given, challenge):
    answer = battered.visitor().get("/api/auth/me", given and {"Authorization": given})

    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == challenge


def test_who_cannot_log_in_has_sent_no_bad_access_token(battered):
    login = {"email": "nobody@example.com", "password": PASSWORD}

    refused = [
        battered.visitor().post("/api/auth/login", login),
        battered.visitor().post("/api/auth/refresh", {"refresh_token": "x"}),
    ]

    assert [answer.headers["WWW-Authenticate"] for answer in refused] == ["Bearer", "Bearer"]


def test_an_ended_session_is_a_bad_token(counter):
    ada = counter.somebody("ada")
    ada.post("/api/auth/logout")

    answer = ada.get("/api/auth/me")

    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_the_desk_is_asked_for_when_a_request_first_needs_it(counter):
    built = []

    def desk():
        built.append(1)
        return counter.desk

    client = create_app(desk).test_client()

    assert client.get("/healthz").status_code == 200
    assert built == []
    client.get("/api/auth/me")
    assert built == [1]


def test_an_answered_request_is_one_line(counter, lines):
    ada = counter.somebody("ada")
    before = len(lines())

    answer = ada.get("/api/tickets/0000000Z?x=1")

    said = [line for line in lines()[before:] if line["message"] == "answered"]
    assert len(said) == 1
    assert said[0]["request_id"] == answer.headers["X-Request-Id"]
    assert said[0]["route"] == "/api/tickets/<ticket_id>"
    assert (said[0]["method"], said[0]["status"]) == ("GET", answer.status_code)
    assert said[0]["duration_ms"] >= 0


def test_what_was_bound_to_a_request_ends_with_it(counter, lines):
    ada = counter.somebody("ada")
    ada.get("/api/auth/me")

    logging.getLogger("between").warning("between requests")

    assert set(lines()[-1]) == {"severity", "time", "message"}


def test_the_callers_trace_goes_on_in_the_event(counter, lines):
    trace = f"00-{'a' * 32}-{'b' * 16}-01"

    counter.somebody("ada").file(headers={"traceparent": trace})

    with counter.house.queue._database.reading() as connection:
        [(body,)] = connection.execute("SELECT body FROM messages").fetchall()
    assert json.loads(body)["traceparent"] == trace
    assert {line["traceparent"] for line in lines() if line["message"] == "ticket opened"} == {
        trace
    }


@pytest.mark.parametrize("given", ["", "x", "00-" + "A" * 32 + "-" + "b" * 16 + "-01", "a\u00e4"])
def test_a_trace_that_is_none_is_replaced(counter, lines, given):
    counter.visitor().get("/healthz", {"traceparent": given})

    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", lines()[-1]["traceparent"])


def test_no_secret_and_no_text_of_a_ticket_is_ever_logged(counter, lines):
    canary = {
        "password": "canary password phrase",
        "wrong": "canary wrong passphrase",
        "title": "Canarytitle of a ticket",
        "description": "Canarydescription of a ticket",
        "query": "canaryquery",
    }
    visitor = counter.visitor()
    body = {"email": "kestrel@example.com", "password": canary["password"], "name": "Canaryname"}
    signed = visitor.post("/api/auth/signup", body).json
    visitor.post("/api/auth/signup", body)
    visitor.post("/api/auth/signup", {**body, "password": "canary"})
    visitor.post("/api/auth/login", {"email": body["email"], "password": canary["wrong"]})
    session = visitor.post(
        "/api/auth/login", {"email": body["email"], "password": canary["password"]}
    ).json
    holder = Visitor(counter.app.test_client(), session)
    text = {"title": canary["title"], "description": canary["description"]}
    holder.post("/api/tickets", text, {"Idempotency-Key": "canarykey"})
    holder.post("/api/tickets", {**text, "description": "x"}, {"Idempotency-Key": "canarykey"})
    holder.post("/api/tickets", {**text, canary["query"]: 1})
    holder.post("/api/tickets", json.dumps(text).encode()[:-1])
    holder.get(f"/api/tickets?cursor={canary['query']}")
    holder.get(f"/api/tickets?limit={canary['query']}")
    holder.get("/api/tickets")
    holder.get("/api/auth/me")
    holder.get("/api/mailbox")
    visitor.get("/api/auth/me", {"Authorization": f"Bearer {session['access_token']}x"})
    newer = visitor.post("/api/auth/refresh", {"refresh_token": session["refresh_token"]}).json
    counter.documents.fails = lambda name, _: name == "commit"
    holder.post("/api/tickets", text)
    counter.documents.fails = lambda *_: False
    visitor.post("/api/auth/refresh", {"refresh_token": session["refresh_token"]})
    Visitor(counter.app.test_client(), newer).post("/api/auth/logout")

    written = json.dumps(lines())
    tokens = [made[name] for made in (signed, session, newer) for name in made if "token" in name]
    for secret in [*canary.values(), *tokens, "Bearer ", "$2b$", "kestrel@", "Canaryname"]:
        assert secret not in written
    assert written.count('"log-in refused"') == 1
    assert written.count('"logged in"') == 2
    assert '"refresh token used twice"' in written


def test_a_fault_while_a_ticket_is_filed_does_not_put_its_text_into_the_log(counter, lines):
    ada = counter.somebody("ada")

    def breaks(_name, _asked):
        raise ValueError("broken inside")

    counter.documents.fails = breaks

    answer = ada.file("Canarytitle", "Canarydescription")

    assert is_problem(answer, 500)
    assert "Canary" not in json.dumps(lines())
    assert set(answer.json) == PROBLEM


def test_a_route_that_asks_who_it_is_cannot_do_without_the_desk(counter):
    route = replace(counter.routes[0], act=Act.MANAGE_USERS, wired=False)

    with pytest.raises(ValueError, match="nobody to ask"):
        create_app(lambda: counter.desk, routes=(route,))
