"""One SQLite file for many threads: whole transactions, and errors in our words."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk.errors import OutsideError
from local import database
from local.database import DamagedError, Database, opened

SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER NOT NULL UNIQUE);"
HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def made(path):
    """Return the database in a file, with the table of numbers."""
    file = Database(path)
    file.install(SCHEMA)
    return file


@pytest.fixture
def numbers(tmp_path):
    file = made(tmp_path / "numbers.db")
    yield file
    file.close()


def put(file, number, *, durable=True):
    with file.writing(durable=durable) as connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))


def kept(file):
    with file.reading() as connection:
        return [row[0] for row in connection.execute("SELECT number FROM numbers ORDER BY 1")]


def test_what_was_written_is_there_after_a_restart(tmp_path, numbers):
    put(numbers, 1)
    numbers.close()

    again = made(tmp_path / "numbers.db")

    assert kept(again) == [1]
    again.close()


def test_a_transaction_that_fails_leaves_nothing(numbers):
    def fails():
        with numbers.writing() as connection:
            connection.execute("INSERT INTO numbers VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    assert kept(numbers) == []
    put(numbers, 2)
    assert kept(numbers) == [2]


def test_many_threads_write_and_read_at_once(numbers):
    def work(number):
        put(numbers, number)
        return number in kept(numbers)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(work, range(200)))

    assert kept(numbers) == list(range(200))


def test_a_reader_does_not_wait_for_a_writer(numbers):
    put(numbers, 1)
    with ThreadPoolExecutor(1) as thread, numbers.writing() as connection:
        connection.execute("INSERT INTO numbers VALUES (2)")

        assert thread.submit(kept, numbers).result(timeout=2) == [1]


@pytest.mark.parametrize(
    "content", [b"this is no database at all, " * 50, b"\0" * 4_096, b"SQLite format 3\0" * 300]
)
def test_a_file_that_is_no_database_is_damaged(tmp_path, content):
    path = tmp_path / "numbers.db"
    path.write_bytes(content)

    with pytest.raises(DamagedError) as refusal:
        made(path)

    assert str(refusal.value).startswith("numbers.db: ")
    assert "SELECT" not in str(refusal.value)


def test_a_file_that_lost_its_middle_is_damaged(tmp_path):
    path = tmp_path / "numbers.db"
    file = made(path)
    with file.writing() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", ((n,) for n in range(5_000)))
    file.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4_096] + b"\xff" * (len(whole) - 4_096))

    file = made(path)
    with pytest.raises(OutsideError):
        kept(file)
    file.close()


def test_a_folder_in_the_files_place_cannot_be_opened(tmp_path):
    (tmp_path / "numbers.db").mkdir()

    with pytest.raises(OutsideError):
        made(tmp_path / "numbers.db")


def test_a_folder_that_is_not_there_cannot_be_opened(tmp_path):
    with pytest.raises(OutsideError):
        made(tmp_path / "nowhere" / "numbers.db")


def test_a_file_that_another_process_holds_is_an_outside_error(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MS", 50)
    file = made(tmp_path / "numbers.db")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        assert holder.stdin
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(OutsideError) as refusal:
            put(file, 1)

        holder.stdin.close()
    assert str(refusal.value) == "numbers.db: database is locked"
    put(file, 1)
    assert kept(file) == [1]
    file.close()


def test_a_broken_rule_of_a_table_is_an_error_of_ours(numbers):
    put(numbers, 1)

    with pytest.raises(OutsideError):
        put(numbers, 1)

    assert kept(numbers) == [1]


def test_only_a_durable_commit_waits_for_the_disk(numbers):
    said = []

    def levels():
        with numbers.reading() as connection:
            said.append(connection.execute("PRAGMA synchronous").fetchone()[0])

    for durable in (True, False, False, True):
        put(numbers, len(said), durable=durable)
        levels()

    assert said == [2, 1, 1, 2]
    assert kept(numbers) == [0, 1, 2, 3]


def test_a_database_that_is_open_is_not_opened_again(tmp_path, numbers):
    assert opened(numbers) is numbers

    other = opened(tmp_path / "other.db")

    assert other.path.name == "other.db"
    other.close()


def test_closing_folds_the_log_into_the_file(tmp_path, numbers):
    put(numbers, 1)
    numbers.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["numbers.db"]
    with sqlite3.connect(tmp_path / "numbers.db") as connection:
        assert connection.execute("SELECT number FROM numbers").fetchall() == [(1,)]
    connection.close()


def test_a_file_that_cannot_be_made_whole_is_left_closed(tmp_path):
    database = Database(tmp_path / "a.db")

    with pytest.raises(OutsideError, match="syntax error"):
        database.install("CREATE what cannot be")

    assert database._opened == []
