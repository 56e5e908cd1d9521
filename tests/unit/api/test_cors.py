"""Pages of others: those on the list may call and read, to the letter; all others may not."""

import pytest

from api.app import create_app
from api.cors import READ, SENT
from api.edge import Edge
from api.route import Answered
from api.routes import ROUTES
from tests.unit.api.desk import is_problem
from tests.unit.api.test_app import broken, route

PAGE = "https://console.example.com"
OTHER = "http://localhost:5173"
EDGE = Edge(url="https://desk.example.com", origins=(PAGE, OTHER))

STRANGERS = (
    "null",
    "*",
    "",
    "https://evil.example",
    "https://console.example.com.evil.example",
    "https://console.example.comevil.example",
    "https://evilconsole.example.com",
    "https://evil.example/https://console.example.com",
    "https://console.example.com@evil.example",
    "https://example.com",
    "https://sub.console.example.com",
    "http://console.example.com",
    "HTTPS://CONSOLE.EXAMPLE.COM",
    "https://Console.example.com",
    "https://console.example.com:443",
    "https://console.example.com:8443",
    "https://console.example.com/",
    "https://console.example.com.",
    "https://console-example.com",
    "https://consoleXexample.com",
    "https://console.example.com%00.evil.example",
    "https://console.example.com,https://evil.example",
    f"{PAGE}, {OTHER}",
    f" {PAGE}x",
    "http://localhost",
    "http://localhost:5174",
    "https://desk.example.com",
    "file://",
)


def client_of(counter, edge=EDGE, routes=None):
    return create_app(
        lambda: counter.desk, routes=routes or counter.routes, edge=edge
    ).test_client()


def asking(client, path, *, origin=PAGE, method="POST"):
    """Ask as a browser asks before it lets a page send something out of the ordinary."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.options(path, headers=headers)


def allowed(answer):
    return {
        name: value
        for name, value in answer.headers.items()
        if name.lower().startswith("access-control-")
    }


@pytest.mark.parametrize("origin", [PAGE, OTHER])
def test_a_page_on_the_list_may_read_an_answer(battered, origin):
    answer = client_of(battered).get("/healthz", headers={"Origin": origin})

    assert answer.status_code == 200
    assert allowed(answer) == {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(READ),
    }
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_page_that_is_not_on_the_list_is_told_nothing(battered, origin):
    client = client_of(battered)

    answers = [
        client.get("/healthz", headers={"Origin": origin}),
        client.get("/api/auth/me", headers={"Origin": origin}),
        asking(client, "/api/tickets", origin=origin),
    ]

    assert [answer.status_code for answer in answers] == [200, 401, 405]
    for answer in answers:
        assert allowed(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_two_origins_are_none(battered):
    client = client_of(battered)

    answer = client.get("/healthz", headers=[("Origin", PAGE), ("Origin", PAGE)])

    assert allowed(answer) == {}


def test_errors_can_be_read_by_a_page_on_the_list_and_depend_on_it(counter):
    client = client_of(counter, routes=(*counter.routes, route(broken)))
    origin = {"Origin": PAGE}

    answers = [
        client.get("/api/auth/me", headers=origin),
        client.get("/api/nothing", headers=origin),
        client.delete("/healthz", headers=origin),
        client.post("/api/auth/login", data=b"{", headers=origin),
        client.get("/api/x", headers=origin),
        client.get("/api/openapi.json", headers=origin),
    ]

    assert [answer.status_code for answer in answers] == [401, 404, 405, 415, 500, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Vary"] == "Origin"


def test_an_answer_without_an_origin_still_depends_on_it(battered):
    answer = client_of(battered).get("/healthz")

    assert allowed(answer) == {}
    assert answer.headers["Vary"] == "Origin"


def test_an_answer_that_depends_on_more_says_both(counter):
    def varied(_desk, _asked):
        return Answered(status=200, body={}, headers={"Vary": "Accept"})

    answer = client_of(counter, routes=(route(varied),)).get("/api/x")

    assert answer.headers["Vary"] == "Accept, Origin"


def test_without_a_list_nobody_is_asked_where_they_are_from(battered):
    client = client_of(battered, edge=Edge(url="https://desk.example.com"))

    answers = [client.get("/healthz", headers={"Origin": PAGE}), asking(client, "/api/tickets")]

    assert [answer.status_code for answer in answers] == [200, 405]
    for answer in answers:
        assert allowed(answer) == {}
        assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "methods"),
    [
        ("/api/auth/login", "POST", "POST"),
        ("/api/tickets", "POST", "GET, HEAD, POST"),
        ("/api/tickets", "GET", "GET, HEAD, POST"),
        ("/api/tickets/0000000Z", "PATCH", "GET, HEAD, PATCH"),
        ("/api/tickets/0000000Z/assign", "POST", "POST"),
        ("/api/tickets/0000000Z/comments", "POST", "GET, HEAD, POST"),
        ("/api/auth/me", "PATCH", "GET, HEAD, PATCH"),
        ("/api/openapi.json", "GET", "GET, HEAD"),
    ],
)
def test_a_browser_is_told_beforehand_what_a_page_may_send(battered, path, method, methods):
    answer = asking(client_of(battered), path, method=method)

    assert (answer.status_code, answer.data) == (204, b"")
    assert allowed(answer) == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": ", ".join(SENT),
        "Access-Control-Max-Age": "7200",
        "Access-Control-Expose-Headers": ", ".join(READ),
    }
    assert EDGE.headers.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/tickets", "DELETE", 405),
        ("/api/tickets", "post", 405),
        ("/api/tickets", "", 405),
        ("/api/tickets", "GET, POST", 405),
        ("/api/tickets", "OPTIONS", 405),
        ("/api/nothing", "GET", 404),
        ("/api/tickets/", "GET", 404),
    ],
)
def test_what_is_not_there_is_not_promised_to_anybody(battered, path, method, status):
    answer = asking(client_of(battered), path, method=method)

    assert is_problem(answer, status)
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_a_question_that_no_browser_asks_is_another_method(battered):
    client = client_of(battered)

    answer = client.options("/api/tickets", headers={"Origin": PAGE})

    assert is_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_no_answer_says_any_page_or_with_cookies(counter):
    client = client_of(counter)

    for origin in (PAGE, OTHER, *STRANGERS):
        for answer in (
            client.get("/healthz", headers={"Origin": origin}),
            asking(client, "/api/tickets", origin=origin),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin") in {None, PAGE, OTHER}
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Access-Control-Allow-Private-Network" not in answer.headers


def test_a_page_may_send_every_header_that_a_route_reads(counter):
    signed = {"X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"}

    read = {header.name for each in counter.routes for header in each.reads}

    assert read - signed <= set(SENT)


def test_a_page_may_read_every_header_that_a_route_tells():
    simple = {"Set-Cookie"}  # kept from every script

    told = {header.name for each in ROUTES for header in each.tells}

    assert told - simple <= set(READ)
