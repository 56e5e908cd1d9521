"""Labels: what a person says a ticket is, beside what the machine had said.

One document per ticket and field holds the latest word of both, whatever becomes of the ticket's
own verdict later: what the machine is measured by, and learns from.
"""

from collections.abc import Mapping

from helpdesk.documents import Increment, Set, Value, Write
from helpdesk.ticket import JUDGED, Ticket
from helpdesk.timeline import Entry
from helpdesk.verdict import Source


def labelled(before: Ticket, after: Ticket, entry: Entry) -> list[Write]:
    """Return the writes that keep what was said just now about a field that a person judged."""
    by_hand = [field for field in JUDGED if after.sources.get(field) is Source.HUMAN]
    writes: list[Write] = []
    for field in by_hand:
        path = f"labels/{after.id}.{field}"
        if _is_decided(before, after, field):
            writes.append(Set(path, _label(after, entry, field)))
        elif before.verdict != after.verdict:
            # The machine spoke after the person: who that was, and when, stays.
            writes.append(Increment(path, {}, _machines(after, field)))
    return writes


def _is_decided(before: Ticket, after: Ticket, field: str) -> bool:
    same = getattr(before, field) == getattr(after, field)
    return not same or before.sources.get(field) is not Source.HUMAN


def _label(ticket: Ticket, entry: Entry, field: str) -> dict[str, Value]:
    return {
        "ticket_id": ticket.id,
        "field": field,
        "human": _plain(getattr(ticket, field)),
        "by": entry.actor_id,
        "at": ticket.updated_at,
        **_machines(ticket, field),
    }


def _machines(ticket: Ticket, field: str) -> Mapping[str, Value]:
    """Return what the machine says; nothing while it has not spoken."""
    verdict = ticket.verdict
    judged = getattr(verdict, field) if verdict else None
    return {
        "machine": _plain(judged.value) if judged else None,
        "confidence": judged.confidence if judged else None,
        "source": verdict.provenance.source.value if verdict else None,
        "model": verdict.provenance.model if verdict else None,
        "prompt_version": verdict.provenance.prompt_version if verdict else None,
    }


def _plain(value: object) -> Value:
    return list(value) if isinstance(value, tuple) else str(value)
