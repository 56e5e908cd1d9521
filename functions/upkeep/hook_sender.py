"""One POST to somebody else's server, with the standard library alone and nothing taken on trust.

Whoever registers a webhook chooses where we connect. So a name is looked up once, every address it
stands for is judged, and the connection goes to one of those addresses itself: a name that means
another one a moment later changes nothing. No redirect is followed, no proxy of the environment is
asked, and the whole takes ten seconds at most, however slowly the other side reads or answers.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from helpdesk.errors import HelpdeskError, InvalidInputError
from helpdesk.hook_urls import checked_url, may_be_sent_to

DEADLINE_S = 10.0
CONNECT_S = 4.0  # for one address, so that another one has its chance
ANSWER_MOST = 16 * 1024  # bytes
LINGER_S = 1.0  # for the rest of an answer whose status is known
AGENT = "Helpdesk-Webhooks/1"
GONE = 410
_ADDRESSES_MOST = 4
_SUCCESS = range(200, 300)
_INTERIM = range(100, 200)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")
_RETRY_AFTER = re.compile(rb"(?im)^retry-after:[ \t]*([^\r\n]{1,60}?)[ \t]*\r?$")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$")

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one POST ended, in our own words. Without a `status` nobody answered.

    `retry_after` is the header as it came.
    """

    status: int | None
    ms: int
    reason: str
    retry_after: str = ""

    @property
    def delivered(self) -> bool:
        """Say whether the receiver has taken it."""
        return self.status in _SUCCESS


class _FailedError(HelpdeskError):
    """The attempt ends here; carries our word for why."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """The moment at which everything is to be over."""

    at: float

    def left(self, most: float = DEADLINE_S) -> float:
        """Return the seconds that are left, or raise _FailedError."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise _FailedError("timed out")
        return min(left, most)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSender:
    """Sends to webhooks. `private` lets it send into one's own network, and by plain http.

    `resolve` looks a name up and `trust` judges certificates; both are there for tests.
    """

    private: bool = False
    deadline_s: float = DEADLINE_S
    resolve: Resolve | None = None
    trust: ssl.SSLContext | None = None

    def post(self, url: str, *, body: str, headers: Mapping[str, str]) -> Attempt:
        """Send a body once, and return how that ended, whatever happened."""
        begun = time.monotonic()
        deadline = _Deadline(begun + self.deadline_s)
        status, reason, retry_after = None, "", ""
        try:
            status, head = self._asked(url, body.encode(), headers, deadline)
            reason, retry_after = f"answered {status}", _retry_after(head)
        except _FailedError as failure:
            reason = str(failure)
        except TimeoutError:
            reason = "timed out"
        except OSError:
            reason = "the connection broke"
        ms = round((time.monotonic() - begun) * 1000)
        return Attempt(status=status, ms=ms, reason=reason, retry_after=retry_after)

    def _asked(
        self, url: str, body: bytes, headers: Mapping[str, str], deadline: _Deadline
    ) -> tuple[int, bytes]:
        """Return status and head of the answer."""
        try:
            parts = urlsplit(checked_url(url, private=self.private))
        except InvalidInputError as error:
            raise _FailedError("refused: not a URL we send to") from error
        with closing(self._connected(parts, deadline)) as connection:
            _send(connection, _request(parts, body, headers), deadline)
            status, head, rest = _answer(connection, deadline)
            _drain(connection, head, rest, deadline)
        return status, head

    def _connected(self, parts: SplitResult, deadline: _Deadline) -> socket.socket:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        addresses = self._addresses(host, port, deadline)
        plain = _connection(addresses, port, deadline)
        if parts.scheme != "https":
            return plain
        try:
            plain.settimeout(deadline.left())
            return (self.trust or _trust()).wrap_socket(plain, server_hostname=host)
        except TimeoutError:
            plain.close()
            raise
        except OSError as error:  # among them every fault of TLS
            plain.close()
            raise _FailedError("TLS failed") from error

    def _addresses(self, host: str, port: int, deadline: _Deadline) -> Sequence[str]:
        """Return what a name stands for, all of it judged."""
        found = self.resolve(host, port) if self.resolve else _looked_up(host, port, deadline)
        if not found:
            raise _FailedError("the name is not known")
        if not all(may_be_sent_to(address, private=self.private) for address in found):
            raise _FailedError("refused: not a public address")
        return found[:_ADDRESSES_MOST]


def _looked_up(host: str, port: int, deadline: _Deadline) -> Sequence[str]:
    """Return the addresses of a name; nobody can tell the library how long it may take."""
    found: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]) for row in rows))

    looking = threading.Thread(target=look_up, name="look-up", daemon=True)
    looking.start()
    looking.join(deadline.left())
    if looking.is_alive():
        raise _FailedError("timed out")
    return found


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connection(addresses: Sequence[str], port: int, deadline: _Deadline) -> socket.socket:
    timed_out = False
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=deadline.left(CONNECT_S))
        except TimeoutError:
            timed_out = True
        except OSError:
            continue
    raise _FailedError("timed out" if timed_out else "could not connect")


def _request(parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {
        "Host": parts.netloc,
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _send(connection: socket.socket, request: bytes, deadline: _Deadline) -> None:
    left = memoryview(request)
    while left:
        connection.settimeout(deadline.left())
        left = left[connection.send(left) :]


def _answer(connection: socket.socket, deadline: _Deadline) -> tuple[int, bytes, bytes]:
    """Return status and head of the answer, and what came of its body with them."""
    got, most = b"", ANSWER_MOST
    while True:
        end = _END.search(got)
        if end is None:
            got += _more(connection, most - len(got), deadline)
            continue
        line = _STATUS.match(got)
        if line is None:
            raise _FailedError("answered no HTTP")
        if int(line[1]) not in _INTERIM:
            return int(line[1]), got[: end.end()], got[end.end() :]
        got, most = got[end.end() :], most - end.end()


def _more(connection: socket.socket, most: int, deadline: _Deadline) -> bytes:
    if most <= 0:
        raise _FailedError("answered no HTTP")  # no head is so long
    connection.settimeout(deadline.left())
    got = connection.recv(most)
    if not got:
        raise _FailedError("the connection broke")
    return got


def _drain(connection: socket.socket, head: bytes, rest: bytes, deadline: _Deadline) -> None:
    """Read what is left of an answer, so that whoever writes it is not cut off in the middle.

    Whatever happens here changes nothing.
    """
    length = _LENGTH.search(head)
    left = min(int(length[1]) if length else ANSWER_MOST, ANSWER_MOST - len(head)) - len(rest)
    until = _Deadline(min(deadline.at, time.monotonic() + LINGER_S))
    with suppress(OSError, _FailedError):
        while left > 0:
            got = _more(connection, left, until)
            left -= len(got)


def _retry_after(head: bytes) -> str:
    found = _RETRY_AFTER.search(head)
    return found[1].decode("latin-1") if found else ""
