"""A client that costs next to nothing: raw sockets kept alive, requests built beforehand.

It shares the machine with what it measures, so it is the same for the house and for the floor.
"""

import json
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

PATIENCE_S = 30.0


class AnswerError(Exception):
    """A server did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and how long it took."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str, path: str, *, token: str = "", body: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    payload = b""
    if body is not None:
        payload = json.dumps(body).encode()
        lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    return "\r\n".join([*lines, "", ""]).encode() + payload


class Connection:
    """One kept-alive connection to a port of this machine.

    `handicap_s` is added to every answer: with it one sees that the gates can miss.
    """

    def __init__(self, port: int, *, handicap_s: float = 0.0) -> None:
        self._handicap_s = handicap_s
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""
        self._begun = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, asked: bytes, *, expect: int | None = 200) -> Answer:
        """Return the answer, or raise AnswerError when its status is another."""
        self.send(asked)
        while (answer := self.receive()) is None:
            pass
        if expect is not None and answer.status != expect:
            raise AnswerError(f"{asked[:60]!r} was answered {answer.status}: {answer.body[:200]!r}")
        return answer

    def send(self, asked: bytes) -> None:
        self._begun = time.perf_counter()
        if self._handicap_s:
            time.sleep(self._handicap_s)
        self.socket.sendall(asked)

    def receive(self) -> Answer | None:
        """Read what is there; return the answer once it is whole."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise AnswerError("the connection was closed in the middle")
        self._got += piece
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        seconds = time.perf_counter() - self._begun
        self._got = b""
        return Answer(int(head[9:12]), body, seconds)


def storm(
    port: int, requests: Sequence[bytes], *, clients: int, handicap_s: float = 0.0
) -> tuple[list[Answer], float]:
    """Send all requests over that many connections; return answers in order, and the seconds.

    One thread serves every connection: threads of the client would compete with the server's.
    """
    answers: dict[int, Answer] = {}
    waiting = iter(enumerate(requests))
    at_work: dict[Connection, int] = {}
    with selectors.DefaultSelector() as selector:
        connections = [Connection(port, handicap_s=handicap_s) for _ in range(clients)]
        try:
            begun = time.perf_counter()
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                _go_on(connection, waiting, at_work)
            while at_work:
                ready = selector.select(PATIENCE_S)
                if not ready:
                    raise AnswerError(f"no answer within {PATIENCE_S:.0f} s")
                for key, _ in ready:
                    connection = key.data
                    if answer := connection.receive():
                        answers[at_work.pop(connection)] = answer
                        _go_on(connection, waiting, at_work)
            seconds = time.perf_counter() - begun
        finally:
            for connection in connections:
                connection.socket.close()
    return [answers[place] for place in range(len(requests))], seconds


def _go_on(
    connection: Connection, waiting: "enumerate[bytes]", at_work: dict[Connection, int]
) -> None:
    following = next(waiting, None)
    if following:
        at_work[connection], asked = following
        connection.send(asked)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
