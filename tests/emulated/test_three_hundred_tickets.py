"""Three hundred tickets through the system as deployed: none lost, nothing done twice.

Every event is delivered twice at about the same moment, and each function is killed once in the
middle of its work. A client whose request met a dead api asks again with the same key. Two waits
are an hour and ten minutes long; where something waits for them, its time is moved by hand.
"""

import http.client
import json
import queue
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from helpdesk.documents import Filter, Op, Order, Query, Update
from helpdesk.events import WAKES
from local.demo.tour import Sample, sample
from local.people import PASSWORD

pytestmark = pytest.mark.emulator

TICKETS = 300
CLIENTS = 4
PATIENCE_S = 180.0
LOOK_S = 0.25
IN_FLIGHT = 8  # what one process may work on when it is killed
VICTIMS = ("triage", "assign", "notify", "upkeep", "api")
STEPS = ("triage", "assign", "notify")


class Clients:
    """File tickets, each under a key of its own, until the api has said that it has them."""

    def __init__(self, cloud):
        self.acknowledged = {}
        self._api = cloud.functions["api"]
        self._pause = threading.Event()
        self._todo: queue.SimpleQueue[tuple[str, Sample]] = queue.SimpleQueue()
        for number, each in enumerate(sample(TICKETS)):
            self._todo.put((f"key-{number}", each))
        body = {"email": "viewer@demo.com", "password": PASSWORD}
        self._token = self._insist("/api/auth/login", body)["access_token"]

    def start(self):
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self):
        while True:
            try:
                key, each = self._todo.get_nowait()
            except queue.Empty:
                return
            body = {"title": each.title, "description": each.description}
            headers = {"Authorization": f"Bearer {self._token}", "Idempotency_Key": key}
            self.acknowledged[key] = self._insist("/api/tickets", body, **headers)["id"]

    def _insist(self, path, body, **headers):
        asked = json.dumps(body).encode()
        for _ in range(1000):
            try:
                status, text = self._api.ask(
                    "POST", path, asked, Content_Type="application/json", **headers
                )
            except (OSError, http.client.HTTPException):
                self._pause.wait(0.05)  # the api is dead just now
                continue
            if status in {200, 201}:
                return json.loads(text)
            assert status == 503, text
        raise AssertionError("the api did not come back")


