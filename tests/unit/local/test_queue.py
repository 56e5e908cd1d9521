"""What the queue does when its own file fails it, beyond what the ports promise."""

import threading

import pytest

from helpdesk.clock import SystemClock
from helpdesk.errors import OutsideError
from local.database import Database
from local.queue import Backoff, Message, SqliteQueue

QUICK = Backoff(first_s=0.01, most_s=0.02, attempts=3)
SOON_S = 5.0


class Handler:
    def __init__(self, action=lambda: None):
        self.bodies = []
        self.called = threading.Event()
        self._action = action

    def __call__(self, body):
        self.bodies.append(body)
        self.called.set()
        self._action()


def ignored(_target, _body, _attempts):
    pass


@pytest.fixture
def file(tmp_path):
    database = Database(tmp_path / "queue.db")
    yield database
    database.close()


@pytest.fixture
def queue(file):
    made = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    yield made
    made.stop()


def rename(file, old, new):
    with file.writing() as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


def wait_until(true):
    pause = threading.Event()
    for _ in range(500):
        if true():
            return True
        pause.wait(0.01)
    return False


def test_a_table_that_cannot_be_read_just_now_loses_nothing(file, queue):
    handler = Handler()
    queue.put_all([Message(target="step", body="body")])
    rename(file, "messages", "elsewhere")

    queue.start({"step": handler}, exhausted=ignored, threads=2)
    threading.Event().wait(0.05)
    assert handler.bodies == []
    rename(file, "elsewhere", "messages")

    assert handler.called.wait(SOON_S)
    assert wait_until(lambda: queue.waiting() == 0)


def test_an_acknowledgement_that_could_not_be_written_is_written_later(file, queue):
    handler = Handler(lambda: rename(file, "messages", "elsewhere"))
    queue.start({"step": handler}, exhausted=ignored, threads=1)

    queue.put_all([Message(target="step", body="body")])
    assert handler.called.wait(SOON_S)
    assert wait_until(lambda: queue.waiting() == 1)
    rename(file, "elsewhere", "messages")
    queue.put_all([Message(target="nobody", body="other")])

    assert wait_until(lambda: len(rows(file)) <= 1)
    assert "body" not in rows(file)


def rows(file):
    with file.reading() as connection:
        return [row[0] for row in connection.execute("SELECT body FROM messages")]


def test_publishing_into_a_file_that_fails_says_so(file, queue):
    rename(file, "messages", "elsewhere")

    with pytest.raises(OutsideError, match="no such table"):
        queue.put_all([Message(target="step", body="body")])

    rename(file, "elsewhere", "messages")


def test_giving_up_that_fails_is_tried_again_and_the_message_kept(file, queue):
    tries = []

    def exhausted(target, body, attempts):
        tries.append((target, body, attempts))
        if len(tries) == 1:
            raise OutsideError("cannot park just now")

    def fail():
        raise ValueError("always")

    queue.start({"step": Handler(fail)}, exhausted=exhausted, threads=1)
    queue.put_all([Message(target="step", body="body")])

    assert wait_until(lambda: len(tries) == 2)
    assert wait_until(lambda: queue.waiting() == 0)
    assert tries[0] == tries[1] == ("step", "body", 3)


def test_a_target_nobody_handles_is_given_up_like_any_failure(queue):
    given_up = []

    queue.start({}, exhausted=lambda *what: given_up.append(what), threads=1)
    queue.put_all([Message(target="nobody", body="body")])

    assert wait_until(lambda: given_up == [("nobody", "body", 3)])


def test_idle_says_no_while_something_is_under_way(queue):
    held = threading.Event()
    handler = Handler(lambda: held.wait(SOON_S))
    queue.start({"step": handler}, exhausted=ignored, threads=1)

    queue.put_all([Message(target="step", body="body")])
    assert handler.called.wait(SOON_S)

    assert not queue.idle(0.02)
    held.set()
    assert queue.idle(SOON_S)


def test_many_acknowledgements_are_written_together_and_all_of_them(file, queue):
    handler = Handler()
    for number in range(300):
        queue.put_all([Message(target="step", body=str(number))])

    queue.start({"step": handler}, exhausted=ignored, threads=4)
    assert queue.idle(SOON_S)
    queue.stop()

    assert sorted(handler.bodies, key=int) == [str(n) for n in range(300)]
    assert rows(file) == []


def test_a_kill_before_acknowledgements_are_written_costs_duplicates_only(file, tmp_path):
    first = SqliteQueue(file, clock=SystemClock(), backoff=QUICK)
    for number in range(3):
        first.put_all([Message(target="step", body=str(number))])
    # The process dies here: whatever was noted in memory only is gone.
    again = Handler()

    second = SqliteQueue(tmp_path / "queue.db", clock=SystemClock(), backoff=QUICK)
    second.start({"step": again}, exhausted=ignored, threads=1)

    assert second.idle(SOON_S)
    assert again.bodies == ["0", "1", "2"]
    second.close()


def test_a_fault_while_giving_up_ends_no_worker(queue):
    tries = []

    def exhausted(_target, _body, _attempts):
        tries.append(1)
        if len(tries) == 1:
            raise KeyError("a fault of ours")

    queue.start({"ok": (fine := Handler())}, exhausted=exhausted, threads=1)
    queue.put_all([Message(target="nobody", body="body")])
    assert wait_until(lambda: len(tries) == 2)
    queue.put_all([Message(target="ok", body="other")])

    assert fine.called.wait(SOON_S)
