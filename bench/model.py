"""P10: how often the model is paid for a ticket, and for how many tokens.

Triage runs in this process, over Google's own client, against the wire of Vertex AI. A token is
taken for four characters. What the model says is here what the built-in rules say, so the tokens
told are those of an answer in that form, not measured on Gemini.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import gates
from bench.gates import Row
from bench.rounds import percentile
from bench.wired import RULES, Tray
from emulated.server import Request
from emulated.vertex import VertexServer, failed
from helpdesk import events
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.delivery import deliver
from helpdesk.errors import TransientError
from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ticket import Ticket
from helpdesk.tickets import Tickets
from helpdesk.timeline import Actor, Entry
from helpdesk.verdict import Provenance
from local.demo.tour import Sample, sample
from local.documents import SqliteDocuments
from triage.gemini import GeminiClassifier
from triage.step import triage_ticket

TICKETS = 200
DYNAMIC = 24_576  # the most that the model may think where nobody says how much
FAILING = 4  # every fourth ticket meets a model that fails at first
MODEL = "gemini-2.5-flash-lite"
CREATED = Entry(action="created", actor=Actor.HUMAN, actor_id="asker", cause="", why={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one ticket made us ask: calls that were paid, and what is known of the verdict."""

    paid: int
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All tickets, and the most tokens that any request allowed for thinking."""

    asked: Sequence[Asked]
    thinking: int


class Desk:
    """A store of its own, in which triage asks the model that stands on the wire."""

    def __init__(self, documents: SqliteDocuments, vertex: VertexServer) -> None:
        self._clock, self._ids, self._tray = SystemClock(), RandomIds(), Tray()
        self._vertex = vertex
        self._parked = Parked(documents=documents, clock=self._clock)
        outbox = Outbox(documents=documents, bus=self._tray, clock=self._clock)
        self._tickets = Tickets(documents=documents, outbox=outbox)
        self._step = partial(
            triage_ticket,
            tickets=self._tickets,
            classifier=GeminiClassifier.connect(
                project="measured", location="us-central1", model=MODEL, url=vertex.url
            ),
            fallback=RULES,
            clock=self._clock,
        )

    def triaged(self, text: Sample, *, failing: bool) -> Provenance:
        """Let a ticket's event come once too early, twice at once and once too often."""
        event = self._opened(text)
        if failing:
            self._vertex.plan(failed(503))
            self._deliver(event)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._deliver, [event, event]))
        self._deliver(event)
        verdict = self._tickets.get(event.subject).verdict
        if verdict is None:
            raise RuntimeError(f"{text.title!r} was not triaged")
        return verdict.provenance

    def _deliver(self, event: Event) -> None:
        try:
            deliver(events.encode(event), self._step, name="triage", parked=self._parked)
        except TransientError:
            return  # the bus would deliver again

    def _opened(self, text: Sample) -> Event:
        now = self._clock.now()
        ticket = Ticket(
            id=self._ids.ticket_id(),
            title=text.title,
            description=text.description,
            requester_id="asker",
            requester_name="Ann Asker",
            created_at=now,
            updated_at=now,
        )
        self._tickets.open(ticket, CREATED, once=None)
        return self._tray.published[-1]


def measure(folder: Path, *, count: int = TICKETS) -> list[Row]:
    """Triage the first tickets of the bundled sample, each delivered several times."""
    logging.getLogger().addHandler(logging.NullHandler())  # deliveries are meant to fail here
    return rows(seen(folder, sample(count)))


def seen(folder: Path, texts: Sequence[Sample]) -> Seen:
    """Triage tickets, and return what the model was asked for each."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        VertexServer() as vertex,
        closing(SqliteDocuments(folder / "helpdesk.db", durable=False)) as documents,
    ):
        desk = Desk(documents, vertex)
        asked = []
        for number, text in enumerate(texts):
            before, failing = vertex.calls, number % FAILING == 0
            provenance = desk.triaged(text, failing=failing)
            paid = vertex.calls - before - failing  # nobody pays for an error
            asked.append(Asked(paid=paid, provenance=provenance))
        return Seen(asked=asked, thinking=max(map(thinking, vertex.requests)))


def thinking(request: Request) -> int:
    """Return how many tokens a request allows for thinking; unsaid, the model decides."""
    config = request.body.get("generationConfig", {}).get("thinkingConfig", {})
    # Google's client sends the second name, and Google's JSON takes either.
    budgets = (config.get(name) for name in ("thinkingBudget", "thinking_budget"))
    budget = next((each for each in budgets if each is not None), -1)
    return int(budget) if budget >= 0 else DYNAMIC


def rows(found: Seen) -> list[Row]:
    """Hold what was asked against the bars; of tokens the median is judged."""
    calls = Counter(each.paid for each in found.asked)
    told = ", ".join(f"{count} tickets with {paid}" for paid, count in sorted(calls.items()))
    read, said = (
        [getattr(each.provenance, name) for each in found.asked]
        for name in ("tokens_in", "tokens_out")
    )
    return [
        gates.at_most(
            "P10", "paid calls a ticket, failing, twice at once and again", max(calls), 1, "",
            measured=told,
        ),
        _tokens("tokens in, median", read, gates.TOKENS_IN),
        _tokens("tokens out, median", said, gates.TOKENS_OUT),
        gates.at_most(
            "P10", "tokens for thinking", found.thinking, 0, "", measured=str(found.thinking)
        ),
    ]  # fmt: skip


def _tokens(what: str, counts: Sequence[int], bar: float) -> Row:
    p50, p90 = (percentile(counts, share) for share in (0.5, 0.9))
    return gates.at_most("P10", what, p50, bar, "", measured=f"{p50:.0f} (p90 {p90:.0f})")
