"""One function as a process of its own: its archive, its environment, the functions framework."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from emulated.emulators import free_port
from helpdesk.errors import OutsideError

START_S = 60.0
STOP_S = 10.0
LOOK_S = 0.02
INHERITED = ("HOME", "LANG", "PATH", "TMPDIR", "COVERAGE_PROCESS_CONFIG")


class Function:
    """A function that runs alone, as it would be deployed, on a port of this machine."""

    def __init__(self, name: str, *, archive: Path, environment: Path, log: Path) -> None:
        """Prepare to run the archive in the environment; what it says goes into the log."""
        self.name = name
        self.port = free_port()
        self.settings: Mapping[str, str] = {}
        self._archive = archive
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return where it listens, without a slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the process, which leads a group of its own; raise LookupError when none runs."""
        if self._process is None:
            raise LookupError(f"{self.name} does not run")
        return self._process.pid

    def start(self) -> None:
        """Start it; `await_answer` says when it listens."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    self._environment / "bin" / "functions-framework",
                    f"--target={self.name}",
                    "--source=main.py",
                    "--host=127.0.0.1",
                    f"--port={self.port}",
                ],
                cwd=self._archive,
                env={**inherited, **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the server has workers: they end together
            )

    def await_answer(self, path: str = "/") -> float:
        """Wait for the first answer and return the seconds since this began to wait.

        Raise OutsideError, with the end of what it said, when it ends before or takes too long.
        """
        begun = time.perf_counter()
        while time.perf_counter() - begun < START_S:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                self.ask("GET", path)
            except (OSError, http.client.HTTPException):
                time.sleep(LOOK_S)
            else:
                return time.perf_counter() - begun
        raise OutsideError(f"{self.name} did not start: {self.said()[-1500:]}")

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Send one request and return status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, body, {name.replace("_", "-"): v for name, v in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def said(self) -> str:
        """Return everything it has logged, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it finish what it does, and end it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        try:
            if how is signal.SIGKILL:
                os.killpg(self._process.pid, how)
            else:
                self._process.send_signal(how)  # the server tells its workers
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_S)
        except ProcessLookupError:
            self._process.wait(STOP_S)
        self._process = None
