"""The life of a ticket over HTTP: what people ask for, and the chain that works in between."""

from collections import Counter as Tally
from datetime import timedelta

from helpdesk.delivery import deliver
from helpdesk.documents import Create
from helpdesk.ticket import AT_WORK, JUDGED, Status
from helpdesk.timeline import Actor, recorded
from helpdesk.wire import ticket_document
from tests.builders import NOW, a_load, a_ticket, a_verdict, an_entry
from tests.stands import everything

PRINTER = ("Printer is on fire", "It burns on floor two, and nobody can print.")
UNASSIGNED = {"new", "triaged"}


class Chain:
    """The steps of a house that is not started: what waits in its queue is delivered by hand."""

    def __init__(self, counter):
        self._house = counter.house
        self._steps = self._house.steps()
        self._last = 0

    def run(self):
        """Deliver until nothing is left to do, each event once."""
        while self._sent() or self._waiting():
            for number, target, body in self._waiting():
                self._last = number
                deliver(body, self._steps[target], name=target, parked=self._house.parked)

    def _sent(self):
        return self._house.outbox.sweep(timedelta(0))

    def _waiting(self):
        query = "SELECT id, target, body FROM messages WHERE id > ? ORDER BY id"
        with self._house.queue._database.reading() as connection:
            found = connection.execute(query, (self._last,)).fetchall()
        return [each for each in found if each[1] in self._steps]


def path_of(ticket_id, door=""):
    return f"/api/tickets/{ticket_id}{door}"


def read(who, ticket_id):
    return who.get(path_of(ticket_id))


def edit(who, ticket_id, *, meant=None, **fields):
    return who.patch(path_of(ticket_id), fields, {"If-Match": meant} if meant else None)


def give(who, ticket_id, assignee, **more):
    return who.post(path_of(ticket_id, "/assign"), {"assignee": assignee, **more})


def retriage(who, ticket_id):
    return who.post(path_of(ticket_id, "/retriage"))


def say(who, ticket_id, text="Which floor?", *, key=None, **more):
    headers = {"Idempotency-Key": key} if key else None
    return who.post(path_of(ticket_id, "/comments"), {"text": text, **more}, headers)


def said(who, ticket_id, query=""):
    return who.get(path_of(ticket_id, f"/comments{query}"))


def actions(who, ticket_id):
    """Return what was done to a ticket, oldest first."""
    return [
        each["action"] for each in who.get(path_of(ticket_id, "/timeline?limit=100")).json["items"]
    ]


def put(counter, requester, *, assignee=None, status="assigned", **changes):
    """Keep a ticket that stands somewhere, with the entry and the load that go with it."""
    given = {"assignee_id": assignee.user.id, "assignee_name": assignee.user.name,
             "assigned_at": NOW} if assignee else {}  # fmt: skip
    judged = a_ticket().triaged(a_verdict(), now=NOW)
    parts = ("verdict", "priority", "category", "skills", "sources", "triaged_at")
    known = {} if status == "new" else {name: getattr(judged, name) for name in parts}
    ticket = a_ticket(
        id=counter.house.ids.ticket_id(),
        requester_id=requester.user.id,
        requester_name=requester.user.name,
        seq=5,
        **{**known, **given, "status": Status(status), **changes},
    )
    entry = an_entry(action="assigned", actor=Actor.RULE)
    kept = [Create(f"tickets/{ticket.id}", ticket_document(ticket))]
    kept += [recorded(entry, before=None, after=ticket, now=NOW)]
    kept += [a_load(ticket.assignee_id)] if ticket.holder_id else []
    counter.house.documents.commit(kept)
    return ticket.id


def loads(counter):
    """Return how many tickets each load counts, and how many there are."""
    kept = everything(counter.house.documents)
    told = {path[5:]: it["open"] for path, it in kept.items() if path.startswith("load/")}
    tickets = [it for path, it in kept.items() if path.count("/") == 1 and "tickets/" in path]
    truth = Tally(it["assignee_id"] for it in tickets if it["status"] in AT_WORK)
    return {name: count for name, count in told.items() if count}, dict(truth)


def loads_are_true(counter):
    told, truth = loads(counter)
    return told == truth


def labels(counter, ticket_id):
    """Return what people said and what the machine had said, by field."""
    paths = {name: f"labels/{ticket_id}.{name}" for name in JUDGED}
    found = zip(paths, counter.house.documents.get_many([*paths.values()]), strict=True)
    return {name: it.data for name, it in found if it}


def comments_kept(counter, ticket_id):
    kept = everything(counter.house.documents)
    return [it for path, it in kept.items() if path.startswith(f"tickets/{ticket_id}/comments/")]
