"""The helpdesk wired as in the cloud, its outbox handing over inline, over stores that count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from werkzeug.test import TestResponse

from api.app import create_app
from api.desk import Stores, desk_over
from api.entrance import Visitor
from api.passwords import Passwords
from api.sessions import LoggedIn
from assign.step import assign_ticket
from bench.counted import Counted, Tally
from helpdesk import events
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.delivery import Delivered, deliver
from helpdesk.events import Event
from helpdesk.mail import Mail
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ports import Timer
from helpdesk.tickets import Tickets
from helpdesk.user import Role, User
from helpdesk.users import Users
from local.documents import SqliteDocuments
from local.keys import settings_in
from local.mailbox import Mailbox
from notify.step import notify_people
from triage.rules import RuleClassifier
from triage.step import triage_ticket

MODERATORS = 10
ROLES = (Role.USER, Role.MODERATOR, Role.ADMIN)
PASSWORD = "countedpassword"
TITLE = "VPN drops every hour"
DESCRIPTION = "Since Monday the VPN on my Windows laptop disconnects every hour."
RULES = RuleClassifier()


class Tray:
    """The Bus port: what was published lies here in order."""

    def __init__(self) -> None:
        self.published: list[Event] = []

    def publish(self, event: Event) -> None:
        self.published.append(event)


class Unset:
    """The Timers port: nobody is called back, and the store is not asked for it."""

    def set(self, timer: Timer) -> None:
        pass

    def cancel(self, name: str) -> None:
        pass


class CountedHouse:
    """The helpdesk, wired as in the cloud over stores that count into one tally."""

    def __init__(self, folder: Path, *, bcrypt_cost: int = 4) -> None:
        self.clock, self.ids = SystemClock(), RandomIds()
        self.tally, self.tray = Tally(), Tray()
        self.store = SqliteDocuments(folder / "helpdesk.db", durable=False)
        self._auth = SqliteDocuments(folder / "auth.db", durable=False)
        self._mailbox = Mailbox(folder / "mailbox.db", clock=self.clock)
        self._documents = Counted(self.store, self.tally)
        self._settings = replace(
            settings_in(folder, url="http://127.0.0.1"), bcrypt_cost=bcrypt_cost
        )
        self._passwords = Passwords(self._settings.peppers, cost=self._settings.bcrypt_cost)
        outbox = Outbox(documents=self._documents, bus=self.tray, clock=self.clock)
        self.tickets = Tickets(documents=self._documents, outbox=outbox)
        self.users = Users(documents=self._documents, outbox=outbox)
        stores = Stores(
            auth=Counted(self._auth, self.tally),
            documents=self._documents,
            outbox=outbox,
            users=self.users,
            tickets=self.tickets,
        )
        self.desk = desk_over(
            stores, self._settings, passwords=self._passwords, clock=self.clock, ids=self.ids
        )
        self._app = create_app(lambda: self.desk)
        self.password_hash = self._passwords.hashed(PASSWORD)
        self.people = self._staffed()
        self._sessions = {
            role: self.desk.entrance.log_in(user.email, PASSWORD, Visitor()).session
            for role, user in self.people.items()
        }

    def close(self) -> None:
        self._mailbox.close()
        self._auth.close()
        self.store.close()

    def session(self, role: Role) -> LoggedIn:
        """Return the session that the person of this role has from the start."""
        return self._sessions[role]

    def ask(
        self,
        method: str,
        path: str,
        *,
        expect: int,
        role: Role | None = None,
        body: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Return the answer, or raise RuntimeError when its status is another."""
        sent = dict(headers or {})
        if role:
            sent["Authorization"] = f"Bearer {self.session(role).access_token}"
        answer = self._app.test_client().open(path, method=method, json=body, headers=sent)
        if answer.status_code != expect:
            raise RuntimeError(f"{method} {path} was answered {answer.status}: {answer.text}")
        return answer

    def deliver(self, name: str, event: Event, expect: Delivered = Delivered.PROCESSED) -> None:
        """Give an event to a step, or raise RuntimeError when something else becomes of it."""
        parked = Parked(documents=self._documents, clock=self.clock)
        result = deliver(events.encode(event), self._step(name), name=name, parked=parked)
        if result is not expect:
            raise RuntimeError(f"{name} made {result} of {event.id}")

    def _step(self, name: str) -> Callable[[Event], None]:
        step = {
            "triage": partial(triage_ticket, classifier=RULES, fallback=RULES),
            "assign": partial(assign_ticket, users=self.users),
            "notify": partial(
                notify_people,
                users=self.users,
                mail=Mail(documents=self._documents, mailer=self._mailbox, clock=self.clock),
                timers=Unset(),
                url=self._settings.url,
                link_key=self._settings.link_key,
            ),
        }[name]
        return partial(step, tickets=self.tickets, clock=self.clock)

    def _staffed(self) -> dict[Role, User]:
        """Make the roster; return one person of each role who can log in."""
        skills = RULES.classify(TITLE, DESCRIPTION).skills.value
        for number in range(1, MODERATORS):
            self.users.add(self._person(f"moderator-{number}", Role.MODERATOR, skills))
        people = {role: self._person(role.value, role, skills) for role in ROLES}
        for user in people.values():
            self.desk.accounts.add(user, self.password_hash, greet=False)
        return people

    def _person(self, name: str, role: Role, skills: Sequence[str]) -> User:
        return User(
            id=self.ids.unique_id(),
            email=f"{name}@example.com",
            name=name,
            created_at=self.clock.now(),
            role=role,
            skills=tuple(skills) if role is Role.MODERATOR else (),
        )
