"""The whole system as it would be deployed: emulators, vendors, and every function on its own."""

import base64
import json
import os
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from api.desk import Stores, desk_over
from api.passwords import Passwords
from emulated import emulators, topics
from emulated.archives import functions, lay_out
from emulated.environments import environment
from emulated.process import Function
from emulated.sendgrid import KEY, SendGridServer
from emulated.tasks import TasksServer
from emulated.vertex import VertexServer
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.events import HOOKS
from helpdesk.outbox import NoBus, Outbox
from helpdesk.parsers import SECRET_LEAST
from helpdesk.settings import ApiSettings, SignUp
from helpdesk.tickets import Tickets
from helpdesk.users import Users
from local.people import seed

PROJECT = "helpdesk-emulated"
MODEL = "gemini-2.5-flash-lite"
ATTEMPTS = 100  # as deployed
MINUTE_S = 5.0  # how long a minute of the scheduler is here
INVOKER = f"upkeep@{PROJECT}.iam.gserviceaccount.com"
QUEUE = f"projects/{PROJECT}/locations/here/queues/timers"
# Whoever runs this asks from one address, without a proxy in front, and means no harm.
OPEN_HOUSE = {
    "HELPDESK_SIGN_UP": SignUp.DIRECT.value,
    "HELPDESK_PROXIES": "0",
    "HELPDESK_TICKETS_PER_HOUR": "1000000",
}


