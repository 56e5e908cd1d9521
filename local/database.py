"""One SQLite file: a connection per thread, one writer at a time, errors in our words."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpdesk.errors import OutsideError

BUSY_MS = 5_000  # how long another process (a backup, say) may hold the file


class DamagedError(OutsideError):
    """The file is not a database, or no longer a whole one."""


class Database:
    """A SQLite file that threads share.

    WAL, so that readers never wait for the writer; FULL, so that what was answered to a caller
    outlives a power cut.
    """

    def __init__(self, path: Path, schema: str) -> None:
        """Open or make the file and run the schema, or raise OutsideError."""
        self.path = path
        self._threads = threading.local()
        self._writer = threading.Lock()
        self._opened: list[sqlite3.Connection] = []
        with translated(path):
            self.connection().executescript(schema)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        known = getattr(self._threads, "connection", None)
        if isinstance(known, sqlite3.Connection):
            return known
        connection = sqlite3.connect(
            self.path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        self._threads.connection = connection
        self._opened.append(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend this thread's connection; what SQLite raises becomes OutsideError."""
        with translated(self.path):
            yield self.connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one transaction: all of it is kept, or none on an error."""
        with translated(self.path), self._writer:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every thread's connection; the last one folds the log into the file."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._threads = threading.local()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into our errors; the text names the file, never its content."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutsideError(f"{path.name}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path.name}: {error}") from error
