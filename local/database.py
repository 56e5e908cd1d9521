"""One SQLite file: a connection per thread, one writer at a time, errors in our words."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpdesk.errors import OutsideError

PAGE = 4096
LOG_FOLDED = 16 * 1024 * 1024  # bytes of the write-ahead log from which on it is folded
LOG_MOST = 64 * 1024 * 1024  # bytes from which on a commit folds it, if nobody else could
BUSY_MS = 5_000  # how long another process (a backup, say) may hold the file


class DamagedError(OutsideError):
    """The file is not a database, or no longer a whole one."""


class Database:
    """A SQLite file that threads share.

    WAL, so that readers never wait for the writer. A durable commit is on the disk when it
    returns; any other survives a kill of the process at once and a power cut a little later.
    A power cut takes the newest commits of a file, never one from the middle: what is written
    after a commit in the same file may rely on it, durable or not.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file, or raise OutsideError."""
        self.path = path
        self._threads = threading.local()
        self._writer = threading.Lock()
        self._opened: list[sqlite3.Connection] = []
        with translated(path):
            self._connection()

    def install(self, schema: str) -> None:
        """Run the statements that make what is not there yet, or close and raise OutsideError."""
        try:
            with translated(self.path), self._writer:
                self._connection().executescript(schema)
        except OutsideError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend this thread's connection; what SQLite raises becomes OutsideError."""
        with translated(self.path):
            yield self._connection()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one transaction: all of it is kept, or none on an error."""
        with translated(self.path), self._writer:
            connection = self._connection()
            self._be_durable(connection, durable=durable)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def fold(self) -> None:
        """Fold the log into the file when it has grown; readers and writers go on meanwhile.

        SQLite would do this inside the commit that crosses the line, and its caller would wait.
        """
        with self.reading() as connection:
            log = self.path.with_name(f"{self.path.name}-wal")
            if log.exists() and log.stat().st_size > LOG_FOLDED:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def shrink_log(self) -> None:
        """Fold the whole log into the file and give its room back, as far as nobody reads."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close every thread's connection; the last one folds the log into the file."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()
        self._threads = threading.local()

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        known = getattr(self._threads, "connection", None)
        if isinstance(known, sqlite3.Connection):
            return known
        connection = sqlite3.connect(
            self.path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_MOST // PAGE}")
        except sqlite3.Error:
            connection.close()
            raise
        self._threads.connection = connection
        self._threads.durable = None
        self._opened.append(connection)
        return connection

    def _be_durable(self, connection: sqlite3.Connection, *, durable: bool) -> None:
        if self._threads.durable is not durable:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._threads.durable = durable


def opened(file: Database | Path) -> Database:
    """Return the database, opening it where only its path is given."""
    return file if isinstance(file, Database) else Database(file)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into our errors; the text names the file, never its content."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutsideError(f"{path.name}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path.name}: {error}") from error
