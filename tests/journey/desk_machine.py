"""The state machine: any life of a few tickets, by requests, deliveries, time and crashes.

It knows by the model alone what must come of each step, and looks at the desk after each.
"""

import random
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helpdesk.delivery import Delivered
from helpdesk.errors import AtWorkError, EarlyEventError, OutsideError
from helpdesk.levels import OnBreach
from helpdesk.user import Role
from tests.journey import desk_checks as checks
from tests.journey.desk_model import Model, a_new_ticket
from tests.journey.driven_house import QUIET, DrivenHouse

PEOPLE = {
    "ada": {"role": Role.USER},
    "bo": {"role": Role.USER},
    "may": {"role": Role.MODERATOR, "skills": ("Python",), "capacity": 2},
    "max": {"role": Role.MODERATOR, "skills": ("Java",), "capacity": 1},
    "root": {"role": Role.ADMIN},
}
TICKETS_MOST = 3
PICKS = st.integers(0, TICKETS_MOST - 1)
ASKERS = st.sampled_from(["requester", "assignee", "moderator", "admin", "other"])
FAULTS = st.sampled_from(
    [None] * 12 + [("before", 1), ("after", 1), ("before", 2), ("after", 2), ("after", 3)]
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
    [timedelta(minutes=1), timedelta(minutes=40), timedelta(hours=5), timedelta(hours=26)]
    + [timedelta(days=3), timedelta(days=8), timedelta(days=15)]
)
NAMES = {"assignee_id": "assignee"}


