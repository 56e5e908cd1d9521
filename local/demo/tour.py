"""File real tickets over HTTP and watch their way through the chain."""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from helpdesk.errors import OutsideError
from helpdesk.ticket import Ticket
from helpdesk.tickets import Tickets
from local.people import PASSWORD

SAMPLE = Path(__file__).with_name("tickets.jsonl")
CLIENTS = 4
LOOK_S = 0.1
PATIENCE_S = 60.0
BAR = 30


@dataclass(frozen=True, slots=True)
class Sample:
    """One real ticket."""

    title: str
    description: str


def sample(count: int) -> list[Sample]:
    """Return the first tickets of the bundled sample."""
    with SAMPLE.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(count), strict=False)]
    return [Sample(row["title"], row["description"]) for row in rows]


def show(tickets: Tickets, url: str, count: int, *, stopped: threading.Event) -> bool:
    """File that many tickets, print their way and a summary; say whether that went well."""
    started = time.perf_counter()
    filed = file_tickets(url, sample(count), stopped=stopped)
    arrived = _arrived(tickets, filed, count, stopped=stopped)
    lines = _summary(arrived, len(filed), time.perf_counter() - started)
    if len(filed) < count:
        lines.insert(0, f"  stopped when {len(filed)} of {count} tickets were filed")
    print(f"\n\n{chr(10).join(lines)}", flush=True)
    return len(arrived) == count or stopped.is_set()


def file_tickets(url: str, samples: list[Sample], *, stopped: threading.Event) -> list[str]:
    """File the samples as the viewer, by several clients at once, and return the ids."""
    token = _post(url, "/api/auth/login", {"email": "viewer@demo.com", "password": PASSWORD}, "")[
        "access_token"
    ]
    todo = iter(samples)
    guard = threading.Lock()
    ids: list[str] = []
    failures: list[Exception] = []

    def client() -> None:
        try:
            for each in _shared(todo, guard):
                if stopped.is_set():
                    return
                body = {"title": each.title, "description": each.description}
                ids.append(str(_post(url, "/api/tickets", body, str(token))["id"]))
        except (OSError, http.client.HTTPException, OutsideError) as error:
            failures.append(error)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise OutsideError(f"the demo could not file its tickets: {failures[0]}")
    return ids


def _arrived(
    tickets: Tickets, filed: list[str], count: int, *, stopped: threading.Event
) -> list[Ticket]:
    """Watch until every ticket has arrived, none does any more, or somebody stops it."""
    waiting = set(filed)
    arrived: list[Ticket] = []
    quiet_since = time.perf_counter()
    while waiting:
        last = stopped.is_set()  # asked before the look, so that it counts what came meanwhile
        found = [ticket for ticket in map(tickets.get, waiting) if ticket.notified_at]
        arrived += found
        waiting -= {ticket.id for ticket in found}
        _progress(len(arrived), count)
        if found:
            quiet_since = time.perf_counter()
        if last or time.perf_counter() - quiet_since > PATIENCE_S:
            break
        if waiting:
            stopped.wait(LOOK_S)
    return arrived


def _shared(todo: Iterator[Sample], guard: threading.Lock) -> Iterator[Sample]:
    while True:
        with guard:
            each = next(todo, None)
        if each is None:
            return
        yield each


def _post(url: str, path: str, body: dict[str, str], token: str) -> dict[str, object]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        said: dict[str, object] = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status >= 400:  # noqa: PLR2004
        raise OutsideError(f"{path} answered {answer.status}: {said.get('detail')}")
    return said


def _progress(done: int, count: int) -> None:
    if sys.stdout.isatty():
        full = BAR * done // count
        bar = "#" * full + "." * (BAR - full)
        print(f"\r  [{bar}] {done}/{count} triaged, assigned and mailed", end="", flush=True)


def _summary(tickets: list[Ticket], count: int, took: float) -> list[str]:
    if not tickets:
        return [f"  0 of {count} tickets arrived"]
    waits = sorted((t.notified_at - t.created_at).total_seconds() for t in tickets if t.notified_at)
    middle, slow = waits[len(waits) // 2], waits[len(waits) * 95 // 100]
    lines = [
        f"  {len(tickets)} of {count} tickets triaged, assigned and mailed in {took:.1f} s",
        f"  from filed to mailed: half within {middle:.2f} s, 95 % within {slow:.2f} s",
        "",
        f"  {'assignee':<18} {'tickets':>7}   most frequent skills",
    ]
    by_person = Counter(ticket.assignee_name or "" for ticket in tickets)
    for name, number in by_person.most_common():
        skills = Counter(
            skill for ticket in tickets if ticket.assignee_name == name for skill in ticket.skills
        )
        top = ", ".join(skill for skill, _ in skills.most_common(3)) or "none named"
        lines.append(f"  {name:<18} {number:>7}   {top}")
    for heading, values in (
        ("priority", Counter(str(ticket.priority) for ticket in tickets)),
        ("category", Counter(str(ticket.category) for ticket in tickets)),
    ):
        told = ", ".join(f"{name} {number}" for name, number in values.most_common())
        lines += ["", f"  {heading}: {told}"]
    return lines
