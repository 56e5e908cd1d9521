"""The worked example of a subscriber: each event is acted on once, whatever Pub/Sub posts."""

import base64
import http.client
import json
import queue
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from examples import subscriber
from helpdesk import events
from helpdesk.events import EventType
from helpdesk.notices import Notice, notice
from helpdesk.tickets import event_of
from tests.builders import NOW, a_ticket, an_entry

ROOT = Path(__file__).parents[2]
README = (ROOT / "docs/events/README.md").read_text(encoding="utf-8")
SOON_S = 30.0


def created(ticket_id="T1CKET01"):
    return event_of(EventType.TICKET_CREATED, a_ticket(id=ticket_id), an_entry(), now=NOW)


def push(text):
    """Return what Pub/Sub posts for a message with this body."""
    data = base64.b64encode(text.encode()).decode()
    return json.dumps(
        {
            "subscription": "projects/my-project/subscriptions/crm.ticket-created",
            "message": {
                "data": data,
                "attributes": {"type": "ticket-created"},
                "messageId": "17",
                "message_id": "17",
                "publishTime": "2026-01-31T09:30:01.5Z",
                "publish_time": "2026-01-31T09:30:01.5Z",
            },
            "deliveryAttempt": 1,
        }
    )


def changed(**changes):
    """Return the envelope of an event with some of it changed."""
    return json.dumps({**json.loads(events.encode(created())), **changes})


class Program:
    """A program that runs, and the lines it prints."""

    def __init__(self, *command):
        self._lines: queue.Queue[str] = queue.Queue()
        self._running = subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line(self):
        return self._lines.get(timeout=SOON_S)

    def close(self):
        """End it, and return the lines that nobody has seen."""
        self._running.terminate()
        self._running.wait(SOON_S)
        self._reader.join(SOON_S)
        return list(self._lines.queue)

    def _read(self):
        assert self._running.stdout is not None
        with self._running.stdout as lines:
            for line in lines:
                self._lines.put(line.strip())


@pytest.fixture
def opened():
    """What is closed when the test is over."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def listening(tmp_path, opened):
    """Start the example, each time with the same memory; return it and where it listens."""

    def start():
        done = str(tmp_path / "done.db")
        program = Program(str(ROOT / "examples/subscriber.py"), "--port", "0", "--done", done)
        opened.callback(program.close)
        return program, program.line().removeprefix("listening on ")

    return start


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Where the example listens in this process, and what it acts on."""
    acted: list[dict[str, object]] = []
    monkeypatch.setattr(subscriber, "act_on", acted.append)
    handler = partial(subscriber.Subscriber, str(tmp_path / "done.db"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False  # closing waits for every answer
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", acted
    server.shutdown()
    thread.join(SOON_S)
    server.server_close()


def post(url, body):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SOON_S)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_each_event_is_printed_once_however_often_it_comes(listening):
    program, url = listening()
    first, second = (push(events.encode(created(name))) for name in ("T1CKET01", "T1CKET02"))

    answers = [post(url, body) for body in (first, first, second, first)]

    printed = program.close()
    assert answers == [204] * 4
    assert [line.split()[1:3] for line in printed] == [
        ["ticket-created", "T1CKET01"],
        ["ticket-created", "T1CKET02"],
    ]


def test_the_page_shows_what_is_printed(listening):
    program, url = listening()
    shown = README.partition("```console\n")[2].partition("```")[0].splitlines()
    time, _kind, subject, data = shown[2].split(" ", 3)
    event = events.decode(changed(time=time, subject=subject, data=json.loads(data)))

    post(url, push(events.encode(event)))

    assert shown[1].startswith("listening on http://127.0.0.1:")
    assert event.data.keys() == created().data.keys()
    assert program.close() == [shown[2]]


def test_what_was_done_before_a_restart_is_not_done_again(listening):
    body = push(events.encode(created()))
    before, url = listening()
    post(url, body)
    before.close()

    after, url = listening()
    answer = post(url, body)

    assert answer == 204
    assert after.close() == []


def test_copies_that_come_at_once_are_one_event(listening):
    program, url = listening()
    body = push(events.encode(created()))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: post(url, body), range(24)))

    assert answers == [204] * 24
    assert len(program.close()) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        json.dumps({"message": None}),
        json.dumps({"message": {"attributes": {"id": "T1CKET01.created.1"}}}),
        json.dumps({"message": {"data": "not base64"}}),
        push("not JSON"),
        push("[]"),
        push(changed(type="ticket-eaten")),
        push(changed(type=["ticket-created"])),
        push(changed(version=2)),
        push(changed(data=None)),
        push(changed(data={})),
        push(
            events.encode(notice(Notice.PASSWORD_CHANGED, id="N1", at=NOW, email="a@example.com"))
        ),
    ],
)
def test_what_is_no_event_for_it_is_refused_and_so_never_lost(here, body):
    url, acted = here

    assert post(url, body) == 400
    assert acted == []


