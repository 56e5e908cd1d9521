"""Business time: how it passes over nights, holidays and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.hours import HOLIDAYS_MOST, INTERVALS_MOST, SPAN_MOST, Hours

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NINE_TO_FIVE = ((time(9), time(17)),)
ALL_DAY = ((time(0), time(0)),)
WORKDAYS = dict.fromkeys(range(5), NINE_TO_FIVE)
EVERY_DAY = dict.fromkeys(range(7), NINE_TO_FIVE)
ALWAYS = dict.fromkeys(range(7), ALL_DAY)
# Changes by an hour, by half an hour, by two, at midnight, at 00:01, for Ramadan, and of the date.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Havana",
    "America/Santiago", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca",
    "Pacific/Apia", "Asia/Kathmandu", "Asia/Beirut", "Pacific/Kiritimati", "Etc/GMT+12",
)  # fmt: skip


def hours(week=WORKDAYS, zone="UTC", holidays=()):
    return Hours(zone=zone, week=week, holidays=frozenset(holidays))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def refused(asked):
    with pytest.raises(InvalidInputError) as refusal:
        asked()
    return refusal.value


# Within a week; 2026-01-30 is a Friday.


@pytest.mark.parametrize(
    ("start", "work", "end"),
    [
        ("2026-01-30 10:00", 2 * HOUR, "2026-01-30 12:00"),
        ("2026-01-30 03:00", 2 * HOUR, "2026-01-30 11:00"),
        ("2026-01-30 16:30", HOUR, "2026-02-02 09:30"),
        ("2026-01-30 18:00", HOUR, "2026-02-02 10:00"),
        ("2026-01-31 12:00", 8 * HOUR, "2026-02-02 17:00"),
        ("2026-01-30 09:00", 8 * HOUR, "2026-01-30 17:00"),
        ("2026-01-30 09:00", 8 * HOUR + MINUTE, "2026-02-02 09:01"),
        ("2026-01-30 09:00", 40 * HOUR, "2026-02-05 17:00"),
        ("2026-01-31 12:00", 0 * HOUR, "2026-01-31 12:00"),
    ],
)
def test_work_goes_on_when_the_desk_is_open_again(start, work, end):
    assert hours().later(at(start), work) == at(end)
    assert hours().between(at(start), at(end)) == work


def test_a_day_may_have_a_break_and_a_night_shift_goes_on_over_midnight():
    broken = hours({4: ((time(8), time(12)), (time(13), time(15))), 0: ((time(12), time(12, 30)),)})
    night = hours({4: ((time(22), time(0)),), 5: ((time(0), time(6)),)})

    assert broken.later(at("2026-01-30 11:00"), 2 * HOUR) == at("2026-01-30 14:00")
    assert broken.later(at("2026-01-30 14:45"), HOUR / 2) == at("2026-02-02 12:15")
    assert night.later(at("2026-01-30 23:00"), 3 * HOUR) == at("2026-01-31 02:00")
    assert (broken.weekly, night.weekly) == (6.5 * HOUR, 8 * HOUR)


def test_a_holiday_is_a_day_of_the_zone_and_nothing_is_done_on_it():
    tokyo = hours(EVERY_DAY, "Asia/Tokyo", [date(2026, 1, 1)])

    # 2025-12-31 17:00 in Tokyo is 08:00 in UTC; the next working day there begins on 01-01 24:00.
    assert tokyo.later(at("2025-12-31 08:00"), MINUTE) == at("2026-01-02 00:01")
    assert tokyo.between(at("2025-12-31 15:00"), at("2026-01-01 15:00")) == 0 * HOUR


def test_reversed_moments_have_no_time_between_them():
    assert hours().between(at("2026-01-30 12:00"), at("2026-01-30 10:00")) == 0 * HOUR


# When clocks change: in Berlin at 01:00 UTC on 2026-03-29 and 2026-10-25, both Sundays.


@pytest.mark.parametrize(
    ("interval", "spring", "autumn"),
    [
        ((time(0), time(0)), 23 * HOUR, 25 * HOUR),
        ((time(1), time(4)), 2 * HOUR, 4 * HOUR),
        ((time(2), time(3)), 0 * HOUR, 2 * HOUR),
        ((time(2, 15), time(2, 45)), 0 * HOUR, HOUR),
        ((time(2, 30), time(3, 30)), HOUR / 2, 1.5 * HOUR),
        ((time(9), time(17)), 8 * HOUR, 8 * HOUR),
    ],
)
def test_a_day_on_which_clocks_change_has_what_they_show(interval, spring, autumn):
    berlin = hours({6: (interval,)}, "Europe/Berlin")

    assert berlin.between(at("2026-03-28 12:00"), at("2026-03-30 12:00")) == spring
    assert berlin.between(at("2026-10-24 12:00"), at("2026-10-26 12:00")) == autumn


def test_the_same_hours_begin_at_another_time_of_utc_once_clocks_have_changed():
    berlin = hours(EVERY_DAY, "Europe/Berlin")

    assert berlin.later(at("2026-03-28 16:00"), HOUR) == at("2026-03-29 08:00")
    assert berlin.later(at("2026-10-24 15:00"), HOUR) == at("2026-10-25 09:00")


def test_an_hour_that_comes_twice_is_worked_twice_and_in_its_order():
    berlin = hours({6: ((time(2, 15), time(2, 45)),)}, "Europe/Berlin")

    assert berlin.later(at("2026-10-24 12:00"), HOUR / 2) == at("2026-10-25 00:45")
    assert berlin.later(at("2026-10-24 12:00"), HOUR / 2 + MINUTE) == at("2026-10-25 01:16")


def test_a_day_that_never_came_was_no_working_day():
    samoa = hours(EVERY_DAY, "Pacific/Apia")

    # There was no 2011-12-30: at its midnight clocks went from the 29th to the 31st.
    assert samoa.between(at("2011-12-29 10:00"), at("2011-12-31 10:00")) == 16 * HOUR


# Whatever the calendar.

MINUTES = int(timedelta(days=45 * 365) / MINUTE)
MOMENTS = st.integers(0, MINUTES * 60 * 1000).map(lambda n: at("1995-01-01") + n * MINUTE / 60_000)
WORK = st.timedeltas(timedelta(0), timedelta(days=3))


@st.composite
def days(draw):
    """Draw the intervals of a day: some minutes in their order, two by two."""
    ends = draw(st.lists(st.integers(0, 24 * 60), max_size=2 * INTERVALS_MOST, unique=True))
    shown = [time(end // 60 % 24, end % 60) for end in sorted(ends)]
    return tuple(zip(shown[::2], shown[1::2], strict=False))


@st.composite
def calendars(draw):
    week = draw(st.dictionaries(st.integers(0, 6), days(), min_size=1))
    zone = draw(st.sampled_from(ZONES))
    holidays = draw(st.frozensets(st.dates(date(1995, 1, 1), date(2040, 1, 1)), max_size=20))
    week = {**week, 0: week.get(0) or NINE_TO_FIVE}
    assume(hours(week).weekly >= 2 * HOUR)
    return hours(week, zone, holidays)


@given(calendars(), MOMENTS, WORK)
def test_between_gives_back_what_later_was_given(calendar, start, work):
    assert calendar.between(start, calendar.later(start, work)) == work


@given(calendars(), MOMENTS, WORK, WORK)
def test_work_adds_up_and_more_of_it_ends_later(calendar, start, one, other):
    halfway = calendar.later(start, one)

    assert calendar.later(halfway, other) == calendar.later(start, one + other)
    assert (calendar.later(start, other) <= halfway) is (other <= one)


@given(calendars(), st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
def test_time_between_adds_up_and_is_never_more_than_there_is(calendar, moments):
    first, second, third = moments
    assume(third - first < timedelta(days=400))

    whole = calendar.between(first, third)

    assert whole == calendar.between(first, second) + calendar.between(second, third)
    assert timedelta(0) <= whole <= third - first


@given(st.sampled_from(ZONES), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_a_desk_that_is_always_open_counts_every_second(zone, start, span):
    always = hours(ALWAYS, zone)

    assert always.later(start, span) == start + span
    assert always.between(start, start + span) == span


def shown(calendar, minute):
    """Say whether the clock on the wall is within the hours: what it all means, by the minute."""
    wall = minute.astimezone(ZoneInfo(calendar.zone))
    day = calendar.week.get(wall.weekday(), ())
    if wall.date() in calendar.holidays:
        return False
    return any(begin <= wall.time() and (end == time(0) or wall.time() < end) for begin, end in day)


CHANGES = (
    "2026-03-29 01:00", "2026-10-25 01:00", "2026-03-08 07:00", "2026-11-01 06:00",
    "2010-03-14 03:31", "2010-11-07 02:31", "2026-04-04 15:00", "2026-10-03 15:30",
    "2026-04-05 03:00", "2026-09-06 04:00", "2026-02-15 02:00", "2026-03-22 02:00",
    "2011-12-30 10:00", "2026-03-28 22:00", "2026-10-24 21:00", "2026-03-08 05:00",
)  # fmt: skip


@settings(max_examples=60)
@given(calendars(), st.sampled_from(CHANGES), st.integers(-2000, 0), st.integers(1, 2000))
def test_it_is_what_one_would_count_minute_by_minute(calendar, change, before, after):
    start, end = at(change) + before * MINUTE, at(change) + after * MINUTE

    counted = [start + n * MINUTE for n in range(after - before)]
    worked = [minute for minute in counted if shown(calendar, minute)]

    assert calendar.between(start, end) == len(worked) * MINUTE
    if worked:
        assert calendar.later(start, len(worked) * MINUTE) == worked[-1] + MINUTE


# What is refused.


@pytest.mark.parametrize(
    "zone",
    [
        "", "utc ", "Berlin", "Europe", "Europe/", "europe/berlin", "../etc/passwd", "/etc/passwd",
        "Europe/../UTC", "right/UTC", "posixrules", "tzdata.zi", "UTC\n", "Europe/Ber\0lin", "É/X",
        "Europe/Atlantis", "A" * 200,
    ],
)  # fmt: skip
def test_what_is_no_zone_is_refused(zone):
    assert refused(lambda: hours(zone=zone)).field == "hours.zone"


@pytest.mark.parametrize(
    "zone",
    ["UTC", "NZ", "GB-Eire", "EST5EDT", "Etc/GMT+3", "America/Port-au-Prince", "Asia/Ho_Chi_Minh",
     "America/North_Dakota/New_Salem", "Africa/Dar_es_Salaam"],
)  # fmt: skip
def test_every_way_of_writing_a_zone_is_known(zone):
    assert hours(zone=zone).zone == zone


@pytest.mark.parametrize(
    ("intervals", "field"),
    [
        (((time(9), time(9)),), ".0"),
        (((time(9), time(8)),), ".0"),
        (((time(9), time(12)), (time(11), time(13))), ".1"),
        (((time(13), time(14)), (time(9), time(12))), ".1"),
        (((time(13), time(0)), (time(14), time(15))), ".1"),
        (((time(0), time(0)), (time(0), time(0))), ".1"),
        (((time(9, 0, 1), time(10)),), ".0"),
        (((time(9), time(10, 0, 0, 1)),), ".0"),
        (((time(9, tzinfo=UTC), time(10)),), ".0"),
        (tuple((time(n), time(n, 30)) for n in range(INTERVALS_MOST + 1)), ""),
    ],
)
def test_intervals_that_make_no_day_are_refused(intervals, field):
    assert refused(lambda: hours({1: intervals})).field == f"hours.week.tuesday{field}"


def test_intervals_may_touch():
    touching = hours({1: ((time(0), time(12)), (time(12), time(0)))})

    assert touching.weekly == 24 * HOUR


@pytest.mark.parametrize("week", [{}, {0: ()}, {7: NINE_TO_FIVE}, {-1: NINE_TO_FIVE}], ids=str)
def test_a_calendar_without_working_time_or_with_another_day_is_refused(week):
    assert refused(lambda: hours(week)).field == "hours.week"


def test_so_many_holidays_and_no_more():
    free = [date(2026, 1, 1) + timedelta(days=n) for n in range(HOLIDAYS_MOST + 1)]

    assert hours(holidays=free[:-1]).later(at("2026-01-01 12:00"), HOUR) == at("2027-02-05 10:00")
    assert refused(lambda: hours(holidays=free)).field == "hours.holidays"


def test_nothing_is_counted_for_more_than_ten_years():
    start, seldom = at("2026-01-30 12:00"), hours({6: ((time(0), time(0, 1)),)})

    assert seldom.later(start, 520 * MINUTE) < start + SPAN_MOST
    assert "ten years" in str(refused(lambda: seldom.later(start, 530 * MINUTE)))
    assert seldom.reached(start, 520 * MINUTE) == seldom.later(start, 520 * MINUTE)
    assert seldom.reached(start, 530 * MINUTE) is None
    assert seldom.between(start, start + SPAN_MOST) == 522 * MINUTE
    assert seldom.spent(start, start + 2 * SPAN_MOST) == 522 * MINUTE
    assert seldom.spent(start, start - MINUTE) == timedelta(0)
    assert "ten years" in str(refused(lambda: seldom.between(start, start + SPAN_MOST + MINUTE)))


@pytest.mark.parametrize(
    "moment",
    [
        at("2026-01-30").replace(tzinfo=None),
        datetime(9990, 1, 1, tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ],
)
def test_a_moment_without_a_zone_or_outside_the_calendar_is_refused(moment):
    refused(lambda: hours().later(moment, HOUR))
    refused(lambda: hours().between(moment, moment))


def test_time_does_not_run_backwards():
    refused(lambda: hours().later(at("2026-01-30 12:00"), -MINUTE))


def test_moments_of_any_zone_are_answered_in_utc():
    start = at("2026-01-30 10:00").astimezone(timezone(timedelta(hours=9)))

    assert hours().later(start, HOUR).tzinfo is UTC
    assert hours().later(start, 0 * HOUR).tzinfo is UTC
    assert hours().later(start, HOUR) == at("2026-01-30 11:00")
