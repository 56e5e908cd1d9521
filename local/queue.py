"""A queue that survives: SQLite keeps the messages, threads hand them over.

A message stays in the table until its handler returned, so a kill at any moment costs at most a
second delivery. Only this process hands over, so who works on what need not be written down; what
is due when is kept in memory too, so nobody polls.
"""

import heapq
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from helpdesk.errors import HelpdeskError
from helpdesk.ports import Clock
from local.database import Database, opened

Handler: TypeAlias = Callable[[str], object]
Turn: TypeAlias = Callable[[], AbstractContextManager[None]]
Exhausted: TypeAlias = Callable[[str, str, int], None]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, name TEXT UNIQUE,
    body TEXT NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0);
"""
_ACKNOWLEDGED_MOST = 64  # acknowledgements that one transaction writes down together
_STOP_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait after an error, doubling each time, and how often to try."""

    first_s: float = 1.0
    most_s: float = 600.0
    attempts: int = 100

    def wait_s(self, attempts: int) -> float:
        """Return the wait after that many failed attempts."""
        return min(self.most_s, self.first_s * 2.0 ** min(attempts - 1, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something for a target, due now or at a time; a name waits at most once."""

    target: str
    body: str
    due_at: datetime | None = None
    name: str | None = None


class SqliteQueue:
    """Messages for named targets, each due at a time, handed over at least once."""

    def __init__(
        self,
        file: Database | Path,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
        turn: Turn = nullcontext,
    ) -> None:
        """Keep messages in the file, or raise OutsideError; start hands them over.

        Each message is handed over inside a `turn`, which may make it wait for what is urgent.
        """
        self._database = opened(file)
        self._database.install(_SCHEMA)
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._turn = turn
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._quiet = threading.Condition(lock)
        self._due: list[tuple[float, int]] = []
        self._busy = 0
        self._acknowledged: list[int] = []
        self._threads: list[threading.Thread] = []
        self._stopping = False
        with self._database.reading() as connection:
            self._due = connection.execute("SELECT due_at, id FROM messages").fetchall()
        heapq.heapify(self._due)

    def put_all(self, messages: Sequence[Message]) -> None:
        """Keep messages, all or none, or raise OutsideError. A name that waits is kept once."""
        if not messages:
            return
        added = []
        with self._writing() as connection:
            for message in messages:
                due = message.due_at.timestamp() if message.due_at else 0.0
                row = connection.execute(
                    "INSERT INTO messages (target, name, body, due_at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (name) DO NOTHING RETURNING id",
                    (message.target, message.name, message.body, due),
                ).fetchone()
                if row:
                    added.append((due, row[0]))
        with self._changed:
            for entry in added:
                heapq.heappush(self._due, entry)
            self._changed.notify(len(added))

    def cancel(self, name: str) -> None:
        """Drop the message with a name, there or not."""
        with self._writing() as connection:
            connection.execute("DELETE FROM messages WHERE name = ?", (name,))

    def start(self, handlers: Mapping[str, Handler], *, exhausted: Exhausted, threads: int) -> None:
        """Begin to hand over; `exhausted` gets target, body and attempts of what is given up."""
        self._stopping = False
        for number in range(threads):
            thread = threading.Thread(
                target=self._work,
                args=(handlers, exhausted),
                name=f"worker-{number}",
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let the handlers under way finish and note what is done; nothing more goes out."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_STOP_S)
        self._threads.clear()
        with self._writing():
            pass  # only the acknowledgements

    def close(self) -> None:
        """Stop, and close the file."""
        self.stop()
        self._database.close()

    def idle(self, timeout_s: float) -> bool:
        """Wait until nothing is due or under way, and say whether that came in time."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._busy and not self._is_due(), timeout_s)

    def waiting(self) -> int:
        """Return how many messages wait or are under way."""
        with self._changed:
            return len(self._due) + self._busy

    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0][0] <= self._clock.now().timestamp()

    def _next(self) -> int | None:
        """Wait for what is due and return its id; None when it is time to stop."""
        with self._changed:
            while not self._stopping:
                if self._is_due():
                    self._busy += 1
                    return heapq.heappop(self._due)[1]
                wait = None
                if self._due:
                    wait = max(0.0, self._due[0][0] - self._clock.now().timestamp())
                self._changed.wait(wait)
        return None

    def _work(self, handlers: Mapping[str, Handler], exhausted: Exhausted) -> None:
        while (number := self._next()) is not None:
            again: float | None = None
            try:
                with self._turn():
                    again = self._hand_over(number, handlers, exhausted)
            except Exception as error:
                # Its own table, or giving up, failed just now; the message is still in it.
                log.exception("queue is stuck", extra={"reason": str(error)})
                again = self._clock.now().timestamp() + self._backoff.first_s
            with self._changed:
                self._busy -= 1
                if again is not None:
                    heapq.heappush(self._due, (again, number))
                    self._changed.notify()
                if not self._busy:
                    self._quiet.notify_all()

    def _hand_over(
        self, number: int, handlers: Mapping[str, Handler], exhausted: Exhausted
    ) -> float | None:
        """Try one message once; return when to try it again, or None when it is done with."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT target, body, attempts FROM messages WHERE id = ?", (number,)
            ).fetchone()
        if row is None:
            return None  # cancelled
        target, body, attempts = row
        try:
            handlers[target](body)
        except Exception as error:  # noqa: BLE001 - the edge: whatever failed is tried again
            return self._failed(number, target, body, attempts + 1, exhausted, error)
        self._acknowledge(number)
        return None

    def _failed(
        self,
        number: int,
        target: str,
        body: str,
        attempts: int,
        exhausted: Exhausted,
        error: Exception,
    ) -> float | None:
        # Our own errors are logged where they are raised; any other is a fault worth its stack.
        if not isinstance(error, HelpdeskError):
            log.error("handler failed", exc_info=error, extra={"step": target})
        if attempts >= self._backoff.attempts:
            exhausted(target, body, attempts)
            self._acknowledge(number)
            return None
        due = self._clock.now().timestamp() + self._backoff.wait_s(attempts)
        with self._writing() as connection:
            connection.execute(
                "UPDATE messages SET attempts = ?, due_at = ? WHERE id = ?", (attempts, due, number)
            )
        return due

    def _acknowledge(self, number: int) -> None:
        """Note that a message is done with; a kill before it is written costs a duplicate."""
        with self._changed:
            self._acknowledged.append(number)
            quiet = not self._is_due()
        if quiet or len(self._acknowledged) >= _ACKNOWLEDGED_MOST:
            with self._writing():
                pass  # only the acknowledgements

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one transaction that also writes down what is done with."""
        with self._changed:
            done, self._acknowledged = self._acknowledged, []
        try:
            with self._database.writing(durable=False) as connection:
                connection.executemany("DELETE FROM messages WHERE id = ?", [(n,) for n in done])
                yield connection
        except BaseException:
            with self._changed:
                self._acknowledged += done
            raise