class EmulatedCloud:
    """One helpdesk of five functions and what they stand on; leaving it ends everything."""

    def __init__(self, folder: Path, *, minute_s: float = MINUTE_S, asleep: bool = False) -> None:
        """Keep archives and logs in a folder of this run's own.

        Asleep it starts no function, pushes no event and calls nobody: who measures does that.
        """
        self._folder = folder
        self._minute_s = minute_s
        self._asleep = asleep
        self._exits = ExitStack()
        self._closing = threading.Event()
        self.vertex = VertexServer()
        self.sendgrid = SendGridServer()
        self.tasks = TasksServer()
        self.functions: dict[str, Function] = {}
        self.project = PROJECT
        self.pubsub_address = ""

    def __enter__(self) -> Self:
        """Start everything and wait until it answers; raise MissingError or OutsideError."""
        with ExitStack() as starting:
            starting.callback(self.__exit__)
            firestore = self._exits.enter_context(emulators.firestore())
            pubsub = self._exits.enter_context(emulators.pubsub())
            self.pubsub_address = pubsub.address
            for vendor in (self.vertex, self.sendgrid, self.tasks):
                self._exits.enter_context(vendor)
            self._addresses = {
                "FIRESTORE_EMULATOR_HOST": firestore.address,
                "PUBSUB_EMULATOR_HOST": pubsub.address,
                "CLOUD_TASKS_EMULATOR_HOST": self.tasks.address,
                "HELPDESK_VERTEX_URL": self.vertex.url,
                "HELPDESK_SENDGRID_URL": self.sendgrid.url,
            }
            self._start_functions()
            topics.lay_out(
                pubsub.address,
                PROJECT,
                push_to=self._pushed_for,
                dead_letters_to=self._pushed_to("upkeep", "/dead-letters"),
                attempts=ATTEMPTS,
                min_backoff_s=0,  # under a retry policy the emulator loses messages: docs/traps.md
            )
            self._found()
            if not self._asleep:
                scheduler = threading.Thread(target=self._schedule, name="scheduler", daemon=True)
                scheduler.start()
                self._exits.callback(scheduler.join)
                self._exits.callback(self._closing.set)
            starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End every function, then what they stood on."""
        self._closing.set()
        self._exits.close()

    @property
    def url(self) -> str:
        """Return where people reach it."""
        return self.functions["api"].url

    def lines(self) -> list[dict[str, object]]:
        """Return every line that every function has logged, oldest first."""
        found = [
            json.loads(line)
            for function in self.functions.values()
            for line in function.said().splitlines()
            if line.startswith("{")
        ]
        return sorted(found, key=lambda line: str(line["time"]))

    def call_upkeep(self, path: str) -> int:
        """Call upkeep as Cloud Scheduler does, and return the status."""
        return self.functions["upkeep"].ask("POST", path)[0]

    def _start_functions(self) -> None:
        made = {name: self._laid_out(name) for name in functions()}
        self.functions = made
        settings = self._settings()
        for name, function in made.items():
            function.settings = settings[name]
            self._exits.callback(function.stop)
        if self._asleep:
            return
        for function in made.values():
            function.start()
        for name, function in made.items():
            function.await_answer("/healthz" if name == "api" else "/")

    def _pushed_for(self, step: str) -> str:
        if step == HOOKS:
            return self._pushed_to("upkeep", "/hooks")
        return self._pushed_to(step, "/")

    def _pushed_to(self, name: str, path: str) -> str:
        """Return where a subscription pushes to; without an address its messages just lie there."""
        return "" if self._asleep else f"{self.functions[name].url}{path}"

    def _laid_out(self, name: str) -> Function:
        archive = self._folder / "archives" / name
        shutil.rmtree(archive, ignore_errors=True)
        (self._folder / "logs").mkdir(parents=True, exist_ok=True)
        return Function(
            name,
            archive=lay_out(name, archive),
            environment=environment(name),
            log=self._folder / "logs" / f"{name}.log",
        )

    def _settings(self) -> Mapping[str, Mapping[str, str]]:
        """Return the environment of every function, as Terraform would set it."""
        urls = {name: function.url for name, function in self.functions.items()}
        here = {"HELPDESK_PROJECT": PROJECT, **self._addresses}
        timers = {
            "HELPDESK_QUEUE": QUEUE,
            "HELPDESK_UPKEEP_URL": urls["upkeep"],
            "HELPDESK_INVOKER": INVOKER,
        }
        self.secrets = {
            "HELPDESK_TOKEN_KEYS": _keys("k1"),
            "HELPDESK_PEPPERS": _keys("p1"),
            "HELPDESK_SEAL_KEY": _secret(),
            "HELPDESK_LINK_KEY": _secret(),
            "HELPDESK_HOOK_KEY": _secret(),
        }
        hooks = {"HELPDESK_HOOK_KEY": self.secrets["HELPDESK_HOOK_KEY"]}
        links = {"HELPDESK_LINK_KEY": self.secrets["HELPDESK_LINK_KEY"]}
        public = {"HELPDESK_URL": urls["api"]}
        mail = {"HELPDESK_SENDGRID_KEY": KEY, "HELPDESK_SENDER": "desk@helpdesk.example.com"}
        hears = {"HELPDESK_SENDGRID_WEBHOOK_KEY": self.sendgrid.public_key}
        model = {"HELPDESK_LOCATION": "us-central1", "HELPDESK_MODEL": MODEL}
        return {
            "api": {**here, **public, **OPEN_HOUSE, **self.secrets, **hears},
            "triage": {**here, **model},
            "assign": here,
            "notify": {**here, **public, **links, **mail, **timers},
            "upkeep": {**here, **timers, **hooks},
        }

    def _found(self) -> None:
        """Let the first people move in, as an operator would."""
        with pointing_at(self._addresses):
            # Google's client reads the address while it is made.
            from gcp.firestore import FirestoreDocuments  # noqa: PLC0415

            documents = FirestoreDocuments.connect(PROJECT)
            auth = FirestoreDocuments.connect(PROJECT, "auth")
        settings = ApiSettings.from_env({"HELPDESK_URL": self.url, **self.secrets})
        self.documents = documents
        self.clock, self.ids = SystemClock(), RandomIds()
        outbox = Outbox(documents=documents, bus=NoBus(), clock=self.clock)
        self.users = Users(documents=documents, outbox=outbox)
        self.tickets = Tickets(documents=documents, outbox=outbox)
        self.passwords = Passwords(settings.peppers, cost=settings.bcrypt_cost)
        stores = Stores(
            auth=auth, documents=documents, outbox=outbox, users=self.users, tickets=self.tickets
        )
        self.desk = desk_over(
            stores, settings, passwords=self.passwords, clock=self.clock, ids=self.ids
        )
        seed(self)

    def _schedule(self) -> None:
        """Call upkeep every minute, as Cloud Scheduler does; what fails comes again by itself."""
        while not self._closing.wait(self._minute_s):
            try:
                self.call_upkeep("/minute")
            except OSError:
                continue  # it is down just now


@contextmanager
def pointing_at(addresses: Mapping[str, str]) -> Iterator[None]:
    """Set variables that a vendor's client reads while it is made."""
    before = {name: os.environ.get(name) for name in addresses}
    os.environ.update(addresses)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(SECRET_LEAST)).decode()


def _keys(name: str) -> str:
    return json.dumps({"signing": name, "known": {name: _secret()}})
