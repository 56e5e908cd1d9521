"""Turns: one piece of work at a time, requests first.

One process has one interpreter lock. When several threads compute at once they hand it to and fro
at every call into SQLite, holding SQLite's own lock meanwhile, and each takes several times as
long. In turns, every piece of work runs as fast as if it were alone; the chain takes its turns in
the gaps between requests, and every so often even without one. A turn is a courtesy, not a lock:
who has waited long enough goes ahead.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_WAITS_S = 0.05  # behind other requests, or one step of the chain
QUIET_S = 0.002  # a client that asks again at once does so within this time
STEP_WAITS_S = 0.03  # so that a busy house gets its work done too
LOOK_S = 0.0005
# Hashing a password takes a quarter of a second and no interpreter: nobody should wait for it.
APART = "/api/auth/"


class Traffic:
    """Gives turns to requests and to steps of the chain."""

    def __init__(self) -> None:
        """Begin with nobody under way."""
        self._guard = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()
        self._requests = 0
        self._ended = 0.0

    def requests_of(self, app: "WSGIApplication") -> "WSGIApplication":
        """Return an application whose requests take turns."""

        def application(
            environ: "WSGIEnvironment", start_response: "StartResponse"
        ) -> Iterable[bytes]:
            if str(environ["PATH_INFO"]).startswith(APART):
                return app(environ, start_response)
            with self._request():
                return app(environ, start_response)

        return application

    @contextmanager
    def step(self) -> Iterator[None]:
        """Take a turn behind all requests, or when this has waited long enough."""
        end = time.monotonic() + STEP_WAITS_S
        while self._is_busy() and time.monotonic() < end:
            time.sleep(LOOK_S)
        with self._in_turn(STEP_WAITS_S):
            yield

    @contextmanager
    def _request(self) -> Iterator[None]:
        with self._guard:
            self._requests += 1
        try:
            with self._in_turn(REQUEST_WAITS_S):
                yield
        finally:
            with self._guard:
                self._requests -= 1
                self._ended = time.monotonic()

    @contextmanager
    def _in_turn(self, wait_s: float) -> Iterator[None]:
        taken = self._take(wait_s)
        try:
            yield
        finally:
            if taken:
                self._pass_on()

    def _take(self, wait_s: float) -> bool:
        """Take the turn in the order of asking, and say whether that came in time."""
        mine = threading.Lock()
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            mine.acquire()
            self._queue.append(mine)
        if mine.acquire(timeout=wait_s):
            return True
        with self._guard:
            if mine in self._queue:
                self._queue.remove(mine)
                return False
        return True  # it was passed on just now

    def _pass_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    def _is_busy(self) -> bool:
        return self._requests > 0 or time.monotonic() - self._ended < QUIET_S
