"""What docs/tickets.md says of a ticket, as one dictionary and one table; written from that page.

A method of the model returns the status that a request must be answered with, and the ticket after
it, None where it stays as it is. What machines do is told to it, and held against what they may.
"""

from datetime import timedelta

MOVES = {
    "new": {"triaged"},
    "triaged": {"assigned", "resolved"},
    "assigned": {"in_progress", "resolved", "triaged", "waiting"},
    "in_progress": {"assigned", "resolved", "triaged", "waiting"},
    "waiting": {"assigned", "in_progress", "resolved", "triaged"},
    "resolved": {"assigned", "closed", "triaged"},
    "closed": {"assigned", "triaged"},
}
AT_WORK, DONE = {"assigned", "in_progress"}, {"resolved", "closed"}
STAFF_MOVES, ANYBODYS_MOVES = {"in_progress", "waiting"}, {"resolved", "closed"}
WORDS, JUDGED = {"title", "description"}, {"priority", "category", "skills"}
CAPACITY = 20  # of whom nothing else is said
REOPEN_WITHIN, REMEMBERED = timedelta(days=14), timedelta(hours=24)
# Per action of a machine: what it may change, beside what follows from that.
MACHINES = {
    "triaged": {"status", *JUDGED},
    "triaged_again": JUDGED,
    "assigned": {"status", "assignee"},
    "warned": set(),
    "breached": {"priority", "status", "assignee"},
    "closed": {"status"},
}