class DeskMachine(RuleBasedStateMachine):
    """People, machines, time and crashes, in any order."""

    open_store = staticmethod(lambda _folder: None)  # None: the house's own

    @initialize(strict=st.booleans())
    def open(self, strict):
        self.exits = ExitStack()
        folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        store = self.open_store(folder)
        self.house = DrivenHouse(folder, store=store, watch=self.check_letter)
        self.exits.callback(self.house.close)
        people = {name: {"role": it["role"].value} for name, it in PEOPLE.items()}
        self.model = Model(
            {name: {**it, "disabled": False, "absent_until": None} for name, it in people.items()}
        )
        for name, user in PEOPLE.items():
            self.house.employ(name, **user)
        if strict:
            service = self.house.desk.service
            on_breach = OnBreach(raise_priority=True, reassign=True)
            service.replace(replace(service.read(), on_breach=on_breach))
        self.waiting, self.delivered, self.left, self.seen = [], [], set(), {}
        self.crashed, self.turn, self.touched, self.standing = 0, 0, set(), False
        self.create("ada", {"title": "Printer", "description": "one"}, None, None)

    @property
    def now(self):
        return self.house.clock.now()

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
        known = self.tag(name)
        meant = {None: None, "right": known, "stale": self.seen.get(name, '"0"')}[tag]
        self.seen[name] = known

        def predict(ticket):
            fresh = meant is None or meant == self.tag(name)
            return self.model.edit(who, ticket, edits, self.now, fresh=fresh)

        self.change(name, who, predict, "PATCH", "", edits, meant=meant, fault=fault)

    @rule(pick=PICKS, by=ASKERS, to=STATUSES, fault=FAULTS)
    def move(self, pick, by, to, fault):
        self.edit(pick, by, {"status": to}, None, fault)

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
                assert answer.json["text"] == text
                assert (answer.json["seq"], False, text) in self.model.tickets[name]["said"] or said["internal"]

    @rule(
        pick=PICKS,
        by=ASKERS,
        to=st.sampled_from([None, None, "may", "max", "root", "ada", "nobody"]),
        fault=FAULTS,
    )
    def give(self, pick, by, to, fault):
        name, who = self.picked(pick, by)
        predict = partial(self.model.give, who, to=to)
        self.change(name, who, predict, "POST", "/assign", {"assignee": to}, fault=fault)

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
        self.standing |= before != (self.model.serves(who), self.model.people[who]["disabled"])

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
        try:
            self.check_end()
        finally:
            self.exits.close()

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
        kept, letters = checks.check_quiet(self.house, self.model), len(self.house.mailer.sent)
        if not self.crashed:
            assert letters == len({letter.id for letter in self.house.mailer.sent})
        again = {(step, event.id): (step, event) for step, event in self.delivered}
        for step, event in random.Random(7).sample(list(again.values()), len(again)):
            if not (self.standing and step == "notify"):
                self.house.hand(step, event)
        assert self.house.everything() == kept
        assert len(self.house.mailer.sent) == letters

    # How

    def picked(self, pick, by):
        """Return a ticket, and somebody who is that to it."""
        name = list(self.model.tickets)[pick % len(self.model.tickets)]
        ticket = self.model.tickets[name]
        who = {
            "requester": ticket["requester"],
            "assignee": ticket["assignee"] or "root",
            "moderator": "may" if ticket["assignee"] != "may" else "max",
            "admin": "root",
            "other": "bo" if ticket["requester"] != "bo" else "ada",
        }
        return name, who[by]

    def ask(self, who, method, path, body=None, *, key=None, meant=None, fault=None):
        """Send a request; say as well whether the store failed while it was answered."""
        named = {"Idempotency-Key": key, "If-Match": meant}
        headers = {name: value for name, value in named.items() if value}
        self.house.documents.arm(*(fault or ("never", 0)))
        answer = self.house.ask(who, method, path, body, **headers)
        crashed = self.disarmed(fault)
        if not self.model.is_staff(who):
            assert QUIET.encode() not in answer.data
        self.collect()
        return answer, crashed

    def change(self, name, who, predict, method, path, body=None, *, fault=None, **headers):
        """Send a request, and again if it broke off, until what comes of it is as predicted."""
        ask = partial(self.ask, who, method, f"/api/tickets/{name}{path}", body, **headers)
        before = self.model.tickets[name]
        status, after, *made = predict(before)
        answer, crashed = ask(fault=fault)
        if answer.status_code == 503 and crashed:
            seq = self.house.store.get(f"tickets/{name}").data["seq"]
            done = after is not None and seq != before["seq"]
            assert seq == (after or before)["seq"] if done else seq == before["seq"]
            if done:
                self.adopt(name, after)
            status, after, *made = predict(self.model.tickets[name])
            answer, _ = ask()
        assert answer.status_code == status, (answer.status_code, status, answer.data)
        if after is not None:
            self.adopt(name, after)
        if made and made[0]:
            assert answer.json["seq"] == made[0]
        return answer

    def commented(self, who, said, key, ticket):
        status, after, known = self.model.comment(who, ticket, said, key, self.now)
        if after is not None and key:
            after = {**after, "keyed": (who, key, said, self.now)}
        return status, after, known

    def adopt(self, name, after):
        """Take a ticket as it is from now on."""
        if keyed := after.pop("keyed", None):
            who, key, said, at = keyed
            self.model.remember(who, name, key, said, after["seq"], at)
        self.model.tickets[name] = after
        self.touched.add(name)
        if after["status"] not in {"new", "triaged"}:
            self.left.add(name)

    def filed(self, name, who, words, key):
        self.adopt(name, a_new_ticket(name, who, words))
        if key:
            self.model.remember(who, "create", key, words, name, self.now)

    def tag(self, name):
        return self.house.ask("root", "GET", f"/api/tickets/{name}").headers["ETag"]

    def hand(self, message, fault):
        """Give an event to its step, and say whether it was acknowledged."""
        step, event = message
        ticket = self.model.tickets[event.subject]
        kept = self.house.store.get(f"tickets/{event.subject}").data
        self.house.documents.arm(*(fault or ("never", 0)))
        acknowledged = False
        try:
            assert self.house.hand(step, event) is not Delivered.PARKED, event
            acknowledged = True
        except EarlyEventError:
            assert (step, ticket["status"]) == ("assign", "new")
        except AtWorkError:
            assert kept["triage_until"] > self.now
        except OutsideError:
            assert fault
        self.disarmed(fault)
        self.learn()
        self.collect()
        return acknowledged

    def disarmed(self, fault):
        fired = fault is not None and self.house.documents.commits >= fault[1]
        self.house.documents.arm("never", 0)
        self.crashed += fired
        return fired

    def collect(self):
        self.waiting += self.house.told()

    def learn(self):
        """Take over what machines have changed, if they may."""
        for path, kept in self.house.all_of("tickets").items():
            name = path.removeprefix("tickets/")
            if kept["seq"] == self.model.tickets[name]["seq"]:
                continue
            for entry in self.house.all_of(f"{path}/timeline").values():
                ticket = self.model.tickets[name]
                if entry["seq"] <= ticket["seq"]:
                    continue
                assert entry["actor"] != "human", entry
                changes = {
                    NAMES.get(field, field): it["after"] for field, it in entry["changes"].items()
                }
                self.adopt(name, self.model.told(ticket, entry["action"], changes, entry["at"]))
            if kept["verdict"] and entry["action"].startswith("triaged"):
                self.model.tickets[name]["review"] = kept["needs_review"]
        self.collect()

    def check_ticket(self, name, document):
        path, ticket = f"tickets/{name}", self.model.tickets[name]
        checks.check_history(
            ticket, document, list(self.house.all_of(f"{path}/timeline").values())
        )
        said = [list(self.house.all_of(f"{path}/{kind}").values()) for kind in ("comments", "notes")]
        checks.check_comments(ticket, *said)

    def check_letter(self, letter):
        """What is for staff goes to nobody else, whatever they were when it was said."""
        if QUIET in letter.text:
            who = letter.to.partition("@")[0]
            assert self.model.serves(who), f"{who} is told what is for staff: {letter.subject}"
