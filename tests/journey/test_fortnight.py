"""A fortnight in the local house, by a clock that a test turns: promises, alarms, closing.

Every timer comes twice and the sweep runs beside them, so whatever is told once here is told once.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.levels import OnBreach, shipped
from helpdesk.service import Service
from helpdesk.ticket import Status
from helpdesk.user import Role, User
from local import house as rooms
from local.bus import QueueBus, QueueTimers
from local.house import House
from local.queue import Backoff
from tests.builders import FixedClock
from tests.unit.api.desk import PASSWORD, RULES, SETTINGS, Visitor, is_problem

PATIENCE_S = 30.0
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HIGH = ("Production is down", "URGENT: everything is down for everybody!")


def at(day, clock):
    """Return a time of day in the first days of 2026; Friday is January 30."""
    days = {"friday": "01-30", "saturday": "01-31", "sunday": "02-01", "monday": "02-02"}
    return datetime.fromisoformat(f"2026-{days.get(day, day)} {clock}").replace(tzinfo=UTC)


class CountingBus(QueueBus):
    """The local bus; it counts what it was given."""

    published = 0

    def publish_all(self, committed):
        CountingBus.published += len(committed)
        super().publish_all(committed)


class TwiceTimers(QueueTimers):
    """The local timers: each of them comes twice, or is lost."""

    lost = False

    def set(self, timer):
        if TwiceTimers.lost:
            return
        super().set(timer)
        super().set(replace(timer, name=f"{timer.name}.again"))


class Desk:
    """A running house with its people, and a clock that is turned by hand."""

    def __init__(self, folder):
        self.clock = FixedClock(at("friday", "10:00"))
        quick = Backoff(first_s=0.0, most_s=0.0)
        self.house = House(
            folder, SETTINGS, clock=self.clock, classifier=RULES, backoff=quick,
            bus_over=CountingBus,
        )  # fmt: skip
        self._hash = self.house.passwords.hashed(PASSWORD)
        self.people = {}
        self.read = 0

    def hire(self, name, role):
        user = User(
            id=self.house.ids.unique_id(), email=f"{name}@example.com", name=name.title(),
            created_at=self.clock.now(), role=role,
        )  # fmt: skip
        self.house.desk.accounts.add(user, self._hash, greet=False)
        self.people[name] = user

    def as_(self, name):
        """Return somebody who has just logged in: tokens do not live for days."""
        client = self.house.app().test_client()
        body = {"email": self.people[name].email, "password": PASSWORD}
        return Visitor(client, Visitor(client).post("/api/auth/login", body).json)

    def until(self, moment):
        """Turn the clock, and wait until all that is due by then has been done."""
        self.clock.tick(seconds=(moment - self.clock.now()).total_seconds())
        with self.house.queue._changed:
            self.house.queue._changed.notify_all()
        self.settle()
        self.house.upkeep.minute()
        self.settle()

    def settle(self):
        """Wait until no event and no timer that is due is on its way any more."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            known = CountingBus.published
            quiet = self.house.queue.idle(PATIENCE_S) and not self._kept()
            if quiet and self.house.queue.idle(0.0) and known == CountingBus.published:
                return
            time.sleep(0.005)
        raise AssertionError("the house does not come to rest")

    def _kept(self):
        with self.house.documents._database.reading() as connection:
            query = "SELECT count(*) FROM documents WHERE collection = 'outbox'"
            return connection.execute(query).fetchone()[0]

    def letters(self):
        """Return who was written what since this was asked last, the oldest first."""
        count = self.house.mailbox.count()
        new = self.house.mailbox.read(limit=100)[: count - self.read]
        self.read = count
        return sorted((each.letter.to.partition("@")[0], kind(each.letter.text)) for each in new)

    def does(self, name, method, rest="", **body):
        """Ask for something about the ticket as somebody, and return the answer."""
        who, path = self.as_(name), f"/api/tickets/{self.ticket_id}{rest}"
        answer = getattr(who, method)(path, body) if body else who.get(path)
        self.settle()
        return answer

    def file(self):
        self.ticket_id = self.as_("ada").file(*HIGH).json["id"]
        self.settle()

    @property
    def ticket(self):
        return self.house.tickets.get(self.ticket_id)

    def actions(self):
        items = self.house.tickets.timeline(self.ticket_id, limit=100, after=None)
        return [each.entry.action for each in items]


KINDS = {
    "this ticket is now yours": "given",
    "response is due": "response near",
    "response is late": "response late",
    "resolution is due": "resolution near",
    "resolution is late": "resolution late",
    "your ticket": "resolved",
    "was opened again": "reopened",
    "wrote": "reply",
}


def kind(text):
    return next(name for words, name in KINDS.items() if words in text)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setattr(rooms, "SWEEP_EVERY", 10**9)  # here a test says when
    monkeypatch.setattr(rooms, "QueueTimers", TwiceTimers)
    monkeypatch.setattr(TwiceTimers, "lost", False)
    built = Desk(tmp_path)
    built.hire("ada", Role.USER)
    built.hire("mona", Role.MODERATOR)
    built.hire("chief", Role.ADMIN)
    built.house.start()
    yield built
    built.house.close()


