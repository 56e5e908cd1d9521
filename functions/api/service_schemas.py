"""What goes over the wire for service levels: spans in minutes, times as 09:00, dates as ISO."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any

from pydantic import Field

from api.schemas import Answer, Strict
from helpdesk.errors import InvalidInputError
from helpdesk.hours import DAYS, HOLIDAYS_MOST, INTERVALS_MOST, Hours, Interval
from helpdesk.levels import (
    MINUTE,
    SPAN_LEAST,
    SPAN_MOST,
    WARN_LEAST,
    WARN_MOST,
    OnBreach,
    ServiceLevels,
    Target,
    minutes,
    span,
)
from helpdesk.verdict import Priority

ZONE_MOST = 100
LEAST, MOST = SPAN_LEAST // MINUTE, SPAN_MOST // MINUTE
_TIME = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAY_OVER = "24:00"

# Where a schema tells more than is checked here, the rules check it and say what is wrong.
Zone = Annotated[str, Field(max_length=ZONE_MOST, examples=["Europe/Berlin"])]
Time = Annotated[
    str,
    Field(max_length=5, examples=["09:00"], json_schema_extra={"pattern": f"^{_TIME.pattern}$"}),
]
TimeOver = Annotated[
    str,
    Field(
        max_length=5,
        examples=["17:00"],
        json_schema_extra={"pattern": f"^({_TIME.pattern}|{DAY_OVER})$"},
    ),
]
Day = Annotated[
    str, Field(max_length=10, examples=["2026-12-25"], json_schema_extra={"format": "date"})
]
Minutes = Annotated[int, Field(ge=LEAST, le=MOST)]


class NewInterval(Strict):
    """From when to when; 24:00 is when the day is over."""

    opens: Time
    closes: TimeOver


Intervals = Annotated[list[NewInterval], Field(max_length=INTERVALS_MOST, default_factory=list)]


class NewWeek(Strict):
    """The hours of each day in their order; a day without any is free."""

    monday: Intervals
    tuesday: Intervals
    wednesday: Intervals
    thursday: Intervals
    friday: Intervals
    saturday: Intervals
    sunday: Intervals


class NewHours(Strict):
    """When work is done, by the clocks of a time zone of the IANA database."""

    zone: Zone
    week: NewWeek
    holidays: Annotated[list[Day], Field(max_length=HOLIDAYS_MOST, default_factory=list)]

    def checked(self) -> Hours:
        """Return the hours, or raise InvalidInputError."""
        week = {
            number: tuple(
                _interval(each, f"hours.week.{day}.{n}")
                for n, each in enumerate(getattr(self.week, day))
            )
            for number, day in enumerate(DAYS)
        }
        holidays = (_date(day, f"hours.holidays.{n}") for n, day in enumerate(self.holidays))
        return Hours(zone=self.zone, week=week, holidays=frozenset(holidays))


class NewTarget(Strict):
    """How much business time there is; null: no target."""

    first_response_minutes: Annotated[Minutes | None, Field(examples=[60])]
    resolution_minutes: Annotated[Minutes | None, Field(examples=[480])]


class NewTargets(Strict):
    """What is promised for each priority."""

    high: NewTarget
    medium: NewTarget
    low: NewTarget


class NewOnBreach(Strict):
    """What is done by itself when a target is missed."""

    raise_priority: Annotated[bool, Field(examples=[False])]
    reassign: Annotated[bool, Field(examples=[False])]


class NewLevels(Strict):
    """All that is promised; nothing stays of what was."""

    hours: NewHours
    targets: NewTargets
    warn_at: Annotated[float, Field(ge=WARN_LEAST, le=WARN_MOST, examples=[0.75])]
    on_breach: NewOnBreach
    close_after_minutes: Annotated[Minutes | None, Field(examples=[10_080])]
    reopen_within_minutes: Annotated[int, Field(ge=0, le=MOST, examples=[20_160])]

    def checked(self) -> ServiceLevels:
        """Return the service levels, or raise InvalidInputError."""
        hours = self.hours.checked()
        targets = {
            each: Target(
                first_response=span(getattr(self.targets, each.value).first_response_minutes),
                resolution=span(getattr(self.targets, each.value).resolution_minutes),
            )
            for each in Priority
        }
        try:
            return ServiceLevels(
                hours=hours,
                targets=targets,
                warn_at=self.warn_at,
                on_breach=OnBreach(
                    raise_priority=self.on_breach.raise_priority, reassign=self.on_breach.reassign
                ),
                close_after=span(self.close_after_minutes),
                reopen_within=self.reopen_within_minutes * MINUTE,
            )
        except InvalidInputError as error:
            # What the schema cannot see is how long a target takes in these hours.
            raise InvalidInputError(str(error), field=f"{error.field}_minutes") from error


class IntervalView(Answer):
    """From when to when; 24:00 is when the day is over."""

    opens: Time
    closes: TimeOver


class WeekView(Answer):
    """The hours of each day in their order; a day without any is free."""

    monday: list[IntervalView]
    tuesday: list[IntervalView]
    wednesday: list[IntervalView]
    thursday: list[IntervalView]
    friday: list[IntervalView]
    saturday: list[IntervalView]
    sunday: list[IntervalView]


class HoursView(Answer):
    """When work is done, by the clocks of a time zone."""

    zone: Zone
    week: WeekView
    holidays: list[Day]


class TargetView(Answer):
    """How much business time there is; null: no target."""

    first_response_minutes: Annotated[int | None, Field(examples=[60])]
    resolution_minutes: Annotated[int | None, Field(examples=[480])]


class TargetsView(Answer):
    """What is promised for each priority."""

    high: TargetView
    medium: TargetView
    low: TargetView


class OnBreachView(Answer):
    """What is done by itself when a target is missed."""

    raise_priority: Annotated[bool, Field(examples=[False])]
    reassign: Annotated[bool, Field(examples=[False])]


class LevelsView(Answer):
    """All that is promised."""

    hours: HoursView
    targets: TargetsView
    warn_at: Annotated[float, Field(examples=[0.75])]
    on_breach: OnBreachView
    close_after_minutes: Annotated[int | None, Field(examples=[10_080])]
    reopen_within_minutes: Annotated[int, Field(examples=[20_160])]


def levels_view(levels: ServiceLevels) -> dict[str, Any]:
    """Return service levels in the shape of LevelsView."""
    hours = levels.hours
    return {
        "hours": {
            "zone": hours.zone,
            "week": {
                day: [_interval_view(each) for each in hours.week.get(number, ())]
                for number, day in enumerate(DAYS)
            },
            "holidays": [day.isoformat() for day in sorted(hours.holidays)],
        },
        "targets": _targets_view(levels.targets),
        "warn_at": levels.warn_at,
        "on_breach": {
            "raise_priority": levels.on_breach.raise_priority,
            "reassign": levels.on_breach.reassign,
        },
        "close_after_minutes": minutes(levels.close_after),
        "reopen_within_minutes": minutes(levels.reopen_within),
    }


def _targets_view(targets: Mapping[Priority, Target]) -> dict[str, Any]:
    return {
        priority.value: {
            "first_response_minutes": minutes(target.first_response),
            "resolution_minutes": minutes(target.resolution),
        }
        for priority, target in targets.items()
    }


def _interval_view(interval: Interval) -> dict[str, str]:
    opens, closes = (f"{each:%H:%M}" for each in interval)
    return {"opens": opens, "closes": closes if interval[1] != time(0) else DAY_OVER}


def _interval(interval: NewInterval, field: str) -> Interval:
    opens = _time(interval.opens, f"{field}.opens")
    if interval.closes == DAY_OVER:
        return opens, time(0)
    closes = _time(interval.closes, f"{field}.closes")
    if closes == time(0):
        raise InvalidInputError("the day is over at 24:00", field=f"{field}.closes")
    return opens, closes


def _time(text: str, field: str) -> time:
    if not _TIME.fullmatch(text):
        raise InvalidInputError("not a time of day, as 09:00", field=field)
    return time.fromisoformat(text)


def _date(text: str, field: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidInputError("not a date, as 2026-12-25", field=field)
