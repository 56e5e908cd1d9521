"""The web server: it answers on its socket, refuses what is too much, and stops when told."""

import http.client
import json
import logging
import re
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from flask import Flask, Response, request

from api.edge import STRICTEST, Edge
from api.http import BODY_MOST
from api.passwords import CROWD
from local.__main__ import THREADS
from local.people import PASSWORD, seed
from local.server import Server
from tests.unit.api.desk import PROBLEM


def small_app():
    built = Flask("small")

    @built.post("/echo")
    def echo():
        return Response(request.get_data())

    @built.get("/who")
    def who():
        return Response(str(request.headers.get("X-Forwarded-For")) + str(request.remote_addr))

    return built


@pytest.fixture
def app():
    return small_app()


@pytest.fixture
def entered(app):
    return noted(app)


def noted(app):
    """Return the paths of the requests that reach an app from now on, in their order."""
    paths = []
    inner = app.wsgi_app

    def noting(environ, start_response):
        paths.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    app.wsgi_app = noting
    return paths


@pytest.fixture
def port(app):
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, listening, threads=2)
    server.start()
    yield listening.getsockname()[1]
    server.stop()


@pytest.fixture(scope="module")
def standing():
    """Return the port of a server that outlives many refusals, and what has reached its app."""
    app, listening = small_app(), socket.create_server(("127.0.0.1", 0))
    server = Server(app, listening, threads=2)
    entered = noted(app)
    server.start()
    yield listening.getsockname()[1], entered
    server.stop()


