"""Counts by day: what happened to tickets, added up in the commit in which it happened.

So they agree with the tickets after every commit, and reading them costs the same however many
tickets there are. A day is UTC's. A day's counts lie in a few documents, so that no commit waits
for another's; what is counted of one ticket is always in the same one.

A ticket is counted as filed, on the day it was, once it has left triage; as answered and as
resolved on the days that happened, and as resolved no longer when it is opened again. What changes
later of a counted ticket moves its counts along: the sums are always those of the tickets as they
are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from helpdesk.documents import Filter, Increment, Op, Order, Query
from helpdesk.ports import Documents
from helpdesk.ticket import DONE, JUDGED, Status, Ticket
from helpdesk.verdict import Source

SHARDS = 4
DAYS_MOST = 92
# Within what time something was done, as hours and the name its count goes by.
SPANS = ((1, "1h"), (4, "4h"), (24, "1d"), (72, "3d"), (168, "7d"))
LATER = "later"
_KEPT = {True: "in_time", False: "late"}  # what was promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was counted on a day; what is not named was never counted."""

    day: date
    counts: Mapping[str, int]


def counted(before: Ticket, after: Ticket) -> list[Increment]:
    """Return the writes that count a change of a ticket: what is told of it now and was not.

    A ticket from before there were counts is left out, whatever becomes of it.
    """
    if not after.counted:
        return []
    sums: dict[date, Counter[str]] = defaultdict(Counter)
    for ticket, sign in ((before, -1), (after, 1)):
        for at, counts in _told(ticket):
            _add(sums[at.date()], counts, sign)
    now = sums[after.updated_at.date()]
    if is_placed(after) and not is_placed(before):
        _add(sums[after.created_at.date()], _spent(after))
    elif before.verdict and after.verdict != before.verdict:
        # Judged once more. Until it is placed, nothing was counted of what the first one took.
        _add(now, _spent(after if is_placed(before) else before))
    if before.status in DONE and after.status not in DONE:
        now["reopened"] += 1
    changed = ((day, {name: n for name, n in it.items() if n}) for day, it in sums.items())
    return [_increment(after, day, counts) for day, counts in changed if counts]


def read(documents: Documents, *, since: date, until: date) -> list[Day]:
    """Return what was counted on each day from the first to the last, every day once."""
    sums: dict[str, Counter[str]] = {
        (since + timedelta(days=n)).isoformat(): Counter() for n in range((until - since).days + 1)
    }
    asked = Query(
        "days",
        (
            Filter("day", Op.GE, since.isoformat()),
            Filter("day", Op.LE, until.isoformat()),
        ),
        (Order("day"),),
        limit=len(sums) * SHARDS,
    )
    for document in documents.query(asked):
        counts = {name: amount for name, amount in document.data.items() if name != "day"}
        sums[document.data["day"]].update(counts)
    return [Day(day=date.fromisoformat(day), counts=dict(it)) for day, it in sums.items()]


def _told(ticket: Ticket) -> Iterator[tuple[datetime, Counter[str]]]:
    """Return what the counts tell of a ticket as it is, each with the moment it is told of."""
    if is_placed(ticket):
        yield ticket.created_at, _filed(ticket)
    if ticket.first_response_at:
        yield ticket.first_response_at, _responded(ticket, ticket.first_response_at)
    if ticket.resolved_at:
        yield ticket.resolved_at, _resolved(ticket, ticket.resolved_at)


def is_placed(ticket: Ticket) -> bool:
    """Say whether a ticket has left triage, if only for a while."""
    left = ticket.status not in {Status.NEW, Status.TRIAGED}
    return left or bool(ticket.declined or ticket.reopenings)


def _filed(ticket: Ticket) -> Counter[str]:
    counts = Counter({"filed": 1})
    if ticket.priority:
        counts[f"filed_{ticket.priority}"] = 1
    if ticket.category:
        counts[f"filed_{ticket.category}"] = 1
    if ticket.triaged_at:
        counts["triage_ms"] = _ms(ticket.triaged_at - ticket.created_at)
    if ticket.first_assigned_at:
        counts["assigned"] = 1
        counts["assign_ms"] = _ms(ticket.first_assigned_at - ticket.created_at)
    return counts


def _spent(ticket: Ticket) -> Counter[str]:
    """Return what a ticket's verdict took, and who gave it."""
    if ticket.verdict is None:
        return Counter()
    provenance = ticket.verdict.provenance
    counts = Counter({f"verdicts_{provenance.source}": 1})
    counts["tokens_in"] = provenance.tokens_in
    counts["tokens_out"] = provenance.tokens_out
    counts["cost_nano_usd"] = round(provenance.cost_usd * 1e9)
    if provenance.fallback_reason:
        counts[f"fallback_{provenance.fallback_reason}"] = 1
    return counts


def _responded(ticket: Ticket, at: datetime) -> Counter[str]:
    waited = at - ticket.created_at
    counts = Counter(
        {"responded": 1, "response_s": _ms(waited) // 1000, f"response_{_span(waited)}": 1}
    )
    kept = ticket.goals.answered_in_time if ticket.goals else None
    if kept is not None:
        counts[f"response_{_KEPT[kept]}"] = 1
    return counts


def _resolved(ticket: Ticket, resolved_at: datetime) -> Counter[str]:
    took = resolved_at - ticket.created_at
    counts = Counter({"resolved": 1, "resolve_s": _ms(took) // 1000, f"resolve_{_span(took)}": 1})
    if ticket.goals:
        kept = {"resolution": ticket.goals.solved_in_time}
        if ticket.first_response_at is None:  # to solve a ticket answers it
            kept["response"] = ticket.goals.answered_in_time
        counts.update(f"{name}_{_KEPT[it]}" for name, it in kept.items() if it is not None)
    if ticket.verdict:
        # What a rule of ours raised tells nothing of the machine.
        for field in (name for name in JUDGED if ticket.sources.get(name) is not Source.RULE):
            counts[f"judged_{field}"] = 1
            said, final = getattr(ticket.verdict, field).value, getattr(ticket, field)
            counts[f"agreed_{field}"] = int(_plain(said) == _plain(final))
    return counts


def _add(sums: Counter[str], counts: Counter[str], sign: int = 1) -> None:
    for name, amount in counts.items():  # Counter's own sum drops what is not positive
        sums[name] += sign * amount


def _plain(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def _span(took: timedelta) -> str:
    return next((name for hours, name in SPANS if took <= timedelta(hours=hours)), LATER)


def _ms(took: timedelta) -> int:
    return max(0, took // timedelta(milliseconds=1))


def _increment(ticket: Ticket, at: date, counts: Mapping[str, int]) -> Increment:
    day = at.isoformat()
    shard = int(sha256(ticket.id.encode()).hexdigest(), 16) % SHARDS
    return Increment(f"days/{day}.{shard}", counts, {"day": day})
