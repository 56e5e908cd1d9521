"""One POST to somebody else's server: told how it ended, whatever they do, and never misled."""

import datetime as dt
import socket
import ssl
import struct
import threading
from contextlib import contextmanager

import pytest

from emulated.server import Answer, Ending, Fault
from tests.unit.upkeep.receivers import Receiver
from upkeep.hook_sender import ANSWER_MOST, HookSender, _looked_up

BODY = '{"id":"e1","text":"Grüße"}'
HEADERS = {"webhook-id": "e1"}
QUICK_S = 0.3
NAME = "hook.example.com"


def at_home(_host, _port):
    return ["127.0.0.1"]


def sent(url, **settings):
    sender = HookSender(**{"private": True, "resolve": at_home, **settings})
    return sender.post(url, body=BODY, headers=HEADERS)


@contextmanager
def speaking(talk):
    """Lend the port of a server that does with each connection what `talk` does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        talk(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def saying(answer):
    def talk(connection):
        read_request(connection)
        connection.sendall(answer)

    return talk


def read_request(connection):
    got = b""
    while BODY.encode() not in got:
        got += connection.recv(65536)
    return got


def told(answer, **settings):
    """Return how it ends with a server that says just this and hangs up."""
    with speaking(saying(answer)) as port:
        return sent(f"http://127.0.0.1:{port}/", **settings)


def test_what_is_sent_arrives_whole_with_our_name():
    with Receiver() as receiver:
        attempt = sent(f"{receiver.url}/hook?a=b")

    [request] = receiver.requests
    assert (attempt.status, attempt.reason, attempt.delivered) == (204, "answered 204", True)
    assert (request.method, request.path, request.raw) == ("POST", "/hook?a=b", BODY.encode())
    assert request.headers["host"] == receiver.url.removeprefix("http://")
    assert request.headers["user-agent"] == "Helpdesk-Webhooks/1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "e1"
    assert not {"cookie", "authorization", "referer"} & request.headers.keys()


@pytest.mark.parametrize("status", [200, 201, 299, 300, 400, 404, 410, 429, 500, 503, 599])
def test_only_2xx_is_a_success(status):
    with Receiver(status) as receiver:
        attempt = sent(receiver.url)

    assert (attempt.status, attempt.reason) == (status, f"answered {status}")
    assert attempt.delivered is (status < 300)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    with Receiver() as elsewhere, Receiver() as receiver:
        moved = Answer(status=status, headers={"Location": elsewhere.url})
        receiver.plan(Fault(instead=lambda _request: moved))

        attempt = sent(receiver.url)

    assert (attempt.status, attempt.delivered) == (status, False)
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n", "120"),
        (b"HTTP/1.1 429 \r\nretry-after:7 \r\nX: y\r\n\r\n", "7"),
        (b"HTTP/1.1 503 x\r\nRetry-After: " + b"9" * 99 + b"\r\n\r\n", ""),
        (b"HTTP/1.1 503 x\r\n\r\nRetry-After: 5\r\n", ""),
    ],
)
def test_a_wait_that_is_asked_for_is_told(answer, asked):
    assert told(answer).retry_after == asked


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nnot so much",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore than said",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (10 * ANSWER_MOST),
    ],
)
def test_a_success_is_one_however_it_is_told(answer):
    assert told(answer).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 099 x\r\n\r\n",
        b"HTTP/1.1 2000 x\r\n\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * ANSWER_MOST,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    ],
)
def test_what_is_no_answer_of_http_is_told_as_such(answer):
    attempt = told(answer)

    assert (attempt.status, attempt.reason) == (None, "answered no HTTP")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_who_hangs_up_in_the_middle_has_not_answered(answer):
    attempt = told(answer)

    assert (attempt.status, attempt.reason) == (None, "the connection broke")
    assert not attempt.delivered


def test_a_reset_is_a_broken_connection():
    with Receiver() as receiver:
        receiver.plan(Fault(ending=Ending.RESET))

        assert sent(receiver.url).reason == "the connection broke"


def test_a_server_that_only_listens_is_not_waited_for():
    with speaking(lambda connection: connection.recv(1 << 20) and connection.recv(1)) as port:
        attempt = sent(f"http://127.0.0.1:{port}", deadline_s=QUICK_S)

    assert (attempt.status, attempt.reason) == (None, "timed out")


def drip(first):
    def talk(connection):
        connection.sendall(first)
        stop = threading.Event()
        while not stop.wait(0.01):
            connection.sendall(b"x")

    return talk


def test_a_server_that_drips_its_head_is_not_waited_for():
    with speaking(drip(b"HTTP/1.1 200 OK\r\nX: ")) as port:
        attempt = sent(f"http://127.0.0.1:{port}", deadline_s=QUICK_S)

    assert (attempt.status, attempt.reason) == (None, "timed out")


def test_a_server_that_drips_its_body_has_answered():
    with speaking(drip(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        attempt = sent(f"http://127.0.0.1:{port}", deadline_s=QUICK_S)

    assert attempt.status == 200


def test_a_server_that_reads_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listening:
        port = listening.getsockname()[1]
        sender = HookSender(private=True, deadline_s=QUICK_S)

        attempt = sender.post(f"http://127.0.0.1:{port}", body="x" * 50_000_000, headers={})

    assert attempt.reason == "timed out"


def test_a_port_where_nobody_listens_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert sent(f"http://127.0.0.1:{port}").reason == "could not connect"


def test_the_next_address_is_tried_when_one_does_not_answer():
    with Receiver() as receiver:
        attempt = sent(
            f"http://{NAME}:{receiver.url.rpartition(':')[2]}",
            resolve=lambda _host, _port: ["::1", "127.0.0.1"],
        )

    assert attempt.status == 204


def test_an_address_that_swallows_everything_costs_its_share_of_the_time():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        with socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(full.getsockname())
            port = full.getsockname()[1]

            attempt = sent(f"http://127.0.0.1:{port}", deadline_s=QUICK_S)

    assert attempt.reason == "timed out"


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"], ["2606:2800:220:1::1", "fd00::1"], ["64:ff9b::7f00:1"],
    ],
)  # fmt: skip
def test_a_name_with_any_address_that_is_not_public_is_refused(found):
    attempt = sent(f"https://{NAME}", private=False, resolve=lambda _host, _port: found)

    assert (attempt.status, attempt.reason) == (None, "refused: not a public address")


def test_a_name_is_looked_up_once_and_what_it_means_later_changes_nothing():
    answers = iter([["127.0.0.1"], ["127.0.0.9"]])
    with Receiver() as receiver:
        port = receiver.url.rpartition(":")[2]

        attempt = sent(f"http://{NAME}:{port}/", resolve=lambda _host, _port: next(answers))

    assert attempt.status == 204
    assert next(answers) == ["127.0.0.9"]
    assert receiver.requests[0].headers["host"] == f"{NAME}:{port}"


@pytest.mark.parametrize(
    ("url", "private"),
    [("http://example.com", False), ("https://10.0.0.1", False), ("ftp://example.com", True)],
)
def test_a_url_that_was_kept_under_other_rules_is_not_sent_to(url, private):
    attempt = sent(url, private=private, resolve=pytest.fail)

    assert attempt.reason == "refused: not a URL we send to"


def test_a_name_that_nobody_has_is_told():
    assert sent(f"http://{NAME}", resolve=lambda _host, _port: []).reason == "the name is not known"


def test_names_are_looked_up_by_the_machine():
    with Receiver() as receiver:
        attempt = HookSender(private=True).post(
            receiver.url.replace("127.0.0.1", "localhost"), body=BODY, headers={}
        )

    assert attempt.status == 204


@pytest.mark.parametrize("failure", [OSError("no such name"), UnicodeError("no name at all")])
def test_a_look_up_that_fails_finds_nothing(monkeypatch, failure):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    attempt = HookSender(private=True).post("http://nobody.example.com", body=BODY, headers={})

    assert attempt.reason == "the name is not known"


def test_a_look_up_that_never_ends_is_not_waited_for(monkeypatch):
    never = threading.Event()

    def wait(*_, **__):
        never.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    sender = HookSender(private=True, deadline_s=QUICK_S)

    attempt = sender.post("http://slow.example.com", body=BODY, headers={})
    never.set()

    assert attempt.reason == "timed out"


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with Receiver() as receiver:
        assert sent(receiver.url).status == 204


def certified(folder, name, *, days=1):
    """Return a server's context with a certificate of its own, and who trusts just that."""
    from cryptography import x509  # noqa: PLC0415 - only here
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


