"""The emulated Cloud Tasks: what it refuses, remembers and sends, as the real one does."""

import threading
from datetime import timedelta

import grpc
import pytest
from google.api_core.exceptions import AlreadyExists, GoogleAPICallError, InvalidArgument, NotFound
from google.cloud.tasks_v2 import CloudTasksClient, HttpMethod, HttpRequest, Task
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from emulated.server import Answer, Ending, Fault, WireServer
from emulated.tasks import Retries, TasksServer
from helpdesk.clock import SystemClock

QUEUE = "projects/demo/locations/here/queues/timers"
NOWHERE = "http://127.0.0.1:9/"
SOON_S = 10.0
QUICK = Retries(first_s=0.02, most_s=0.05, attempts=3)


class Target(WireServer):
    """Whoever a task calls."""

    def answer(self, _request):
        return Answer(status=201)


@pytest.fixture
def target():
    with Target() as server:
        yield server


@pytest.fixture
def server():
    with TasksServer(retries=QUICK) as started:
        yield started


@pytest.fixture
def client(server):
    channel = grpc.insecure_channel(server.address)
    yield CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
    channel.close()


def create(client, url, *, parent=QUEUE, headers=None, body=b"{}", **fields):
    request = HttpRequest(url=url, headers=headers or {}, body=body)
    return client.create_task(parent=parent, task=Task(http_request=request, **fields), timeout=5)


def later(**by):
    return SystemClock().now() + timedelta(**by)


def soon(true):
    """Look again and again until something is true, and say whether it became so in time."""
    pause = threading.Event()
    for _ in range(int(SOON_S / 0.01)):
        if true():
            return True
        pause.wait(0.01)
    return False


def is_quiet(server):
    return soon(lambda: not server.waiting())


def test_a_task_is_shown_as_it_was_made(client):
    due = later(hours=1)

    made = create(client, NOWHERE, name=f"{QUEUE}/tasks/one", schedule_time=due)

    assert made.http_request.http_method == HttpMethod.POST
    assert made.schedule_time == due
    assert made.create_time <= later(seconds=0)
    assert client.get_task(name=made.name) == made
    assert list(client.list_tasks(parent=QUEUE)) == [made]
    assert list(client.list_tasks(parent=f"{QUEUE}-other")) == []


def test_a_task_without_a_name_gets_one(client):
    names = {create(client, NOWHERE, schedule_time=later(hours=1)).name for _ in range(2)}

    assert len(names) == 2
    assert all(name.startswith(f"{QUEUE}/tasks/") for name in names)


def test_a_task_is_gone_once_it_is_deleted(server, client, target):
    name = create(client, target.url, schedule_time=later(seconds=0.5)).name
    other = create(client, f"{target.url}/other", schedule_time=later(seconds=0.6))

    client.delete_task(name=name)

    with pytest.raises(NotFound):
        client.get_task(name=name)
    with pytest.raises(NotFound):
        client.delete_task(name=name)
    assert [task.name for task in client.list_tasks(parent=QUEUE)] == [other.name]
    assert is_quiet(server)
    assert [request.path for request in target.requests] == ["/other"]


