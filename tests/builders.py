"""Builders: whole values with one word each, changed where a test cares; time and ids that obey."""

from datetime import UTC, datetime, timedelta

from helpdesk.events import Event, EventType
from helpdesk.ticket import Status, Ticket
from helpdesk.timeline import Actor, Entry
from helpdesk.user import Role, User
from helpdesk.users import moved_load
from helpdesk.verdict import (
    Category,
    Judged,
    Priority,
    Provenance,
    Sentiment,
    Source,
    Verdict,
)

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class FixedClock:
    """The Clock port: time stands still until a test moves it."""

    def __init__(self, now=NOW):
        self._now = now

    def now(self):
        return self._now

    def tick(self, **by):
        """Move on, as in `tick(seconds=90)`."""
        self._now += timedelta(**by)


class SequenceIds:
    """The Ids port: 1, 2, 3, in the right lengths."""

    def __init__(self):
        self._last = 0

    def ticket_id(self):
        return self._next(8)

    def unique_id(self):
        return self._next(26)

    def _next(self, length):
        self._last += 1
        return str(self._last).zfill(length)


def a_ticket(**changes):
    return Ticket(
        **{
            "id": "T1CKET01",
            "title": "Printer is on fire",
            "description": "It burns on floor two.",
            "requester_id": "asker",
            "requester_name": "Ann Asker",
            "created_at": NOW,
            "updated_at": NOW,
            **changes,
        }
    )


def a_user(**changes):
    name = changes.get("id", "asker")
    return User(
        **{
            "id": name,
            "email": f"{name}@example.com",
            "name": name.title(),
            "created_at": NOW,
            **changes,
        }
    )


def a_moderator(**changes):
    return a_user(**{"id": "mod", "role": Role.MODERATOR, **changes})


def an_admin(**changes):
    return a_user(**{"id": "admin", "role": Role.ADMIN, **changes})


def a_load(user_id, at=NOW):
    """Return the write that counts one more ticket for somebody."""
    came = a_ticket(assignee_id=user_id, status=Status.ASSIGNED, assigned_at=at, updated_at=at)
    return moved_load(a_ticket(), came)[0]


def a_verdict(**changes):
    return Verdict(
        **{
            "summary": "A printer burns",
            "priority": Judged(Priority.HIGH, 0.9, "on fire"),
            "category": Judged(Category.INCIDENT, 0.8, "burns"),
            "skills": Judged(("Printing",), 0.7, "Printer"),
            "language": "en",
            "sentiment": Sentiment.NEGATIVE,
            "notes": "Call the fire brigade.",
            "provenance": Provenance(
                source=Source.AI, model="gemini-test", prompt_version="p1", tokens_in=300,
                tokens_out=40, cost_usd=0.0001, latency_ms=800,
            ),
            **changes,
        }
    )  # fmt: skip


def an_event(**changes):
    return Event(
        **{
            "id": "T1CKET01.created.1",
            "type": EventType.TICKET_CREATED,
            "time": NOW,
            "subject": "T1CKET01",
            "data": {"ticket_id": "T1CKET01"},
            **changes,
        }
    )


def an_entry(**changes):
    return Entry(
        **{
            "action": "created",
            "actor": Actor.HUMAN,
            "actor_id": "asker",
            "cause": "",
            "why": {},
            **changes,
        }
    )
