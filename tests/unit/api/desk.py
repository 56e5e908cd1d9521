"""A desk to knock at: the real app over a local house, with parts that a test may swap."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from api.app import create_app
from api.desk import Stores, desk_over
from api.passwords import Passwords
from api.routes import ROUTES
from api.tokens import Tokens
from helpdesk.documents import Update
from helpdesk.errors import OutsideError
from helpdesk.outbox import Outbox
from helpdesk.settings import ApiSettings, Keys, SignUp
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.user import Role, User
from helpdesk.users import Users
from helpdesk.wire import searchable_ticket
from local.bus import QueueBus
from local.house import House
from local.pages import pages
from tests.builders import a_verdict
from triage.rules import RuleClassifier

PASSWORD = "a quite private phrase"
PROBLEM = {"type", "title", "status", "detail", "instance", "request_id", "errors"}
SETTINGS = ApiSettings(
    url="http://127.0.0.1:8080",
    tokens=Keys("k1", {"k1": bytes(range(32)), "k0": bytes(range(32, 64))}),
    peppers=Keys("p1", {"p1": bytes(range(64, 96))}),
    seal_key=bytes(range(96, 128)),
    link_key=bytes(range(128, 160)),
    hook_key=bytes(range(160, 192)),
    bcrypt_cost=4,
    sign_up=SignUp.DIRECT,
    proxies=0,
    tickets_per_hour=100_000,
)


RULES = RuleClassifier()
CROWD = 16  # more than any test sends at once, unless it means to


@cache
def empty_files():
    """Return the files of an empty house, made once: copies are quicker than new ones."""
    with TemporaryDirectory() as folder:
        House(Path(folder), SETTINGS, classifier=RULES).close()
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


class Watched:
    """The Documents port over another one: counts what is asked, and fails where it is told to.

    `read` counts documents as a bill does: one for each that is asked for, or that a query finds.
    """

    def __init__(self, documents):
        self._documents = documents
        self.asked = []
        self.read = 0
        self.fails = lambda _name, _asked: False

    def get(self, path):
        return self._pass("get", path)

    def get_many(self, paths):
        return self._pass("get_many", paths)

    def query(self, query):
        return self._pass("query", query)

    def count(self, query):
        return self._pass("count", query)

    def nearest(self, nearest):
        return self._pass("nearest", nearest)

    def commit(self, writes):
        return self._pass("commit", writes)

    def _pass(self, name, asked):
        self.asked.append(name)
        if self.fails(name, asked):
            raise OutsideError("/srv/secret/helpdesk.db: disk I/O error")
        answer = getattr(self._documents, name)(asked)
        if name != "commit":
            self.read += len(answer) if isinstance(answer, list) else 1
        return answer


class CountedPasswords(Passwords):
    """Passwords that count how often bcrypt is given something to chew."""

    def __init__(self, *arguments, **settings):
        self.checks = 0
        super().__init__(*arguments, **settings)
        self.checks = 0

    def _keyed(self, password, pepper):
        self.checks += 1
        return super()._keyed(password, pepper)


class Counter:
    """A house with its app, whose stores can be watched."""

    def __init__(self, folder, *, clock, routes=None, **settings):
        if not folder.exists():
            folder.mkdir()
            for name, content in empty_files().items():
                (folder / name).write_bytes(content)
        self.house = House(folder, SETTINGS, clock=clock, classifier=RULES)
        # No power cut comes into a test: nobody waits for the disk.
        self.house.documents._durable = self.house.auth._durable = False
        self.clock = clock
        self.documents = Watched(self.house.documents)
        self.auth = Watched(self.house.auth)
        outbox = Outbox(documents=self.documents, bus=QueueBus(self.house.queue), clock=clock)
        self.users = Users(documents=self.documents, outbox=outbox)
        self.tickets = Tickets(documents=self.documents, outbox=outbox)
        self.passwords = CountedPasswords(SETTINGS.peppers, cost=4, crowd=CROWD)
        self.settings = replace(SETTINGS, **settings)
        stores = Stores(
            auth=self.auth,
            documents=self.documents,
            outbox=outbox,
            users=self.users,
            tickets=self.tickets,
        )
        self.desk = desk_over(
            stores, self.settings, passwords=self.passwords, clock=clock, ids=self.house.ids
        )
        self.accounts, self.sessions = self.desk.accounts, self.desk.sessions
        self.tokens = Tokens(self.settings.tokens, clock=clock, ids=self.house.ids)
        self.routes = (*ROUTES, *pages(self.house.mailbox)) if routes is None else routes
        self.app = create_app(lambda: self.desk, routes=self.routes)

    def close(self):
        self.house.close()

    def visitor(self):
        """Return somebody at the door who has not said a name."""
        return Visitor(self.app.test_client())

    def somebody(self, name="ada", role=Role.USER, **changes):
        """Make an account without a letter of welcome, and return its holder, logged in."""
        user = User(
            id=self.house.ids.unique_id(),
            email=f"{name}@example.com",
            name=name.title(),
            created_at=self.clock.now(),
            role=role,
            **changes,
        )
        self.desk.accounts.add(user, self.passwords.hashed(PASSWORD), greet=False)
        return self.logged_in(user)

    def logged_in(self, user):
        answer = self.visitor().post("/api/auth/login", {"email": user.email, "password": PASSWORD})
        assert answer.status_code == 200
        return Visitor(self.app.test_client(), answer.json, user)

    def change_account(self, visitor, **fields):
        self.auth.commit([Update(f"accounts/{visitor.user.id}", fields)])

    def triage(self, ticket_id, **verdict):
        """Judge a ticket as the chain would, and return it."""
        ticket = self.house.tickets.get(ticket_id)
        judged = ticket.triaged(a_verdict(**verdict), now=self.clock.now())
        return self._keep(judged)

    def assign(self, ticket_id, moderator):
        """Triage a ticket and give it to a moderator, as the chain would."""
        ticket = self.triage(ticket_id)
        return self._keep(ticket.assigned_to(moderator.user, now=self.clock.now()))

    def _keep(self, ticket):
        path = f"tickets/{ticket.id}"
        self.house.documents.commit([Update(path, searchable_ticket(ticket))])
        return self.house.tickets.get(ticket.id)


class Visitor:
    """Somebody who sends requests."""

    def __init__(self, client, session=None, user=None):
        self.client = client
        self.session = session or {}
        self.user = user

    @property
    def token(self):
        return self.session.get("access_token", "")

    def headers(self, given=None):
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**own, **(given or {})}

    def get(self, path, headers=None):
        return self.client.get(path, headers=self.headers(headers))

    def post(self, path, body=None, headers=None):
        """Send a body as JSON, or raw bytes as they are."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        return self.client.post(path, data=sent, headers=self.headers(given))

    def patch(self, path, body, headers=None):
        return self.client.patch(path, json=body, headers=self.headers(headers))

    def file(self, title="Cannot log in", description="The page stays white.", headers=None):
        return self.post("/api/tickets", {"title": title, "description": description}, headers)


