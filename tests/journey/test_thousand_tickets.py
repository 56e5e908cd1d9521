"""A thousand real tickets through the real local house: none lost, nothing done twice.

The second journey delivers every event three times in random order and kills the process three
times on the way. A client whose request met a dead server asks again with the same key.
"""

import http.client
import json
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpdesk.clock import SystemClock
from helpdesk.documents import Order, Query
from local.demo.tour import Sample, sample
from local.documents import SqliteDocuments
from local.mailbox import Mailbox

TICKETS = 1000
CLIENTS = 8
KILLS = 3
PATIENCE_S = 120.0
ROOT = Path(__file__).parents[2]
TRIPLED = Path(__file__).with_name("tripled_house.py")


@pytest.fixture(autouse=True)
def source_root(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'functions'}:{ROOT}")
    # Measured for time, not for coverage: a killed process would not tell what it covered.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


class Client:
    """Files tickets, each under a key of its own, until the house has said that it has them."""

    def __init__(self, port):
        self.port = port
        self.acknowledged = {}
        self._todo: queue.SimpleQueue[tuple[str, Sample]] = queue.SimpleQueue()
        for number, each in enumerate(sample(TICKETS)):
            self._todo.put((f"key-{number}", each))
        self._token = ""
        self.pause = threading.Event()

    def run(self):
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
            self.acknowledged[key] = self._insist("/api/tickets", body, key)["id"]

    def _insist(self, path, body, key):
        for _ in range(1000):
            try:
                if not self._token:
                    self._log_in()
                status, answer = post(self.port, path, body, token=self._token, key=key)
            except (OSError, http.client.HTTPException):
                self.pause.wait(0.05)  # the house is dead just now
                continue
            if status == 201:
                return answer
            assert status in {401, 503}, answer
            self._token = "" if status == 401 else self._token
        raise AssertionError("the house did not come back")

    def _log_in(self):
        login = {"email": "viewer@demo.com", "password": "demopassword"}
        status, answer = post(self.port, "/api/auth/login", login)
        while status == 503:  # the other clients log in just now
            self.pause.wait(0.2)
            status, answer = post(self.port, "/api/auth/login", login)
        assert status == 200
        self._token = answer["access_token"]


def post(port, path, body, token="", key=""):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Idempotency-Key": key} if key else {}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@contextmanager
def process(*command):
    """Run a program; whatever the test does, it is ended and waited for."""
    running = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        assert running.stdout is not None
        running.stdout.close()


def stop(running):
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0


def wait_for_letters(folder, count):
    """Wait until the mailbox has so many letters; stop waiting when none comes any more."""
    mailbox = Mailbox(folder / "helpdesk.db", clock=SystemClock())
    pause = threading.Event()
    seen, quiet = -1, 0.0
    while (letters := mailbox.count()) < count and quiet < PATIENCE_S / 4:
        quiet = 0.0 if letters != seen else quiet + 0.1
        seen = letters
        pause.wait(0.1)
    mailbox.close()


def everything(store, collection):
    """Return every document of a collection, page by page."""
    found, after = [], None
    while page := store.query(Query(collection, limit=500, after=after)):
        found += page
        after = (page[-1].id,)
    return found


def check(folder, acknowledged):
    """Read the files of a stopped house and hold them against what the clients were told."""
    store = SqliteDocuments(folder / "helpdesk.db")
    mailbox = Mailbox(folder / "helpdesk.db", clock=SystemClock())
    tickets = {document.id: document.data for document in everything(store, "tickets")}
    letters = [received.letter for received in mailbox.read(limit=10 * TICKETS)]

    # none lost, none unexpected
    assert set(acknowledged.values()) == set(tickets)
    assert len(acknowledged) == len(set(acknowledged.values())) == TICKETS

    # exactly one verdict, one assignee, one letter each
    for name, data in tickets.items():
        assert (data["status"], data["seq"]) == ("assigned", 3), name
        assert data["verdict"] is not None
        assert data["told_3"] is not None  # of the third change, which gave it to them
        timeline = store.query(Query(f"tickets/{name}/timeline"))
        assert [entry.data["action"] for entry in timeline] == ["created", "triaged", "assigned"]
    assert Counter(letter.ticket_id for letter in letters) == Counter(dict.fromkeys(tickets, 1))
    people = {document.id: document.data for document in everything(store, "users")}
    for letter in letters:
        assert letter.to == people[tickets[letter.ticket_id]["assignee_id"]]["email"]

    # counters equal truth
    loads = {document.id: document.data["open"] for document in everything(store, "load")}
    assert loads == Counter(data["assignee_id"] for data in tickets.values())

    # nothing waits but one timer for each ticket, nothing was parked
    pending = store.query(Query("outbox", order=(Order("pending_at", descending=True),), limit=1))
    assert pending == []
    assert everything(store, "parked") == []
    with store._database.reading() as connection:
        left = connection.execute("SELECT target, count(*) FROM messages GROUP BY 1").fetchall()
    assert left == [("timer", TICKETS)]
    mailbox.close()
    store.close()


def test_a_thousand_tickets_from_eight_clients_arrive_each_once(tmp_path):
    with process("-m", "local", "--data", str(tmp_path), "--port", "0") as running:
        port = int(running.stdout.readline().partition("127.0.0.1:")[2].partition(" ")[0])
        client = Client(port)

        for thread in client.run():
            thread.join()
        wait_for_letters(tmp_path, TICKETS)
        stop(running)

    check(tmp_path, client.acknowledged)


def test_the_same_holds_with_every_event_tripled_and_the_process_killed_three_times(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    client = Client(port)
    chance = random.Random(20260301)
    threads: list[threading.Thread] = []

    for life in range(KILLS + 1):
        with process(str(TRIPLED), str(tmp_path), str(port), str(life)) as running:
            assert running.stdout.readline() == "ready\n"
            threads = threads or client.run()
            if life < KILLS:
                goal = TICKETS * (life + 1) // (KILLS + 2)
                wait_for_letters(tmp_path, goal + chance.randrange(50))
                running.send_signal(signal.SIGKILL)
                running.wait()
                continue
            for thread in threads:
                thread.join()
            wait_for_letters(tmp_path, TICKETS)
            wait_for_quiet(tmp_path)
            stop(running)

    check(tmp_path, client.acknowledged)


def wait_for_quiet(folder):
    """Wait until the last copies are delivered too."""
    store = SqliteDocuments(folder / "helpdesk.db")
    pause = threading.Event()
    waiting = -1
    for _ in range(int(PATIENCE_S / 0.1)):
        with store._database.reading() as connection:
            query = "SELECT count(*) FROM messages WHERE target <> 'timer'"
            waiting = connection.execute(query).fetchone()[0]
        if not waiting:
            break
        pause.wait(0.1)
    store.close()
    assert waiting == 0
