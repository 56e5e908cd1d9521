"""The api function as a process of its own, under the functions framework and its real server."""

import json
import socket
import sys
from http.client import HTTPResponse
from pathlib import Path

import pytest

from emulated.archives import lay_out
from emulated.process import Function
from tests.functions.conftest import keys, secret
from tests.unit.api.desk import PROBLEM

PAGE = "https://console.example.com"
HEAD = b"Host: x\r\nConnection: close\r\n"
JSON_BODY = HEAD + b"Content-Type: application/json\r\n"
LOG_IN = b"POST /api/auth/login HTTP/1.1\r\n" + JSON_BODY
ME = b"GET /api/auth/me HTTP/1.1\r\n" + HEAD
LARGE = 4 * 1024 * 1024
PROTECTED = {
    "X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "Cache-Control",
    "Cross-Origin-Resource-Policy", "Strict-Transport-Security",
}  # fmt: skip
HIDDEN = (b"HELPDESK", b"Traceback", b".py", b"Error:", b"<html", b"gunicorn/", b"canary")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return lay_out("api", tmp_path_factory.mktemp("archives") / "api")


@pytest.fixture(scope="module")
def running(archive, tmp_path_factory):
    """Return what runs the function with these settings, as it would be deployed."""
    started = []

    def run(**settings):
        log = tmp_path_factory.mktemp("logs") / "api.log"
        function = Function("api", archive=archive, environment=Path(sys.prefix), log=log)
        function.settings = {"HELPDESK_PROJECT": "helpdesk-test", **settings}
        started.append(function)
        function.start()
        function.await_answer("/healthz")
        return function

    yield run
    for function in started:
        function.stop()


@pytest.fixture(scope="module")
def api(running):
    """Return the function as it is while its settings are still missing."""
    return running()


@pytest.fixture(scope="module")
def wired(running):
    """Return the function with all its settings, and a store that nobody ever asks."""
    return running(
        FIRESTORE_EMULATOR_HOST="127.0.0.1:1",
        PUBSUB_EMULATOR_HOST="127.0.0.1:1",
        HELPDESK_HOOK_KEY=secret(),
        HELPDESK_LINK_KEY=secret(),
        HELPDESK_ORIGINS=PAGE,
        HELPDESK_PEPPERS=keys("p1"),
        HELPDESK_SEAL_KEY=secret(),
        HELPDESK_TOKEN_KEYS=keys("k1"),
        HELPDESK_URL="https://desk.example.com",
    )


@pytest.fixture(scope="module")
def unmakeable(running):
    """Return the function with a setting by which not even its app can be made."""
    return running(HELPDESK_SENDGRID_WEBHOOK_KEY="canary")


def raw(function, sent):
    """Send bytes to their end, whatever comes back meanwhile, and return the answer."""
    with socket.create_connection(("127.0.0.1", function.port), timeout=30) as caller:
        caller.sendall(sent)
        answer = HTTPResponse(caller)
        answer.begin()
        return answer.status, dict(answer.getheaders()), answer.read()


def is_refusal(answer, status):
    told, headers, body = answer
    problem = json.loads(body)
    return (
        (told, problem["status"]) == (status, status)
        and headers["Content-Type"] == "application/problem+json"
        and set(problem) == PROBLEM
        and headers["X-Request-Id"] == problem["request_id"]
        and headers.keys() >= PROTECTED
        and headers["Server"] == "gunicorn"
        and not any(hidden in body for hidden in HIDDEN)
    )


def chunked(*chunks):
    parts = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b"")]
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


REFUSED = {
    "robots": (b"GET /robots.txt HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    "favicon": (b"GET /favicon.ico HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    "nothing": (b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    "everything": (b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    "trace": (b"TRACE /healthz HTTP/1.1\r\n" + HEAD + b"\r\n", 405),
    "another method": (b"FOO /healthz HTTP/1.1\r\n" + HEAD + b"\r\n", 405),
    "no settings": (LOG_IN + b"Content-Length: 2\r\n\r\n{}", 500),
    "large and nowhere": (b"POST /nothing HTTP/1.1\r\n" + HEAD
                          + b"Content-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE, 404),
    "large, chunked and nowhere": (b"POST /nothing HTTP/1.1\r\n" + HEAD
                                   + chunked(*[b"x" * 65536] * 64), 404),
    "no chunks and nowhere": (b"POST /nothing HTTP/1.1\r\n" + HEAD
                              + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 404),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_our_app_answers_whatever_there_is_to_refuse(api, sent, status):
    answer = raw(api, sent)

    assert is_refusal(answer, status)
    assert answer[1].get("Allow") == ("GET, HEAD" if status == 405 else None)


WIRED = {
    "64 KB and a byte": (LOG_IN + b"Content-Length: 65537\r\n\r\n" + b" " * 65537, 413),
    "megabytes": (LOG_IN + b"Content-Length: %d\r\n\r\n" % LARGE + b" " * LARGE, 413),
    "64 KB and a byte, chunked": (LOG_IN + chunked(b" " * 65536, b" "), 413),
    "megabytes, chunked": (LOG_IN + chunked(*[b" " * 65536] * 64), 413),
    "64 KB, chunked": (LOG_IN + chunked(b" " * 65535, b"{"), 400),
    "no chunks": (LOG_IN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    "no JSON": (LOG_IN + b"Content-Length: 1\r\n\r\n{", 400),
    "another type": (LOG_IN.replace(b"/json", b"/xml") + b"Content-Length: 2\r\n\r\n{}", 415),
    "nothing of what is asked for": (LOG_IN + b"Content-Length: 2\r\n\r\n{}", 422),
    "two names": (ME + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400),
    "two names in one": (ME + b"Authorization: Bearer a, Bearer b\r\n\r\n", 400),
    "no name": (ME + b"\r\n", 401),
    "a bad token": (ME + b"Authorization: Bearer a.b.c\r\n\r\n", 401),
}


@pytest.mark.parametrize(("sent", "status"), WIRED.values(), ids=WIRED)
def test_with_its_settings_it_refuses_the_rest_before_it_asks_the_store(wired, sent, status):
    answer = raw(wired, sent)

    assert is_refusal(answer, status)


def test_a_page_on_the_list_may_call_and_no_other(wired):
    ask = b"OPTIONS /api/tickets HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\n" + HEAD

    listed = raw(wired, ask + b"Origin: " + PAGE.encode() + b"\r\n\r\n")
    other = raw(wired, ask + b"Origin: https://evil.example\r\n\r\n")

    assert (listed[0], listed[1]["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert is_refusal(other, 405)
    assert "Access-Control-Allow-Origin" not in other[1]


def test_when_the_app_cannot_be_made_each_request_is_told_so_and_logged_once(unmakeable):
    before = len(unmakeable.said())

    answers = [
        raw(unmakeable, b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n"),
        raw(unmakeable, b"TRACE / HTTP/1.1\r\n" + HEAD + b"\r\n"),
        raw(unmakeable, LOG_IN + b"Content-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE),
    ]

    assert all(is_refusal(answer, 500) for answer in answers)
    lines = [json.loads(line) for line in unmakeable.said()[before:].splitlines()]
    assert [line["request_id"] for line in lines] == [each[1]["X-Request-Id"] for each in answers]
    assert {line["message"] for line in lines} == {"request failed"}
    assert all("no public key" in line["stack"] for line in lines)
    assert "canary" not in unmakeable.said()
