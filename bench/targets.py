"""What is measured: the house as `python -m local`, the floor and the bare function."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bench.client import Answer, Connection, request, storm
from local.people import PASSWORD

ROOT = Path(__file__).parents[1]
STOP_S = 15.0
START_S = 30.0
SETTLE_S = 60.0
TOKEN_S = 480.0  # access tokens live ten minutes


class Program:
    """A program of ours, ended when its block ends."""

    def __init__(self, command: list[str], *, output: Path, **environment: str) -> None:
        self._output = output.open("wb")
        self.begun = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": "functions:.", **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def alive(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return Path(self._output.name).read_text(encoding="utf-8", errors="replace")

    def rss_mib(self) -> float:
        """Return the memory of the whole process group."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True, timeout=10
        )
        rows = (line.split() for line in listed.stdout.splitlines())
        return sum(int(rss) for group, rss in rows if int(group) == self._process.pid) / 1024

    def stop(self) -> None:
        """End the program and whatever it started, and wait for that."""
        if self.alive():
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(STOP_S)
        self._output.close()


def first_answer(program: Program, port: int, path: str) -> float:
    """Return the seconds from the start of a program to its first answer."""
    asked = request("GET", path)
    while program.alive() and time.perf_counter() - program.begun < START_S:
        try:
            with Connection(port) as connection:
                connection.ask(asked)
            return time.perf_counter() - program.begun
        except ConnectionRefusedError:
            time.sleep(0.002)
    raise RuntimeError(f"a program did not start: {program.said()[-2000:]}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def hello(port: int, output: Path) -> Program:
    """Start the bare function."""
    command = [sys.executable, "-m", "functions_framework", "--target", "hello"]
    command += ["--source", "bench/floor_app.py", "--host", "127.0.0.1", "--port", str(port)]
    return Program(command, output=output)


def local(folder: Path, port: int, output: Path) -> Program:
    """Start the house."""
    command = [sys.executable, "-m", "local", "--port", str(port), "--data", str(folder)]
    return Program(command, output=output)


class Target:
    """A running server with the ticket routes."""

    def __init__(
        self, program: Program, port: int | None, path: str, *, handicap_s: float = 0.0
    ) -> None:
        """Wait for the first answer; a program that gives none is ended. No port: it tells one."""
        self.program = program
        self._handicap_s = handicap_s
        try:
            self.port = port or _port_of(program)
            first_answer(program, self.port, path)
        except BaseException:
            program.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()

    def token(self, _email: str) -> str:
        """Return an access token; the floor asks for none."""
        return ""

    def settle(self) -> None:
        """Wait until nothing happens behind the answers."""

    def connect(self) -> Connection:
        return Connection(self.port, handicap_s=self._handicap_s)

    def storm(self, requests: list[bytes], *, clients: int) -> tuple[list[Answer], float]:
        return storm(self.port, requests, clients=clients, handicap_s=self._handicap_s)


class Floor(Target):
    """Flask and SQLite, and nothing else."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--chdir", "bench", "-w", "1"]
        command += ["--threads", "8", "-b", f"127.0.0.1:{port}", "floor_app:app"]
        output = folder / "output.txt"
        program = Program(command, output=output, FLOOR_DB=str(folder / "floor.db"))
        super().__init__(program, port, "/api/tickets")


class House(Target):
    """The whole helpdesk in one folder."""

    def __init__(self, folder: Path, *, handicap_s: float = 0.0) -> None:
        self.folder = folder
        program = local(folder, 0, folder / "output.txt")
        super().__init__(program, None, "/healthz", handicap_s=handicap_s)
        self._tokens: dict[str, tuple[float, str]] = {}

    def token(self, email: str) -> str:
        """Return an access token that is good for two minutes at least."""
        made, token = self._tokens.get(email, (-TOKEN_S, ""))
        if time.monotonic() - made > TOKEN_S:
            body = {"email": email, "password": PASSWORD}
            with Connection(self.port) as connection:
                answer = connection.ask(request("POST", "/api/auth/login", body=body))
            token = answer.json()["access_token"]
            self._tokens[email] = (time.monotonic(), token)
        return token

    def settle(self) -> None:
        """Wait until every ticket has gone its whole way."""
        waiting = "SELECT count(*) FROM messages WHERE target <> 'timer'"  # those are for later
        until = time.monotonic() + SETTLE_S
        with reading(self.folder / "helpdesk.db") as queue:
            while queue.execute(waiting).fetchone()[0]:
                if time.monotonic() > until:
                    raise RuntimeError(f"tickets still wait after {SETTLE_S:.0f} s")
                time.sleep(0.01)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Look into a file of the house."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def _port_of(program: Program) -> int:
    until = time.monotonic() + START_S
    while program.alive() and time.monotonic() < until:
        if found := re.search(r"http://127\.0\.0\.1:(\d+) ", program.said()):
            return int(found[1])
        time.sleep(0.01)
    raise RuntimeError(f"the house did not start: {program.said()[-2000:]}")
