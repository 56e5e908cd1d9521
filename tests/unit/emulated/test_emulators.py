"""An emulator as a program: it gets a port, and it never outlives whoever started it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulated.emulators import Emulator, MissingError

ROOT = Path(__file__).parents[3]

# Says its pid, then answers every request; the first so many lives end at once.
PROGRAM = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

lives = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(lives, b"x")
if os.fstat(lives).st_size <= int(sys.argv[2]):
    sys.exit(7)
held = os.open(sys.argv[3], os.O_WRONLY) if sys.argv[3] else None


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()


port = int(sys.argv[-1].removeprefix("--port="))
HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""

STARTER = """
import os, signal, sys

from emulated.emulators import Emulator

with Emulator(sys.argv[1:]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return the command of a program that stands in for an emulator."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'functions'}:{ROOT}")
    # Programs that are killed: they would not tell what they covered.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)

    def to_run(*, dies=0, holds=""):
        lives = str(tmp_path / "lives")
        return [sys.executable, "-c", PROGRAM, lives, str(dies), str(holds)]

    return to_run


@pytest.fixture
def held(tmp_path):
    """Return a pipe that is at its end once no program holds it any more."""
    path = tmp_path / "held"
    os.mkfifo(path)
    return path


def reading(path):
    """Open a pipe without waiting for who writes to it."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")


def at_its_end(pipe):
    """Wait until nobody holds the other end."""
    os.set_blocking(pipe.fileno(), True)
    return pipe.read() == b""


def test_it_is_gone_once_it_was_stopped(command, held):
    with reading(held) as pipe:
        with Emulator(command(holds=held)) as emulator:
            assert emulator.ask("GET", "/") == 200

        assert at_its_end(pipe)


def test_it_is_gone_when_whoever_started_it_was_killed(command, held):
    with reading(held) as pipe:
        killed = subprocess.run(
            [sys.executable, "-c", STARTER, *command(holds=held)], check=False, timeout=60
        )

        assert killed.returncode == -9
        assert at_its_end(pipe)


def test_one_whose_port_was_taken_is_started_on_another(command):
    with Emulator(command(dies=2)) as emulator:
        assert emulator.ask("GET", "/") == 200


def test_one_that_never_begins_is_said_to_be_missing(command):
    with pytest.raises(MissingError, match="exit code 7"), Emulator(command(dies=3)):
        pass
