"""What every answer carries: its protection, whatever became of the request; and nothing more."""

import re
from dataclasses import replace
from http import HTTPStatus

import pytest

from api.app import create_app
from api.edge import HSTS, SECURITY_HEADERS, STRICTEST, Edge, edge_of, new_request_id, problem_text
from helpdesk.settings import SettingsError
from tests.unit.api.desk import SETTINGS, Visitor
from tests.unit.api.test_app import broken, one_of_each, route

HTTPS = Edge(url="https://desk.example.com")
HTTP = Edge(url="http://127.0.0.1:8080")
TELLS = {"server", "x-powered-by", "x-aspnet-version", "x-runtime", "via"}


def at(counter, edge):
    """Let the desk be where the edge says, with one more route, which breaks."""
    counter.app = create_app(
        lambda: counter.desk, routes=(*counter.routes, route(broken)), edge=edge
    )
    return counter


def answers_of(counter):
    ada, visitor = counter.somebody("grace"), counter.visitor()
    other = [
        visitor.client.options("/api/tickets"),
        visitor.client.open("/healthz", method="TRACE"),
        visitor.client.open("/healthz", method="FOO"),
        visitor.client.head("/healthz"),
        visitor.get("/api/openapi.json"),
        visitor.get("/reset"),
        visitor.get("/api/docs"),
        visitor.get("/api/x"),
        visitor.get("/api/auth/me", {"Authorization": "Bearer a, Bearer b"}),
        ada.get("/api/auth/me"),
        ada.get("/"),
    ]
    return [*one_of_each(counter).values(), *other]


def test_every_answer_of_every_kind_is_protected(counter):
    answers = answers_of(at(counter, HTTPS))

    assert {200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 500} == {
        answer.status_code for answer in answers
    }
    for answer in answers:
        headers = dict(answer.headers)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert not TELLS & {name.lower() for name in headers}
        assert len(answer.headers.getlist("Content-Security-Policy")) == 1


def test_nothing_but_the_page_of_the_house_may_run_anything(counter):
    counter = at(counter, HTTPS)

    policies = {
        answer.headers["Content-Security-Policy"]
        for answer in answers_of(counter)
        if answer.mimetype != "text/html"
    }

    assert policies == {"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"}


def test_over_plain_http_nobody_is_told_to_come_by_https(counter):
    visitor = at(counter, HTTP).visitor()

    for path in ("/healthz", "/api/auth/me", "/api/nothing", "/api/x", "/api/openapi.json"):
        answer = visitor.get(path)
        assert "Strict-Transport-Security" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("url", ["", "https://desk.example.com", "https://x:8443", "unheard of"])
def test_whoever_does_not_surely_speak_plain_http_says_https(url):
    assert Edge(url=url).headers == SECURITY_HEADERS | HSTS


def test_a_handler_may_say_otherwise_of_its_own_answer(counter):
    page = at(counter, HTTPS).visitor().get("/reset")

    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]


def test_the_edge_is_where_the_settings_say():
    settings = replace(SETTINGS, url="https://desk.example.com", origins=("https://a.example",))

    edge = edge_of(lambda: settings)

    assert edge == Edge(url="https://desk.example.com", origins=("https://a.example",))


def test_with_broken_settings_the_edge_is_the_strictest():
    def broken_settings():
        raise SettingsError("HELPDESK_URL: missing")

    edge = edge_of(broken_settings)

    assert edge is STRICTEST
    assert edge.origins == ()
    assert "Strict-Transport-Security" in edge.headers


def test_a_token_in_the_address_is_no_token(counter):
    ada = counter.somebody("ada")
    stranger = Visitor(counter.app.test_client())

    for name in ("access_token", "token", "authorization", "Authorization", "bearer", "jwt"):
        answer = stranger.client.get("/api/auth/me", query_string={name: ada.token})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_text_of_a_problem_is_one_line_of_ascii():
    text = problem_text(
        HTTPStatus.NOT_FOUND, "caf\u00e9\r\n\u2028", path="/\ud800\u202e", request_id="r"
    )

    assert text.isascii()
    assert "\n" not in text
    assert "\r" not in text


def test_every_request_has_a_number_of_its_own():
    numbers = {new_request_id() for _ in range(100)}

    assert len(numbers) == 100
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in numbers)
