"""Turns: requests one after the other, steps of the chain behind them, nobody held up for ever."""

import threading
import time

from local.traffic import APART, REQUEST_WAITS_S, STEP_WAITS_S, Traffic

SOON_S = 5.0


class App:
    """A WSGI application that stays until it is let go, and counts who is inside."""

    def __init__(self):
        self.inside = 0
        self.most = 0
        self.entered = threading.Semaphore(0)
        self.leave = threading.Event()
        self._guard = threading.Lock()

    def __call__(self, _environ, _start_response):
        with self._guard:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        self.leave.wait(SOON_S)
        with self._guard:
            self.inside -= 1
        return [b""]


def ask(application, path="/api/tickets"):
    thread = threading.Thread(target=application, args=({"PATH_INFO": path}, None))
    thread.start()
    return thread


def test_requests_take_turns():
    app = App()
    app.leave.set()
    application = Traffic().requests_of(app)

    threads = [ask(application) for _ in range(20)]
    for thread in threads:
        thread.join()

    assert app.most == 1
    assert app.inside == 0


def test_a_request_waits_for_a_long_one_only_so_long():
    app = App()
    application = Traffic().requests_of(app)

    first, second = ask(application), ask(application)
    assert app.entered.acquire(timeout=SOON_S)
    assert app.entered.acquire(timeout=REQUEST_WAITS_S + SOON_S)

    assert app.most == 2
    app.leave.set()
    first.join()
    second.join()


def test_a_log_in_holds_up_nobody():
    traffic = Traffic()
    slow, quick = App(), App()
    quick.leave.set()

    log_in = ask(traffic.requests_of(slow), f"{APART}login")
    assert slow.entered.acquire(timeout=SOON_S)
    start = time.monotonic()
    ask(traffic.requests_of(quick)).join()

    assert time.monotonic() - start < REQUEST_WAITS_S
    slow.leave.set()
    log_in.join()


def test_a_step_waits_for_a_request_but_not_for_ever():
    traffic, app = Traffic(), App()
    request = ask(traffic.requests_of(app))
    assert app.entered.acquire(timeout=SOON_S)

    start = time.monotonic()
    with traffic.step():
        waited = time.monotonic() - start

    assert waited >= STEP_WAITS_S
    assert app.inside == 1
    app.leave.set()
    request.join()


def test_a_step_runs_at_once_when_it_is_quiet():
    traffic = Traffic()

    start = time.monotonic()
    with traffic.step():
        waited = time.monotonic() - start

    assert waited < STEP_WAITS_S


def test_a_request_waits_for_the_step_that_is_under_way():
    traffic, app = Traffic(), App()
    app.leave.set()

    with traffic.step():
        request = ask(traffic.requests_of(app))
        assert not app.entered.acquire(timeout=0.01)

    assert app.entered.acquire(timeout=SOON_S)
    request.join()


def test_a_turn_is_given_back_when_the_work_fails():
    traffic = Traffic()

    def failing(_environ, _start_response):
        raise ValueError("on purpose")

    for _ in range(3):
        try:
            traffic.requests_of(failing)({"PATH_INFO": "/"}, None)  # type: ignore[arg-type]
        except ValueError:
            continue
    start = time.monotonic()
    with traffic.step():
        waited = time.monotonic() - start

    assert waited < STEP_WAITS_S * 2