def test_three_hundred_tickets_arrive_each_once(cloud):
    deliver_twice(cloud)
    clients = Clients(cloud)
    threads = clients.start()

    for number, victim in enumerate(VICTIMS):
        assert wait_until(lambda goal=TICKETS * (number + 1) // 7: assigned(cloud) >= goal)
        cloud.functions[victim].kill()
        cloud.functions[victim].start()
        cloud.functions[victim].await_answer("/healthz" if victim == "api" else "/")
    for thread in threads:
        thread.join()
    settled = wait_until(lambda: come_on(cloud))

    assert settled
    check(cloud, clients.acknowledged)


def check(cloud, acknowledged):
    tickets = {found.id: found.data for found in everything(cloud, "tickets")}
    people = {found.id: found.data for found in everything(cloud, "users")}
    letters = cloud.sendgrid.letters
    about = [letter for letter in letters if letter.about.get("ticket_id")]

    # none lost, none unexpected
    assert len(acknowledged) == TICKETS
    assert sorted(acknowledged.values()) == sorted(tickets)

    # exactly one verdict, one assignee, one letter each
    for name, data in tickets.items():
        assert (data["status"], data["seq"]) == ("assigned", 3), name
        assert data["told_3"] is not None, name
        timeline = cloud.documents.query(Query(f"tickets/{name}/timeline"))
        assert [each.data["action"] for each in timeline] == ["created", "triaged", "assigned"]
    assert Counter(letter.about["ticket_id"] for letter in about) == Counter(list(tickets))
    for letter in about:
        assert letter.to == people[tickets[letter.about["ticket_id"]]["assignee_id"]]["email"]

    # the model is paid once for each, but for what was under way when triage was killed
    assert TICKETS <= cloud.vertex.calls <= TICKETS + IN_FLIGHT
    assert {data["verdict"]["provenance"]["source"] for data in tickets.values()} == {"ai"}

    # counters equal truth, and the nightly round finds nothing to correct
    loads = {found.id: found.data["open"] for found in everything(cloud, "load")}
    assert loads == Counter(data["assignee_id"] for data in tickets.values())
    assert cloud.call_upkeep("/night") == 204
    lines = cloud.lines()
    assert [line for line in lines if line["message"] == "load corrected"] == []

    # nothing waits, nothing is parked
    assert everything(cloud, "outbox") == []
    assert everything(cloud, "parked") == []

    # every delivery is counted: an event is processed once, and its copies are told apart; a
    # kill between the work and the line that tells of it leaves only the copy's line
    told = [line for line in lines if line["message"] == "delivered"]
    # Without a webhook there is nothing to tell, and nothing by which it is told twice.
    told = [line for line in told if line["step"] != "hooks"]
    processed = Counter(
        (line["step"], line["event_id"]) for line in told if line["result"] == "processed"
    )
    again = Counter(
        ("notify", line["event_id"]) for line in lines if line["message"] == "letter sent again"
    )
    assert {key: number for key, number in (processed - again).items() if number > 1} == {}
    counts = Counter((line["step"], line["result"]) for line in told)
    for step in STEPS:
        most = TICKETS + sum(number for (name, _), number in again.items() if name == step)
        assert TICKETS - IN_FLIGHT <= counts[step, "processed"] <= most, counts
        assert counts[step, "duplicate"] >= TICKETS - 2 * IN_FLIGHT, counts
    assert_one_trace_tells_all(lines, next(iter(tickets)))


def assert_one_trace_tells_all(lines, ticket_id):
    """A ticket's whole life is one query: its lines in every function carry one trace."""
    mine = [line for line in lines if line.get("ticket_id") == ticket_id]
    (trace,) = {line["logging.googleapis.com/trace"] for line in mine}
    life = [line for line in lines if line.get("logging.googleapis.com/trace") == trace]

    assert {line["step"] for line in life if "step" in line} == {*STEPS, "hooks"}
    assert [line["route"] for line in life if line["message"] == "answered"] == ["/api/tickets"]


def deliver_twice(cloud):
    """Subscribe every step once more to what wakes it."""
    import grpc  # noqa: PLC0415 - only here
    from google import pubsub_v1  # noqa: PLC0415
    from google.pubsub_v1.services.subscriber.transports import (  # noqa: PLC0415
        SubscriberGrpcTransport,
    )

    with grpc.insecure_channel(cloud.pubsub_address) as channel:
        client = pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        for kind, steps in WAKES.items():
            for step in steps:
                name = f"projects/{cloud.project}/subscriptions/{kind}.{step}"
                again = client.get_subscription(subscription=name)
                again.name = f"projects/{cloud.project}/subscriptions/{kind}.again.{step}"
                client.create_subscription(again)


def come_on(cloud):
    """Say whether everything has come to its end; let the carrier tell, and time pass, until so."""
    tell_of_letters(cloud)
    let_time_pass(cloud)
    waiting = [*everything(cloud, "outbox"), *everything(cloud, "parked")]
    told = Counter(line["step"] for line in cloud.lines() if line["message"] == "delivered")
    copies = all(told[step] >= 2 * TICKETS - IN_FLIGHT for step in STEPS)
    return not waiting and copies and notified(cloud) == TICKETS


def tell_of_letters(cloud):
    """Let the carrier post what it did, as SendGrid does within seconds."""
    events = [
        {"event": "processed", "sg_event_id": str(number), **letter.about}
        for number, letter in enumerate(cloud.sendgrid.letters)
    ]
    if events:
        status = cloud.sendgrid.post_events(f"{cloud.url}/api/webhooks/sendgrid", events)
        assert status in {204, 503}


def let_time_pass(cloud):
    """Move what waits for a lease, for the carrier's word or for its next redrive to its end."""
    changes = [
        Update(found.path, {"updated_at": found.data["updated_at"] - timedelta(minutes=15)})
        for state in ("sending", "unknown")
        for found in cloud.documents.query(
            Query(
                "mail",
                (
                    Filter("state", Op.EQ, state),
                    Filter("updated_at", Op.LE, cloud.clock.now() - timedelta(seconds=10)),
                ),
                (Order("updated_at"),),
                limit=100,
            )
        )
    ]
    changes += [
        Update(found.path, {"parked_at": found.data["parked_at"] - timedelta(hours=2)})
        for found in everything(cloud, "parked")
        if found.data["parked_at"] > cloud.clock.now() - timedelta(hours=1)
    ]
    for change in changes:
        cloud.documents.commit([change])


def assigned(cloud):
    return count(cloud, "assigned")


def count(cloud, status):
    newest = (Order("created_at", descending=True),)
    return cloud.documents.count(Query("tickets", (Filter("status", Op.EQ, status),), newest))


def notified(cloud):
    found = everything(cloud, "tickets", fields=("told_3",))
    return sum(each.data["told_3"] is not None for each in found)


def everything(cloud, collection, fields=()):
    """Return every document of a collection, page by page."""
    found, after = [], None
    while page := cloud.documents.query(Query(collection, limit=500, after=after, fields=fields)):
        found += page
        after = (page[-1].id,)
    return found


def wait_until(true):
    """Look again and again until something is true, and say whether it became so in time."""
    pause = threading.Event()
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if true():
            return True
        pause.wait(LOOK_S)
    return False
