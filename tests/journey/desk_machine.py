"""The state machine: any life of a few tickets, by requests, deliveries, time and crashes.

It knows by the model alone what must come of each step, and looks at the desk after each.
"""

import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from helpdesk.levels import OnBreach
from helpdesk.user import Role
from tests.journey import desk_checks as checks
from tests.journey.desk_hands import DeskHands
from tests.journey.desk_model import MOVES, Model
from tests.journey.driven_house import QUIET, DrivenHouse

PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"role": Role.USER},
    "bo": {"role": Role.USER},
    "may": {"role": Role.MODERATOR, "skills": ("Python",), "capacity": 2},
    "max": {"role": Role.MODERATOR, "skills": ("Java",), "capacity": 1},
    "root": {"role": Role.ADMIN},
}
TICKETS_MOST = 3
PICKS = st.integers(0, TICKETS_MOST - 1)
ASKERS = st.sampled_from(
    [
        *("assignee", "assignee", "assignee", "admin", "admin", "requester", "requester"),
        *("moderator", "other"),  # mostly refused, which ends no life
    ]
)
FAULTS = st.sampled_from(
    [*[None] * 12, ("before", 1), ("after", 1), ("before", 2), ("after", 2), ("after", 3)]
)
KEYS = st.sampled_from([None, None, "k1", "k2"])
TITLES, TEXTS = st.sampled_from(["Printer", "Door"]), st.sampled_from(["one", "two"])
STATUSES = st.sampled_from(["assigned", "in_progress", "waiting", "resolved", "closed"])
SET = {
    "title": TITLES,
    "description": TEXTS,
    "priority": st.sampled_from(["low", "medium", "high"]),
    "category": st.sampled_from(["incident", "question"]),
    "skills": st.sampled_from([[], ["Python"], ["Java", "Python"]]),
    "needs_review": st.just(False),
}
FIELD = st.one_of([st.fixed_dictionaries({name: it}) for name, it in SET.items()])
MOVE = st.fixed_dictionaries({"status": STATUSES})
EDITS = st.one_of(MOVE, FIELD, st.builds(dict.__or__, FIELD, MOVE))
TAGS = st.sampled_from([None, None, "right", "stale"])
SAID = st.fixed_dictionaries(
    {
        "text": TEXTS,
        "internal": st.booleans(),
        "status": st.sampled_from([None, None, "in_progress", "waiting", "resolved"]),
    }
)
SPANS = st.sampled_from(
    [
        *(timedelta(seconds=50), timedelta(minutes=2), timedelta(minutes=40), timedelta(hours=5)),
        *(timedelta(minutes=2), timedelta(hours=26), timedelta(days=3)),
        *(timedelta(days=8), timedelta(days=15)),
    ]
)
WAYS = {stands: (to - {"triaged"}) or {"in_progress"} for stands, to in MOVES.items()}


