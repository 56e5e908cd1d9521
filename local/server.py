"""The web server of the local house: cheroot, started and stopped."""

import io
import socket
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cheroot.wsgi import Server as WsgiServer
from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_MOST = 1024 * 1024  # bytes; above the app's own limit, which answers in our words
HEADER_MOST = 32 * 1024
READ_S = 10  # how long a slow client may take to send a request
STOP_S = 5


class _Listening(WsgiServer):
    """Cheroot on a socket that is bound already: a taken port is refused before Flask is loaded."""

    def __init__(self, app: "WSGIApplication", listening: socket.socket, *, threads: int) -> None:
        super().__init__(
            listening.getsockname()[:2],
            app,
            numthreads=threads,
            max=threads,
            request_queue_size=1024,
            timeout=READ_S,
            shutdown_timeout=STOP_S,
            server_name="helpdesk",  # and no version
        )
        self.max_request_header_size = HEADER_MOST
        self.max_request_body_size = REQUEST_MOST
        self._listening = listening

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
        body = environ["wsgi.input"].read()  # as much as REQUEST_MOST; cheroot sees to that
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        return app(environ, start_response)

    return application


class Server:
    """Serves one app on one listening socket."""

    def __init__(self, app: Flask, listening: socket.socket, *, threads: int) -> None:
        """Serve with this many threads."""
        self._server = _Listening(whole(app), listening, threads=threads)
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._server.prepare()
        self._thread.start()

    def stop(self) -> None:
        """Let the requests under way finish."""
        self._server.stop()
        self._thread.join()
