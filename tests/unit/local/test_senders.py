"""Senders: nobody waits for somebody else's server but who sends to it."""

import threading

import pytest

from helpdesk.errors import OutsideError
from local.senders import AT_ONCE, Senders


@pytest.fixture
def senders():
    built = Senders()
    yield built
    built.close()


class Slow:
    """Work that lasts until it is let go."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.done = 0

    def __call__(self):
        self.begun.release()
        assert self.go.wait(10)
        self.done += 1


def test_what_is_taken_is_done_when_the_house_is_closed(senders):
    slow = Slow()
    senders.take("H1.e1", slow)
    assert slow.begun.acquire(timeout=10)

    slow.go.set()
    senders.close()

    assert slow.done == 1


def test_one_slow_receiver_holds_up_no_other(senders):
    slow, other = Slow(), threading.Event()
    for number in range(AT_ONCE + 3):
        senders.take(f"H1.e{number}", slow)

    senders.take("H2.e1", other.set)

    assert other.wait(10)
    slow.go.set()


def test_a_delivery_that_waits_is_not_taken_twice(senders):
    slow, done = Slow(), []
    for number in range(AT_ONCE):
        senders.take(f"H1.busy{number}", slow)
        assert slow.begun.acquire(timeout=10)
    for _ in range(5):
        senders.take("H1.e1", lambda: done.append(1))
    slow.go.set()
    last = threading.Event()
    senders.take("H1.last", last.set)

    assert last.wait(10)
    senders.close()
    assert done == [1]


class Seen:
    """Work that notes whose thread does it."""

    def __init__(self):
        self.threads = []
        self._done = threading.Semaphore(0)

    def __call__(self):
        self.threads.append(threading.current_thread())
        self._done.release()

    def wait(self, times):
        """Wait until it was done so often and each thread has ended."""
        for _ in range(times):
            assert self._done.acquire(timeout=10)
        for thread in self.threads:
            thread.join(10)


def test_the_threads_of_a_webhook_without_work_are_given_back(senders):
    slow, seen = Slow(), Seen()
    senders.take("busy.e1", slow)
    for number in range(50):
        senders.take(f"H{number}.e1", seen)
        senders.take(f"H{number}.e2", seen)

    seen.wait(100)

    assert not any(thread.is_alive() for thread in seen.threads)
    slow.go.set()
    senders.close()
    assert slow.done == 1


def test_a_webhook_whose_threads_were_given_back_gets_others(senders):
    first, second = Seen(), Seen()
    senders.take("H1.e1", first)
    first.wait(1)

    senders.take("H1.e1", second)
    second.wait(1)

    assert len(second.threads) == 1


def test_what_only_waits_is_dropped_when_the_house_is_closed(senders):
    slow, done = Slow(), []
    for number in range(AT_ONCE):
        senders.take(f"H1.busy{number}", slow)
        assert slow.begun.acquire(timeout=10)
    senders.take("H1.e1", lambda: done.append(1))
    closing = threading.Thread(target=senders.close)
    closing.start()

    slow.go.set()
    closing.join(10)
    senders.take("H1.e2", lambda: done.append(2))

    assert slow.done == AT_ONCE
    assert 2 not in done


@pytest.mark.parametrize("fault", [OutsideError("the store is down"), KeyError("a fault of ours")])
def test_work_that_fails_is_told_and_the_next_is_done(senders, caplog, fault):
    def fail():
        raise fault

    for number in range(AT_ONCE + 1):
        senders.take(f"H1.e{number}", fail)
    done = threading.Event()
    senders.take("H1.last", done.set)

    assert done.wait(10)
    senders.close()
    assert caplog.text.count("webhook not tried") == AT_ONCE + 1
