"""What the Timers port promises, over every adapter."""

import threading
from datetime import timedelta

import pytest

from emulated.server import Answer, WireServer
from helpdesk.clock import SystemClock
from helpdesk.ports import Timer
from helpdesk.timers import decode
from local.bus import TIMER, QueueTimers
from local.queue import Backoff, SqliteQueue

SOON_S = 10.0
QUICK_S = 0.05
QUEUE = "projects/demo/locations/here/queues/timers"


class Called:
    """Keeps what was called back about, and fails as often as it is told."""

    def __init__(self, failures=0):
        self.about = []
        self._failures = failures
        self._changed = threading.Condition()

    def __call__(self, about):
        with self._changed:
            self.about.append(about)
            self._changed.notify_all()
            if len(self.about) <= self._failures:
                raise RuntimeError("not this time")

    def wait(self, count=1):
        with self._changed:
            return self._changed.wait_for(lambda: len(self.about) >= count, SOON_S)


class OverQueue:
    """Timers in a SQLite file; from `start` on they call back."""

    def __init__(self, folder):
        self.file = folder / "timers.db"
        backoff = Backoff(first_s=QUICK_S, most_s=QUICK_S)
        self._queue = SqliteQueue(self.file, clock=SystemClock(), backoff=backoff)
        self.timers = QueueTimers(self._queue)

    def start(self, called):
        handlers = {TIMER: lambda body: called(decode(body).about)}
        self._queue.start(handlers, exhausted=print, threads=2)

    def waiting(self):
        return self._queue.waiting()

    def close(self):
        self._queue.close()


class OverTasks:
    """Timers in Cloud Tasks that call a server of ours; it answers from `start` on."""

    def __init__(self, _folder):
        # Imported here: whoever has no Google client needs none for the rest.
        from emulated.tasks import Retries, TasksServer  # noqa: PLC0415
        from gcp.tasks import TasksTimers  # noqa: PLC0415

        self._receiver = Receiver()
        self._tasks = TasksServer(retries=Retries(first_s=QUICK_S, most_s=QUICK_S)).__enter__()
        self.timers = TasksTimers.connect(
            queue=QUEUE,
            target=self._receiver.url,
            invoker="upkeep@demo.example.com",
            clock=SystemClock(),
            address=self._tasks.address,
        )

    def start(self, called):
        self._receiver.called = called
        self._receiver.start()

    def waiting(self):
        return self._tasks.waiting()

    def close(self):
        self._receiver.stop()
        self.timers.close()
        self._tasks.__exit__(None, None, None)


class Receiver(WireServer):
    """Hands a timer that calls back to `called`; 500 when that fails."""

    def __init__(self):
        super().__init__()
        self.called = Called()

    def answer(self, request):
        timer = decode(request.raw)
        try:
            self.called(timer.about)
        except RuntimeError:
            return Answer(status=500)
        return Answer(status=204)


@pytest.fixture(params=[OverQueue, OverTasks], ids=["queue", "tasks"])
def house(request, tmp_path):
    built = request.param(tmp_path)
    yield built
    built.close()


def timer(name="due", *, after_s=0.05, about="sla:T1CKET01"):
    return Timer(name=name, due_at=SystemClock().now() + timedelta(seconds=after_s), about=about)


def is_quiet(house):
    """Look again and again until nothing waits, and say whether that came in time."""
    pause = threading.Event()
    for _ in range(int(SOON_S / 0.01)):
        if not house.waiting():
            return True
        pause.wait(0.01)
    return False


def test_a_timer_calls_back_when_it_is_due_and_not_before(house):
    called = Called()
    house.start(called)
    due = timer(after_s=0.3)

    house.timers.set(due)

    assert called.wait()
    assert SystemClock().now() >= due.due_at
    assert is_quiet(house)
    assert called.about == ["sla:T1CKET01"]


def test_a_timer_that_is_overdue_calls_back_at_once(house):
    called = Called()
    house.start(called)

    house.timers.set(timer(after_s=-60))

    assert called.wait()


def test_a_timer_that_is_set_twice_calls_back_once(house):
    called = Called()

    house.timers.set(timer(about="first"))
    house.timers.set(timer(about="second"))
    house.start(called)

    assert called.wait()
    assert is_quiet(house)
    assert called.about == ["first"]


def test_a_timer_waits_for_no_other_that_is_due_later(house):
    called = Called()
    house.start(called)

    house.timers.set(timer("late", after_s=3600, about="late"))
    house.timers.set(timer("early", about="early"))

    assert called.wait()
    assert called.about == ["early"]


def test_a_cancelled_timer_does_not_call_back(house):
    called = Called()
    house.start(called)

    house.timers.set(timer("one", after_s=1.0, about="cancelled"))
    house.timers.set(timer("two", after_s=1.1, about="the other"))
    house.timers.cancel("one")

    assert called.wait()
    assert is_quiet(house)
    assert called.about == ["the other"]


def test_cancelling_what_was_never_set_is_fine(house):
    called = Called()

    house.timers.cancel("never set")
    house.timers.set(timer())
    house.start(called)

    assert called.wait()


def test_cancelling_what_has_fired_is_fine(house):
    called = Called()
    house.start(called)
    house.timers.set(timer())
    assert called.wait()
    assert is_quiet(house)

    house.timers.cancel("due")

    assert called.about == ["sla:T1CKET01"]


def test_who_fails_is_called_again_until_it_succeeds(house):
    called = Called(failures=2)
    house.start(called)

    house.timers.set(timer())

    assert called.wait(3)
    assert is_quiet(house)
    assert called.about == ["sla:T1CKET01"] * 3


def test_many_threads_set_timers_and_each_calls_back_once(house):
    called = Called()
    house.start(called)

    def set_some(thread):
        for number in range(10):
            house.timers.set(timer(f"{thread}-{number}", about=f"{thread}:{number}"))

    threads = [threading.Thread(target=set_some, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert called.wait(40)
    assert is_quiet(house)
    assert len(called.about) == len(set(called.about)) == 40


def test_a_timer_of_the_queue_outlives_the_process(tmp_path):
    first = OverQueue(tmp_path)
    first.timers.set(timer())
    first.close()

    second, called = OverQueue(tmp_path), Called()
    second.start(called)

    assert called.wait()
    second.close()
