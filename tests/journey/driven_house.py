"""A house that stands still: the API over the line, where a test moves time and every event."""

from functools import cache

from api.app import create_app
from api.desk import Stores, desk_over
from api.passwords import Passwords
from api.tokens import Claims as Token
from api.tokens import Tokens
from helpdesk import events
from helpdesk.claims import Claims
from helpdesk.documents import Query
from helpdesk.errors import RefusedError
from helpdesk.events import WAKES
from helpdesk.ports import Outcome
from helpdesk.verdict import Category, Judged, Priority
from local.documents import SqliteDocuments
from tests.builders import FixedClock, SequenceIds, a_user, a_verdict
from tests.stands import Line
from tests.unit.api.desk import SETTINGS
from tests.unit.upkeep.receivers import a_post
from upkeep.rounds import Upkeep

KINDS = (
    "tickets", "users", "load", "outbox", "parked", "mail", "days", "labels", "idem", "rosters",
)  # fmt: skip
BELOW = ("timeline", "comments", "notes")  # a ticket
MOST = 1_000
REFUSED_EACH = 5  # of what the model is asked, which the rules then judge
QUIET = "a quiet word"  # in whatever is for staff only

_open: list[
    "DrivenHouse"
] = []  # the house whose turn it is: an app is dear to make, and knows only this list


@cache
def client():
    """Return a client of the app, which is made once."""
    return create_app(lambda: _open[-1].desk).test_client()


@cache
def passwords():
    return Passwords(SETTINGS.peppers, cost=4)


class Changeable:
    """The Classifier port: never says the same twice running, so that nothing stays by chance."""

    def __init__(self):
        self._asked = 0

    def classify(self, title, _description):
        self._asked += 1
        if self._asked % REFUSED_EACH == 0:
            raise RefusedError("the model will not read this")
        priority, category = list(Priority), list(Category)
        return a_verdict(
            priority=Judged(priority[self._asked % len(priority)], 0.9, title),
            category=Judged(category[self._asked % len(category)], 0.9, title),
            skills=Judged((("Python",), ("Java",), ())[self._asked % 3], 0.9, title),
            notes=f"Between us, {QUIET}.",
        )


class Postman:
    """The Mailer port: keeps every letter, and shows each to whoever watches before it goes."""

    idempotent = True

    def __init__(self, watch):
        self._watch = watch
        self.sent = []

    def send(self, letter):
        self._watch(letter)
        self.sent.append(letter)
        return Outcome.ACCEPTED


class DrivenHouse(Line):
    """The whole desk in one folder; nothing in it moves by itself."""

    def __init__(self, folder, *, store=None, watch=lambda _letter: None):
        super().__init__(folder, clock=FixedClock(), store=store)
        self.auth = SqliteDocuments(folder / "auth.db", durable=False)
        self.postman = Postman(watch)
        self.classifier, self.mailer = Changeable(), self.postman
        ids = SequenceIds()
        stores = Stores(
            auth=self.auth, documents=self.documents, outbox=self.outbox, users=self.users,
            tickets=self.tickets,
        )  # fmt: skip
        self.desk = desk_over(stores, SETTINGS, passwords=passwords(), clock=self.clock, ids=ids)
        self.tokens = Tokens(SETTINGS.tokens, clock=self.clock, ids=ids)
        self.upkeep = Upkeep(
            outbox=self.outbox,
            parked=self.parked,
            claims=Claims(
                documents=self.documents, outbox=self.outbox, clock=self.clock, timers=self.timers
            ),
            users=self.users,
            tickets=self.tickets,
            hooks=a_post(self.documents, timers=self.timers, clock=self.clock),
            timers=self.timers,
            clock=self.clock,
        )
        self.steps = {name: self.step(name) for name in ("triage", "assign", "notify")}
        self._told = 0
        _open.append(self)

    def close(self):
        _open.remove(self)
        self.auth.close()
        super().close()

    def employ(self, name, **user):
        self.desk.accounts.add(a_user(id=name, **user), "no password at all", greet=False)

    def ask(self, who, method, path, body=None, **headers):
        """Send a request with a token of just now, and return the answer."""
        epoch = self.desk.accounts.get(who).epoch
        token = self.tokens.issue(Token(user_id=who, session_id="s", epoch=epoch))
        sent = {"Authorization": f"Bearer {token}", **headers}
        return client().open(path, method=method, json=body, headers=sent)

    def told(self):
        """Return what was published since the last time, with the step that each event wakes."""
        fresh = self.tray.published[self._told :]
        self._told += len(fresh)
        return [(step, event) for event in fresh for step in WAKES[event.type]]

    def hand(self, name, event):
        """Give an event to a step once, as a bus does."""
        return self.deliver(name, events.decode(events.encode(event)))

    def step(self, name):
        return self.steps[name] if hasattr(self, "steps") else super().step(name)

    def ring(self):
        """Let the timers fire that are due, and those that they set for a time that is past."""
        while due := [each for each in self.timers.kept if each.due_at <= self.clock.now()]:
            for timer in due:
                self.timers.cancel(timer.name)
                self.upkeep.fire(timer)

    def all_of(self, collection):
        return {it.path: it.data for it in self.store.query(Query(collection, limit=MOST))}

    def everything(self):
        """Return every document, by path."""
        found = {path: data for kind in KINDS for path, data in self.all_of(kind).items()}
        tickets = [path for path in found if path.startswith("tickets/")]
        for path in tickets:
            for kind in BELOW:
                found |= self.all_of(f"{path}/{kind}")
        return found
