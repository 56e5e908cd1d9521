"""P1 and P2: the newest 20 tickets, with a thousand tickets in the house and with many."""

from collections.abc import Sequence
from functools import partial

from bench import gates
from bench.client import request
from bench.fill import ADMIN, MODERATOR, VIEWER
from bench.gates import Row
from bench.rounds import Series, paired, spread
from bench.targets import House, Target

PAGE = 20
ROLES = ((ADMIN, "admin"), (MODERATOR, "moderator"), (VIEWER, "user"))
DEEP = 5_000  # pages of 20
DEEP_STRIDE = 100  # tickets a page on the way there


def visit(target: Target, who: str, count: int, path: str = "/api/tickets") -> list[float]:
    """Return how long each of so many lists took, after one that does not count."""
    asked = request("GET", path, token=target.token(who))
    with target.connect() as connection:
        connection.ask(asked)
        return [connection.ask(asked).seconds for _ in range(count)]


def measure(
    floor: Target, houses: Sequence[tuple[int, House]], *, rounds: int, count: int
) -> list[Row]:
    (few, small), (many, big) = houses
    sizes = {role: _size(big, email) for email, role in ROLES}
    deep, depth = deep_path(big, many)
    visits = {"floor": partial(visit, floor, "", count)}
    for email, role in ROLES:
        visits[f"{role} few"] = partial(visit, small, email, count)
        visits[f"{role} many"] = partial(visit, big, email, count)
    visits["deep"] = partial(visit, big, ADMIN, count, deep)
    found = paired(rounds, visits)
    rows = []
    for _, role in ROLES:
        rows += _growth(role, found, sizes[role], few=few, many=many)
    deeper = found["deep"].ratios(found["admin many"])
    text = f"{found['deep'].ms()}, {spread(deeper)} of page 1"
    rows.append(gates.told("P1", f"page {depth:,} by cursor, admin, N={many:,}", text))
    for _, role in ROLES:
        for name, n in (("few", few), ("many", many)):
            rows.append(_against_floor(role, n, found[f"{role} {name}"], found["floor"]))
    return rows


def deep_path(house: House, rows: int) -> tuple[str, int]:
    """Walk by cursor, and return the path and the number of the page reached."""
    tickets = min(DEEP * PAGE, rows // 2)
    token, cursor = house.token(ADMIN), ""
    with house.connect() as connection:
        for _ in range(tickets // DEEP_STRIDE):
            path = f"/api/tickets?limit={DEEP_STRIDE}{cursor}"
            page = connection.ask(request("GET", path, token=token)).json()
            cursor = f"&cursor={page['next_cursor']}"
    return f"/api/tickets?limit={PAGE}{cursor}", tickets // DEEP_STRIDE * DEEP_STRIDE // PAGE + 1


def _size(house: House, email: str) -> int:
    with house.connect() as connection:
        asked = request("GET", "/api/tickets", token=house.token(email))
        answer = connection.ask(asked)
    if len(answer.json()["items"]) != PAGE:
        raise RuntimeError(f"{email} sees fewer than {PAGE} tickets")
    return len(answer.body)


def _growth(role: str, found: dict[str, Series], size: int, *, few: int, many: int) -> list[Row]:
    one, other, floor = found[f"{role} few"], found[f"{role} many"], found["floor"]
    grown = other.ratios(one)
    kb, late = size / 1000, other.p99 / floor.p50
    return [
        gates.at_most(
            "P1", f"list, {role}: N={many:,} against N={few:,}",
            other.ratio(one), gates.LIST_GROWTH, "x",
            measured=f"{other.p50 * 1000:.2f} / {one.p50 * 1000:.2f} ms, {spread(grown)}",
        ),
        gates.at_most(
            "P1", f"list, {role}: size", kb, gates.LIST_KB, " kB", measured=f"{size:,} bytes"
        ),
        gates.at_most(
            "P1", f"list, {role}: p99 against floor p50, N={many:,}", late, gates.LIST_P99, "x",
            measured=f"{other.p99 * 1000:.2f} / {floor.p50 * 1000:.2f} ms", floor=f"{late:.1f}x",
        ),
    ]  # fmt: skip


def _against_floor(role: str, n: int, house: Series, floor: Series) -> Row:
    return gates.at_most(
        "P2", f"list, {role}, N={n:,}", house.ratio(floor), gates.LIST_FLOOR, "x",
        measured=f"{house.p50 * 1000:.2f} / {floor.p50 * 1000:.2f} ms",
        floor=spread(house.ratios(floor)),
    )  # fmt: skip
