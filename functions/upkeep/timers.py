"""Timers that call back: the handler of its kind gets the id that a timer is about."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from helpdesk.errors import InvalidInputError
from helpdesk.ports import Clock, Timer, Timers

log = logging.getLogger(__name__)


def fire(
    timer: Timer, *, handlers: Mapping[str, Callable[[str], object]], timers: Timers, clock: Clock
) -> None:
    """Call the handler of a timer that is due; set one again that was called back too early.

    A timer may come twice, or after what it is about has changed: handlers look at that first.
    Raise InvalidInputError for one that is about nothing known.
    """
    if timer.due_at > clock.now():
        # Some timers reach only so far ahead. What it is about is judged when it is due: until
        # then another version of us may know it.
        timers.set(replace(timer, name=_next_name(timer.name)))
        return
    kind, _, name = timer.about.partition(":")
    if not name:
        raise InvalidInputError("the timer is not about a kind and an id", field="about")
    if kind not in handlers:
        raise InvalidInputError("the timer is about a kind that is not known", field="about")
    handlers[kind](name)
    log.info("timer fired", extra={"kind": kind})


def _next_name(name: str) -> str:
    """Return the name after this one; a second call back for the same name gives the same."""
    stem, mark, count = name.rpartition("~")
    return f"{stem}~{int(count) + 1}" if mark and count.isdecimal() else f"{name}~1"
