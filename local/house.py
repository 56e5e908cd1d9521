"""The house: every step wired to its stand-ins, in one process."""

import fcntl
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TextIO

from flask import Flask

from api.app import create_app
from api.desk import Stores, desk_over
from api.edge import Edge
from api.hooks import Ways
from api.passwords import Passwords
from api.routes import ROUTES
from assign.step import assign_ticket
from helpdesk import timers
from helpdesk.claims import Claims
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.delivery import Step, deliver, give_up
from helpdesk.errors import InvalidInputError, OutsideError, PermanentError, TransientError
from helpdesk.events import HOOKS
from helpdesk.mail import Mail
from helpdesk.parked import Parked
from helpdesk.ports import Classifier, Clock, Ids
from helpdesk.settings import ApiSettings
from helpdesk.tickets import Tickets
from helpdesk.users import Users
from local.bus import TIMER, QueueBus, QueueTimers
from local.classifier import RulesOnDemand
from local.database import Database
from local.documents import SqliteDocuments
from local.mailbox import Mailbox
from local.pages import pages
from local.queue import Backoff, Handler, SqliteQueue
from local.relay import RelayedOutbox
from local.senders import Senders
from local.traffic import Traffic
from notify.step import notify_people
from triage.step import triage_ticket
from upkeep.hooks import HookPost, fan_out
from upkeep.relay import relay_outbox
from upkeep.rounds import Upkeep

WORKERS = 2
FOLD_S = 0.5
SWEEP_EVERY = 20  # times of folding: ten seconds
NIGHT_EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


class TakenError(InvalidInputError):
    """Another helpdesk is at work in the same folder."""


