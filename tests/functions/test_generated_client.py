"""A client that a public generator makes of the OpenAPI document: it works, as its page says."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.openapi import document
from api.routes import ROUTES
from api.webhooks import webhooks
from helpdesk.clock import SystemClock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples/client.py"
URL = "http://127.0.0.1:8080"
NOWHERE = "http://127.0.0.1:9"
SOON_S = 60
TOOLS = Path(sys.executable).parent  # the generator calls ruff by name

# An environment of their own, without our packages, from which only this machine is reached.
OUTSIDE = {
    "PATH": f"{TOOLS}{os.pathsep}{os.defpath}",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    **{
        name: NOWHERE
        for scheme in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
        for name in (scheme, scheme.lower())
    },
}
GENERATE = ("openapi-python-client", "generate", "--fail-on-warning")


def shown(kind):
    """Return the block of this kind on the page."""
    return PAGE.partition(f"```{kind}\n")[2].partition("```")[0]


def steady(text):
    """Return what was printed without what differs from run to run, and between Pythons."""
    named = re.sub(r"\b[0-9A-HJKMNP-TV-Z]{8}\b", "TICKET", text)
    return named.replace("Unprocessable Content", "Unprocessable Entity")


def run(*command, folder, **more):
    """Run a command outside, and return what it prints; it must print no complaint."""
    ended = subprocess.run(
        command, cwd=folder, env=OUTSIDE | more, capture_output=True, text=True, timeout=SOON_S,
        check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The URL of a house of its own, as `make run` starts it."""
    data = str(tmp_path_factory.mktemp("house") / "data")
    running = subprocess.Popen(
        [sys.executable, "-m", "local", "--data", data, "--port", "0"],
        env=OUTSIDE | {"PYTHONPATH": f"{ROOT / 'functions'}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        greeting = running.stdout.readline().split()
        yield next(word for word in greeting if word.startswith("http://"))
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(SOON_S)
        running.stdout.close()


needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="the page's commands need curl"
)


@pytest.fixture(scope="module")
def made(house, tmp_path_factory):
    """The folder in which the commands of the page were run, and what they printed."""
    folder = tmp_path_factory.mktemp("integrator")
    (folder / "examples").symlink_to(EXAMPLE.parent)
    script = shown("sh").replace(URL, house)
    return folder, run("bash", "-euc", script, folder=folder)


@needs_curl
def test_the_commands_of_the_page_do_what_it_shows(made):
    _, printed = made

    begun = printed.index("logged in")
    assert steady(printed[begun:]) == steady(shown("console"))


@needs_curl
def test_what_is_generated_is_typed_as_it_is_used(made):
    folder, _ = made

    run(sys.executable, "-m", "mypy", "--strict", "--config-file=", EXAMPLE,
        folder=folder, MYPYPATH="client")  # fmt: skip


@needs_curl
def test_a_function_is_called_after_what_it_does(made):
    folder, _ = made

    modules = [*(folder / "client/helpdesk_client/api").glob("*/[!_]*.py")]

    assert {each.parent.name for each in modules} == {
        "health_and_pages", "operations", "sign_in_and_account", "tickets", "users",
        "webhooks",
    }  # fmt: skip
    assert {"log_in", "open_ticket", "list_letters", "welcome"} <= {each.stem for each in modules}


@needs_curl
def test_a_change_sends_nothing_that_was_not_asked_for(made):
    folder, _ = made
    code = "from helpdesk_client.models import ChangeMe; print(ChangeMe(available=False).to_dict())"

    sent = run(sys.executable, "-c", code, folder=folder, PYTHONPATH="client")

    assert sent == "{'available': False}\n"


def nothing_is_told():
    raise AssertionError("the document is made without the store")


def test_of_what_is_deployed_a_client_can_be_made_as_well(tmp_path):
    heard = webhooks(nothing_is_told, key=None, clock=SystemClock())
    (tmp_path / "openapi.json").write_text(document((*ROUTES, *heard)))

    run(*GENERATE, "--path", "openapi.json", "--output-path", "client", folder=tmp_path)

    assert (tmp_path / "client/helpdesk_client/api/operations/sendgrid_events.py").exists()