@pytest.mark.parametrize("fate", ["waits", "was deleted", "was executed"])
def test_a_name_is_used_once(server, client, target, fate):
    wait = 0 if fate == "was executed" else 3600
    task = create(client, target.url, name=f"{QUEUE}/tasks/a", schedule_time=later(seconds=wait))
    if fate == "was deleted":
        client.delete_task(name=task.name)
    assert fate != "was executed" or is_quiet(server)

    with pytest.raises(AlreadyExists):
        create(client, target.url, name=task.name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": f"{QUEUE}/tasks/a b"},
        {"name": f"{QUEUE}/tasks/{'a' * 501}"},
        {"name": f"{QUEUE}-other/tasks/a"},
        {"parent": "queues/timers"},
        {"url": "ftp://127.0.0.1/"},
        {"url": ""},
        {"dispatch_deadline": timedelta(seconds=14)},
        {"dispatch_deadline": timedelta(minutes=31)},
        {"schedule_time": later(days=31)},
        {"body": b"x" * 1024 * 1024},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cloud_tasks_would_refuse_is_refused(server, client, wrong):
    with pytest.raises(InvalidArgument):
        create(client, **{"url": NOWHERE, **wrong})

    assert server.waiting() == 0


def test_a_call_that_is_not_spoken_here_is_said(client):
    with pytest.raises(GoogleAPICallError) as refused:
        client.get_queue(name=QUEUE, retry=None)

    assert refused.value.grpc_status_code is grpc.StatusCode.UNIMPLEMENTED


def test_a_call_says_which_task_it_is_of(server, client, target):
    due = later(seconds=0)
    create(
        client,
        f"{target.url}/timers?a=b",
        headers={"Content-Type": "text/plain"},
        body=b"hello",
        name=f"{QUEUE}/tasks/one",
        schedule_time=due,
    )

    assert is_quiet(server)

    (request,) = target.requests
    assert (request.method, request.path, request.raw) == ("POST", "/timers?a=b", b"hello")
    assert request.headers["content-type"] == "text/plain"
    assert request.headers["user-agent"] == "Google-Cloud-Tasks"
    named = {
        name.removeprefix("x-cloudtasks-"): value
        for name, value in request.headers.items()
        if name.startswith("x-cloudtasks-")
    }
    assert named == {
        "queuename": "timers",
        "taskname": "one",
        "taskretrycount": "0",
        "taskexecutioncount": "0",
        "tasketa": f"{due.timestamp():.6f}",
    }
    assert "authorization" not in request.headers


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_call_that_is_not_answered_well_is_made_again_and_counted(server, client, target, status):
    target.plan(
        Fault(instead=lambda _: Answer(status=status, headers={"Location": NOWHERE})),
        Fault(ending=Ending.CLOSED),
    )

    create(client, target.url)

    assert is_quiet(server)
    counted = [
        [
            request.headers.get(f"x-cloudtasks-task{name}")
            for name in ("retrycount", "executioncount", "previousresponse")
        ]
        for request in target.requests
    ]
    assert counted == [["0", "0", None], ["1", "1", str(status)], ["2", "1", None]]


def test_after_the_last_attempt_a_task_is_dropped(server, client, target):
    target.plan(*[Fault(instead=lambda _: Answer(status=503))] * 5)

    create(client, target.url)

    assert is_quiet(server)
    assert len(target.requests) == QUICK.attempts


def test_a_target_that_is_down_is_called_again(server, client):
    target = Target()
    target.stop()

    create(client, target.url)

    assert server.waiting() == 1
    assert is_quiet(server)


@pytest.mark.parametrize(("fault", "answers"), [(Ending.ANSWERED, 1), (Ending.RESET, 0)])
def test_what_waits_shows_what_became_of_its_attempts(target, fault, answers):
    target.plan(Fault(instead=lambda _: Answer(status=500), ending=fault))
    with TasksServer(retries=Retries(first_s=3600)) as server:
        channel = grpc.insecure_channel(server.address)
        client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        name = create(client, target.url).name
        assert soon(lambda: client.get_task(name=name).dispatch_count)
        task = client.get_task(name=name)

    assert (task.dispatch_count, task.response_count) == (1, answers)
    assert task.schedule_time > later(minutes=50)
    channel.close()


def test_a_task_that_is_deleted_under_way_is_not_called_again(server, client):
    held = threading.Event()
    target = Target()
    target.plan(Fault(instead=lambda _: Answer(status=500 + (not held.wait(SOON_S)))))
    target.start()
    name = create(client, target.url).name
    assert soon(lambda: target.requests)

    client.delete_task(name=name)
    held.set()
    create(client, f"{target.url}/last")

    assert is_quiet(server)
    assert [request.path for request in target.requests] == ["/", "/last"]
    target.stop()


def test_the_wait_between_attempts_doubles_up_to_a_limit():
    retries = Retries()

    waits = [retries.wait(attempts).total_seconds() for attempts in range(1, 100)]

    assert waits[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(waits) == waits[-1] == 3600
