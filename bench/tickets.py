"""P4, P5 and P12: filing and reading tickets, one client at a time and eight at once."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from statistics import median

from bench import gates
from bench.client import Answer, request
from bench.fill import ADMIN
from bench.gates import Row
from bench.rounds import Series, paired, percentile, spread
from bench.targets import House, Target

CROWD = 8
MIX = ("get", "list", "get", "list", "post", "get", "list", "get", "list", "get", "list")
EXPECTED = {"get": 200, "list": 200, "post": 201}

Bodies = Sequence[Mapping[str, str]]


class Writer:
    """Builds requests of the same kinds for any target."""

    def __init__(self, target: Target, bodies: Bodies) -> None:
        self.target = target
        self._bodies = cycle(bodies)
        self._known: list[str] = []

    def posts(self, count: int) -> list[bytes]:
        token = self.target.token(ADMIN)
        return [
            request("POST", "/api/tickets", token=token, body=body)
            for body in islice(self._bodies, count)
        ]

    def gets(self, count: int) -> list[bytes]:
        token = self.target.token(ADMIN)
        if not self._known:
            with self.target.connect() as connection:
                page = connection.ask(request("GET", "/api/tickets", token=token)).json()
            lines = page.get("items") or page["tickets"]
            self._known = [line["id"] for line in lines]
        paths = (f"/api/tickets/{name}" for name in cycle(self._known))
        return [request("GET", path, token=token) for path in islice(paths, count)]

    def lists(self, count: int) -> list[bytes]:
        return [request("GET", "/api/tickets", token=self.target.token(ADMIN))] * count

    def of_kind(self, kind: str, count: int) -> list[bytes]:
        return {"get": self.gets, "list": self.lists, "post": self.posts}[kind](count)

    def alone(self, kind: str, count: int) -> list[float]:
        """Return how long each request took of one client that waits for every answer."""
        asked, expect = self.of_kind(kind, count + 1), EXPECTED[kind]
        with self.target.connect() as connection:
            connection.ask(asked[0], expect=expect)
            seconds = [connection.ask(each, expect=expect).seconds for each in asked[1:]]
        self.target.settle()
        return seconds

    def rate(self, kind: str, count: int) -> list[float]:
        """Return the seconds per request that eight clients get, one number a visit."""
        answers, seconds = self.target.storm(self.of_kind(kind, count), clients=CROWD)
        self.target.settle()
        if wrong := errors([(kind, answer) for answer in answers]):
            raise RuntimeError(f"{len(wrong)} of {count} {kind} went wrong: {wrong[0].body!r}")
        return [seconds / count]

    def crowd(self, count: int) -> list[tuple[str, Answer]]:
        """Return what eight clients with mixed wishes were answered."""
        kinds = list(islice(cycle(MIX), count))
        supply = {kind: iter(self.of_kind(kind, count)) for kind in EXPECTED}
        answers, _ = self.target.storm([next(supply[kind]) for kind in kinds], clients=CROWD)
        self.target.settle()
        return list(zip(kinds, answers, strict=True))


def errors(answered: Sequence[tuple[str, Answer]]) -> list[Answer]:
    return [answer for kind, answer in answered if answer.status != EXPECTED[kind]]


def measure(
    floor: Target,
    houses: Sequence[tuple[int, House]],
    bodies: Bodies,
    *,
    rounds: int,
    count: int,
    crowd: int,
    only: Sequence[str],
) -> list[Row]:
    base = Writer(floor, bodies)
    writers = {f"N={n:,}": Writer(house, bodies) for n, house in houses}
    rows: list[Row] = []
    alone: dict[str, dict[str, Series]] = {}
    kinds = {"P4": ("post",), "P5": ("get",), "P12": ("get", "list", "post")}
    for kind in EXPECTED:
        if any(kind in kinds.get(gate, ()) for gate in only):
            visits = {"floor": partial(base.alone, kind, count)}
            visits |= {n: partial(writer.alone, kind, count) for n, writer in writers.items()}
            alone[kind] = paired(rounds, visits)
    if "P4" in only:
        rows += _posts(alone["post"])
        visits = {"floor": partial(base.rate, "post", crowd)}
        visits |= {n: partial(writer.rate, "post", crowd) for n, writer in writers.items()}
        rows += _rates(paired(max(3, rounds // 3), visits))
    if "P5" in only:
        rows += _gets(alone["get"])
    if "P12" in only:
        rows += _crowds(base, writers, alone, rounds=max(3, rounds // 3), crowd=crowd)
    return rows


def _houses(found: dict[str, Series]) -> list[tuple[str, Series]]:
    return [(name, series) for name, series in found.items() if name != "floor"]


def _posts(found: dict[str, Series]) -> list[Row]:
    floor, rows = found["floor"], []
    for n, house in _houses(found):
        late = house.p99 / floor.p50
        rows += [
            gates.at_most(
                "P4", f"POST p50, one client, {n}", house.ratio(floor), gates.POST_P50, "x",
                measured=f"{house.p50 * 1000:.2f} / {floor.p50 * 1000:.2f} ms",
                floor=spread(house.ratios(floor)),
            ),
            gates.at_most(
                "P4", f"POST p99 against floor p50, {n}", late, gates.POST_P99, "x",
                measured=f"{house.p99 * 1000:.2f} / {floor.p50 * 1000:.2f} ms",
                floor=f"{late:.1f}x",
            ),
        ]  # fmt: skip
    return rows


def _rates(found: dict[str, Series]) -> list[Row]:
    floor, rows = found["floor"], []
    for n, house in _houses(found):
        shares = [1 / ratio for ratio in house.ratios(floor)]
        rows.append(
            gates.at_least(
                "P4", f"POST a second, {CROWD} clients, {n}", median(shares),
                gates.POST_RATE, "x",
                measured=f"{1 / house.p50:.0f} / {1 / floor.p50:.0f} a second",
                floor=spread(shares),
            )
        )  # fmt: skip
    return rows


def _gets(found: dict[str, Series]) -> list[Row]:
    floor = found["floor"]
    return [
        gates.at_most(
            "P5", f"GET p50, one client, {n}", house.ratio(floor), gates.GET_P50, "x",
            measured=f"{house.ms()} / {floor.p50 * 1000:.2f} ms",
            floor=spread(house.ratios(floor)),
        )
        for n, house in _houses(found)
    ]  # fmt: skip


def _crowds(
    base: Writer,
    writers: Mapping[str, Writer],
    alone: dict[str, dict[str, Series]],
    *,
    rounds: int,
    crowd: int,
) -> list[Row]:
    answered: dict[str, list[tuple[str, Answer]]] = {name: [] for name in ("floor", *writers)}
    for _ in range(rounds):
        for name, writer in {"floor": base, **writers}.items():
            answered[name] += writer.crowd(crowd)
    its = {kind: _p99(answered["floor"], kind) for kind in EXPECTED}
    rows = []
    for n in writers:
        for kind in EXPECTED:
            p99, floor = _p99(answered[n], kind), alone[kind]["floor"].p50
            rows.append(
                gates.at_most(
                    "P12", f"{kind} p99, {CROWD} clients mixed, {n}", p99 / floor,
                    gates.CROWD_P99, "x",
                    measured=f"{p99 * 1000:.1f} / {floor * 1000:.2f} ms",
                    floor=f"{p99 / floor:.1f}x (its own: {its[kind] / floor:.1f}x)",
                )
            )  # fmt: skip
        wrong, count = len(errors(answered[n])), len(answered[n])
        rows.append(
            gates.at_most("P12", f"errors, {n}", wrong, 0, "", measured=f"{wrong} of {count}")
        )
    return rows


def _p99(answered: Sequence[tuple[str, Answer]], kind: str) -> float:
    return percentile([answer.seconds for said, answer in answered if said == kind], 0.99)
