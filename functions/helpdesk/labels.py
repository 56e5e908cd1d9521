"""Labels: what a person says a ticket is, beside what the machine had said.

One document per ticket and field holds the latest word of both, whatever becomes of the ticket's
own verdict later: what the machine is measured by, and learns from.
"""

from helpdesk.documents import Data, Set, Value
from helpdesk.ticket import JUDGED, Ticket
from helpdesk.timeline import Entry
from helpdesk.verdict import Source


def labelled(before: Ticket, after: Ticket, entry: Entry) -> list[Set]:
    """Return the writes that keep what a person has just decided about a judged field."""
    return [
        Set(f"labels/{after.id}.{field}", _label(before, after, entry, field))
        for field in JUDGED
        if after.sources.get(field) is Source.HUMAN and _is_new(before, after, field)
    ]


def _is_new(before: Ticket, after: Ticket, field: str) -> bool:
    same = getattr(before, field) == getattr(after, field)
    return not same or before.sources.get(field) is not Source.HUMAN


def _label(before: Ticket, after: Ticket, entry: Entry, field: str) -> Data:
    verdict = before.verdict
    judged = getattr(verdict, field) if verdict else None
    return {
        "ticket_id": after.id,
        "field": field,
        "human": _plain(getattr(after, field)),
        "machine": _plain(judged.value) if judged else None,
        "confidence": judged.confidence if judged else None,
        "source": verdict.provenance.source.value if verdict else None,
        "model": verdict.provenance.model if verdict else None,
        "prompt_version": verdict.provenance.prompt_version if verdict else None,
        "by": entry.actor_id,
        "at": after.updated_at,
    }


def _plain(value: object) -> Value:
    return list(value) if isinstance(value, tuple) else str(value)
