"""Wiring that happens once: of many first events at the same moment, the others wait."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def once(make: Callable[[], T]) -> Callable[[], T]:
    """Return a function that calls `make` until it has returned once, and then gives that.

    functools.cache lets two threads make a thing each, and so two clients and every log line twice.
    """
    lock = threading.Lock()
    made: list[T] = []

    @wraps(make)
    def get() -> T:
        if not made:
            with lock:
                if not made:
                    made.append(make())
        return made[0]

    return get
