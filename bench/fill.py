"""Fills folders with tickets before anything is measured, the way the house itself keeps them."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.entrance import Visitor
from bench.floor_app import INSERT, connected
from helpdesk.clock import RandomIds
from helpdesk.documents import Create, Increment, Write
from helpdesk.ticket import Status, Ticket
from helpdesk.user import Role, User
from helpdesk.verdict import Verdict
from helpdesk.wire import searchable_ticket
from local.documents import COMMIT_MOST, SqliteDocuments
from local.house import House, locked
from local.keys import settings_in
from local.people import PASSWORD, seed
from triage.rules import RuleClassifier

TICKETS = Path(__file__).parents[1] / "local/demo/tickets.jsonl"
VIEWER = "viewer@demo.com"
MODERATOR = "moderator@demo.com"
ADMIN = "admin@demo.com"
ROW_BYTES = 14_000  # disk that one ticket takes with all its indexes, generously
MINE = 20  # every twentieth ticket is the viewer's
STILL_OPEN = 200  # the newest are in somebody's hands, all others are closed


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote, and what triage found in it."""

    title: str
    description: str
    verdict: Verdict


def texts() -> list[Text]:
    """Return real tickets; a thousand of them are triaged once and then used again."""
    classifier = RuleClassifier()
    with TICKETS.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Text(
            row["title"], row["description"], classifier.classify(row["title"], row["description"])
        )
        for row in rows
    ]


def bodies() -> list[dict[str, str]]:
    """Return what to POST: real tickets."""
    with TICKETS.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [{"title": row["title"], "description": row["description"]} for row in rows]


def check_space(folder: Path, rows: int) -> None:
    """Raise RuntimeError when the tickets would not fit on the disk."""
    free = shutil.disk_usage(folder).free
    needed = rows * ROW_BYTES + 1_000_000_000
    if free < needed:
        raise RuntimeError(f"{needed >> 20} MiB are needed in {folder}, {free >> 20} are free")


def fill_house(folder: Path, rows: int, known: list[Text]) -> float:
    """Make a house with that many tickets through its own store; return the seconds it took."""
    begun = time.perf_counter()
    with locked(folder):
        house = House(folder, settings_in(folder, url="http://127.0.0.1"))
        try:
            seed(house)
            viewer = house.desk.entrance.log_in(VIEWER, PASSWORD, Visitor()).session.user
            # The roster has everybody; the moderator of the accounts gets as many as the others.
            hands = [user for user in house.users.staff() if user.role is Role.MODERATOR]
            house.documents.commit(_loads(rows, hands))
        finally:
            house.close()
        # Without indexes first: the next one to open the file puts all in their places at once.
        with closing(SqliteDocuments(folder / "helpdesk.db", (), durable=False)) as store:
            for writes in _batches(_tickets(rows, known, viewer, hands)):
                store.commit(writes)
                store.fold()
        House(folder, settings_in(folder, url="http://127.0.0.1")).close()
    return time.perf_counter() - begun


def fill_floor(folder: Path, rows: int, known: list[Text]) -> None:
    """Fill the floor's table."""
    folder.mkdir()
    connection = connected(str(folder / "floor.db"))
    ids, now = RandomIds(), time.time()
    connection.execute("BEGIN")
    for place in range(rows):
        text = known[place % len(known)]
        row = (ids.unique_id(), now - rows + place, text.title, text.description, "open")
        connection.execute(INSERT, row)
    connection.execute("COMMIT")
    connection.close()


def _tickets(rows: int, known: list[Text], viewer: User, hands: list[User]) -> Iterator[Ticket]:
    ids, now = RandomIds(), datetime.now(UTC)
    for place in range(rows):
        text = known[place % len(known)]
        at = now - timedelta(seconds=30 * (rows - place))
        mine = place % MINE == 0
        ticket = Ticket(
            id=ids.ticket_id(),
            title=text.title,
            description=text.description,
            requester_id=viewer.id if mine else f"requester-{place % 997}",
            requester_name=viewer.name if mine else f"Requester {place % 997}",
            created_at=at,
            updated_at=at,
        )
        ticket = ticket.triaged(text.verdict, now=at + timedelta(seconds=1))
        ticket = ticket.assigned_to(hands[place % len(hands)], now=at + timedelta(seconds=2))
        if place < rows - STILL_OPEN:
            ticket = ticket.moved(Status.RESOLVED, now=at + timedelta(hours=5))
            ticket = ticket.moved(Status.CLOSED, now=at + timedelta(hours=29))
        yield ticket


def _batches(tickets: Iterator[Ticket]) -> Iterator[list[Write]]:
    batch: list[Write] = []
    for ticket in tickets:
        batch.append(Create(f"tickets/{ticket.id}", searchable_ticket(ticket)))
        if len(batch) == COMMIT_MOST:
            yield batch
            batch = []
    if batch:
        yield batch


def _loads(rows: int, hands: list[User]) -> list[Write]:
    open_now = range(max(0, rows - STILL_OPEN), rows)
    counts = {user.id: 0 for user in hands}
    for place in open_now:
        counts[hands[place % len(hands)].id] += 1
    return [Increment(f"load/{user_id}", {"open": count}, {}) for user_id, count in counts.items()]
