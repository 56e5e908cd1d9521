"""P6 and P7 of the deployed functions: each alone in its own environment, woken by its first work.

The bare function is started like them, in assign's environment: what stands there beside the
functions framework is never imported by it, and all search the same few packages.
"""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench import floor_app, gates
from bench.asleep import HEALTH, UNASKED, Asleep, First
from bench.gates import Row
from bench.rounds import Series, paired, spread
from emulated import emulators
from emulated.archives import functions
from emulated.cloud import EmulatedCloud
from emulated.environments import environment
from emulated.process import Function

HELLO = "hello"
START_S = 30.0
LOOK_S = 0.002
TICK = os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True, slots=True)
class Group:
    """What a group of processes has used: seconds of CPU, its dead children's too, and memory."""

    cpu_s: float
    rss_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start: seconds to the health answer and to the first real one, and what was used."""

    health_s: float
    first_s: float
    used: Group


class Starts:
    """Starts functions again and again, and keeps every start."""

    def __init__(self, cloud: EmulatedCloud, folder: Path) -> None:
        self._asleep = Asleep(cloud)
        triage = cloud.functions["triage"]
        self._functions = {HELLO: bare(folder), **cloud.functions, UNASKED: triage}
        self.found: dict[str, list[Start]] = {name: [] for name in self._functions}

    def visit(self, name: str) -> list[float]:
        """Start a function, note what that took, and end it."""
        function = self._functions[name]
        first = None if name == HELLO else self._asleep.first(name)
        try:
            start = started(function, first)
        finally:
            function.stop()
        self.found[name].append(start)
        return [start.first_s]

    def series(self, name: str, part: str) -> Series:
        """Return one measure of a function, round by round."""
        return Series([[float(_part(start, part))] for start in self.found[name]])


def measure(folder: Path, *, rounds: int) -> list[Row]:
    """Start each function beside the bare one; without emulators say only what is missing."""
    if lacking := emulators.missing():
        return [gates.told(gate, "the deployed functions", lacking) for gate in ("P6", "P7")]
    folder.mkdir(parents=True)
    with EmulatedCloud(folder, asleep=True) as cloud:
        starts = Starts(cloud, folder)
        visits = {name: partial(starts.visit, name) for name in starts.found}
        paired(1, visits)  # warms the disk, the compiled modules and the emulators
        for each in starts.found.values():
            each.clear()
        paired(rounds, visits)
    return [row for name in (*functions(), UNASKED) for row in _rows(starts, name)]


def bare(folder: Path) -> Function:
    """Return the bare function, laid out as every archive is."""
    archive = folder / "archives" / HELLO
    archive.mkdir(parents=True, exist_ok=True)
    shutil.copy(floor_app.__file__, archive / "main.py")
    log = folder / "logs" / f"{HELLO}.log"
    log.parent.mkdir(exist_ok=True)
    return Function(HELLO, archive=archive, environment=environment("assign"), log=log)


def started(function: Function, first: First | None) -> Start:
    """Start a function and let it do its first work, or raise RuntimeError when it does not.

    The bare function has no work: its first answer is its health.
    """
    begun = time.perf_counter()
    function.start()
    _await_answer(function, until=begun + START_S)
    health_s = time.perf_counter() - begun
    answer = first and function.ask(first.method, first.path, first.body, **first.headers)
    first_s = time.perf_counter() - begun if first else health_s
    used = group(function.pid)
    if first and answer and not (answer[0] == first.status and first.done(answer[1])):
        raise RuntimeError(f"{function.name} answered {answer[0]}: {function.said()[-1500:]}")
    return Start(health_s=health_s, first_s=first_s, used=used)


def group(leader: int, proc: Path = Path("/proc")) -> Group:
    """Return what the processes that a leader leads have used so far."""
    ticks = pages = 0
    for each in proc.glob("[0-9]*"):
        try:
            # The name in brackets may hold spaces; what follows it never does.
            fields = (each / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[2]) == leader:
            ticks += sum(map(int, fields[11:15]))  # utime, stime, and those of reaped children
            pages += int(fields[21])
    return Group(ticks / TICK, pages * PAGE_MIB)


def _await_answer(function: Function, *, until: float) -> None:
    while time.perf_counter() < until:
        try:
            status, _ = function.ask("GET", HEALTH.get(function.name, "/"))
        except ConnectionRefusedError:
            time.sleep(LOOK_S)
        else:
            if status == 200:
                return
            break
    raise RuntimeError(f"{function.name} did not start: {function.said()[-1500:]}")


def _rows(starts: Starts, name: str) -> list[Row]:
    mine, its = (starts.series(who, "first_s") for who in (name, HELLO))
    bar, most = gates.API if name == "api" else gates.WORKER
    megabytes = [start.used.rss_mib for start in starts.found[name]]
    what, times = f"{name}: spawn to its first real answer", _told(starts, name, "first_s")
    return [
        # The bar is for a start without the model's SDK, which is loaded when it is first asked.
        gates.told("P6", f"{what}, the model's too", *times)
        if name == "triage"
        else gates.at_most(
            "P6", what, mine.ratio(its), bar, "x", measured=times[0], floor=times[1]
        ),
        _quickest(name, mine, its),
        gates.told("P6", f"{name}: spawn to its health answer", *_told(starts, name, "health_s")),
        gates.told("P6", f"{name}: CPU to its first real answer", *_told(starts, name, "cpu_s")),
        gates.at_most(
            "P7", f"{name}: RSS of the group then", max(megabytes), most, " MiB",
            measured=f"{max(megabytes):.0f} MiB", floor=f"{_heavier(starts, megabytes):.2f}x",
        ),
    ]  # fmt: skip


def _told(starts: Starts, name: str, part: str) -> tuple[str, str]:
    mine, its = (starts.series(who, part) for who in (name, HELLO))
    return f"{mine.p50 * 1000:.0f} / {its.p50 * 1000:.0f} ms", spread(mine.ratios(its))


def _quickest(name: str, mine: Series, its: Series) -> Row:
    """Tell the starts that were disturbed least: on a busy machine they say more."""
    ours, floor = min(mine.all), min(its.all)
    times = f"{ours * 1000:.0f} / {floor * 1000:.0f} ms"
    return gates.told("P6", f"{name}: the quickest of all rounds", times, f"{ours / floor:.2f}x")


def _heavier(starts: Starts, megabytes: Sequence[float]) -> float:
    return median(megabytes) / median(start.used.rss_mib for start in starts.found[HELLO])


def _part(start: Start, part: str) -> float:
    return float({"cpu_s": start.used.cpu_s}.get(part) or getattr(start, part))
