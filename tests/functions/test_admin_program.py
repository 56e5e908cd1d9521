"""`python -m api.admin` as a program: on the emulator, and where there is nothing to reach."""

import os
import subprocess
import sys
import uuid
from types import SimpleNamespace

import pytest

from api.desk import Stores, desk_over
from api.entrance import Visitor
from api.passwords import Passwords
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.outbox import NoBus, Outbox
from helpdesk.settings import ApiSettings
from helpdesk.tickets import Tickets
from helpdesk.user import Role
from helpdesk.users import Users
from tests.emulators import SOURCE
from tests.functions.conftest import keys, secret

ADA = "ada@example.com"
PASSWORD = "a quite private phrase"
SETTINGS = {
    "HELPDESK_URL": "https://desk.example.com",
    "HELPDESK_LINK_KEY": secret(),
    "HELPDESK_HOOK_KEY": secret(),
    "HELPDESK_SEAL_KEY": secret(),
    "HELPDESK_PEPPERS": keys("p1"),
    "HELPDESK_TOKEN_KEYS": keys("k1"),
}


@pytest.fixture
def project(monkeypatch, tmp_path):
    """A project nobody else has, and a machine that knows no Google account."""
    name = f"test-{uuid.uuid4().hex[:12]}"  # noqa: TID251 - a project nobody else has
    for given in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG"):
        monkeypatch.delenv(given, raising=False)
    for given in ("HELPDESK_URL", "HELPDESK_LINK_KEY"):
        monkeypatch.setenv(given, SETTINGS[given])
    monkeypatch.setenv("HELPDESK_PROJECT", name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE}{os.pathsep}{SOURCE.parent}")
    return name


@pytest.fixture
def emulated(monkeypatch, emulators, project):
    """The desk of a deployment over the emulator's databases, and its stores."""
    from api.wiring import AUTH  # noqa: PLC0415 - whoever has no emulator needs no client
    from gcp.firestore import FirestoreDocuments  # noqa: PLC0415

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulators.firestore.address)
    auth = FirestoreDocuments.connect(project, AUTH)
    documents = FirestoreDocuments.connect(project)
    clock = SystemClock()
    outbox = Outbox(documents=documents, bus=NoBus(), clock=clock)
    users = Users(documents=documents, outbox=outbox)
    tickets = Tickets(documents=documents, outbox=outbox)
    settings = ApiSettings.from_env(SETTINGS)
    desk = desk_over(
        Stores(auth=auth, documents=documents, outbox=outbox, users=users, tickets=tickets),
        settings, passwords=Passwords(settings.peppers, cost=4), clock=clock, ids=RandomIds(),
    )  # fmt: skip
    return SimpleNamespace(desk=desk, users=users)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "api.admin", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.emulator
def test_the_first_admin_of_a_project_gets_in_by_the_printed_link(emulated):
    done = run(ADA, "--name", "Ada")

    assert (done.returncode, done.stderr) == (0, "")
    page, _, token = done.stdout.splitlines()[-1].partition("#")
    assert page == "https://desk.example.com/reset"
    emulated.desk.renewal.reset(token, PASSWORD)
    entered = emulated.desk.entrance.log_in(ADA, PASSWORD, Visitor())
    assert entered.session.user.role is Role.ADMIN


@pytest.mark.emulator
def test_an_account_is_promoted_once_that_is_asked_for(emulated):
    accounts = emulated.desk.accounts
    user = accounts.new_user(ADA)
    accounts.add(user, "hash", greet=False)

    refused, done = run(ADA), run(ADA, "--promote")

    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{ADA} is an admin.\nThe password is the one it was.\n"
    assert emulated.users.get(user.id).role is Role.ADMIN


def test_without_credentials_it_says_where_they_come_from(project):
    done = run(ADA)

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("helpdesk: there are no Google credentials here: gcloud auth")
    assert done.stderr.count("\n") == 1


def test_a_slip_is_told_before_anything_of_google_is_loaded(project):
    program = "import sys, api.admin; sys.exit('google.cloud.firestore' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)

    assert (done.returncode, run("ada").returncode) == (0, 2)
