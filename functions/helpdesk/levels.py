"""Service levels: when we work, how soon a ticket is answered and solved, and what follows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cached_property
from typing import Any

from helpdesk.documents import Data, Document
from helpdesk.errors import InvalidInputError
from helpdesk.hours import DAYS, Hours, Interval
from helpdesk.verdict import Priority

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SPAN_LEAST = MINUTE
SPAN_MOST = timedelta(days=90)  # for a target: 2,160 hours of work
WEEKS_MOST = 104  # a target is reached within ten years, whatever the holidays
WARN_LEAST, WARN_MOST = 0.5, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How much business time there is for the first response, and to resolve; None: no target."""

    first_response: timedelta | None = None
    resolution: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnBreach:
    """What is done by itself when a target is missed, beside telling people."""

    raise_priority: bool = False
    reassign: bool = False


@dataclass(frozen=True, kw_only=True)  # without slots: what is derived is kept beside the fields
class ServiceLevels:
    """What the desk promises, and what it does about it. Raise InvalidInputError, by the field.

    A warning goes out when `warn_at` of a target's time is used up. `close_after` (None: never)
    and `reopen_within` (zero: not at all) are plain days, not business time. `version` is the
    store's mark of it, None for those that ship with the code.
    """

    hours: Hours
    targets: Mapping[Priority, Target]
    warn_at: float = 0.75
    on_breach: OnBreach = field(default_factory=OnBreach)
    close_after: timedelta | None = timedelta(days=7)
    reopen_within: timedelta = timedelta(days=14)
    version: str | None = None

    def __post_init__(self) -> None:
        for priority in Priority:
            if priority not in self.targets:
                raise InvalidInputError("every priority has targets", field=f"targets.{priority}")
            _check_target(self.targets[priority], self.hours, f"targets.{priority}")
        if not WARN_LEAST <= self.warn_at <= WARN_MOST:
            raise InvalidInputError(f"warn_at must be {WARN_LEAST} to {WARN_MOST}", field="warn_at")
        if self.close_after is not None:
            _check_span(self.close_after, "close_after")
        if self.reopen_within:
            _check_span(self.reopen_within, "reopen_within")

    @cached_property
    def tag(self) -> str:
        """Return a mark that two levels share when they say the same."""
        said = json.dumps(to_document(self), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


def shipped() -> ServiceLevels:
    """Return the service levels that ship with the code: working days from 9 to 5, in UTC."""
    day = ((time(9), time(17)),)
    return ServiceLevels(
        hours=Hours(zone="UTC", week=dict.fromkeys(range(5), day)),
        targets={
            Priority.HIGH: Target(first_response=1 * HOUR, resolution=8 * HOUR),
            Priority.MEDIUM: Target(first_response=4 * HOUR, resolution=24 * HOUR),
            Priority.LOW: Target(first_response=8 * HOUR, resolution=40 * HOUR),
        },
    )


def to_document(levels: ServiceLevels) -> Data:
    """Return the document that keeps service levels."""
    hours = levels.hours
    return {
        "zone": hours.zone,
        "week": {
            day: [_interval_text(each) for each in hours.week.get(number, ())]
            for number, day in enumerate(DAYS)
        },
        "holidays": [day.isoformat() for day in sorted(hours.holidays)],
        "targets": {
            priority.value: {
                "first_response": minutes(target.first_response),
                "resolution": minutes(target.resolution),
            }
            for priority, target in levels.targets.items()
        },
        "warn_at": levels.warn_at,
        "raise_priority": levels.on_breach.raise_priority,
        "reassign": levels.on_breach.reassign,
        "close_after": minutes(levels.close_after),
        "reopen_within": minutes(levels.reopen_within),
    }


def from_document(document: Document) -> ServiceLevels:
    """Return the service levels a document keeps."""
    data = document.data
    return ServiceLevels(
        hours=Hours(
            zone=data["zone"],
            week={
                number: tuple(_interval(each) for each in data["week"][day])
                for number, day in enumerate(DAYS)
            },
            holidays=frozenset(map(date.fromisoformat, data["holidays"])),
        ),
        targets={Priority(name): _target(kept) for name, kept in data["targets"].items()},
        warn_at=data["warn_at"],
        on_breach=OnBreach(raise_priority=data["raise_priority"], reassign=data["reassign"]),
        close_after=span(data["close_after"]),
        reopen_within=data["reopen_within"] * MINUTE,
        version=document.version,
    )


def minutes(value: timedelta | None) -> int | None:
    """Return a span in full minutes, None for none."""
    return None if value is None else value // MINUTE


def span(value: int | None) -> timedelta | None:
    """Return the span of so many minutes, None for none."""
    return None if value is None else value * MINUTE


def _check_target(target: Target, hours: Hours, name: str) -> None:
    for which in ("first_response", "resolution"):
        wanted = getattr(target, which)
        if wanted is None:
            continue
        _check_span(wanted, f"{name}.{which}")
        if wanted > WEEKS_MOST * hours.weekly:
            raise InvalidInputError(
                f"a target takes at most {WEEKS_MOST} weeks of these hours",
                field=f"{name}.{which}",
            )


def _check_span(value: timedelta, name: str) -> None:
    if not SPAN_LEAST <= value <= SPAN_MOST or value % MINUTE:
        least, most = SPAN_LEAST // MINUTE, SPAN_MOST // MINUTE
        raise InvalidInputError(f"must be {least} to {most} full minutes", field=name)


def _interval_text(interval: Interval) -> str:
    return "-".join(f"{each:%H:%M}" for each in interval)


def _interval(text: str) -> Interval:
    opens, closes = map(time.fromisoformat, text.split("-"))
    return opens, closes


def _target(kept: Mapping[str, Any]) -> Target:
    return Target(first_response=span(kept["first_response"]), resolution=span(kept["resolution"]))
