"""The web server: it answers on its socket, refuses what is too much, and stops when told."""

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from flask import Flask, Response, request

from api.passwords import CROWD
from local.__main__ import THREADS
from local.people import PASSWORD, seed
from local.server import Server


@pytest.fixture
def app():
    built = Flask("small")

    @built.post("/echo")
    def echo():
        return Response(request.get_data())

    @built.get("/who")
    def who():
        return Response(str(request.headers.get("X-Forwarded-For")) + str(request.remote_addr))

    return built


@pytest.fixture
def entered(app):
    """The paths of the requests that have reached the app, in their order."""
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


def test_more_than_a_megabyte_is_not_even_read(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n")

        assert caller.recv(100).startswith(b"HTTP/1.1 413 ")


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
