"""Paired rounds: every round visits each target in turn, and what counts is the ratio within it.

A busy machine slows a whole round; the ratio stays.
"""

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Visit = Callable[[], list[float]]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one target, round by round, in seconds."""

    rounds: list[list[float]]

    @property
    def all(self) -> list[float]:
        return [seconds for each in self.rounds for seconds in each]

    @property
    def p50(self) -> float:
        return percentile(self.all, 0.5)

    @property
    def p99(self) -> float:
        return percentile(self.all, 0.99)

    def ratios(self, other: "Series") -> list[float]:
        """Return, for every round, how much slower this target was than the other."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return [percentile(mine, 0.5) / percentile(its, 0.5) for mine, its in pairs]

    def ratio(self, other: "Series") -> float:
        return median(self.ratios(other))

    def ms(self) -> str:
        return f"{self.p50 * 1000:.2f} ms (p99 {self.p99 * 1000:.1f})"


def spread(ratios: Sequence[float], digits: int = 2) -> str:
    """Return a median with the least and the most, as times."""
    low, high = min(ratios), max(ratios)
    return f"{median(ratios):.{digits}f}x ({low:.{digits}f}-{high:.{digits}f})"


def paired(rounds: int, visits: Mapping[str, Visit]) -> dict[str, Series]:
    """Visit every target once a round, each round beginning with another one."""
    series: dict[str, list[list[float]]] = {name: [] for name in visits}
    names = list(visits)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            gc.collect()
            gc.disable()
            try:
                series[name].append(visits[name]())
            finally:
                gc.enable()
    return {name: Series(each) for name, each in series.items()}
