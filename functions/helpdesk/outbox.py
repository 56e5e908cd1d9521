"""The outbox: events committed together with what they tell of, until the bus has them.

The document's id is the event's, and the event's id names the transition: while it waits it is a
fence beside the ticket's own. Once the bus has the event it goes, so that what lies here is what
is still to be sent, and sending costs a deletion instead of a write and a deletion later.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from helpdesk import events
from helpdesk.documents import Create, Data, Delete, Document, Filter, Op, Order, Query, Set, Value
from helpdesk.errors import InvalidInputError, OutsideError, TransientError
from helpdesk.events import Event
from helpdesk.ports import Bus, Clock, Documents

SWEEP_PAGE = 200

log = logging.getLogger(__name__)


class Outbox:
    """Keeps events with their transitions and hands them to the bus."""

    def __init__(self, *, documents: Documents, bus: Bus, clock: Clock) -> None:
        """Keep in `documents`, hand over to `bus`."""
        self._documents = documents
        self._bus = bus
        self._clock = clock

    def kept(self, event: Event) -> Create:
        """Return the write that keeps an event; it belongs into the commit of its transition."""
        return Create(_path(event), self._pending(event))

    def post(self, event: Event) -> None:
        """Keep an event that is committed with nothing else, and hand it to the bus."""
        self._documents.commit([self.kept(event)])
        self.send(event)

    def again(self, event: Event) -> Set:
        """Return the write that keeps an event once more, whatever became of it before."""
        return Set(_path(event), self._pending(event))

    def send(self, *committed: Event) -> bool:
        """Hand committed events to the bus, and say whether that worked.

        A failure is no error of the caller's: the events are safe here, and the sweep sends them.
        """
        return self.hand_over(committed)

    def hand_over(self, committed: Sequence[Event]) -> bool:
        """Hand committed events to the bus now, and say whether all of that worked."""
        return self._handed_over(committed, [_path(event) for event in committed])

    def _handed_over(self, committed: Sequence[Event], kept_at: Sequence[str]) -> bool:
        try:
            self.publish(committed)
            self._documents.commit([Delete(path) for path in kept_at])
        except TransientError as error:
            log.warning(
                "events stay in the outbox", extra={"count": len(committed), "reason": str(error)}
            )
            return False
        return True

    def publish(self, committed: Sequence[Event]) -> None:
        """Publish events one by one, or raise OutsideError."""
        for event in committed:
            self._bus.publish(event)

    def sweep(self, older_than: timedelta) -> int:
        """Send what is still pending after that long, oldest first, and return how many were.

        What cannot be read holds up nothing; the first failure ends the sweep, and the next one
        goes on there.
        """
        filters = (Filter("pending_at", Op.LE, self._clock.now() - older_than),)
        oldest = (Order("pending_at"),)
        after: tuple[Value, ...] | None = None
        sent = 0
        while page := self._documents.query(Query("outbox", filters, oldest, SWEEP_PAGE, after)):
            for document in page:
                event = _event_in(document)
                if event and not self._handed_over([event], [document.path]):
                    return sent
                sent += event is not None
            after = (page[-1].data["pending_at"], page[-1].id)
        return sent

    def _pending(self, event: Event) -> Data:
        return {
            "subject": event.subject,
            "type": event.type.value,
            "envelope": events.encode(event),
            "pending_at": self._clock.now(),
        }


class NoBus:
    """The Bus of a function that tells of nothing: what it keeps all the same, upkeep sends."""

    def publish(self, event: Event) -> None:
        """Raise OutsideError."""
        raise OutsideError(f"{event.type} is not published from here")


def _event_in(document: Document) -> Event | None:
    """Return the event that a document keeps; None for one kept by another version of us."""
    try:
        return events.decode(document.data["envelope"])
    except InvalidInputError as error:
        # As after a roll-back; the version that kept it sends it.
        log.error("event cannot be read", extra={"reason": str(error)})  # noqa: TRY400 - known
        return None


def _path(event: Event) -> str:
    return f"outbox/{event.id}"