class DeskMachine(DeskHands):
    """People, machines, time and crashes, in any order."""

    open_store = staticmethod(lambda _folder: None)  # None: the house's own

    @initialize(strict=st.sampled_from([False, False, True]), begun=st.integers(0, 3))
    def open(self, strict, begun):
        self.exits = ExitStack()
        folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        store = self.open_store(folder)
        self.house = DrivenHouse(folder, store=store, watch=self.check_letter)
        self.exits.callback(self.house.close)
        as_yet = {"disabled": False, "absent_until": None}
        self.model = Model(
            {name: {**it, "role": it["role"].value, **as_yet} for name, it in PEOPLE.items()}
        )
        for name, user in PEOPLE.items():
            self.house.employ(name, **user)
        if strict:
            service = self.house.desk.service
            on_breach = OnBreach(raise_priority=True, reassign=True)
            service.replace(replace(service.read(), on_breach=on_breach))
        self.waiting, self.delivered, self.left, self.seen = [], [], set(), {}
        self.crashed, self.turn, self.touched, self.moot = 0, 0, set(), set()
        self.create("ada", {"title": "Printer", "description": "one"}, None, None)
        if begun:
            self.deliver_all(backwards=False)

    # People

    @precondition(lambda self: len(self.model.tickets) < TICKETS_MOST)
    @rule(
        who=st.sampled_from(["ada", "bo", "may"]),
        words=st.fixed_dictionaries({"title": TITLES, "description": TEXTS}),
        key=KEYS,
        fault=FAULTS,
    )
    def create(self, who, words, key, fault):
        status, known = self.model.create(who, words, key, self.now)
        ask = partial(self.ask, who, "POST", "/api/tickets", words, key=key)
        answer, crashed = ask(fault=fault)
        if answer.status_code == 503 and crashed:
            # Whoever sent a key sends it again; anybody else has to look.
            made = {path.removeprefix("tickets/") for path in self.house.all_of("tickets")}
            fresh = made - self.model.tickets.keys()
            assert len(fresh) <= (status == 201 and not known)
            for name in fresh:
                self.filed(name, who, words, key)
            status, known = self.model.create(who, words, key, self.now)
            answer, _ = ask()
        assert answer.status_code == status, answer.data
        if status != 201:
            return
        assert ("Idempotent-Replayed" in answer.headers) == (known is not None)
        assert (answer.json["status"], answer.json["title"]) == ("new", words["title"])
        if known:
            assert answer.json["id"] == known
        else:
            self.filed(answer.json["id"], who, words, key)

    @rule(pick=PICKS, by=ASKERS, edits=EDITS, tag=TAGS, fault=FAULTS)
    def edit(self, pick, by, edits, tag, fault):
        name, who = self.picked(pick, by)
        meant = self.meant(name, tag)

        def predict(ticket):
            fresh = self.is_fresh(name, meant)
            return self.model.edit(who, ticket, edits, self.now, fresh=fresh)

        self.change(name, who, predict, "PATCH", "", edits, meant=meant, fault=fault)

    @rule(pick=PICKS, by=ASKERS, way=st.integers(0, 4), fault=FAULTS)
    def go_on(self, pick, by, way, fault):
        """Take one of the ways that lead on: by chance alone few tickets would get far."""
        stands = self.model.tickets[self.picked(pick, by)[0]]["status"]
        ways = sorted(WAYS[stands])
        self.edit(pick, by, {"status": ways[way % len(ways)]}, None, fault)

    @rule(pick=PICKS, by=ASKERS, said=SAID, key=KEYS, again=st.booleans(), fault=FAULTS)
    def comment(self, pick, by, said, key, again, fault):
        name, who = self.picked(pick, by)
        text = f"{QUIET}, {said['text']}" if said["internal"] else said["text"]
        said = {**said, "text": text}
        body = {field: value for field, value in said.items() if value is not None}
        predict = partial(self.commented, who, said, key)
        for trouble in (fault, None)[: 1 + (again and key is not None)]:
            answer = self.change(
                name, who, predict, "POST", "/comments", body, key=key, fault=trouble
            )
            if answer.status_code == 201:
                made = (answer.json["seq"], said["internal"], answer.json["text"])
                assert made in self.model.tickets[name]["said"]

    @rule(
        pick=PICKS,
        by=ASKERS,
        to=st.sampled_from([None, None, "may", "max", "root", "ada", "nobody"]),
        tag=TAGS,
        fault=FAULTS,
    )
    def give(self, pick, by, to, tag, fault):
        name, who = self.picked(pick, by)
        meant = self.meant(name, tag)

        def predict(ticket):
            return self.model.give(who, ticket, to, fresh=self.is_fresh(name, meant))

        body = {"assignee": to}
        self.change(name, who, predict, "POST", "/assign", body, meant=meant, fault=fault)

    @rule(pick=PICKS, to=st.sampled_from(["may", "max"]))
    def take(self, pick, to):
        name, _ = self.picked(pick, "admin")
        predict = partial(self.model.give, to, to=to)
        self.change(name, to, predict, "POST", "/assign", {"assignee": to})

    @rule(pick=PICKS, by=ASKERS, fault=FAULTS)
    def retriage(self, pick, by, fault):
        name, who = self.picked(pick, by)
        predict = partial(self.model.retriage, who)
        self.change(name, who, predict, "POST", "/retriage", fault=fault)

    @rule(
        who=st.sampled_from(["may", "max", "ada"]),
        change=st.sampled_from(
            [{"role": "user"}, {"role": "moderator"}, {"disabled": True}, {"disabled": False}]
        ),
    )
    def employ(self, who, change):
        answer, _ = self.ask("root", "PATCH", f"/api/auth/users/{who}", change)
        assert answer.status_code == 200
        before = self.model.serves(who), self.model.people[who]["disabled"]
        self.model.people[who] |= change
        # Whom a letter was not for then it may be for now: late copies of events are read anew.
        if before != (self.model.serves(who), self.model.people[who]["disabled"]):
            self.moot |= {event.id for _, event in self.delivered}

    @rule(who=st.sampled_from(["may", "max", "bo"]), days=st.sampled_from([None, 2, 30]))
    def be_absent(self, who, days):
        until = days and self.now + timedelta(days=days)
        told = {"absent_from": None, "absent_until": until and until.isoformat()}
        answer, _ = self.ask(who, "PATCH", "/api/auth/me", told)
        shut = 401 if self.model.people[who]["disabled"] else 403
        assert answer.status_code == (200 if self.model.serves(who) else shut)
        if self.model.serves(who):
            self.model.people[who]["absent_until"] = until

    # Machines and time

    @precondition(lambda self: self.waiting)
    @rule(number=st.integers(0, 5), fault=FAULTS)
    def deliver(self, number, fault):
        message = self.waiting[number % len(self.waiting)]
        if self.hand(message, fault):
            self.waiting.remove(message)
            self.delivered.append(message)

    @precondition(lambda self: self.waiting)
    @rule(backwards=st.booleans())
    def deliver_all(self, backwards):
        for _ in range(5):
            for message in self.waiting[:: -1 if backwards else 1]:
                if self.hand(message, None):
                    self.waiting.remove(message)
                    self.delivered.append(message)

    @precondition(lambda self: self.delivered)
    @rule(number=st.integers(0, 30), fault=FAULTS)
    def deliver_again(self, number, fault):
        self.hand(self.delivered[number % len(self.delivered)], fault)

    @rule(span=SPANS, ring=st.booleans(), minute=st.booleans())
    def wait(self, span, ring, minute):
        self.house.clock.tick(seconds=span.total_seconds())
        if ring:
            self.house.ring()
        if minute:
            self.house.upkeep.minute()
        self.learn()

    # What holds after each

    @invariant()
    def desk_holds(self):
        kept = self.house.all_of("tickets")
        checks.check_kept(self.model, kept)
        checks.check_loads(self.model, self.house.all_of("load"))
        checks.check_days(self.model, self.house.all_of("days"), self.left)
        for name in self.touched:
            self.check_ticket(name, kept[f"tickets/{name}"])
        # Everybody in turn: all of them each time would be all that is ever done.
        self.turn += 1
        who = list(PEOPLE)[self.turn % len(PEOPLE)]
        checks.check_listed(self.model, who, self.house.ask)
        for name in self.touched:
            checks.check_shown(self.model, who, name, self.house.ask)
        if self.touched:
            name = min(self.touched)
            asker = self.model.tickets[name]["requester"]
            checks.check_shown(self.model, asker, name, self.house.ask)
        self.touched = set()

    def teardown(self):
        if not hasattr(self, "house"):
            return
        with self.exits:
            if sys.exc_info()[0] is None:  # a step that failed is the news, not what follows
                self.check_end()

    def check_end(self):
        for _ in range(10):
            self.house.clock.tick(minutes=3)
            self.house.upkeep.minute()
            self.learn()
            self.deliver_all(backwards=False)
            if not self.waiting and not self.house.all_of("outbox"):
                break
        self.desk_holds()
        for who in PEOPLE:
            checks.check_listed(self.model, who, self.house.ask)
            checks.check_listed(self.model, who, self.house.ask, "filed")
            for name in self.model.tickets:
                checks.check_shown(self.model, who, name, self.house.ask)
        kept, letters = checks.check_quiet(self.house, self.model), len(self.house.postman.sent)
        if not self.crashed:
            assert letters == len({letter.id for letter in self.house.postman.sent})
        again = {(step, event.id): (step, event) for step, event in self.delivered}
        for step, event in random.Random(7).sample(list(again.values()), len(again)):
            if step != "notify" or event.id not in self.moot:
                self.house.hand(step, event)
        assert self.house.everything() == kept
        assert len(self.house.postman.sent) == letters
