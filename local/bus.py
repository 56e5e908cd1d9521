"""The Bus and Timers ports over the queue."""

from collections.abc import Callable, Sequence

from helpdesk import events, timers
from helpdesk.events import HOOKS, WAKES, Event, EventType
from helpdesk.ports import Timer
from local.queue import Message, SqliteQueue

TIMER = "timer"


def _nobody() -> frozenset[EventType]:
    return frozenset()


class QueueBus:
    """The Bus port: an event becomes a message for every step that it wakes.

    Most houses have no webhooks, and there the step that tells them gets no message either.
    """

    def __init__(
        self, queue: SqliteQueue, *, heard: Callable[[], frozenset[EventType]] = _nobody
    ) -> None:
        """Publish into `queue`; `heard` says which events webhooks are to be told of just now."""
        self._queue = queue
        self._heard = heard

    def publish(self, event: Event) -> None:
        """Return once the event is in the file, or raise OutsideError."""
        self.publish_all([event])

    def publish_all(self, committed: Sequence[Event]) -> None:
        """Publish events in one transaction, or raise OutsideError."""
        heard = self._heard()
        self._queue.put_all(
            [
                Message(target=step, body=events.encode(event))
                for event in committed
                for step in (*WAKES[event.type], *((HOOKS,) if event.type in heard else ()))
            ]
        )


class QueueTimers:
    """The Timers port: a timer is a message that is due later."""

    def __init__(self, queue: SqliteQueue) -> None:
        """Keep timers in `queue`."""
        self._queue = queue

    def set(self, timer: Timer) -> None:
        """Keep a timer; setting a name again changes nothing."""
        body = timers.encode(timer)
        due = Message(target=TIMER, body=body, due_at=timer.due_at, name=timer.name)
        self._queue.put_all([due])

    def cancel(self, name: str) -> None:
        """Drop a timer, there or not."""
        self._queue.cancel(name)
