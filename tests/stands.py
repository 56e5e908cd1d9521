"""Stand-ins that fail on command, each a small real class, and the line that is built of them.

What works without failing comes from local/; these keep a port's promise as well, and break it
only in the ways its docstring allows.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from assign.step import assign_ticket
from helpdesk import events
from helpdesk.delivery import deliver
from helpdesk.errors import AtWorkError, HelpdeskError, OutsideError, TransientError
from helpdesk.events import WAKES, Event
from helpdesk.mail import Mail
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ports import Classifier, Mailer, Outcome
from helpdesk.tickets import Tickets
from helpdesk.users import Users
from local.documents import SqliteDocuments
from local.mailbox import Mailbox
from notify.step import notify_people
from tests.builders import NOW, a_ticket, an_entry
from tests.unit.helpdesk.alarms import Alarms
from triage.rules import RuleClassifier
from triage.step import triage_ticket

URL = "https://desk.example.com"
LINK_KEY = bytes(range(128, 160))
REDELIVERIES_MOST = 10
TRIED = {"attempts", "triage_attempts", "latency_ms"}
TOOK = {"triage_ms", "assign_ms"}  # counts of a day, which has them only where there are any
RULES = RuleClassifier()  # reads its lexicon once


class Tray:
    """The Bus port: what was published lies here in order; it can be down."""

    def __init__(self):
        self.published = []
        self.down = False

    def publish(self, event):
        if self.down:
            raise OutsideError("the bus is down")
        self.published.append(event)


class Faulty:
    """The Documents port over another one, with one commit that fails or comes too late."""

    def __init__(self, documents):
        self._documents = documents
        self._fault = None
        self._first = None
        self.commits = 0

    def arm(self, when, nth):
        """Let the n-th commit from now on fail: "before" it is applied, or "after" it was."""
        self.commits = 0
        self._fault = (when, nth)

    def interrupt(self, first):
        """Let something else happen right before the next commit."""
        self._first = first

    def commit(self, writes):
        first, self._first = self._first, None
        if first:
            first()
        self.commits += 1
        if self._fault == ("before", self.commits):
            raise OutsideError("the store did not answer; nothing was written")
        done = self._documents.commit(writes)
        if self._fault == ("after", self.commits):
            raise OutsideError("the store did not answer; all was written")
        return done

    def get(self, path):
        return self._documents.get(path)

    def get_many(self, paths):
        return self._documents.get_many(paths)

    def query(self, query):
        return self._documents.query(query)

    def count(self, query):
        return self._documents.count(query)

    def nearest(self, nearest):
        return self._documents.nearest(nearest)


class Scripted:
    """The Classifier port: gives these answers one by one, raising those that are errors."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.read = []

    def classify(self, title, description):
        self.read.append((title, description))
        answer = self._answers.pop(0)
        if isinstance(answer, HelpdeskError):
            raise answer
        return answer


class Carrier:
    """The Mailer port: knows no letter by its id, gives these answers, then accepts."""

    idempotent = False

    def __init__(self, *answers):
        self._answers = list(answers)
        self.carried = []

    def send(self, letter):
        answer = self._answers.pop(0) if self._answers else Outcome.ACCEPTED
        if isinstance(answer, HelpdeskError):
            raise answer
        self.carried.append(letter)
        return answer


class Line:
    """The whole line from ticket-created to the letter, over one SQLite file."""

    def __init__(self, folder, *, clock, store=None):
        self.clock = clock
        self.store = store or SqliteDocuments(folder / "helpdesk.db", durable=False)
        self.documents = Faulty(self.store)
        self.tray = Tray()
        self.mailbox = Mailbox(folder / "mailbox.db", clock=clock)
        self.outbox = Outbox(documents=self.documents, bus=self.tray, clock=clock)
        self.tickets = Tickets(documents=self.documents, outbox=self.outbox)
        self.users = Users(documents=self.documents, outbox=self.outbox)
        self.parked = Parked(documents=self.documents, clock=clock)
        self.timers = Alarms()
        self.classifier: Classifier = RULES
        self.mailer: Mailer = self.mailbox

    def close(self):
        self.mailbox.close()
        if isinstance(self.store, SqliteDocuments):
            self.store.close()

    def step(self, name):
        """Return a step with all it needs, as a house wires it."""
        wired = {
            "triage": partial(
                triage_ticket,
                tickets=self.tickets,
                classifier=self.classifier,
                fallback=RULES,
                clock=self.clock,
            ),
            "assign": partial(
                assign_ticket, tickets=self.tickets, users=self.users, clock=self.clock
            ),
            "notify": partial(
                notify_people,
                tickets=self.tickets,
                users=self.users,
                mail=Mail(documents=self.documents, mailer=self.mailer, clock=self.clock),
                timers=self.timers,
                clock=self.clock,
                url=URL,
                link_key=LINK_KEY,
            ),
        }
        return wired[name]

    def deliver(self, name, event):
        """Give an event to a step once, through the edge."""
        return deliver(events.encode(event), self.step(name), name=name, parked=self.parked)

    def insist(self, name, event):
        """Give an event to a step until it is acknowledged, as every bus does."""
        for _ in range(REDELIVERIES_MOST):
            try:
                return self.deliver(name, event)
            except AtWorkError:
                self.clock.tick(seconds=10)  # the back-off of a bus; a dead holder's lease ends
            except TransientError:
                continue
        raise AssertionError(f"{name} never acknowledged {event.id}")

    def staffed(self, *users):
        for user in users:
            self.users.add(user)
        return self

    def open(self, **changes):
        """Keep a new ticket, and return the event that tells of it."""
        self.tickets.open(a_ticket(**changes), an_entry(), once=None)
        return self.tray.published[-1]

    def run_to(self, name, **changes):
        """Open a ticket, let it travel up to a step, and return the event that wakes this one."""
        event = self.open(**changes)
        while (woken := WAKES[event.type][0]) != name:
            self.deliver(woken, event)
            event = self.tray.published[-1]
        return event

    def run_out(self):
        """Sweep and deliver until nothing is left to do; return every event in its order."""
        told: list[Event] = []
        while self.outbox.sweep(timedelta(0)) or len(told) < len(self.tray.published):
            for event in self.tray.published[len(told) :]:
                told.append(event)
                for name in WAKES[event.type]:
                    self.insist(name, event)
        return told

    def state(self):
        """Return all that is kept and every letter, but for how often and when it was tried."""
        letters = [
            replace(received, number=0, at=NOW) for received in self.mailbox.read(limit=1_000)
        ]
        return timeless(everything(self.store)), letters


def timeless(value):
    """Return what is kept with every time and every count of attempts made equal."""
    match value:
        case dict():
            return {
                key: None if item is not None and key in TRIED else timeless(item)
                for key, item in value.items()
                if key not in TOOK
            }
        case list():
            return [timeless(item) for item in value]
        case datetime():
            return "a time"
        case str() if '"time":' in value:
            return "an envelope"  # its time is among the rest
        case _:
            return value


def everything(store):
    """Return every document of a store, by path."""
    with store._database.reading() as connection:
        rows = connection.execute("SELECT collection, id FROM documents ORDER BY 1, 2").fetchall()
    paths = [f"{collection}/{name}" for collection, name in rows]
    return {found.path: found.data for found in store.get_many(paths)}
