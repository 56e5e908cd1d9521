"""The life of a ticket in a running local house, over HTTP: every door, and what is mailed."""

import http.client
import json
import socket
import time

import pytest

from local.house import House
from local.people import PASSWORD, seed
from local.server import Server
from tests.stands import everything
from tests.unit.api.desk import SETTINGS

PATIENCE_S = 20.0
TICKET = {
    "title": "Printer is on fire",
    "description": "The printer on floor two burns, and nobody can print.",
}
DESK = "tomas@demo.com"  # who knows printers


class Caller:
    """Somebody who calls the house."""

    def __init__(self, port, email):
        self._port, self._token = port, ""
        body = {"email": email, "password": PASSWORD}
        self._token = self.ask("POST", "/api/auth/login", body)[1]["access_token"]
        self.id = self.ask("GET", "/api/auth/me")[1]["id"]

    def ask(self, method, path, body=None, **headers):
        """Send a request, and return its status, its JSON and its headers."""
        own = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, body and json.dumps(body), own | headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null"), dict(answer.getheaders())
        finally:
            connection.close()

    def on(self, ticket_id, door="", body=None, *, method="POST", **headers):
        return self.ask(method, f"/api/tickets/{ticket_id}{door}", body, **headers)

    def read(self, ticket_id):
        return self.on(ticket_id, method="GET")[1]

    def edit(self, ticket_id, **fields):
        return self.on(ticket_id, body=fields, method="PATCH")


