"""P3 and OPS: what every turn of a ticket's life reads and writes, counted as Firestore bills it.

A count is exact: the same on every machine, and however many tickets there are.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from bench import gates
from bench.counted import Count
from bench.gates import Row
from bench.wired import DESCRIPTION, PASSWORD, ROLES, RULES, TITLE, CountedHouse
from helpdesk.delivery import Delivered
from helpdesk.documents import Create, Write
from helpdesk.events import Event
from helpdesk.ticket import Status, Ticket
from helpdesk.user import Role
from helpdesk.wire import searchable_ticket
from local.documents import COMMIT_MOST

FEW = 100
MANY = 1_000
PAGE = 20
STEPS = ("triage", "assign", "notify")
VERDICT = RULES.classify(TITLE, DESCRIPTION)
ONES = {
    "by priority": f"priority={VERDICT.priority.value}",
    "by category": f"category={VERDICT.category.value}",
    "by skill": f"skill={VERDICT.skills.value[0].upper()}",
    "by assignee": "assignee=me",
    "by review": "needs_review=false",
    "by time": "created_from=2000-01-01T00:00:00Z",
    "by a word": f"q={TITLE.split()[0]}",
    "oldest first": "sort=-created",
    "changed last first": "sort=updated",
}
FILTERS = {
    f"{status}{name and ', '}{name}": f"{asked}{one and '&'}{one}"
    for name, one in {"": "", **ONES}.items()
    for status, asked in (("any status", ""), ("one status", f"&status={Status.ASSIGNED}"))
    # Words and skills are walked without the status, which is looked at.
    if status == "any status" or name not in {"by skill", "by a word"}
}
# What somebody of a role may not ask for, or what shows them nothing.
NOT_FOR = {Role.USER: ("by assignee", "by review"), Role.ADMIN: ("by assignee",)}
TEXT = {"title": TITLE, "description": DESCRIPTION}

POST = "POST, with an Idempotency-Key"
GET = "GET one"
CHAIN = "the chain, triage to notify"
CLOSE = "resolve"
NEWS = "notify, of the end"


@dataclass(frozen=True, slots=True)
class Measured:
    """What each turn was billed, by its name, and the events that one life told of."""

    counts: Mapping[str, Count]
    told: Sequence[Event]


def measure(folder: Path) -> Measured:
    """Live a ticket's life in an empty folder, and count every turn of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(CountedHouse(folder)) as house:
        counts: dict[str, Count] = {}
        _fill(house, FEW)
        counts |= _lists(house, FEW)
        _fill(house, MANY - FEW)
        counts |= _lists(house, MANY)
        counts |= _sessions(house)
        counts |= _views(house)
        _warm(house)
        counts |= _steps(house)
        told = len(house.tray.published)
        opened = _open(house, key="lived")
        counts[CHAIN] = house.tally.of(partial(_travel, house, opened))
        counts[CLOSE] = house.tally.of(partial(_resolve, house, opened.subject))
        counts[NEWS] = house.tally.of(partial(_tell, house))
        return Measured(counts, house.tray.published[told:])


def rows(measured: Measured) -> list[Row]:
    """Hold what was counted against the bars, and tell the rest."""
    counts = measured.counts
    found = []
    for role in ROLES:
        for kind in kinds(role):
            few, many = (counts[_list_name(role, kind, n)] for n in (FEW, MANY))
            found.append(_list_row(f"list of {PAGE}, {role}, {kind}", few, many))
    for name, what, got, bar in (
        (POST, "writes", counts[POST].writes, gates.POST_WRITES),
        (CHAIN, "writes", counts[CHAIN].writes, gates.CHAIN_WRITES),
        (CHAIN, "reads", counts[CHAIN].reads, gates.CHAIN_READS),
        (GET, "reads", counts[GET].reads, gates.GET_READS),
    ):
        found.append(gates.at_most("OPS", name, got, bar, f" {what}", measured=str(counts[name])))
    judged = {POST, CHAIN, GET}
    found += [
        gates.told("OPS", name, str(count))
        for name, count in counts.items()
        if name not in judged and not name.startswith("list")
    ]
    return found


def _list_name(role: Role, kind: str, tickets: int) -> str:
    return f"list of {PAGE}, {role}, {kind}, N={tickets:,}"


def kinds(role: Role) -> list[str]:
    """Return the lists that somebody of this role may ask for and find full."""
    return [kind for kind in FILTERS if not kind.endswith(NOT_FOR.get(role, ("-",)))]


def list_name(role: Role) -> str:
    """Return the name of the list that this role sees first, in the full house."""
    return _list_name(role, "any status", MANY)


def _list_row(what: str, few: Count, many: Count) -> Row:
    row = gates.at_most("P3", what, many.reads, gates.LIST_READS, " reads", measured=str(many))
    if few == many:
        return row
    return replace(row, passed=False, bar=f"N={FEW:,}: {few}")


