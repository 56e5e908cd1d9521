"""P13: what lists find by filter, by word and in another order, at the two sizes of house.

Every list is asked for its first page, and one that goes on for a page far behind by cursor.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from bench import gates
from bench.client import request
from bench.fill import ADMIN, MODERATOR, VIEWER, bodies
from bench.gates import Row
from bench.lists import visit
from bench.rounds import Series, paired
from bench.targets import House

ROLES = ((ADMIN, "admin"), (MODERATOR, "moderator"), (VIEWER, "user"))
PATH = "/api/tickets?limit=20"
STRIDE = 100
DEEP = 20  # pages of STRIDE tickets


def queries() -> dict[str, str]:
    """Return what is asked for, by its name."""
    common, rare = _words()
    return {
        "open": "status=open",
        "closed": "status=closed",
        "high": "priority=high",
        "open and high": "status=open&priority=high",
        "category": "category=bug",
        "skill": "skill=Java",
        "common word": f"q={common}",
        "rare word": f"q={rare}",
        "two words": f"q={common}+{rare}",
        "no such word": "q=xyzzy",
        "oldest": "sort=-created",
        "changed last": "sort=updated",
    }


def measure(houses: Sequence[tuple[int, House]], *, rounds: int, count: int) -> list[Row]:
    """Compare each list in the big house with the same one in the small house."""
    (few, small), (many, big) = houses
    rows = []
    for email, role in ROLES:
        asked = {**queries(), **({} if role == "user" else {"needs review": "needs_review=true"})}
        for name, query in asked.items():
            pairs = list(_pages(name, (small, big), email, f"{PATH}&{query}"))
            for what, one, other in pairs:
                visits = {
                    "few": partial(visit, small, email, count, one),
                    "many": partial(visit, big, email, count, other),
                }
                found = paired(rounds, visits)
                row = _row(f"{role}: {what}", found, few=few, many=many)
                alike = _shown(small, email, one) == _shown(big, email, other)
                rows.append(row if alike else gates.told("P13", row.what, row.measured))
    return rows


def _pages(
    name: str, houses: tuple[House, House], email: str, path: str
) -> Iterator[tuple[str, str, str]]:
    yield name, path, path
    one, other = (_deep(house, email, path) for house in houses)
    if other:
        yield f"{name}, page far behind", one or path, other


def _shown(house: House, email: str, path: str) -> int:
    """Return how much a page shows: a shorter one is no measure for a longer one."""
    with house.connect() as connection:
        answer = connection.ask(request("GET", path, token=house.token(email)))
    return len(answer.json()["items"])


def _deep(house: House, email: str, path: str) -> str:
    """Return the path of a page far behind, or nothing where the list ends before."""
    cursor, wide = "", path.replace("limit=20", f"limit={STRIDE}")
    with house.connect() as connection:
        for _ in range(DEEP):
            asked = request("GET", wide + cursor, token=house.token(email))
            goes_on = connection.ask(asked).json()["next_cursor"]
            if goes_on is None:
                return ""
            cursor = f"&cursor={goes_on}"
    return path + cursor


def _row(what: str, found: dict[str, Series], *, few: int, many: int) -> Row:
    one, other = found["few"], found["many"]
    return gates.at_most(
        "P13", f"{what}: p99, N={many:,} against N={few:,}", other.p99 / one.p99,
        gates.SEARCH_GROWTH, "x", measured=f"{other.ms()} / {one.ms()}",
    )  # fmt: skip


def _words() -> tuple[str, str]:
    """Return the word that most of the tickets say, and one that a single text says."""
    said = Counter(
        word
        for each in bodies()
        for word in set(re.findall("[a-z]{3,}", f"{each['title']} {each['description']}".lower()))
    )
    return said.most_common(1)[0][0], min(word for word, times in said.items() if times == 1)
