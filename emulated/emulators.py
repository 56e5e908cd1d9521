"""The official emulators, started straight from gcloud's jars and stopped again."""

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from helpdesk.errors import HelpdeskError

START_S = 60.0
STOP_S = 10.0
LOOK_S = 0.02

# Small and quick to start; they hold a test's data, not a company's.
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-Duser.language=en")
# A shell lends an emulator its process. What watches the other end of our pipe ends it when we
# are gone, however we went: then nobody is left to stop it.
_WATCHED = """exec 3<&0; (read -r _ <&3; kill "$$") 2>/dev/null & exec "$@" 3<&- </dev/null"""
_TRIES = 3  # a free port may be taken before Java asks for it
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


class MissingError(HelpdeskError):
    """What has to be installed before the emulators can start, in words for whoever reads it."""


def missing() -> str:
    """Return what is not installed, in one sentence, or an empty text when all is there."""
    try:
        _java()
        _firestore_command()
        _pubsub_command()
    except MissingError as error:
        return str(error)
    return ""


class Emulator:
    """One emulator on a free port of this machine."""

    def __init__(self, command: Sequence[str]) -> None:
        """Prepare to run a command that takes --host and --port."""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def __enter__(self) -> Self:
        """Start it and wait until it answers, or raise MissingError."""
        for _ in range(_TRIES - 1):
            with suppress(MissingError):
                return self._started()
        return self._started()

    def _started(self) -> Self:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        # The jar itself, not gcloud: stopping gcloud leaves its Java behind.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "sh", *self._command, "--host=127.0.0.1", f"--port={port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._await_answer(self._process, port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; everything it held is gone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_S)  # closes the pipe before it waits
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate(timeout=STOP_S)
        self._process = None

    def ask(self, method: str, path: str, body: bytes = b"") -> int:
        """Send one request of the emulator's own and return the status."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def _await_answer(self, process: subprocess.Popen[bytes], port: int) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if process.poll() is not None:
                raise MissingError(f"an emulator ended with exit code {process.returncode}")
            try:
                self.ask("GET", "/")
            except (OSError, http.client.HTTPException):
                time.sleep(LOOK_S)
            else:
                return
        raise MissingError(f"an emulator did not answer on port {port} within {START_S:.0f} s")


def firestore() -> Emulator:
    """Return the Firestore emulator, or raise MissingError."""
    return Emulator([_java(), *_JVM, *_firestore_command()])


def pubsub() -> Emulator:
    """Return the Pub/Sub emulator, or raise MissingError."""
    return Emulator([_java(), *_JVM, *_pubsub_command()])


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _java() -> str:
    found = shutil.which("java")
    if found is None:
        raise MissingError("the emulators need Java 11 or newer: no `java` is on the PATH")
    return found


def _platform() -> Path:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise MissingError(
            "the emulators come with the Google Cloud SDK: no `gcloud` is on the PATH"
        )
    return Path(gcloud).resolve().parents[1] / "platform"


def _firestore_command() -> list[str]:
    jar = _jar("cloud-firestore-emulator/cloud-firestore-emulator.jar", "cloud-firestore-emulator")
    return ["-cp", jar, _MAIN]  # the jar names no main class


def _pubsub_command() -> list[str]:
    return ["-jar", _jar("pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar", "pubsub-emulator")]


def _jar(pattern: str, component: str) -> str:
    found = sorted(_platform().glob(pattern))
    if not found:
        raise MissingError(
            f"gcloud has no {component}: install it with `gcloud components install {component}`"
        )
    return str(found[-1])
