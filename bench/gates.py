"""The bars, and whether a measured number clears them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LIST_GROWTH = 1.5  # P1: the largest N against the smallest
LIST_KB = 20.0
LIST_P99 = 10.0  # p99, times the floor's p50
LIST_FLOOR = 4.0  # P2
SEARCH_GROWTH = 2.0  # P13: p99, the largest N against the smallest
LIST_READS = 22  # P3: 20, one more to know whether the list goes on, and the asker's account
POST_P50 = 4.0  # P4
POST_P99 = 20.0
POST_RATE = 0.25
GET_P50 = 3.0  # P5
START = 1.6  # P6: times the bare function
MEMORY_MIB = 90.0  # P7
API = (3.0, 150.0)  # P6 and P7 of the deployed functions: times the bare one, and MiB
WORKER = (3.2, 210.0)
CHAIN_P50_MS = 60.0  # P8
CHAIN_P99_MS = 250.0
DRAIN_RATE = 100.0
TOKENS_IN = 900  # P10: for the median ticket
TOKENS_OUT = 350
INFRA_USD = 0.20  # P11: a thousand tickets at list price, without model and mail
CROWD_P99 = 50.0  # P12: p99 of eight clients, times the floor's p50 of one
POST_WRITES = 5  # OPS: documents; deletions are told apart, they cost a ninth of a write
CHAIN_WRITES = 12
CHAIN_READS = 12
GET_READS = 3
AUC = (0.40, 0.60)  # E3

WHAT = {
    "P1": "the list does not grow with N",
    "P2": "the list against the floor",
    "P3": "documents read by a list",
    "P4": "POST against the floor",
    "P5": "GET against the floor",
    "P6": "start-up against the bare function",
    "P7": "memory at the start",
    "P8": "from POST to assigned",
    "P10": "calls of the model and tokens a ticket",
    "P11": "a thousand tickets at list price",
    "P12": "eight clients at once",
    "P13": "filters and words do not grow with N",
    "E3": "whether time tells who has an account",
    "OPS": "documents read and written in a ticket's life",
    "IMPORTS": "what the functions import, and when",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; `passed` is None for what is only told."""

    gate: str
    what: str
    measured: str
    floor: str = ""
    bar: str = ""
    passed: bool | None = None


def at_most(
    gate: str, what: str, got: float, bar: float, unit: str, *, measured: str, floor: str = ""
) -> Row:
    return Row(
        gate=gate, what=what, measured=measured, floor=floor,
        bar=f"{got:.4g}{unit} <= {bar:g}{unit}", passed=got <= bar,
    )  # fmt: skip


def at_least(
    gate: str, what: str, got: float, bar: float, unit: str, *, measured: str, floor: str = ""
) -> Row:
    return Row(
        gate=gate, what=what, measured=measured, floor=floor,
        bar=f"{got:.4g}{unit} >= {bar:g}{unit}", passed=got >= bar,
    )  # fmt: skip


def told(gate: str, what: str, measured: str, floor: str = "") -> Row:
    return Row(gate=gate, what=what, measured=measured, floor=floor)


def missed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.passed is False]


def passed(rows: Sequence[Row], asked: Sequence[str]) -> bool:
    """Say whether every gate asked for was judged, and none missed."""
    judged = {row.gate for row in rows if row.passed is not None}
    return judged >= set(asked) and not missed(rows)


def table(rows: Sequence[Row]) -> str:
    verdicts: Mapping[bool | None, str] = {True: "PASS", False: "MISS", None: "-"}
    cells = [("id", "what", "measured", "x floor", "judged", "")]
    cells += [
        (row.gate, row.what, row.measured, row.floor, row.bar, verdicts[row.passed]) for row in rows
    ]
    widths = [max(len(cell[column]) for cell in cells) for column in range(len(cells[0]))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip()
        for cell in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
