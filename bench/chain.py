"""P8: from filing a ticket until somebody has it."""

import time
from collections.abc import Sequence

from bench import gates
from bench.client import request
from bench.fill import ADMIN
from bench.gates import Row
from bench.rounds import Series
from bench.targets import House, reading
from bench.tickets import CROWD, Bodies, Writer, errors

PATIENCE_S = 30.0
POLL_S = 0.002
BURST = 100
STATUS = (
    "SELECT json_extract(data, '$.status') FROM documents WHERE collection = 'tickets' AND id = ?"
)


def measure(house: House, bodies: Bodies, *, count: int, bursts: int) -> list[Row]:
    writer = Writer(house, bodies)
    seen = Series([one_by_one(writer, count)])
    found = [burst(writer) for _ in range(bursts)]
    assigned, drained = (min(BURST / each[place] for each in found) for place in (0, 1))
    p50, p99 = seen.p50 * 1000, seen.p99 * 1000
    return [
        gates.at_most(
            "P8", f"POST until GET says assigned, p50 of {count}", p50, gates.CHAIN_P50_MS, " ms",
            measured=f"{p50:.1f} ms",
        ),
        gates.at_most(
            "P8", f"POST until GET says assigned, p99 of {count}", p99, gates.CHAIN_P99_MS, " ms",
            measured=f"{p99:.1f} ms",
        ),
        gates.at_least(
            "P8", f"{BURST} at once until all are assigned, worst of {bursts}", assigned,
            gates.DRAIN_RATE, "/s", measured=_rates([each[0] for each in found]),
        ),
        gates.at_least(
            "P8", f"{BURST} at once until all letters are out, worst of {bursts}", drained,
            gates.DRAIN_RATE, "/s", measured=_rates([each[1] for each in found]),
        ),
    ]  # fmt: skip


def one_by_one(writer: Writer, count: int) -> list[float]:
    """File a ticket, read it until it is assigned, and only then file the next."""
    house, seconds = writer.target, []
    token = house.token(ADMIN)
    with house.connect() as connection:
        for asked in writer.posts(count):
            begun = time.perf_counter()
            ticket = connection.ask(asked, expect=201).json()["id"]
            look = request("GET", f"/api/tickets/{ticket}", token=token)
            while connection.ask(look).json()["status"] != "assigned":
                if time.perf_counter() - begun > PATIENCE_S:
                    raise RuntimeError(f"{ticket} was not assigned in {PATIENCE_S:.0f} s")
                time.sleep(POLL_S)
            seconds.append(time.perf_counter() - begun)
    house.settle()
    return seconds


def burst(writer: Writer) -> tuple[float, float]:
    """File many tickets at once; return the seconds until all are assigned, and all told of."""
    house = writer.target
    if not isinstance(house, House):
        raise TypeError("only a house assigns tickets")
    asked = writer.posts(BURST)
    begun = time.perf_counter()
    answers, _ = house.storm(asked, clients=CROWD)
    if wrong := errors([("post", answer) for answer in answers]):
        raise RuntimeError(f"{len(wrong)} of {BURST} tickets were refused: {wrong[0].body!r}")
    # The store is read, not the API: a hundred readers would be a load of their own.
    waiting = [answer.json()["id"] for answer in answers]
    with reading(house.folder / "helpdesk.db") as store:
        while waiting:
            if store.execute(STATUS, (waiting[-1],)).fetchone()[0] == "assigned":
                waiting.pop()
                continue
            if time.perf_counter() - begun > PATIENCE_S:
                raise RuntimeError(f"{waiting[-1]} was not assigned in {PATIENCE_S:.0f} s")
            time.sleep(POLL_S)
    assigned = time.perf_counter() - begun
    house.settle()
    return assigned, time.perf_counter() - begun


def _rates(seconds: Sequence[float]) -> str:
    return ", ".join(f"{BURST / each:.0f}/s" for each in seconds)
