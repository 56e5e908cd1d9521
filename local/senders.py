"""Senders: threads of their own for what waits on somebody else's server.

A receiver may take ten seconds to answer, and the chain must not wait for it; nor should one
receiver wait for another, so each webhook has its own two, while there is work for them.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from helpdesk.errors import HelpdeskError

AT_ONCE = 2  # deliveries to one webhook

log = logging.getLogger(__name__)


class Senders:
    """Takes work about a delivery and does it a moment later.

    What a kill or an error takes away is found by the sweep of upkeep.
    """

    def __init__(self) -> None:
        """Begin with nobody at work."""
        self._guard = threading.Lock()
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._left: Counter[str] = Counter()  # how much work each webhook has
        self._waiting: set[str] = set()
        self._closed = False

    def take(self, delivery_id: str, work: Callable[[], object]) -> None:
        """Do some work about a delivery soon, unless it waits to be done already."""
        hook_id = delivery_id.partition(".")[0]
        with self._guard:
            if self._closed or delivery_id in self._waiting:
                return
            self._waiting.add(delivery_id)
            if hook_id not in self._threads:
                self._threads[hook_id] = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sender")
            self._left[hook_id] += 1
            self._threads[hook_id].submit(self._done, delivery_id, work)

    def close(self) -> None:
        """Finish what is under way, and begin nothing more."""
        with self._guard:
            self._closed = True
            threads = list(self._threads.values())
        for each in threads:
            each.shutdown(cancel_futures=True)

    def _done(self, delivery_id: str, work: Callable[[], object]) -> None:
        with self._guard:
            self._waiting.discard(delivery_id)  # from here on it may be asked for once more
        try:
            work()
        except HelpdeskError as error:
            log.warning("webhook not tried", extra={"reason": str(error)})
        except Exception:
            log.exception("webhook not tried")  # a fault of ours, told with its stack
        finally:
            self._freed(delivery_id.partition(".")[0])

    def _freed(self, hook_id: str) -> None:
        """Give back the threads of a webhook that has no work left: it may never have any again."""
        with self._guard:
            self._left[hook_id] -= 1
            if self._left[hook_id]:
                return
            del self._left[hook_id]
            self._threads.pop(hook_id).shutdown(wait=False)
