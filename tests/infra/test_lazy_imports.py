"""A function starts without its heavy packages, and never loads those it does not use."""

import base64
import json
import subprocess
import sys

import pytest

from emulated.archives import functions, lay_out

HEAVY = {
    "bcrypt",
    "google.cloud.firestore",
    "google.cloud.tasks_v2",
    "google.genai",
    "google.pubsub_v1",
    "jwt",
    "pydantic",
    "sendgrid",
}
SETTINGS = {
    "HELPDESK_LOCATION": "us-central1",
    "HELPDESK_MODEL": "gemini-2.5-flash-lite",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",  # nothing is sent while a function is wired
    "HELPDESK_LINK_KEY": base64.b64encode(bytes(range(32))).decode(),
    "HELPDESK_HOOK_KEY": base64.b64encode(bytes(range(32))).decode(),
    "HELPDESK_INVOKER": "upkeep@helpdesk-test.iam.gserviceaccount.com",
    "HELPDESK_PROJECT": "helpdesk-test",
    "HELPDESK_QUEUE": "projects/helpdesk-test/locations/here/queues/timers",
    "HELPDESK_SENDER": "desk@example.com",
    "HELPDESK_SENDGRID_KEY": "SG.test.key-of-no-account",
    "HELPDESK_UPKEEP_URL": "https://upkeep.example.com",
    "HELPDESK_URL": "https://desk.example.com",
    "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
}
BESIDE = {"bcrypt"}  # cryptography takes it along where it is installed, as it is here
TELL = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def loaded(archive, program, **settings):
    """Return the heavy packages that a new process has loaded once it has run a program there."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{TELL}"],
        cwd=archive,
        env={"PATH": "/usr/bin:/bin", **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("function", functions())
def test_importing_a_function_loads_nothing_heavy(function, tmp_path):
    archive = lay_out(function, tmp_path / function)

    found = loaded(archive, "import main")

    assert found == set()


def test_a_package_that_is_loaded_would_be_seen(tmp_path):
    assert loaded(tmp_path, "import bcrypt, google.pubsub_v1") == {"bcrypt", "google.pubsub_v1"}


def test_notify_is_wired_without_the_bus_and_the_timers(tmp_path):
    archive = lay_out("notify", tmp_path / "notify")

    found = loaded(archive, "import main; main.room()", **SETTINGS)

    assert found - BESIDE == {"google.cloud.firestore", "sendgrid"}


def test_upkeep_is_wired_without_the_bus_and_the_timers(tmp_path):
    archive = lay_out("upkeep", tmp_path / "upkeep")

    found = loaded(archive, "import main; main.rounds()", **SETTINGS)

    assert found - BESIDE == {"google.cloud.firestore"}


def test_triage_is_wired_without_the_model(tmp_path):
    archive = lay_out("triage", tmp_path / "triage")

    found = loaded(archive, "import main; main.room()", **SETTINGS)

    assert found - BESIDE == {"google.cloud.firestore"}