LONG = 36_500


@contextmanager
def encrypted(server):
    """Lend the port of a server behind TLS that answers 204, and the names it was asked for."""
    asked = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)

    def talk(connection):
        with server.wrap_socket(connection, server_side=True) as wrapped:
            saying(b"HTTP/1.1 204 No Content\r\n\r\n")(wrapped)

    with speaking(talk) as port:
        yield port, asked


def test_a_server_is_asked_for_by_its_name_though_we_connect_to_its_address(tmp_path):
    server, trust = certified(tmp_path, NAME, days=LONG)

    with encrypted(server) as (port, asked):
        attempt = sent(f"https://{NAME}:{port}", trust=trust)

    assert attempt.status == 204
    assert asked == [NAME]


@pytest.mark.parametrize("fault", ["of another name", "that nobody vouches for", "long expired"])
def test_a_certificate_that_proves_nothing_gets_nothing(tmp_path, fault):
    name = "other.example.com" if fault == "of another name" else NAME
    server, trust = certified(tmp_path, name, days=1 if fault == "long expired" else LONG)
    with encrypted(server) as (port, _):
        trusted = None if fault == "that nobody vouches for" else trust

        attempt = sent(f"https://{NAME}:{port}", trust=trusted)

    assert (attempt.status, attempt.reason) == (None, "TLS failed")


def test_a_server_without_tls_gets_nothing():
    with speaking(lambda connection: connection.recv(9) and connection.sendall(b"HTTP")) as port:
        attempt = sent(f"https://{NAME}:{port}")

    assert (attempt.status, attempt.reason) == (None, "TLS failed")


def test_a_handshake_that_never_comes_is_not_waited_for():
    with speaking(lambda connection: connection.recv(1 << 20) and connection.recv(1)) as port:
        attempt = sent(f"https://{NAME}:{port}", deadline_s=QUICK_S)

    assert attempt.reason == "timed out"


def test_a_server_that_resets_a_handshake_is_told():
    def reset(connection):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with speaking(reset) as port:
        attempt = sent(f"https://{NAME}:{port}")

    assert attempt.reason == "TLS failed"


def test_a_deadline_that_has_passed_sends_nothing():
    with Receiver() as receiver:
        attempt = sent(receiver.url, deadline_s=0)

    assert attempt.reason == "timed out"
    assert receiver.requests == []


def test_addresses_are_those_of_the_machine():
    from upkeep.hook_sender import _Deadline  # noqa: PLC0415 - the seam itself

    assert "127.0.0.1" in _looked_up("127.0.0.1", 80, _Deadline(float("inf")))
