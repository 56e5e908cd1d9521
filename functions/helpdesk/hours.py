"""Business time: a week of opening hours and its holidays in one zone, and how time passes in them.

An instant is working time when the clock on the wall of that zone is within the hours of its day.
So a day on which clocks are put forward is shorter and one on which they are put back longer,
where the change is within the hours, and a time that does not exist on some day never comes.
All that is answered is in UTC.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helpdesk.errors import InvalidInputError

Interval: TypeAlias = tuple[time, time]  # from, to; to 00:00 is the midnight that ends the day

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INTERVALS_MOST = 6
HOLIDAYS_MOST = 400
SPAN_MOST = timedelta(days=3653)  # ten years
YEARS = range(1970, 9001)  # beyond are the ends of the calendar
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MIDNIGHT = time(0)
# As the database spells them: no path out of it, none of its other files and no leap seconds.
_ZONE = re.compile("[A-Z][A-Za-z0-9_+-]{1,31}(/[A-Z][A-Za-z0-9_+-]{0,31}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When work is done: for each day of the week, 0 for Monday, its intervals in their order.

    A day that is not named, and a holiday, has no working time. Raise InvalidInputError, naming
    the field, when a rule is broken or there is no working time at all.
    """

    zone: str
    week: Mapping[int, tuple[Interval, ...]]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _zone(self.zone)
        if not set(self.week) <= set(range(len(DAYS))):
            raise InvalidInputError("a week has days 0 to 6", field="hours.week")
        for day, intervals in self.week.items():
            _check_day(intervals, f"hours.week.{DAYS[day]}")
        if not any(self.week.values()):
            raise InvalidInputError("some day must have working time", field="hours.week")
        if len(self.holidays) > HOLIDAYS_MOST:
            raise InvalidInputError(
                f"holidays must be at most {HOLIDAYS_MOST}", field="hours.holidays"
            )

    @property
    def weekly(self) -> timedelta:
        """Return how much working time a week has without holidays and changes of the clock."""
        lengths = (_length(each) for intervals in self.week.values() for each in intervals)
        return sum(lengths, timedelta(0))

    def later(self, start: datetime, work: timedelta) -> datetime:
        """Return the first moment at which so much business time has passed since `start`.

        Raise InvalidInputError when that takes more than ten years.
        """
        moment = self.reached(start, work)
        if moment is None:
            raise InvalidInputError("so much business time takes more than ten years")
        return moment

    def reached(self, start: datetime, work: timedelta) -> datetime | None:
        """Return the same moment, None when that takes more than ten years."""
        since = _moment(start)
        if work < timedelta(0):
            raise InvalidInputError("business time does not run backwards")
        if not work:
            return since
        left = work
        for begin, end in self._working(since, since + SPAN_MOST):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the business time from one moment to another, 0 when that is not later.

        Raise InvalidInputError when they are more than ten years apart.
        """
        since, until = _moment(start), _moment(end)
        if until - since > SPAN_MOST:
            raise InvalidInputError("the two moments are more than ten years apart")
        working = self._working(since, until)
        return sum((to - begin for begin, to in working), timedelta(0))

    def spent(self, start: datetime, end: datetime) -> timedelta:
        """Return the same time, no more of it than that of the first ten years."""
        return self.between(start, min(end, start + SPAN_MOST))

    def _working(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working time between two moments, in its order; none if they are reversed."""
        for begin, end, offset in _stretches(_zone(self.zone), since, until):
            day, last = (begin + offset).date(), (end + offset).date()
            while day <= last:
                for opens, closes in self._of(day):
                    clipped = max(begin, opens - offset), min(end, closes - offset)
                    if clipped[0] < clipped[1]:
                        yield clipped
                day += _DAY

    def _of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield what the clock on the wall shows at the ends of each interval of a day."""
        if day not in self.holidays:
            for interval in self.week.get(day.weekday(), ()):
                opens = datetime.combine(day, interval[0], UTC)
                yield opens, opens + _length(interval)


def _stretches(
    zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the time between two moments in pieces of at most a day with one offset from UTC."""
    begin, offset = since, _offset(zone, since)
    while begin < until:
        end = min(begin + _DAY, until)
        after = _offset(zone, end)
        if after == offset:
            yield begin, end, offset
        else:
            change = _change(zone, begin, end)
            yield begin, change, offset
            yield change, end, after
        begin, offset = end, after


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the first moment of another offset than before, as two offsets are never so near."""
    low, high, offset = before, after, _offset(zone, before)
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high.replace(microsecond=0)  # clocks change at full seconds


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _zone(name: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)  # which remembers the zones it has read
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise InvalidInputError("there is no such time zone, as Europe/Berlin", field="hours.zone")


def _moment(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInputError("a time lacks its zone")
    if moment.year not in YEARS:
        raise InvalidInputError("a time outside the calendar")
    return moment.astimezone(UTC)


def _check_day(intervals: tuple[Interval, ...], field: str) -> None:
    if len(intervals) > INTERVALS_MOST:
        raise InvalidInputError(f"a day has at most {INTERVALS_MOST} intervals", field=field)
    over: time | None = _MIDNIGHT  # None: until the day is over
    for number, (opens, closes) in enumerate(intervals):
        place = f"{field}.{number}"
        if any(each.second or each.microsecond or each.tzinfo for each in (opens, closes)):
            raise InvalidInputError("hours are told in full minutes", field=place)
        if closes != _MIDNIGHT and closes <= opens:
            raise InvalidInputError("an interval ends after it begins", field=place)
        if over is None or opens < over:
            raise InvalidInputError("intervals are in order and do not overlap", field=place)
        over = closes if closes != _MIDNIGHT else None


def _length(interval: Interval) -> timedelta:
    opens, closes = (timedelta(hours=each.hour, minutes=each.minute) for each in interval)
    return (closes or _DAY) - opens
