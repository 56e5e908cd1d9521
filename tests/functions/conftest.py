"""Every function as the functions framework serves it, in this process, on the emulators."""

import base64
import json
import secrets
import uuid
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from helpdesk.clock import SystemClock
from helpdesk.outbox import NoBus, Outbox
from helpdesk.tickets import Tickets
from helpdesk.users import Users
from tests.contract.adapters import firestore_in
from tests.emulators import SOURCE


def secret():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def keys(name):
    return json.dumps({"signing": name, "known": {name: secret()}})


@pytest.fixture
def project(emulators):
    """A project nobody else has, with every topic; what is published there reaches nobody."""
    from emulated import topics  # noqa: PLC0415 - whoever has no emulator needs no client

    name = f"test-{uuid.uuid4().hex[:12]}"  # noqa: TID251 - a project nobody else has
    nowhere = "http://127.0.0.1:9/"
    topics.lay_out(
        emulators.pubsub.address, name, push_to=lambda _step: nowhere, dead_letters_to=nowhere
    )
    return name


@pytest.fixture
def vendors():
    from emulated.sendgrid import SendGridServer  # noqa: PLC0415 - likewise
    from emulated.tasks import TasksServer  # noqa: PLC0415
    from emulated.vertex import VertexServer  # noqa: PLC0415

    with ExitStack() as started:
        yield SimpleNamespace(
            sendgrid=started.enter_context(SendGridServer()),
            tasks=started.enter_context(TasksServer()),
            vertex=started.enter_context(VertexServer()),
        )


@pytest.fixture
def settings(monkeypatch, emulators, project, vendors):
    """Set what a deployment would set, and where the emulators are."""
    from emulated.sendgrid import KEY  # noqa: PLC0415 - likewise

    values = {
        "CLOUD_TASKS_EMULATOR_HOST": vendors.tasks.address,
        "FIRESTORE_EMULATOR_HOST": emulators.firestore.address,
        "PUBSUB_EMULATOR_HOST": emulators.pubsub.address,
        "HELPDESK_SEAL_KEY": secret(),
        "HELPDESK_HOOK_KEY": secret(),
        "HELPDESK_INVOKER": "upkeep@example.com",
        "HELPDESK_LINK_KEY": secret(),
        "HELPDESK_LOCATION": "us-central1",
        "HELPDESK_MODEL": "gemini-2.5-flash-lite",
        "HELPDESK_PEPPERS": keys("p1"),
        "HELPDESK_PROJECT": project,
        "HELPDESK_QUEUE": "projects/demo/locations/here/queues/timers",
        "HELPDESK_SENDER": "desk@example.com",
        "HELPDESK_SENDGRID_KEY": KEY,
        "HELPDESK_SENDGRID_URL": vendors.sendgrid.url,
        "HELPDESK_SENDGRID_WEBHOOK_KEY": vendors.sendgrid.public_key,
        "HELPDESK_TOKEN_KEYS": keys("k1"),
        "HELPDESK_UPKEEP_URL": "http://127.0.0.1:9",
        "HELPDESK_URL": "http://127.0.0.1:9",
        "HELPDESK_VERTEX_URL": vendors.vertex.url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def served(settings):
    """Return what serves a function as the framework does, freshly loaded."""
    from functions_framework import create_app  # noqa: PLC0415 - likewise

    def client(name):
        return create_app(name, str(SOURCE / name / "main.py")).test_client()

    return client


@pytest.fixture
def store(emulators, project):
    """What the functions keep, looked at from outside."""
    documents = firestore_in(emulators, project)
    outbox = Outbox(documents=documents, bus=NoBus(), clock=SystemClock())
    return SimpleNamespace(
        documents=documents,
        auth=firestore_in(emulators, project, database="auth"),
        tickets=Tickets(documents=documents, outbox=outbox),
        users=Users(documents=documents, outbox=outbox),
    )