class House:
    """One helpdesk in one folder.

    Tests hand in their own clock, classifier or back-off; every file is SQLite and can be read
    with its shell.
    """

    def __init__(
        self,
        folder: Path,
        settings: ApiSettings,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        classifier: Classifier | None = None,
        backoff: Backoff | None = None,
        bus_over: Callable[[SqliteQueue], QueueBus] | None = None,
    ) -> None:
        """Open or make the folder's files, or raise OutsideError; the caller holds its lock."""
        self.clock = clock or SystemClock()
        self.ids = ids or RandomIds()
        self._file = Database(folder / "helpdesk.db")
        self.documents = SqliteDocuments(self._file)
        try:
            self.auth = SqliteDocuments(folder / "auth.db")
        except OutsideError:
            self._file.close()
            raise
        self.mailbox = Mailbox(self._file, clock=self.clock)
        self.traffic = Traffic()
        self.queue = SqliteQueue(
            self._file, clock=self.clock, backoff=backoff, turn=self.traffic.step
        )
        self._timers = QueueTimers(self.queue)
        # What the steps write follows, in the same file, a commit that somebody was promised; a
        # power cut takes their work together with the note that it was done. So it is done again,
        # and only what a caller waits for has to be on the disk.
        self._followed = SqliteDocuments(self._file, durable=False)
        self.hooks = HookPost.connect(
            documents=self._followed,
            timers=self._timers,
            clock=self.clock,
            key=settings.hook_key,
            private=True,
        )
        self._senders = Senders()
        bus = bus_over(self.queue) if bus_over else None
        self.outbox = RelayedOutbox(
            documents=self._followed,
            bus=bus or QueueBus(self.queue, heard=self.hooks.hooks.wanted),
            clock=self.clock,
            turn=self.traffic.step,
        )
        self.users = Users(documents=self.documents, outbox=self.outbox)
        self.tickets = Tickets(documents=self.documents, outbox=self.outbox)
        self.parked = Parked(documents=self._followed, clock=self.clock)
        self.passwords = Passwords(settings.peppers, cost=settings.bcrypt_cost)
        stores = Stores(
            auth=self.auth,
            documents=self.documents,
            outbox=self.outbox,
            users=self.users,
            tickets=self.tickets,
        )
        self.desk = desk_over(
            stores,
            settings,
            passwords=self.passwords,
            clock=self.clock,
            ids=self.ids,
            ways=Ways(private=True, timers=self._timers),
        )
        self.upkeep = Upkeep(
            outbox=self.outbox,
            parked=self.parked,
            claims=Claims(
                documents=self._followed,
                outbox=self.outbox,
                clock=self.clock,
                timers=self._timers,
            ),
            users=self.users,
            tickets=self.tickets,
            hooks=self.hooks,
            timers=self._timers,
            clock=self.clock,
        )
        self.settings = settings
        self._classifier = classifier
        self._sweeper: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def edge(self) -> Edge:
        """Return where people reach this house, and whose pages may call it."""
        return Edge(url=self.settings.url, origins=self.settings.origins)

    def steps(self) -> Mapping[str, Step]:
        """Return every step by its name: those of WAKES, and the one that tells webhooks."""
        rules = RulesOnDemand()
        mail = Mail(
            documents=self._followed,
            mailer=self.mailbox,
            clock=self.clock,
            timers=self._timers,
        )
        tickets = Tickets(documents=self._followed, outbox=self.outbox)
        return {
            "triage": partial(
                triage_ticket,
                tickets=tickets,
                classifier=self._classifier or rules,
                fallback=rules,
                clock=self.clock,
            ),
            "assign": partial(assign_ticket, tickets=tickets, users=self.users, clock=self.clock),
            "notify": partial(
                notify_people,
                tickets=tickets,
                users=self.users,
                mail=mail,
                timers=self._timers,
                clock=self.clock,
                url=self.settings.url,
                link_key=self.settings.link_key,
            ),
            HOOKS: partial(fan_out, post=self.hooks),
        }

    def app(self) -> Flask:
        """Return the web application of this house."""
        app = create_app(
            lambda: self.desk,
            routes=(*ROUTES, *pages(self.mailbox)),
            edge=self.edge,
        )
        app.wsgi_app = self.traffic.requests_of(app.wsgi_app)  # type: ignore[assignment,method-assign]
        return app

    def start(self) -> None:
        """Begin to deliver events; what a crash left in the outbox goes first."""
        handlers: dict[str, Handler] = {
            name: partial(deliver, step=step, name=name, parked=self.parked)
            for name, step in self.steps().items()
        }
        relay_outbox(self.outbox, older_than=timedelta(0))
        self.outbox.start()
        handlers[TIMER] = self._fire
        self.queue.start(handlers, exhausted=self._exhausted, threads=WORKERS)
        self._sweeper = threading.Thread(target=self._sweep, name="upkeep", daemon=True)
        self._sweeper.start()

    def close(self) -> None:
        """Finish what is under way and close every file; what waits is delivered next time."""
        self._closing.set()
        if self._sweeper:
            self._sweeper.join()
        self.queue.stop()
        self._senders.close()
        self.outbox.stop()
        self._file.close()
        self.auth.close()

    def _sweep(self) -> None:
        sweeps, night_due = 0, self.clock.now()
        while not self._closing.wait(FOLD_S):
            sweeps += 1
            self._tried(self.documents.fold)
            self._tried(self.auth.fold)
            if sweeps % SWEEP_EVERY:
                continue
            now = self.clock.now()
            self._tried(partial(self.documents.forget, now))
            self._tried(partial(self.auth.forget, now))
            self._tried(self.upkeep.minute)
            if now >= night_due and self._tried(self.upkeep.night):
                night_due = now + NIGHT_EVERY

    def _tried(self, work: Callable[[], object]) -> bool:
        """Say whether a piece of upkeep went well; what fails is told, and tried again."""
        try:
            work()
        except TransientError as error:
            log.warning("upkeep failed", extra={"reason": str(error)})
            return False
        except Exception:
            log.exception("upkeep failed")  # a fault of ours must not end the house's upkeep
            return False
        return True

    def _fire(self, body: str) -> None:
        try:
            timer = timers.decode(body)
            kind, _, name = timer.about.partition(":")
            if kind == "hook":
                self._senders.take(name, partial(self.upkeep.fire, timer))
            else:
                self.upkeep.fire(timer)
        except PermanentError as error:
            # Set by another version of us: no later try would know more.
            log.error("timer refused", extra={"reason": str(error)})  # noqa: TRY400 - known

    def _exhausted(self, step: str, body: str, attempts: int) -> None:
        give_up(body, name=step, attempts=attempts, parked=self.parked)


def locked(folder: Path) -> TextIO:
    """Return the held lock of a folder: two houses on one queue would deliver everything twice."""
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "lock"
        lock = path.open("w")
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise TakenError(f"another helpdesk is running in {folder}") from error
    return lock
