"""The Bus and Timers ports over the queue."""

from helpdesk import events
from helpdesk.events import WAKES, Event
from helpdesk.ports import Timer
from local.queue import SqliteQueue

TIMER = "timer"


class QueueBus:
    """The Bus port: an event becomes a message for every step that it wakes."""

    def __init__(self, queue: SqliteQueue) -> None:
        """Publish into `queue`."""
        self._queue = queue

    def publish(self, event: Event) -> None:
        """Return once the event is on disk, or raise OutsideError."""
        self._queue.put(events.encode(event), WAKES[event.type])


class QueueTimers:
    """The Timers port: a timer is a message that is due later."""

    def __init__(self, queue: SqliteQueue) -> None:
        """Keep timers in `queue`."""
        self._queue = queue

    def set(self, timer: Timer) -> None:
        """Keep a timer; setting a name again changes nothing."""
        self._queue.put(timer.about, (TIMER,), due_at=timer.due_at, name=timer.name)

    def cancel(self, name: str) -> None:
        """Drop a timer, there or not."""
        self._queue.cancel(name)