def is_problem(answer, status):
    """Say whether an answer is an error of this status in our one shape."""
    body = answer.json
    return (
        answer.status_code == status
        and answer.mimetype == "application/problem+json"
        and set(body) == PROBLEM
        and body["status"] == status
        and body["request_id"] == answer.headers["X-Request-Id"]
    )


def alike(answer):
    """Return what two refusals that must not be told apart have in common."""
    told = {name: value for name, value in answer.json.items() if name not in TOLD_APART}
    headers = {name: v for name, v in answer.headers if name not in {"X-Request-Id", "Date"}}
    headers.pop("Content-Length")
    return answer.status_code, told, headers


def log_in(counter, email="ada@example.com", password=PASSWORD):
    return counter.visitor().post("/api/auth/login", {"email": email, "password": password})


def refreshed(counter, session):
    return counter.visitor().post("/api/auth/refresh", {"refresh_token": session["refresh_token"]})


def at_once(count, ask):
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: ask(), range(count)))


def let_in(visitor):
    return visitor.get("/api/auth/me").status_code == 200


def account(counter, visitor):
    return counter.auth.get(f"accounts/{visitor.user.id}")


def before_next_commit(counter, *acts):
    """Let something else happen right before each of the next commits to the accounts."""
    left = list(acts)

    def meanwhile(name, _asked):
        if name == "commit" and left:
            left.pop(0)()
        return False

    counter.auth.fails = meanwhile


TOLD_APART = {"instance", "request_id"}
STATUSES = [status.value for status in Status]
