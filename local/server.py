"""The web server of the local house: waitress, started and stopped."""

import socket
import threading

from flask import Flask
from waitress.server import create_server

REQUEST_MOST = 1024 * 1024  # bytes; above the app's own limit, which answers in our words
STOP_S = 5


class Server:
    """Serves one app on one listening socket."""

    def __init__(self, app: Flask, listening: socket.socket, *, threads: int) -> None:
        """Serve with this many threads."""
        self._server = create_server(
            app,
            sockets=[listening],
            threads=threads,
            ident=None,
            max_request_body_size=REQUEST_MOST,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Let the requests under way finish."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S)