def asked(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def test_it_answers_and_does_not_say_which_version_it_is(port):
    status, body, headers = asked(port, "POST", "/echo", b"hello")

    assert (status, body) == (200, b"hello")
    assert headers["Server"] == "helpdesk"


def test_a_body_in_chunks_arrives_whole(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/echo", iter([b"hel", b"lo"]), encode_chunked=True)
    answer = connection.getresponse()

    assert (answer.status, answer.read()) == (200, b"hello")
    connection.close()


def test_the_app_is_not_entered_before_the_whole_body_is_there(entered, port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as slow:
        slow.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel")
        asked(port, "GET", "/who")
        assert entered == ["/who"]

        slow.sendall(b"lo")

        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert entered == ["/who", "/echo"]


def raw(port, sent):
    """Send bytes, and return the answer to them: status, headers and body; and that it was all."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(sent)
        answer = http.client.HTTPResponse(caller)
        answer.begin()
        body = answer.read()
        return answer.status, dict(answer.getheaders()), body, caller.recv(1)


def is_refusal(answer, status):
    """Say whether an answer is a problem as the app would tell it, and the last one here."""
    told, headers, body, more = answer
    problem = json.loads(body)
    return (
        (told, problem["status"], more) == (status, status, b"")
        and headers["Content-Type"] == "application/problem+json"
        and set(problem) == PROBLEM
        and re.fullmatch("[0-9a-f]{16}", problem["request_id"]) is not None
        and headers["X-Request-Id"] == problem["request_id"]
        and (headers["Connection"], headers["Server"]) == ("close", "helpdesk")
        and STRICTEST.headers.items() <= headers.items()
    )


LINE = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"
UNREADABLE = {
    "no request at all": (b"hello\r\n\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n", 400),
    "lines that end in another way": (b"GET /who HTTP/1.1\n\n", 400),
    "no name of a header": (b"GET /who HTTP/1.1\r\nhello\r\n\r\n", 400),
    "a method in small letters": (b"get /who HTTP/1.1\r\n\r\n", 400),
    "somebody else's address": (b"GET http://x.example/who HTTP/1.1\r\n\r\n", 400),
    "a way through": (b"CONNECT x.example:443 HTTP/1.1\r\n\r\n", 405),
    "a version to come": (b"GET /who HTTP/3.0\r\n\r\n", 505),
    "a long address": (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n", 414),
    "a long header": (b"GET /who HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 413),
    "many headers": (b"GET /who HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 413),
    "a megabyte and a byte": (LINE + b"Content-Length: 1048577\r\n\r\n", 413),
    "a length that is none": (LINE + b"Content-Length: five\r\n\r\n", 400),
    "a length below zero": (LINE + b"Content-Length: -5\r\n\r\n", 400),
    "a length as Python writes it": (LINE + b"Content-Length: 1_0\r\n\r\n", 400),
    "two lengths": (LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
    "a length and chunks": (
        LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "another encoding": (LINE + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "chunks that are none": (CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk without its end": (CHUNKED + b"5\r\nhello, world\r\n0\r\n\r\n", 400),
    "one chunk of more than a megabyte": (CHUNKED + b"100001\r\n", 413),
    "many chunks of more than a megabyte": (CHUNKED + b"1000\r\n%b\r\n" % (b"x" * 4096) * 257, 413),
    "two names": (LINE + b"Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n", 400),
    "two hosts": (LINE + b"Host: y\r\n\r\n", 400),
    "two types": (LINE + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400),
    "a space before the colon": (LINE + b"Authorization : Bearer a\r\n\r\n", 400),
}


@pytest.mark.parametrize(("sent", "status"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_never_reaches_the_app_is_refused_in_its_shape(standing, sent, status):
    port, entered = standing
    entered.clear()

    answer = raw(port, sent)

    assert is_refusal(answer, status)
    assert ("Allow" in answer[1]) is (status == 405)
    assert entered == []


def test_what_is_refused_is_a_line_in_the_log_and_says_nothing_of_the_server(standing, caplog):
    with caplog.at_level(logging.INFO):
        answer = raw(standing[0], b"hello\r\n\r\n")

    [line] = [each for each in caplog.records if each.message == "answered"]
    assert (line.status, line.request_id) == (400, answer[1]["X-Request-Id"])
    assert line.reason == "Malformed Request-Line"
    assert b"Malformed" not in answer[2]


def test_over_plain_http_nobody_is_told_to_come_by_https(app):
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, listening, threads=1, edge=Edge(url="http://127.0.0.1:8080"))
    server.start()

    _, headers, _, _ = raw(listening.getsockname()[1], b"hello\r\n\r\n")

    server.stop()
    assert "Strict-Transport-Security" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_request_that_never_comes_to_its_end_is_given_up(app, monkeypatch):
    monkeypatch.setattr("local.server.READ_S", 0.2)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, listening, threads=1)
    server.start()

    answer = raw(listening.getsockname()[1], LINE + b"Content-Length: 5\r\n\r\nhel")

    server.stop()
    assert is_refusal(answer, 408)


def test_who_hangs_up_in_the_middle_hears_nothing_and_breaks_nothing(standing, caplog):
    port, _ = standing
    for sent in (b"hello\r\n\r\n", LINE + b"Content-Length: 5\r\n\r\nhel", CHUNKED + b"zz\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
            # Closing with this set resets the connection.
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            caller.sendall(sent)

    assert asked(port, "GET", "/who")[0] == 200
    assert [each for each in caplog.records if each.levelno > logging.INFO] == []


def test_a_header_that_only_looks_like_another_is_not_read(standing):
    headers = {"X_Forwarded_For": "203.0.113.9"}

    assert asked(standing[0], "GET", "/who", headers=headers)[1] == b"None127.0.0.1"


def test_a_header_that_may_be_sent_twice_may_be(standing):
    sent = b"GET /who HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\nAccept: c/d\r\n\r\n"

    with socket.create_connection(("127.0.0.1", standing[0]), timeout=5) as caller:
        caller.sendall(sent)

        assert caller.recv(100).startswith(b"HTTP/1.1 200 ")


def test_what_breaks_in_the_server_is_logged_and_refused_in_the_same_shape(app, port, caplog):
    def broken(_environ, _start_response):
        raise ZeroDivisionError("secret of the inside")

    app.wsgi_app = broken

    answer = raw(port, b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n")

    assert is_refusal(answer, 500)
    assert b"secret" not in answer[2]
    [fault] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "secret of the inside" in fault.reason
    assert fault.exc_info[0] is ZeroDivisionError


def small(size):
    body = json.dumps({"title": "Title", "description": "Text"}).encode()
    return body + b" " * (size - len(body))


def test_the_house_reads_64_kb_and_no_more_in_chunks_as_well(house):
    seed(house)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(house.app(), listening, threads=2)
    server.start()
    port = listening.getsockname()[1]
    login = json.dumps({"email": "viewer@demo.com", "password": PASSWORD})
    json_body = {"Content-Type": "application/json"}
    token = json.loads(asked(port, "POST", "/api/auth/login", login, json_body)[1])["access_token"]
    headers = {**json_body, "Authorization": f"Bearer {token}"}

    def filed(size, *, chunked):
        whole = small(size)
        body = iter([whole[:1000], whole[1000:]]) if chunked else whole
        return asked(port, "POST", "/api/tickets", body, headers)[0]

    statuses = {
        (size, chunked): filed(size, chunked=chunked)
        for size in (BODY_MOST, BODY_MOST + 1, 900_000)
        for chunked in (True, False)
    }
    server.stop()

    assert statuses == {
        (size, chunked): 201 if size == BODY_MOST else 413 for size, chunked in statuses
    }


def test_a_request_under_way_is_finished_before_it_stops(app):
    entered, leave = threading.Event(), threading.Event()

    @app.get("/slow")
    def slow():
        entered.set()
        leave.wait(5)
        return Response("done")

    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, listening, threads=2)
    server.start()
    answers = []
    port = listening.getsockname()[1]
    client = threading.Thread(target=lambda: answers.append(asked(port, "GET", "/slow")))
    client.start()
    assert entered.wait(5)
    threading.Timer(0.1, leave.set).start()

    server.stop()

    client.join(5)
    assert answers[0][:2] == (200, b"done")


def test_a_flood_of_log_ins_leaves_a_thread_for_everybody_else(house):
    seed(house)
    keyed, let_go = house.passwords._keyed, threading.Event()

    def held(*arguments):
        let_go.wait(20)
        return keyed(*arguments)

    house.passwords._keyed = held
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(house.app(), listening, threads=THREADS)
    server.start()
    port, flood = listening.getsockname()[1], 3 * THREADS
    login = json.dumps({"email": "viewer@demo.com", "password": PASSWORD})
    json_body = {"Content-Type": "application/json"}

    with ThreadPoolExecutor(flood) as clients:
        under_way = [
            clients.submit(asked, port, "POST", "/api/auth/login", login, json_body)
            for _ in range(flood)
        ]
        refused = list(islice(as_completed(under_way, timeout=10), flood - CROWD))
        meanwhile = asked(port, "GET", "/healthz")
        let_go.set()
    server.stop()

    assert meanwhile[0] == 200
    assert {each.result()[0] for each in refused} == {503}
    assert {each.result()[2]["Retry-After"] for each in refused} == {"2"}
    assert [each.result()[0] for each in under_way if each not in refused] == [200] * CROWD