def test_more_fields_are_no_trouble(here):
    url, acted = here
    data = {**created().data, "comment_id": "C1"}

    assert post(url, push(changed(data=data, tenant="acme"))) == 204
    assert [event["data"] for event in acted] == [data]


def test_an_event_whose_work_failed_is_done_when_it_comes_again(here, monkeypatch, capsys):
    url, acted = here

    def fail(event):
        raise RuntimeError("not this time")

    with monkeypatch.context() as failing:
        failing.setattr(subscriber, "act_on", fail)
        with pytest.raises(http.client.RemoteDisconnected):
            post(url, push(changed()))
    again = post(url, push(changed()))

    assert "not this time" in capsys.readouterr().err
    assert again == 204
    assert [event["id"] for event in acted] == ["T1CKET01.created.1"]


@contextmanager
def subscribed(emulators, project, **wanted):
    """Subscribe to ticket-created for as long as it lasts, beside the function that it wakes."""
    import grpc  # noqa: PLC0415 - whoever has no emulator needs no client
    from google import pubsub_v1  # noqa: PLC0415
    from google.pubsub_v1.services.subscriber.transports import (  # noqa: PLC0415
        SubscriberGrpcTransport,
    )

    with grpc.insecure_channel(emulators.pubsub.address) as channel:
        client = pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        subscription = pubsub_v1.Subscription(
            name=f"projects/{project}/subscriptions/crm.ticket-created",
            topic=f"projects/{project}/topics/ticket-created",
            ack_deadline_seconds=60,
            message_retention_duration=timedelta(days=1),
            **wanted,
        )
        client.create_subscription(subscription)
        yield
        client.delete_subscription(subscription=subscription.name)


@pytest.fixture
def bus(emulators, project):
    from gcp.pubsub import PubsubBus  # noqa: PLC0415 - likewise

    connected = PubsubBus.connect(project, emulators.pubsub.address)
    yield connected
    connected._publisher.transport.close()


@pytest.mark.emulator
def test_events_are_pushed_by_a_subscription_of_its_own(emulators, project, bus, listening, opened):
    program, url = listening()
    opened.enter_context(subscribed(emulators, project, push_config={"push_endpoint": f"{url}/"}))

    for event in (created("T1CKET01"), created("T1CKET01"), created("T1CKET02")):
        bus.publish(event)

    said = {program.line().split()[2] for _ in range(2)}
    assert said == {"T1CKET01", "T1CKET02"}
    assert program.close() == []


@pytest.mark.emulator
def test_events_are_pulled_as_the_page_shows(
    emulators, project, bus, tmp_path, opened, monkeypatch
):
    opened.enter_context(subscribed(emulators, project))
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]  # type: ignore[index]
    (tmp_path / "pull.py").write_text(code.replace("my-project", project), encoding="utf-8")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulators.pubsub.address)
    program = Program(str(tmp_path / "pull.py"))
    opened.callback(program.close)

    bus.publish(created())

    assert program.line().startswith("T1CKET01.created.1 {'assignee_id': None")
