"""How timers are laid into Cloud Tasks, beyond what the port promises."""

import base64
import hashlib
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import grpc
import pytest

from emulated.server import Answer, WireServer
from emulated.tasks import SERVICE, TasksServer
from gcp.tasks import REACH, TasksTimers
from helpdesk.clock import SystemClock
from helpdesk.errors import OutsideError
from helpdesk.ports import Timer
from helpdesk.timers import decode, encode
from tests.builders import FixedClock

QUEUE = "projects/demo/locations/here/queues/timers"
INVOKER = "timers@demo.iam.example.com"
SOON_S = 10.0


class Upkeep(WireServer):
    """The function that timers call: takes note, and says thanks."""

    def __init__(self):
        super().__init__()
        self.called = threading.Event()

    def answer(self, _request):
        self.called.set()
        return Answer(status=204)


@pytest.fixture
def upkeep():
    with Upkeep() as server:
        yield server


@pytest.fixture
def server():
    with TasksServer() as started:
        yield started


@pytest.fixture
def connected():
    """Return what connects timers to an address; they are closed at the end."""
    made = []

    def connect(address, *, target="http://127.0.0.1:9", clock=None):
        made.append(
            TasksTimers.connect(
                queue=QUEUE,
                target=target,
                invoker=INVOKER,
                clock=clock or SystemClock(),
                address=address,
            )
        )
        return made[-1]

    yield connect
    for timers in made:
        timers.close()


def timer(name="sla-T1CKET01", *, after=timedelta(hours=1)):
    return Timer(name=name, due_at=SystemClock().now() + after, about="sla:T1CKET01")


def kept(timers):
    return list(timers._client.list_tasks(parent=QUEUE))


def test_the_function_is_called_with_the_timer_in_the_name_of_the_invoker(
    server, upkeep, connected
):
    due = timer(after=timedelta(0))

    connected(server.address, target=upkeep.url).set(due)

    assert upkeep.called.wait(SOON_S)
    (request,) = upkeep.requests
    assert (request.method, request.path) == ("POST", "/timers")
    assert request.headers["content-type"] == "application/json"
    assert decode(request.raw) == due
    claims = claims_of(request.headers["authorization"])
    assert (claims["email"], claims["aud"]) == (INVOKER, upkeep.url)


def claims_of(authorization):
    assert re.fullmatch(r"Bearer [\w-]+\.[\w-]+\.", authorization)
    body = authorization.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_task_is_named_by_the_hash_of_the_timers_name(server, connected):
    timers = connected(server.address)

    timers.set(timer("sla-1"))
    timers.set(timer("sla/2 ü"))

    hashes = {hashlib.sha256(name.encode()).hexdigest() for name in ("sla-1", "sla/2 ü")}
    assert {task.name for task in kept(timers)} == {f"{QUEUE}/tasks/{name}" for name in hashes}


def test_a_timer_within_reach_is_scheduled_for_when_it_is_due(server, connected):
    timers, due = connected(server.address), timer(after=timedelta(days=28, microseconds=7))

    timers.set(due)

    (task,) = kept(timers)
    assert task.schedule_time == due.due_at


def test_a_timer_out_of_reach_calls_back_as_late_as_it_can_and_keeps_its_time(server, connected):
    clock = FixedClock(SystemClock().now())
    timers, due = connected(server.address, clock=clock), timer(after=timedelta(days=400))

    timers.set(due)

    (task,) = kept(timers)
    assert task.schedule_time == clock.now() + REACH
    assert task.http_request.body.decode() == encode(due)


def test_a_cancelled_timer_is_gone_and_its_name_is_used(server, connected):
    timers = connected(server.address)
    timers.set(timer())

    timers.cancel(timer().name)
    timers.set(timer())

    assert kept(timers) == []


@pytest.mark.parametrize(
    "call", [lambda timers: timers.set(timer()), lambda timers: timers.cancel("any")]
)
def test_a_server_that_is_down_is_said_within_seconds(server, connected, call):
    timers = connected(server.address)
    server.__exit__(None, None, None)
    began = monotonic()

    with pytest.raises(OutsideError, match=r"^Cloud Tasks failed: "):
        call(timers)

    assert monotonic() - began < SOON_S


def test_what_cloud_tasks_refuses_is_said_without_its_words(server, connected):
    timers = connected(server.address, target="ftp://nowhere")

    with pytest.raises(OutsideError, match=r"^Cloud Tasks failed: InvalidArgument$"):
        timers.set(timer())


class Stumbling:
    """Speaks just enough to delete a task, after whatever comes first."""

    def __init__(self, *first):
        self.calls = 0
        self._first = list(first)
        self._server = grpc.server(ThreadPoolExecutor(2))
        method = grpc.unary_unary_rpc_method_handler(self._delete)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"DeleteTask": method}),)
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _delete(self, _asked, context):
        self.calls += 1
        if self._first:
            self._first.pop(0)(context)
        return b""

    def stop(self):
        self._server.stop(grace=None).wait()


def unavailable(context):
    context.abort(grpc.StatusCode.UNAVAILABLE, "try again")


def test_a_short_failure_is_bridged(connected):
    server = Stumbling(unavailable)

    connected(server.address).cancel("any")

    assert server.calls == 2
    server.stop()


def test_a_server_that_hangs_is_not_waited_for_long(connected, monkeypatch):
    released = threading.Event()
    server = Stumbling(lambda _context: released.wait(SOON_S))
    monkeypatch.setattr("gcp.tasks.TIMEOUT_S", 0.1)

    with pytest.raises(OutsideError, match=r"^Cloud Tasks failed: DeadlineExceeded$"):
        connected(server.address).cancel("any")

    assert server.calls == 1
    released.set()
    server.stop()


def test_without_credentials_timers_are_to_be_had_later(monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")

    with pytest.raises(OutsideError, match="no credentials"):
        TasksTimers.connect(queue=QUEUE, target="", invoker=INVOKER, clock=SystemClock())
