"""The web server of the local house: cheroot, started and stopped."""

import io
import logging
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from cheroot.errors import MaxSizeExceeded
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Server as WsgiServer
from flask import Flask

from api.edge import PROBLEM_TYPE, STRICTEST, Edge, new_request_id, problem_text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_MOST = 1024 * 1024  # bytes; above the app's own limit, which answers in our words
HEADER_MOST = 32 * 1024
READ_S = 10  # how long a slow client may take to send a request
STOP_S = 5
NAME = "helpdesk"  # and no version

# Of two of these each reader may believe another one.
ONCE = frozenset({b"Authorization", b"Content-Length", b"Content-Type", b"Host", b"Origin"})
# What is said of a request that the app never sees; what cheroot says of it is logged.
REFUSED = {
    HTTPStatus.BAD_REQUEST: "this is no request that can be read",
    HTTPStatus.REQUEST_TIMEOUT: "the request took too long to arrive",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request is larger than is read here",
    HTTPStatus.REQUEST_URI_TOO_LONG: "the address is longer than is read here",
}

log = logging.getLogger(__name__)


class _Headers(HeaderReader):
    """Reads the headers of one request, and refuses what cheroot would read in its own way."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __call__(self, rfile: Any, hdict: Any = None) -> Any:  # noqa: ANN401 - as cheroot has it
        found = super().__call__(rfile, hdict)
        if not found.get(b"Content-Length", b"0").isdigit():
            raise ValueError("the length is no number")
        if b"Content-Length" in found and b"Transfer-Encoding" in found:
            raise ValueError("the length is given in two ways")
        return found

    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name  # WSGI would take X_Forwarded_For for X-Forwarded-For

    def _transform_key(self, key_name: bytes) -> bytes:
        name = key_name.title()
        if name != name.strip() or name in ONCE & self._seen:
            raise ValueError("a header is sent twice, or has a space before its colon")
        self._seen.add(name)
        return name


class _Request(HTTPRequest):
    """A request; one that does not get as far as the app is refused in the app's own shape."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - likewise
        super().__init__(*arguments, **settings)
        self.header_reader = _Headers()

    def respond(self) -> None:
        """Let the app answer a request whose body can be read to its end."""
        try:
            super().respond()
        except _UnreadableError as error:
            self.simple_response(error.status, str(error))

    def simple_response(self, status: object, msg: str = "") -> None:
        """Refuse the request and end the connection: where the next one starts, nobody knows."""
        code, request_id = HTTPStatus(int(str(status)[:3])), new_request_id()
        log.info("answered", extra={"request_id": request_id, "status": code, "reason": msg})
        self.close_connection = True
        detail = REFUSED.get(code, code.phrase.lower())
        text = problem_text(code, detail, path="", request_id=request_id)
        headers = {
            "Connection": "close",
            "Content-Length": str(len(text)),
            "Content-Type": PROBLEM_TYPE,
            "Date": formatdate(usegmt=True),
            "Server": NAME,
            "X-Request-Id": request_id,
            **({"Allow": ""} if code is HTTPStatus.METHOD_NOT_ALLOWED else {}),
            **self.server.edge.headers,
        }
        lines = [f"HTTP/1.1 {code} {code.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        with suppress(OSError):  # who has gone hears nothing
            self.conn.wfile.write("\r\n".join([*lines, "", text]).encode("ascii"))


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request

    def close(self) -> None:
        """Close the connection, and with it what it would still have said to who hung up.

        Cheroot leaves that to whenever the writer is collected, which then complains on stderr.
        """
        with suppress(OSError):
            self.wfile.close()
        super().close()


class _UnreadableError(Exception):
    """A body does not end as it should; carries the status that says why."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status.value


class _Listening(WsgiServer):
    """Cheroot on a socket that is bound already: a taken port is refused before Flask is loaded."""

    ConnectionClass = _Connection

    def __init__(
        self, app: "WSGIApplication", listening: socket.socket, *, threads: int, edge: Edge
    ) -> None:
        super().__init__(
            listening.getsockname()[:2],
            app,
            numthreads=threads,
            max=threads,
            request_queue_size=1024,
            timeout=READ_S,
            shutdown_timeout=STOP_S,
            server_name=NAME,
        )
        self.edge = edge
        self.max_request_header_size = HEADER_MOST
        self.max_request_body_size = REQUEST_MOST
        self._listening = listening

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002 - as cheroot calls it
        """Log what went wrong inside the server."""
        log.log(level, "web server", exc_info=traceback, extra={"reason": msg})

    def bind(self, *_family: int) -> socket.socket:
        """Take the socket that is there."""
        # Accepted sockets inherit it: without, an answer in two packets waits 40 ms for the first.
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self._listening
        return self._listening


def whole(app: "WSGIApplication") -> "WSGIApplication":
    """Return an application that is entered when the body is there, however slowly it came.

    Inside, a request has its turn; nobody should wait there for somebody else's network.
    """

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = _read(environ["wsgi.input"])
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return app(environ, start_response)

    return application


def _read(stream: Any) -> bytes:  # noqa: ANN401 - one of cheroot's, or anything like a file
    """Return a body, which cheroot ends at REQUEST_MOST; raise _UnreadableError."""
    try:
        return bytes(stream.read())
    except ValueError as error:
        raise _UnreadableError(HTTPStatus.BAD_REQUEST, str(error)) from error
    except (MaxSizeExceeded, OSError) as error:
        if isinstance(error, OSError) and str(error) != "Request Entity Too Large":
            raise  # the network's; cheroot knows what to say
        raise _UnreadableError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error)) from error


class Server:
    """Serves one app on one listening socket."""

    def __init__(
        self, app: Flask, listening: socket.socket, *, threads: int, edge: Edge = STRICTEST
    ) -> None:
        """Serve with this many threads; what never reaches the app is answered as `edge` says."""
        self._server = _Listening(whole(app), listening, threads=threads, edge=edge)
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._server.prepare()
        self._thread.start()

    def stop(self) -> None:
        """Let the requests under way finish."""
        self._server.stop()
        self._thread.join()
