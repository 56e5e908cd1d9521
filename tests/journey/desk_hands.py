"""The hands of the state machine: how it asks, delivers, and learns what came of that.

Each says what it expects by the model before it looks.
"""

from contextlib import ExitStack
from functools import partial
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from helpdesk.delivery import Delivered
from helpdesk.errors import AtWorkError, EarlyEventError, OutsideError
from tests.journey import desk_checks as checks
from tests.journey.desk_model import DONE, JUDGED, Model, a_new_ticket
from tests.journey.driven_house import QUIET, DrivenHouse

NAMES = {"assignee_id": "assignee"}
UNDONE = {("resolved", False), ("reopened", True)}


class DeskHands(RuleBasedStateMachine):
    """Does what the rules choose, to `house` and `model` alike."""

    exits: ExitStack
    house: DrivenHouse
    model: Model
    waiting: list[Any]  # a step and an event each, and so are those that were delivered
    delivered: list[Any]
    moot: set[str]  # events of which a late copy may be read otherwise, as people are others
    left: set[str]  # tickets that have left triage
    touched: set[str]
    seen: dict[str, str]  # tags, by ticket
    crashed: int

    @property
    def now(self):
        return self.house.clock.now()

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
            seq = self.kept(name)["seq"]
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

    def kept(self, name):
        """Return a ticket's document."""
        return self.house.all_of("tickets")[f"tickets/{name}"]

    def tag(self, name):
        return self.house.ask("root", "GET", f"/api/tickets/{name}").headers["ETag"]

    def meant(self, name, tag):
        """Return what is sent of a version: the ticket's, one that was seen before, or none."""
        known = self.tag(name)
        meant = {None: None, "right": known, "stale": self.seen.get(name, '"0"')}[tag]
        self.seen[name] = known
        return meant

    def is_fresh(self, name, meant):
        """Say whether a version is the ticket's; that its assignee was told makes no other."""
        return meant is None or meant.replace("n", "") == self.tag(name).replace("n", "")

    def hand(self, message, fault):
        """Give an event to its step, and say whether it was acknowledged."""
        step, event = message
        ticket = self.model.tickets[event.subject]
        kept = self.kept(event.subject)
        self.house.documents.arm(*(fault or ("never", 0)))
        acknowledged = False
        if event.data["assignee_id"] != ticket["assignee"]:
            self.moot.add(event.id)  # if it comes back to them, a copy finds its reader after all
        if (event.data["change"], ticket["status"] in DONE) in UNDONE:
            self.moot.add(event.id)  # and a copy is true again if it is done once more
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
                if entry["action"] == "triaged_again" and entry["why"]["fallback_reason"]:
                    assert not changes.keys() & JUDGED, f"a stand-in overruled the model: {entry}"
                self.adopt(name, self.model.told(ticket, entry["action"], changes, entry["at"]))
            if kept["verdict"] and entry["action"].startswith("triaged"):
                self.model.tickets[name]["review"] = kept.get("needs_review") or False
        self.collect()

    def check_ticket(self, name, document):
        path, ticket = f"tickets/{name}", self.model.tickets[name]
        checks.check_history(ticket, document, list(self.house.all_of(f"{path}/timeline").values()))
        said = [
            list(self.house.all_of(f"{path}/{kind}").values()) for kind in ("comments", "notes")
        ]
        checks.check_comments(ticket, *said)

    def check_letter(self, letter):
        """A letter goes to whoever may read the ticket, and what is for staff to nobody else."""
        who, ticket = letter.to.partition("@")[0], self.model.tickets[letter.ticket_id]
        assert not self.model.people[who]["disabled"], f"{who} is told: {letter.subject}"
        assert self.model.serves(who) or (
            who == ticket["requester"] and QUIET not in letter.text
        ), f"{who} is told what is not for them: {letter.subject}"
