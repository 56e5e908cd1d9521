"""The README says what really happens: its commands are run and their output compared."""

import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
URL = "http://127.0.0.1:8080"

# What differs from run to run, by name.
VARYING = (
    (re.compile(r'(?<="id": ")[0-9A-Z]{8}(?=")'), "TICKET"),
    (re.compile(r'(?<="id": ")[0-9A-Z]{26}(?=")'), "USER"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"(?<=\[)[0-9A-Z]{8}(?=\])|(?<=Ticket:    )[0-9A-Z]{8}"), "TICKET"),
    (re.compile(r"(?<=/tickets/)[0-9A-Z]{8}"), "TICKET"),
)


def steady(text):
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return text.strip()


def session():
    """Return the commands of the README's console session, each with the output it shows."""
    block = README.partition("```console\n")[2].partition("```")[0]
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [part.partition("\n")[::2] for part in parts]


@pytest.fixture
def house(tmp_path, monkeypatch):
    """The URL of a house of its own, as `make run` starts it."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'functions'}:{ROOT}")
    command = [sys.executable, "-m", "local", "--data", str(tmp_path), "--port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        greeting = running.stdout.readline().split()
        yield next(word for word in greeting if word.startswith("http://"))
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(30)
        running.stdout.close()  # type: ignore[union-attr]  # it is a pipe


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's session needs curl")
def test_the_console_session_prints_what_the_readme_shows(house):
    pause = threading.Event()
    said = ""
    for command, shown in session():
        said += command.replace(URL, house) + "\n"
        done = subprocess.run(
            ["bash", "-ec", said], capture_output=True, text=True, check=True, timeout=30
        )
        if not shown.strip():
            continue
        # Each command runs in a shell of its own: keep only what defines, not what asks.
        said = said.rpartition(command.replace(URL, house))[0]
        assert steady(done.stdout.replace(house, URL)) == steady(shown)
        pause.wait(1.0)  # the promise: within a second the mail is there

    assert len(session()) == 3


def test_every_make_target_the_readme_names_exists():
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set(re.findall(r"make (\w+)", README))

    assert named
    assert named <= targets


def test_every_folder_and_file_the_readme_names_exists():
    named = set(re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.md)`", README))
    links = set(re.findall(r"\]\(([^)#:]+)\)", README))

    places = {name for name in named if not name.startswith("/")} - {"helpdesk-data/"}
    rooms = (ROOT, ROOT / "functions")
    missing = {name for name in places | links if not any((room / name).exists() for room in rooms)}

    assert links
    assert missing == set()
