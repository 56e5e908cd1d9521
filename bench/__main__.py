"""`python -m bench`: measure the house beside its floor and judge the ratios."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import (
    chain,
    cost,
    enumeration,
    fill,
    functions,
    gates,
    imports,
    lists,
    model,
    operations,
    searches,
    starts,
    tickets,
)
from bench.gates import Row
from bench.targets import Floor, House

FEW = 1_000
MANY = 1_000_000
QUICK_MANY = 20_000

LISTS = {"P1", "P2"}
SEARCHES = {"P13"}
TICKETS = {"P4", "P5", "P12"}
STARTS = {"P6", "P7"}
COUNTED = {"P3", "P11", "OPS"}
EMPTY = STARTS | COUNTED | {"E3", "P10", "IMPORTS"}  # what needs no filled house


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    rounds: int
    count: int
    starts: int
    chain: int
    bursts: int
    crowd: int


FULL = Size(rounds=15, count=60, starts=9, chain=200, bursts=5, crowd=220)
QUICK = Size(rounds=5, count=30, starts=5, chain=100, bursts=3, crowd=110)


class Arguments(argparse.Namespace):
    """What the command line asks for."""

    quick: bool
    only: str
    rows: int
    temp: Path | None
    handicap: float
    instance_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and return 0 when every bar is cleared."""
    asked = _parsed(arguments)
    only = asked.only.split(",") if asked.only else list(gates.WHAT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    folder = Path(tempfile.mkdtemp(prefix="helpdesk-bench-", dir=asked.temp))
    try:
        rows = _measured(folder, asked, only)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    order = list(gates.WHAT)
    rows = sorted((row for row in rows if row.gate in only), key=lambda row: order.index(row.gate))
    print(f"\n{gates.table(rows)}\n")
    missed = gates.missed(rows)
    print(f"{len(missed)} of {sum(row.passed is not None for row in rows)} bars are missed")
    return 0 if gates.passed(rows, only) else 1


def _parsed(arguments: Sequence[str] | None) -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"fewer rounds, N={QUICK_MANY:,}")
    parser.add_argument("--only", default="", metavar="P4,P5", help="measure only these gates")
    parser.add_argument("--rows", type=int, default=0, metavar="N", help=f"tickets ({MANY:,})")
    parser.add_argument("--temp", type=Path, metavar="DIR", help="where to put what is thrown away")
    parser.add_argument(
        "--handicap", type=float, default=0.0, metavar="MS",
        help="slow every request to the house down, to see the gates miss",
    )  # fmt: skip
    parser.add_argument(
        "--instance-s", type=float, default=cost.INSTANCE_S, metavar="S",
        help="P11: seconds that functions run for a ticket's whole life (%(default)s)",
    )  # fmt: skip
    asked = parser.parse_args(arguments, namespace=Arguments())
    unknown = set(filter(None, asked.only.split(","))) - gates.WHAT.keys()
    if unknown:
        parser.error(f"no gate {min(unknown)}; there are {', '.join(gates.WHAT)}")
    asked.rows = asked.rows or (QUICK_MANY if asked.quick else MANY)
    if not 2 * FEW <= asked.rows <= MANY:
        parser.error(f"--rows takes {2 * FEW:,} to {MANY:,}")
    return asked


def _measured(folder: Path, asked: Arguments, only: Sequence[str]) -> list[Row]:
    size = QUICK if asked.quick else FULL
    rows: list[Row] = []
    if STARTS & set(only):
        _say("starting local mode and the bare function in turn")
        rows += starts.measure(folder / "starts", rounds=size.starts)
        _say("starting the deployed functions and the bare one in turn")
        rows += functions.measure(folder / "functions", rounds=size.starts)
    if "IMPORTS" in only:
        _say("what the functions import")
        rows += imports.measure(folder / "imports", rounds=size.starts)
    if "P10" in only:
        _say("what the model is asked")
        rows += model.measure(folder / "model")
    if "E3" in only:
        _say("who has an account, by the clock")
        rows += enumeration.measure(folder / "enumeration")
    if COUNTED & set(only):
        _say("a ticket's life, counted")
        counted = operations.measure(folder / "operations")
        rows += operations.rows(counted) + cost.rows(counted, instance_s=asked.instance_s)
    if not set(only) - EMPTY:
        return rows
    with ExitStack() as stack:
        houses = _filled(folder, asked, only)
        floor = stack.enter_context(Floor(folder / "floor"))
        running = [
            (n, stack.enter_context(House(path, handicap_s=asked.handicap / 1000)))
            for n, path in houses
        ]
        bodies = fill.bodies()
        rows += _lists(floor, running, size, only)
        if TICKETS & set(only):
            _say("tickets, one client and eight")
            rows += tickets.measure(
                floor, running, bodies,
                rounds=size.rounds, count=size.count, crowd=size.crowd, only=only,
            )  # fmt: skip
        if "P8" in only:
            _say("the way of a ticket")
            rows += chain.measure(running[0][1], bodies, count=size.chain, bursts=size.bursts)
    return rows


def _lists(
    floor: Floor, running: Sequence[tuple[int, House]], size: Size, only: Sequence[str]
) -> list[Row]:
    rows: list[Row] = []
    if LISTS & set(only):
        _say("lists")
        rows += lists.measure(floor, running, rounds=size.rounds, count=size.count)
    if SEARCHES & set(only):
        _say("filters and words")
        rows += searches.measure(running, rounds=size.rounds, count=size.count)
    return rows


def _filled(folder: Path, asked: Arguments, only: Sequence[str]) -> list[tuple[int, Path]]:
    """Fill the floor and the houses; only the lists and tickets need a big one."""
    many = [asked.rows] if (LISTS | SEARCHES | TICKETS) & set(only) else []
    fill.check_space(folder, sum(many) + FEW)
    known = fill.texts()
    fill.fill_floor(folder / "floor", FEW, known)
    houses = []
    for rows in [FEW, *many]:
        path = folder / f"house-{rows}"
        seconds = fill.fill_house(path, rows, known)
        taken = sum(each.stat().st_size for each in path.iterdir()) >> 20
        _say(f"filled {rows:,} tickets in {seconds:.0f} s, {taken:,} MiB")
        houses.append((rows, path))
    return houses


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