class Running:
    """A house at work, and the demo people in front of it."""

    def __init__(self, folder):
        self.house = House(folder, SETTINGS)
        seed(self.house)
        listening = socket.create_server(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        self._server = Server(self.house.app(), listening, threads=4)
        self._listening = listening
        self.house.start()
        self._server.start()

    def close(self):
        self._server.stop()
        self._listening.close()
        self.house.close()

    def caller(self, email):
        return Caller(self._port, email)

    def letters(self, email):
        """Return the texts of the letters about tickets to somebody, oldest first."""
        found = reversed(self.house.mailbox.read(recipient=email, limit=100))
        return [each.letter.text for each in found if each.letter.ticket_id]

    def loads(self):
        kept = everything(self.house.documents)
        return {name: it["open"] for name, it in kept.items() if name.startswith("load/")}


@pytest.fixture
def running(tmp_path):
    (tmp_path / "house").mkdir()
    built = Running(tmp_path / "house")
    yield built
    built.close()


def until(reached):
    """Wait for what the chain does, and return it."""
    end = time.monotonic() + PATIENCE_S
    while not (found := reached()):
        assert time.monotonic() < end, "the chain did not get there"
        time.sleep(0.01)
    return found


def judged_again(tomas, ticket_id):
    """Overrule triage and have it done once more: a person's word stays."""
    status, ticket, headers = tomas.edit(ticket_id, category="question", reason="No fire")
    stale = tomas.on(ticket_id, body={"title": "x"}, method="PATCH", **{"If-Match": '"1"'})
    same = tomas.on(ticket_id, method="GET", **{"If-None-Match": headers["ETag"]})
    asked = tomas.on(ticket_id, "/retriage")
    until(lambda: tomas.read(ticket_id)["triage_asked_at"] is None)

    assert [status, stale[0], same[0], asked[0]] == [200, 412, 304, 202]
    assert ticket["sources"]["category"] == "human"
    ticket = tomas.read(ticket_id)
    assert (ticket["category"], ticket["status"]) == ("question", "assigned")


def talked_about(running, vic, admin, tomas, ticket_id):
    """Ask back, note what its requester never sees, and be answered: nobody is told twice."""
    asked = {"text": "Which printer is it?", "status": "waiting"}
    for _ in range(2):
        assert tomas.on(ticket_id, "/comments", asked, **{"Idempotency-Key": "once"})[0] == 201
    note = {"text": "He means the old one.", "internal": True}
    assert admin.on(ticket_id, "/comments", note)[0] == 201
    until(lambda: len(running.letters("viewer@demo.com")) == 1)
    assert running.loads() == {f"load/{tomas.id}": 0}  # it waits for its requester

    assert vic.on(ticket_id, "/comments", {"text": "The one by the door."})[0] == 201

    assert tomas.read(ticket_id)["status"] == "in_progress"
    assert running.loads() == {f"load/{tomas.id}": 1}
    until(lambda: len(running.letters(DESK)) == 3)  # it is his, a note, an answer
    said = vic.on(ticket_id, "/comments", method="GET")[1]["items"]
    assert [each["text"] for each in said] == ["Which printer is it?", "The one by the door."]
    assert len(tomas.on(ticket_id, "/comments", method="GET")[1]["items"]) == 3


def passed_on(running, admin, tomas, mona, ticket_id):
    """Give the ticket back, for the rules to find somebody else; then an admin chooses."""
    assert tomas.on(ticket_id, "/assign", {"assignee": None})[1]["assignee"] is None
    until(lambda: admin.read(ticket_id)["notified_at"])
    second = admin.read(ticket_id)
    assert second["assignee"]["id"] != tomas.id
    assert second["declined"] == [tomas.id]
    grounds = admin.on(ticket_id, "/assignment", method="GET")[1]
    assert grounds["excluded"][tomas.id] == "declined"

    assert admin.on(ticket_id, "/assign", {"assignee": mona.id, "reason": "Hers"})[0] == 200

    until(lambda: any("now yours" in each for each in running.letters("moderator@demo.com")))
    assert mona.on(ticket_id, "/assignment", method="GET")[1]["reason"] == "Hers"
    assert tomas.on(ticket_id, method="GET")[0] == 404


def brought_to_an_end(running, vic, mona, ticket_id):
    """Resolve the ticket, have it opened again by a reply, resolve it, close it."""
    assert mona.edit(ticket_id, status="resolved")[0] == 200
    until(lambda: any("is resolved" in each for each in running.letters("viewer@demo.com")))
    assert vic.on(ticket_id, "/comments", {"text": "It burns again."})[0] == 201
    assert mona.read(ticket_id)["status"] == "assigned"
    until(lambda: any("burns again" in each for each in running.letters("moderator@demo.com")))
    assert mona.edit(ticket_id, status="resolved")[0] == 200
    assert vic.edit(ticket_id, status="closed")[0] == 200
    # A question, and twice that it is resolved.
    until(lambda: len(running.letters("viewer@demo.com")) == 3)


def test_a_ticket_lives_through_all_of_it_and_everybody_is_told_their_part(running):
    vic, admin, tomas, mona = (
        running.caller(f"{name}@demo.com") for name in ("viewer", "admin", "tomas", "moderator")
    )
    ticket_id = vic.ask("POST", "/api/tickets", TICKET)[1]["id"]
    until(lambda: admin.read(ticket_id)["notified_at"])
    assert admin.read(ticket_id)["assignee"]["id"] == tomas.id

    judged_again(tomas, ticket_id)
    talked_about(running, vic, admin, tomas, ticket_id)
    passed_on(running, admin, tomas, mona, ticket_id)
    brought_to_an_end(running, vic, mona, ticket_id)

    told = mona.on(ticket_id, "/timeline?limit=100", method="GET")[1]["items"]
    assert [each["action"] for each in told] == [
        "created", "triaged", "assigned", "edited", "triage_asked", "triaged_again", "replied",
        "noted", "replied", "declined", "assigned", "handed_over", "resolved", "replied",
        "resolved", "closed",
    ]  # fmt: skip
    assert [each["seq"] for each in told] == list(range(1, 17))
    theirs = vic.on(ticket_id, "/timeline?limit=100", method="GET")[1]["items"]
    assert {"noted", "declined", "triage_asked"}.isdisjoint(each["action"] for each in theirs)
    assert set(running.loads().values()) == {0}
    assert not [each for each in running.letters("viewer@demo.com") if "the old one" in each]
    assert not [path for path in everything(running.house.documents) if path.startswith("parked/")]