def _fill(house: CountedHouse, count: int) -> None:
    """Keep older tickets: every second one is the viewer's, and every second pair is resolved."""
    asker, moderator = house.people[Role.USER], house.people[Role.MODERATOR]
    other = next(user for user in house.users.staff() if user.id != moderator.id)
    verdict, now = RULES.classify(TITLE, DESCRIPTION), house.clock.now()
    writes: list[Write] = []
    for place in range(count):
        mine, at = place % 2 == 0, now - timedelta(minutes=count - place)
        ticket = Ticket(
            id=house.ids.ticket_id(),
            title=TITLE,
            description=DESCRIPTION,
            requester_id=asker.id if mine else "somebody-else",
            requester_name=asker.name,
            created_at=at,
            updated_at=at,
        ).triaged(verdict, now=at)
        ticket = ticket.assigned_to(moderator if mine else other, now=at)
        if place % 4 < 2:
            ticket = ticket.moved(Status.RESOLVED, now=at)
        writes.append(Create(f"tickets/{ticket.id}", searchable_ticket(ticket)))
    for start in range(0, count, COMMIT_MOST):
        house.store.commit(writes[start : start + COMMIT_MOST])


def _lists(house: CountedHouse, tickets: int) -> dict[str, Count]:
    def look(role: Role, kind: str) -> None:
        path = f"/api/tickets?limit={PAGE}{FILTERS[kind]}"
        page = house.ask("GET", path, expect=200, role=role).get_json()
        if len(page["items"]) != PAGE or page["next_cursor"] is None:
            raise RuntimeError(f"{role} sees no more than one page: nothing is measured by that")

    return {
        _list_name(role, kind, tickets): house.tally.of(partial(look, role, kind))
        for role in ROLES
        for kind in kinds(role)
    }


def _sessions(house: CountedHouse) -> dict[str, Count]:
    user = house.people[Role.USER]
    asked = {"email": user.email, "password": PASSWORD}
    shown = {"refresh_token": house.session(Role.USER).refresh_token}
    acts: dict[str, Callable[[], object]] = {
        "log-in": partial(house.ask, "POST", "/api/auth/login", expect=200, body=asked),
        "refresh": partial(house.ask, "POST", "/api/auth/refresh", expect=200, body=shown),
        "authenticate": partial(
            house.desk.sessions.authenticate, house.session(Role.USER).access_token
        ),
    }
    return {name: house.tally.of(act) for name, act in acts.items()}


def _views(house: CountedHouse) -> dict[str, Count]:
    """File a ticket twice under one key, and read it twice."""
    post = partial(_open, house, key="the-same")
    counts = {POST: house.tally.of(post), "POST, replayed": house.tally.of(post)}
    path = f"/api/tickets/{house.tray.published[-1].subject}"
    get = partial(house.ask, "GET", path, role=Role.USER)
    have = {"If-None-Match": get(expect=200).headers["ETag"]}
    counts[GET] = house.tally.of(partial(get, expect=200))
    counts["GET one, unchanged"] = house.tally.of(partial(get, expect=304, headers=have))
    return counts


def _open(house: CountedHouse, *, key: str) -> Event:
    """File a ticket, and return the latest event."""
    once = {"Idempotency-Key": key}
    house.ask("POST", "/api/tickets", expect=201, role=Role.USER, body=TEXT, headers=once)
    return house.tray.published[-1]


def _warm(house: CountedHouse) -> None:
    """Take a ticket through the chain, uncounted.

    The service levels are read once a minute in a process, however many tickets there are: at the
    first one, so no other life is billed for it.
    """
    _travel(house, _open(house, key="first"))


def _steps(house: CountedHouse) -> dict[str, Count]:
    """Take a ticket from step to step, and give each its event once more."""
    counts = {}
    event = _open(house, key="stepwise")
    for name in STEPS:
        counts[name] = house.tally.of(partial(house.deliver, name, event))
        again = partial(house.deliver, name, event, Delivered.DUPLICATE)
        counts[f"{name}, a second time"] = house.tally.of(again)
        event = house.tray.published[-1]
    return counts


def _travel(house: CountedHouse, event: Event) -> None:
    for name in STEPS:
        house.deliver(name, event)
        event = house.tray.published[-1]


def _resolve(house: CountedHouse, ticket_id: str) -> None:
    """End the work on a ticket."""
    path, done = f"/api/tickets/{ticket_id}", {"status": Status.RESOLVED.value}
    house.ask("PATCH", path, expect=200, role=Role.ADMIN, body=done)


def _tell(house: CountedHouse) -> None:
    """Tell its requester of a ticket's latest change."""
    house.deliver("notify", house.tray.published[-1])