def test_a_ticket_s_fortnight(desk):
    desk.file()
    assert (desk.ticket.priority, desk.letters()) == ("high", [("mona", "given")])

    desk.until(at("friday", "10:44"))
    assert desk.letters() == []
    desk.until(at("friday", "10:45"))
    assert desk.letters() == [("mona", "response near")]
    desk.until(at("friday", "11:00"))
    assert desk.letters() == [("chief", "response late"), ("mona", "response late")]

    # The requester is waited for over a weekend: the clock stands, and nobody is told a thing.
    desk.until(at("friday", "11:30"))
    desk.does("mona", "post", "/comments", text="Which floor?")
    desk.until(at("friday", "12:00"))
    desk.does("mona", "patch", status="waiting")
    assert desk.letters() == [("ada", "reply")]
    for day in ("friday", "saturday", "sunday", "monday"):
        desk.until(at(day, "23:00") if day != "monday" else at(day, "09:30"))
    assert (desk.ticket.status, desk.letters()) == (Status.WAITING, [])

    # Five and a half hours of work have passed, and the goal has moved by them.
    desk.does("ada", "post", "/comments", text="The second one.")
    assert desk.ticket.goals.resolve_by == at("monday", "15:30")
    assert desk.letters() == [("mona", "reply")]
    desk.until(at("monday", "13:29"))
    assert desk.letters() == []
    desk.until(at("monday", "13:30"))
    assert desk.letters() == [("mona", "resolution near")]

    # It is resolved in time, opened again the next day with a quarter of its target, and resolved.
    desk.until(at("monday", "14:00"))
    answered = desk.does("mona", "patch", status="resolved").json
    assert answered["goals"]["solved_in_time"] is True
    assert answered["closes_at"].startswith("2026-02-09T14:00")
    desk.until(at("02-03", "10:00"))
    desk.does("ada", "patch", status="assigned")
    assert desk.ticket.goals.resolve_by == at("02-03", "12:00")
    desk.until(at("02-03", "11:00"))
    desk.does("mona", "patch", status="resolved")
    assert desk.letters() == [("ada", "resolved"), ("ada", "resolved"), ("mona", "reopened")]

    # The timer of the first closing is stale by now; the second one closes it.
    desk.until(at("02-09", "14:00"))
    assert (desk.ticket.status, desk.letters()) == (Status.RESOLVED, [])
    desk.until(at("02-10", "11:00"))
    assert (desk.ticket.status, desk.letters()) == (Status.CLOSED, [])

    # Its requester has a fortnight to open it again.
    desk.until(at("02-24", "10:59"))
    assert desk.does("ada", "patch", status="assigned").status_code == 200
    desk.does("mona", "patch", status="resolved")
    desk.until(at("03-03", "10:59"))
    assert desk.ticket.status is Status.CLOSED
    desk.until(at("03-17", "10:59"))
    assert is_problem(desk.does("ada", "patch", status="assigned"), 422)

    assert desk.actions() == [
        "created", "triaged", "assigned", "warned", "breached", "replied", "waiting", "replied",
        "warned", "resolved", "reopened", "resolved", "closed", "reopened", "resolved", "closed",
    ]  # fmt: skip
    shown = [
        each["action"] for each in desk.does("ada", "get", "/timeline?limit=100").json["items"]
    ]
    assert shown == [each for each in desk.actions() if each not in {"warned", "breached"}]
    assert desk.house.users.loads([desk.people["mona"].id])[desk.people["mona"].id].open == 0


def test_a_lost_timer_is_found_by_the_sweep(desk):
    TwiceTimers.lost = True
    desk.file()
    desk.letters()

    told = []
    for moment in ("10:46", "10:47", "11:01", "11:02"):
        desk.until(at("friday", moment))
        told.append(desk.letters())

    near, late = ("mona", "response near"), [("chief", "response late"), ("mona", "response late")]
    assert told == [[], [near], [], late]
    assert desk.actions()[3:] == ["warned", "breached"]


def test_a_breach_finds_somebody_else_and_raises_what_no_person_has_set(desk):
    follows = OnBreach(raise_priority=True, reassign=True)
    Service(desk.house.documents).replace(replace(shipped(), on_breach=follows))
    desk.hire("max", Role.MODERATOR)
    desk.file()
    first = desk.ticket.assignee_name.lower()
    desk.does(first, "patch", priority="low")
    desk.letters()

    desk.until(desk.ticket.goals.respond_by)

    [other] = {"mona", "max"} - {first}
    assert desk.actions()[4:] == ["breached", "assigned"]
    assert (desk.ticket.priority, desk.ticket.assignee_name.lower()) == ("low", other)
    assert (other, "given") in desk.letters()
