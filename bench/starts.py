"""P6 and P7: how long until the first answer, and how much memory that took."""

import sys
import time
from pathlib import Path

from bench import gates
from bench.client import Connection, request
from bench.gates import Row
from bench.rounds import Series, paired, spread
from bench.targets import Program, first_answer, free_port, hello, local

FOREIGN = ("google", "grpc")
MODULES = """
import atexit, runpy, sys
before = set(sys.modules)  # what site made, namespaces of installed packages among it
atexit.register(lambda: print("MODULES", *sorted(set(sys.modules) - before), flush=True))
sys.argv = ["local", *sys.argv[1:]]
runpy.run_module("local", run_name="__main__", alter_sys=True)
"""


class Starts:
    """Starts programs again and again, and notes what they weigh."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self.memory: dict[str, list[float]] = {"hello": [], "local": []}

    def bare(self) -> list[float]:
        port = free_port()
        with hello(port, self._folder / "output.txt") as program:
            seconds = first_answer(program, port, "/")
            self.memory["hello"].append(program.rss_mib())
        return [seconds]

    def again(self) -> list[float]:
        """Start in a folder that was used before."""
        return self._local(self._folder / "again")

    def first(self) -> list[float]:
        """Start in a new folder: accounts, secrets and files are made."""
        self._number += 1
        return self._local(self._folder / f"first-{self._number}")

    def _local(self, folder: Path) -> list[float]:
        port = free_port()
        with local(folder, port, self._folder / "output.txt") as program:
            seconds = first_answer(program, port, "/healthz")
            self.memory["local"].append(program.rss_mib())
        return [seconds]


def measure(folder: Path, *, rounds: int) -> list[Row]:
    folder.mkdir()
    starts = Starts(folder)
    visits = {"hello": starts.bare, "again": starts.again, "first": starts.first}
    paired(1, visits)  # warms the disk and the compiled modules
    found = paired(rounds, visits)
    rows = [
        _start(found["again"], found["hello"]),
        gates.told(
            "P6",
            "the very first start: secrets, files and accounts",
            f"{found['first'].p50 * 1000:.0f} / {found['hello'].p50 * 1000:.0f} ms",
            spread(found["first"].ratios(found["hello"])),
        ),
    ]
    modules = loaded(folder)
    foreign = [name for name in modules if name.partition(".")[0] in FOREIGN]
    rows.append(
        gates.at_most(
            "P6", "modules of Google in the house", len(foreign), 0, "",
            measured=f"{len(foreign)} of {len(modules)} modules",
        )
    )  # fmt: skip
    most, bare = max(starts.memory["local"]), max(starts.memory["hello"])
    rows.append(
        gates.at_most(
            "P7", "RSS of the group at the first answer", most, gates.MEMORY_MIB, " MiB",
            measured=f"{most:.0f} MiB, bare function {bare:.0f} MiB", floor=f"{most / bare:.2f}x",
        )
    )  # fmt: skip
    return rows


def loaded(folder: Path) -> list[str]:
    """Return every module that a house has loaded by the time it has answered and is stopped."""
    port = free_port()
    command = [sys.executable, "-c", MODULES, "--port", str(port), "--data", str(folder / "again")]
    with Program(command, output=folder / "modules.txt") as program:
        first_answer(program, port, "/healthz")
        with Connection(port) as connection:
            connection.ask(request("GET", "/api/tickets"), expect=401)
        time.sleep(0.2)
        program.stop()
        said = program.said()
    modules = said.rpartition("MODULES ")[2].split()
    if "flask" not in modules:
        raise RuntimeError(f"the house did not tell its modules: {said[-2000:]}")
    return modules


def _start(house: Series, bare: Series) -> Row:
    return gates.at_most(
        "P6", "local mode to its first answer", house.ratio(bare), gates.START, "x",
        measured=f"{house.p50 * 1000:.0f} / {bare.p50 * 1000:.0f} ms",
        floor=spread(house.ratios(bare)),
    )  # fmt: skip
