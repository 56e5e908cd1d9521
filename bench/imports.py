"""IMPORTS: what importing each function's first event needs costs, and what is loaded when.

Each function is looked at in its own environment. Packages are imported in the order they stand
here, so that each costs what it adds to those above it: what the clients of Google Cloud share
(grpc, google.api_core, cryptography) is paid with google.cloud.firestore.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import gates, probe
from bench.asleep import HEALTH, Asleep, First
from bench.gates import Row
from bench.rounds import percentile
from emulated import emulators
from emulated.archives import functions
from emulated.cloud import EmulatedCloud
from emulated.environments import environment
from helpdesk.settings import without_plugins

FRAMEWORK = "functions_framework, flask"
OURS = "our own code, and what else it imports"
# What a package is called here, and what is imported of it.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    FRAMEWORK: ("functions_framework", "flask"),
    "pydantic": ("pydantic", "pydantic.main", "pydantic.types"),
    "jwt, bcrypt": ("jwt", "bcrypt"),
    "google.cloud.firestore": ("google.cloud.firestore",),
    "google.pubsub_v1": ("google.pubsub_v1",),
    "google.cloud.tasks_v2": ("google.cloud.tasks_v2",),
    "google.genai": ("google.genai", "google.genai.types"),
    "sendgrid": ("sendgrid", "python_http_client"),
}
HEAVY = (
    "google.genai", "google.cloud.tasks_v2", "sendgrid", "google.cloud.firestore",
    "google.pubsub_v1", "pydantic", "bcrypt",
)  # fmt: skip
MOMENTS = ("by its import", "by its health answer", "by its first event")
PROBE_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Milliseconds of one package in one function, and how often that is the framework's."""

    cpu_ms: float
    wall_ms: float
    ratio: float

    def __str__(self) -> str:
        return f"{self.ratio:.2f}x ({self.cpu_ms:.0f} / {self.wall_ms:.0f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one function imports: the heavy ones at each moment, and the cost of each package."""

    loaded: Sequence[Sequence[str]]
    costs: Mapping[str, Cost]


def measure(folder: Path, *, rounds: int) -> list[Row]:
    """Print both tables of docs/imports.md, and judge that nothing is loaded too early."""
    if lacking := emulators.missing():
        return [gates.told("IMPORTS", "what the functions import", lacking)]
    without_plugins()
    with EmulatedCloud(folder, asleep=True) as cloud:
        asleep = Asleep(cloud)
        archives = {name: folder / "archives" / name for name in functions()}
        loaded = {
            name: loaded_by(cloud, name, archives[name], asleep.first(name)) for name in functions()
        }
        groups = {name: grouped(loaded[name][-1], archives[name]) for name in functions()}
        costs: dict[str, list[probe.Costs]] = {name: [] for name in functions()}
        for number in range(rounds + 1):
            for name in functions():
                found = _probed(name, archives[name], [*groups[name].values()], "timed")
                costs[name] += [found] if number else []  # the first one warms the disk
    seen = {
        name: Imported(
            loaded=[[each for each in HEAVY if each in modules] for modules in loaded[name]],
            costs=costed([*groups[name]], costs[name]),
        )
        for name in functions()
    }
    print(f"\n{cost_table(seen)}\n\n{loaded_table(seen)}", flush=True)
    return rows(seen)


def rows(seen: Mapping[str, Imported]) -> list[Row]:
    """Judge that no heavy package is loaded while a function starts, or where it is not used."""
    found = []
    for name, imported in seen.items():
        early, last = imported.loaded[0], imported.loaded[-1]
        found.append(
            gates.at_most(
                "IMPORTS", f"{name}: heavy packages loaded by its import alone", len(early), 0, "",
                measured=", ".join(early) or "none",
            )
        )  # fmt: skip
        found.append(
            gates.told("IMPORTS", f"{name}: heavy packages by its first event", ", ".join(last))
        )
    return found


def loaded_by(cloud: EmulatedCloud, name: str, archive: Path, first: First) -> probe.Loaded:
    """Return what a function has loaded at each moment, or raise RuntimeError."""
    health = {"method": "GET", "path": HEALTH.get(name, "/"), "body": "", "headers": {}}
    real = {"method": first.method, "path": first.path, "body": first.body.decode()}
    asked = [{**health, "status": 200}, {**real, "headers": first.headers, "status": first.status}]
    settings = cloud.functions[name].settings
    found: probe.Loaded = _probed(name, archive, asked, "loaded", name, **settings)
    return found


def grouped(modules: Sequence[str], archive: Path) -> dict[str, list[str]]:
    """Return what to import, by package: of the heavy ones what is used, and all our own."""
    own = {path.name for path in archive.iterdir() if path.is_dir()}
    known, groups = set(modules), {}
    for package, names in PACKAGES.items():
        if used := [name for name in names if name in known]:
            groups[package] = used
    groups[OURS] = ["main", *(each for each in modules if each.partition(".")[0] in own)]
    return groups


def costed(packages: Sequence[str], rounds: Sequence[probe.Costs]) -> dict[str, Cost]:
    """Return each package's cost: medians, and the median of the ratios within each round."""
    whole = [[*costs, _sum(costs)] for costs in rounds]
    return {
        package: Cost(
            cpu_ms=percentile([costs[place][0] for costs in whole], 0.5) * 1000,
            wall_ms=percentile([costs[place][1] for costs in whole], 0.5) * 1000,
            ratio=median(costs[place][0] / costs[0][0] for costs in whole),
        )
        for place, package in enumerate([*packages, "all of it"])
    }


def cost_table(seen: Mapping[str, Imported]) -> str:
    """Return the table of what imports cost, a column for each function."""
    lines = ["| CPU, times the framework's (CPU-ms / wall-ms) |" + _cells(seen)]
    lines.append("|---|" + "---|" * len(seen))
    for package in [*PACKAGES, OURS, "all of it"]:
        costs = [str(each.costs.get(package, "-")) for each in seen.values()]
        lines.append(f"| {package} |" + _cells(costs))
    return "\n".join(lines)


def loaded_table(seen: Mapping[str, Imported]) -> str:
    """Return the table of what is loaded when; each moment tells what it adds."""
    lines = ["| loaded |" + _cells(MOMENTS), "|---|" + "---|" * len(MOMENTS)]
    for name, imported in seen.items():
        cells, before = [], set[str]()
        for now in imported.loaded:
            cells.append(", ".join(f"`{each}`" for each in now if each not in before) or "-")
            before |= set(now)
        lines.append(f"| {name} |" + _cells(cells))
    return "\n".join(lines)


def _cells(texts: Sequence[str] | Mapping[str, Any]) -> str:
    return "".join(f" {text} |" for text in texts)


def _sum(costs: probe.Costs) -> tuple[float, float]:
    return sum(cpu for cpu, _ in costs), sum(wall for _, wall in costs)


def _probed(name: str, archive: Path, asked: object, *arguments: str, **settings: str) -> Any:
    """Let a new process of the function's environment look, and return what it saw."""
    python = environment(name) / "bin" / "python"
    done = subprocess.run(
        [python, "-P", probe.__file__, *arguments],  # its own folder holds other modules
        cwd=archive,
        env={"PATH": "/usr/bin:/bin", "PYDANTIC_DISABLE_PLUGINS": "__all__", **settings},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=PROBE_S,
    )
    if done.returncode:
        raise RuntimeError(f"{name} could not be looked at: {done.stderr[-1500:]}")
    return json.loads(done.stdout.rpartition("PROBED ")[2])
