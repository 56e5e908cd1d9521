"""A vendor's front door on 127.0.0.1: answers HTTP, keeps what it was asked, fails as planned."""

import json
import socket
import struct
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias

JSON = "application/json"
_LINGER_NONE = struct.pack("ii", 1, 0)  # closing sends a reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it arrived; names of headers in lower case, `body` None if it is no JSON."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered to one request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Handler: TypeAlias = Callable[[Request], Answer]


class Ending(Enum):
    """How a request ends for the one who sent it."""

    ANSWERED = auto()
    CLOSED = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one request.

    Without `instead` the request is handled as ever, and only its sender does not hear of it.
    """

    instead: Handler | None = None
    delay_s: float = 0.0
    ending: Ending = Ending.ANSWERED


def as_json(status: int, content: object, **headers: str) -> Answer:
    """Return an answer in JSON; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=json.dumps(content).encode())


class WireServer(ABC):
    """Speaks for a vendor from a free port, in threads of its own, until it is stopped."""

    def __init__(self) -> None:
        """Take a port; from now on requests wait, and are answered after `start`."""
        self._server = _Server(self._handled)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._faults: deque[Fault] = deque()
        self._requests: list[Request] = []

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Answer as the vendor does when nothing goes wrong."""

    @property
    def url(self) -> str:
        """Return where it listens, without a slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> list[Request]:
        """Return every request so far, in the order they arrived."""
        with self._lock:
            return list(self._requests)

    def plan(self, *faults: Fault) -> None:
        """Let the next requests go wrong, one fault each, after those planned before."""
        with self._lock:
            self._faults.extend(faults)

    def start(self) -> None:
        """Begin to answer."""
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.02,), name="vendor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection; whoever waits for an answer gets none."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _handled(self, request: Request) -> tuple[Answer, Fault]:
        with self._lock:
            self._requests.append(request)
            fault = self._faults.popleft() if self._faults else Fault()
        return (fault.instead or self.answer)(request), fault


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # the usual 5 resets a burst of clients
    daemon_threads = True

    def __init__(self, handled: Callable[[Request], tuple[Answer, Fault]]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.handled = handled
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def keep(self, connection: socket.socket) -> None:
        """Remember a connection until it is closed."""
        with self._lock:
            self._open.add(connection)

    def forget(self, connection: socket.socket) -> None:
        """Forget a connection that is being closed."""
        with self._lock:
            self._open.discard(connection)

    def hang_up(self) -> None:
        """Wake every thread that waits, for time or for its client."""
        self.stopping.set()
        with self._lock:
            for connection in self._open:
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as upstream
        """Say nothing of a client that did not wait for its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Unbuffered writes on a connection that stays open cost 40 ms each: delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.keep(self.connection)

    def finish(self) -> None:
        self.server.forget(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name upstream
        """Keep quiet: the requests are kept."""

    def _respond(self) -> None:
        answer, fault = self.server.handled(self._request())
        self.server.stopping.wait(fault.delay_s)
        if fault.ending is not Ending.ANSWERED or self.server.stopping.is_set():
            self._break_off(fault.ending)
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": JSON, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = _respond  # noqa: N815 - names upstream

    def _request(self) -> Request:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        return Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            raw=raw,
            body=body,
        )

    def _break_off(self, ending: Ending) -> None:
        self.close_connection = True
        if ending is Ending.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            self.connection.close()
        else:
            _shut(self.connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