class Model:
    """The desk as the page tells it: `people` and `tickets` by id, `keys` by who used them."""

    def __init__(self, people):
        self.people = people
        self.tickets, self.keys = {}, {}

    # Who may what

    def is_staff(self, who):
        return self.people[who]["role"] != "user"

    def serves(self, who):
        return self.is_staff(who) and not self.people[who]["disabled"]

    def is_absent(self, who, now):
        until = self.people[who]["absent_until"]
        return until is not None and now < until

    def works_on(self, who, ticket):
        mine = ticket["assignee"] == who and self.is_staff(who)
        return mine or self.people[who]["role"] == "admin"

    def refused(self, who, ticket):
        """Return the status that keeps somebody from a ticket, None if nothing does."""
        if self.people[who]["disabled"]:
            return 401
        return None if ticket["requester"] == who or self.works_on(who, ticket) else 404

    def listed(self, who, view=None):
        role = self.people[who]["role"]
        view = view or {"admin": "all", "moderator": "assigned", "user": "filed"}[role]
        mine = {"all": None, "assigned": "assignee", "filed": "requester"}[view]
        return {name for name, it in self.tickets.items() if not mine or it[mine] == who}

    # What people do

    def create(self, who, words, key, now):
        """Return the status and, of a key that counts, the ticket that was opened with it."""
        if self.people[who]["disabled"]:
            return 401, None
        return self._known(key and (who, "create", key), words, now) or (201, None)

    def edit(self, who, ticket, edits, now, *, fresh=True):  # noqa: PLR0911 - a table of refusals
        if refused := self.refused(who, ticket):
            return refused, None
        if not fresh:
            return 412, None
        works, stands, to = self.works_on(who, ticket), ticket["status"], edits.get("status")
        words = {name: value for name, value in edits.items() if name in WORDS}
        judged = {name: value for name, value in edits.items() if name in JUDGED}
        to = None if to == stands else to
        reopens = to == "assigned" and stands in DONE
        if not works and (judged or "needs_review" in edits or to in STAFF_MOVES):
            return 403, None
        if reopens and not works and self.is_over(ticket, now):
            return 422, None
        if stands == "closed" and not reopens and (words or judged):
            return 422, None
        legal = to in MOVES[stands] and to in STAFF_MOVES | ANYBODYS_MOVES
        if to and not reopens and not legal:
            return 422, None
        after = {**ticket, **words, **judged, "human": ticket["human"] | judged.keys()}
        after["review"] = ticket["review"] and not (judged or "needs_review" in edits)
        if reopens:
            after = self._reopened(after, now)
        elif to:
            after = _moved(after, to, now)
        return 200, _numbered(after, ticket)

    def comment(self, who, ticket, said, key, now):  # noqa: C901, PLR0911 - likewise
        """As the others; for a key that counts, the third is the number of the comment."""
        internal, status = said["internal"], said["status"]
        if refused := self.refused(who, ticket):
            return refused, None, None
        if internal and not self.works_on(who, ticket):
            return 403, None, None
        if known := self._known(key and (who, ticket["id"], key), said, now):
            return known[0], None, known[1]
        mine = ticket["assignee"] == who and self.is_staff(who)
        asks = ticket["requester"] == who and not internal and not mine
        if status and (internal or asks):
            return 422, None, None
        after = dict(ticket)
        after["notes" if internal else "replies"] += 1
        if asks:
            if self.is_over(ticket, now) and not self.works_on(who, ticket):
                return 422, None, None
            if ticket["status"] == "waiting":
                after["status"] = "in_progress"
            elif ticket["status"] in DONE:
                after = self._reopened(after, now)
        elif not internal:
            after["answered"] = True
            begins = status is None and ticket["status"] == "assigned"
            to = "in_progress" if begins else status
            if to and to != ticket["status"]:
                if to not in MOVES[ticket["status"]]:
                    return 422, None, None
                after = _moved(after, to, now)
        after = _numbered(after, ticket)
        after["said"] = [*ticket["said"], (after["seq"], internal, said["text"])]
        return 201, after, None

    def give(self, who, ticket, to, *, fresh=True):  # noqa: PLR0911 - likewise
        if refused := self._no_staff(who, ticket):
            return refused, None
        if not fresh:
            return 412, None
        stands, has_it = ticket["status"], ticket["assignee"]
        if to is None:
            if has_it is None or stands in DONE:
                return 422, None
            return 200, _numbered(_nobodys({**ticket, "declined": ticket["declined"] | {has_it}}))
        if stands == "new" or stands in DONE or to not in self.people or not self.serves(to):
            return 422, None
        if to == has_it:
            return 200, None
        given = {"status": "assigned", "assignee": to, "declined": ticket["declined"] - {to}}
        return 200, _numbered({**ticket, **given})

    def retriage(self, who, ticket):
        if refused := self._no_staff(who, ticket):
            return refused, None
        if ticket["status"] in {"new", "closed"}:
            return 422, None
        return 202, None if ticket["asked"] else _numbered({**ticket, "asked": True})

    def is_over(self, ticket, now):
        """Say whether a ticket has been closed for longer than its requester may reopen it."""
        return ticket["status"] == "closed" and ticket["closed_at"] + REOPEN_WITHIN <= now

    def remember(self, who, scope, key, said, made, now):
        self.keys[who, scope, key] = (said, made, now + REMEMBERED)

    # What machines do

    def told(self, ticket, action, changes, at):
        """Return the ticket after a machine's change, which must be one that it may make."""
        assert changes.keys() <= MACHINES[action], f"{action} changed {changes}"
        assert not changes.keys() & ticket["human"], f"{action} overruled a person: {changes}"
        after = {**ticket, **changes, "seq": ticket["seq"] + 1}
        if action == "triaged_again":
            after["asked"] = False
            assert not (ticket["raised"] and "priority" in changes), "what was raised was lowered"
        if action == "assigned":
            self._check_choice(ticket, changes["assignee"], at)
        if action == "breached" and "priority" in changes:
            after["raised"] = True
        if action == "breached" and "assignee" in changes:
            assert (after["assignee"], after["status"]) == (None, "triaged")
            assert ticket["status"] in AT_WORK, "what waits for its requester was taken away"
            after["declined"] = ticket["declined"] | {ticket["assignee"]}
        if action == "closed":
            assert (ticket["status"], after["status"]) == ("resolved", "closed")
            after["closed_at"] = at
        return after

    def _check_choice(self, ticket, chosen, now):
        assert self.serves(chosen), f"{chosen} serves nobody"
        others = {who for who in self.people if self.serves(who)} - ticket["declined"]
        admins = {who for who in others if self.people[who]["role"] == "admin"}
        # Who is away or lacks the skills is worse than who has given it back.
        suit = {who for who in others if not self.is_absent(who, now) and self.knows(who, ticket)}
        assert chosen in others or not (admins or suit), f"{chosen} had given it back"
        full = self.load(chosen) >= self.people[chosen].get("capacity", CAPACITY)
        # Where every admin has given it back, somebody must have it all the same.
        assert not (full and admins), f"{chosen} has too much to do"

    def knows(self, who, ticket):
        """Say whether somebody has any of the skills that a ticket asks for."""
        mine = set(self.people[who].get("skills", ()))
        return not ticket["skills"] or bool(mine & set(ticket["skills"]))

    def load(self, who):
        mine = [it for it in self.tickets.values() if it["assignee"] == who]
        return sum(it["status"] in AT_WORK for it in mine)

    def _known(self, name, said, now):
        kept, made, until = self.keys.get(name, (None, None, None))
        if until is None or until <= now:
            return None
        return (201, made) if kept == said else (422, None)

    def _no_staff(self, who, ticket):
        """Return the status for what only staff may do to a ticket, None for whoever may."""
        if not self.people[who]["disabled"] and not self.is_staff(who):
            return 403  # nobody of this role, to whatever ticket
        works = self.works_on(who, ticket)
        return self.refused(who, ticket) or (None if works else 403)

    def _reopened(self, ticket, now):
        has_it = ticket["assignee"]
        back = has_it is not None and self.serves(has_it) and not self.is_absent(has_it, now)
        again = {**ticket, "resolved": False, "closed_at": None, "reopened": ticket["reopened"] + 1}
        return {**again, "status": "assigned"} if back else _nobodys(again)


def a_new_ticket(name, who, words):
    return {
        "id": name, "requester": who, **words, "status": "new", "seq": 1, "assignee": None,
        "priority": None, "category": None, "skills": [], "human": frozenset(), "review": False,
        "declined": frozenset(), "resolved": False, "closed_at": None, "reopened": 0,
        "replies": 0, "notes": 0, "asked": False, "said": [], "answered": False, "raised": False,
    }  # fmt: skip


def _moved(ticket, to, now):
    done = {"resolved": {"resolved": True}, "closed": {"closed_at": now}}
    return {**ticket, "status": to, **done.get(to, {})}


def _nobodys(ticket):
    return {**ticket, "status": "triaged", "assignee": None}


def _numbered(after, before=None):
    return None if after == before else {**after, "seq": after["seq"] + 1}
