"""An outbox whose events go to the bus a moment later, several at a time.

The event is safe in the outbox once it is committed, so nobody who commits one needs to wait for
the bus. What a kill leaves unsent is swept at the next start.
"""

import logging
import threading
from collections.abc import Sequence
from contextlib import nullcontext

from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.ports import Clock, Documents
from local.bus import QueueBus
from local.queue import Turn

BATCH = 100

log = logging.getLogger(__name__)


class RelayedOutbox(Outbox):
    """Hands events over from a thread of its own; until that runs, they stay pending."""

    def __init__(
        self,
        *,
        documents: Documents,
        bus: QueueBus,
        clock: Clock,
        turn: Turn = nullcontext,
    ) -> None:
        """Keep in `documents`, hand over to `bus`, each batch inside a `turn`."""
        super().__init__(documents=documents, bus=bus, clock=clock)
        self._queue_bus = bus
        self._turn = turn
        self._changed = threading.Condition()
        self._waiting: list[Event] = []
        self._thread: threading.Thread | None = None
        self._stopping = False

    def send(self, *committed: Event) -> bool:
        """Take committed events; they reach the bus in a moment."""
        with self._changed:
            if self._thread is None:
                return False
            self._waiting += committed
            self._changed.notify()
        return True

    def publish(self, committed: Sequence[Event]) -> None:
        """Publish events together, or raise OutsideError."""
        self._queue_bus.publish_all(committed)

    def start(self) -> None:
        """Begin to hand over."""
        self._stopping = False
        self._thread = threading.Thread(target=self._relay, name="relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hand over what waits, and nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _relay(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if not self._waiting:
                    return
            # Whatever fails is logged, and the sweep comes back to it: the event is still pending.
            try:
                with self._turn():
                    self.hand_over(self._batch())
            except Exception:
                log.exception("relay failed")

    def _batch(self) -> list[Event]:
        """Take what waits by now: the longer the turn was waited for, the more goes together."""
        with self._changed:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        return batch
