"""What the vendors' servers share: faults in order, many clients, and an end that is one."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from emulated.server import Answer, Ending, Fault, WireServer, as_json


class Echo(WireServer):
    def answer(self, request):
        if request.path == "/bug":
            raise ZeroDivisionError
        return as_json(200, {"got": request.body}, X_Method=request.method)


@pytest.fixture
def server():
    with Echo() as running:
        yield running


def opened(server):
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)


def asked(connection, path="/", body='{"a": 1}', method="POST"):
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def test_requests_are_kept_as_they_came(server):
    connection = opened(server)

    status, body, headers = asked(connection, "/x?y")
    asked(connection, "/z", "no json", "PUT")
    connection.close()

    first, second = server.requests
    assert (status, json.loads(body), headers["X-Method"]) == (200, {"got": {"a": 1}}, "POST")
    assert (first.method, first.path, first.body) == ("POST", "/x?y", {"a": 1})
    assert first.headers["content-length"] == "8"
    assert (second.method, second.raw, second.body) == ("PUT", b"no json", None)


def test_faults_come_in_the_order_they_were_planned_and_then_no_more(server):
    server.plan(Fault(instead=lambda _: Answer(status=429, headers={"Retry-After": "7"})))
    server.plan(Fault(instead=lambda _: Answer(body=b"raw")), Fault(delay_s=0.05))
    connection = opened(server)

    answers = [asked(connection) for _ in range(4)]
    connection.close()

    assert [status for status, _, _ in answers] == [429, 200, 200, 200]
    assert answers[0][2]["Retry-After"] == "7"
    assert answers[1][1] == b"raw"
    assert json.loads(answers[2][1]) == json.loads(answers[3][1]) == {"got": {"a": 1}}


@pytest.mark.parametrize(
    ("ending", "error"),
    [(Ending.CLOSED, http.client.RemoteDisconnected), (Ending.RESET, ConnectionResetError)],
)
def test_a_connection_may_end_without_an_answer(server, ending, error):
    server.plan(Fault(ending=ending))
    connection = opened(server)

    with pytest.raises(error):
        asked(connection)
    connection.close()

    assert len(server.requests) == 1
    assert asked(connection)[0] == 200  # on a new one
    connection.close()


def test_a_crowd_is_served_and_each_fault_strikes_once(server):
    server.plan(*[Fault(instead=lambda _: Answer(status=503))] * 40)

    def one(_):
        connection = opened(server)
        try:
            return asked(connection)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as crowd:
        statuses = list(crowd.map(one, range(100)))

    assert statuses.count(503) == 40
    assert statuses.count(200) == 60


def test_whoever_waits_when_it_stops_gets_no_answer():
    server = Echo()
    server.start()
    server.plan(Fault(delay_s=600))
    connection = opened(server)
    connection.request("POST", "/", "{}")
    while not server.requests:
        time.sleep(0.01)

    server.stop()

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()


def test_a_stopped_server_is_gone_for_those_it_served_too(server):
    connection = opened(server)
    asked(connection)
    sock = connection.sock

    server.stop()

    assert sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        asked(opened(server))


def test_a_server_that_was_never_started_can_be_stopped():
    server = Echo()

    server.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))


def test_a_mistake_of_the_server_itself_is_said(server, capfd):
    connection = opened(server)

    with pytest.raises(http.client.RemoteDisconnected):
        asked(connection, "/bug")
    connection.close()

    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_client_that_does_not_wait_is_not_a_mistake(server, capfd):
    server.plan(Fault(instead=lambda _: Answer(body=b"x" * 10_000_000)))
    connection = opened(server)
    connection.request("POST", "/", "{}")
    while not server.requests:
        time.sleep(0.01)
    connection.close()

    server.stop()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)

    assert capfd.readouterr().err == ""
