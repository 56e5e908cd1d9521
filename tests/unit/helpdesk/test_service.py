"""Service levels: what may be in them, how they are kept and remembered."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from helpdesk.errors import AlreadyExistsError, InvalidInputError, OutsideError, StaleError
from helpdesk.hours import HOLIDAYS_MOST, SPAN_MOST, Hours
from helpdesk.levels import OnBreach, ServiceLevels, Target, shipped
from helpdesk.service import LEVELS, CachedService, Service
from helpdesk.verdict import Priority
from tests.stands import Faulty

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHIPPED = shipped()
ALWAYS = Hours(zone="UTC", week=dict.fromkeys(range(7), ((time(0), time(0)),)))
SOME = ServiceLevels(
    hours=Hours(
        zone="Europe/Berlin",
        week={0: ((time(8), time(12)), (time(13, 30), time(0))), 5: ((time(0), time(0)),)},
        holidays=frozenset({date(2026, 12, 25), date(2026, 1, 1)}),
    ),
    targets={
        Priority.HIGH: Target(first_response=15 * MINUTE, resolution=4 * HOUR),
        Priority.MEDIUM: Target(resolution=24 * HOUR),
        Priority.LOW: Target(),
    },
    warn_at=0.9,
    on_breach=OnBreach(raise_priority=True, reassign=True),
    close_after=None,
    reopen_within=timedelta(0),
)
OTHER = replace(SOME, warn_at=0.5)


class Read(Faulty):
    """The Documents port over another one that counts what is read."""

    reads = 0

    def get(self, path):
        self.reads += 1
        return super().get(path)


class Twice(Read):
    """A store that loses its first answer to a commit, so that its client sends it once more."""

    def commit(self, writes):
        super().commit(writes)
        return super().commit(writes)


@pytest.fixture
def store(documents):
    return Read(documents)


@pytest.fixture
def service(store):
    return Service(store)


# What may be in them.


def test_what_ships_is_a_working_week_and_a_promise_for_every_priority():
    assert SHIPPED.hours.weekly == 40 * HOUR
    assert SHIPPED.targets == {
        Priority.HIGH: Target(first_response=1 * HOUR, resolution=8 * HOUR),
        Priority.MEDIUM: Target(first_response=4 * HOUR, resolution=24 * HOUR),
        Priority.LOW: Target(first_response=8 * HOUR, resolution=40 * HOUR),
    }
    assert (SHIPPED.warn_at, SHIPPED.on_breach) == (0.75, OnBreach())
    assert (SHIPPED.close_after, SHIPPED.reopen_within) == (7 * DAY, 14 * DAY)


def with_target(target):
    return {"targets": {**SHIPPED.targets, Priority.MEDIUM: target}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"targets": {Priority.HIGH: Target(), Priority.LOW: Target()}}, "targets.medium"),
        (with_target(Target(first_response=0 * HOUR)), "targets.medium.first_response"),
        (with_target(Target(resolution=-HOUR)), "targets.medium.resolution"),
        (with_target(Target(resolution=59.9 * MINUTE)), "targets.medium.resolution"),
        (with_target(Target(resolution=90 * DAY + MINUTE)), "targets.medium.resolution"),
        ({"warn_at": 0.49}, "warn_at"),
        ({"warn_at": 0.96}, "warn_at"),
        ({"warn_at": float("nan")}, "warn_at"),
        ({"close_after": timedelta(0)}, "close_after"),
        ({"close_after": 91 * DAY}, "close_after"),
        ({"reopen_within": MINUTE / 2}, "reopen_within"),
        ({"reopen_within": 91 * DAY}, "reopen_within"),
        ({"reopen_within": -MINUTE}, "reopen_within"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_name_of_its_field(changes, field):
    with pytest.raises(InvalidInputError) as refusal:
        replace(SHIPPED, **changes)

    assert refusal.value.field == field


def test_the_least_and_the_most_are_allowed():
    for each in (MINUTE, 90 * DAY):
        target = Target(first_response=each, resolution=each)
        kept = replace(
            SHIPPED, hours=ALWAYS, targets=dict.fromkeys(Priority, target), warn_at=0.95,
            close_after=each, reopen_within=each,
        )  # fmt: skip
        assert kept.targets[Priority.LOW].resolution == each


def test_a_target_that_these_hours_hardly_ever_reach_is_refused():
    seldom = Hours(zone="UTC", week={0: ((time(9), time(10)),)})

    def levels(resolution):
        targets = dict.fromkeys(Priority, Target(resolution=resolution))
        return replace(SHIPPED, hours=seldom, targets=targets)

    with pytest.raises(InvalidInputError) as refusal:
        levels(105 * HOUR)

    assert refusal.value.field == "targets.low.resolution"
    assert levels(104 * HOUR).hours is seldom


def test_whatever_is_allowed_is_reached_even_if_all_holidays_are_working_days():
    # Half an hour a week that clocks skip once a year, and a holiday whenever it would come.
    start, sunday = datetime(2026, 1, 31, tzinfo=UTC), date(2026, 2, 1)
    hours = Hours(
        zone="Europe/Berlin",
        week={6: ((time(2, 15), time(2, 45)),)},
        holidays=frozenset(sunday + n * timedelta(days=7) for n in range(HOLIDAYS_MOST)),
    )
    targets = dict.fromkeys(Priority, Target(resolution=52 * HOUR))
    levels = replace(SHIPPED, hours=hours, targets=targets)

    assert levels.hours.later(start, 52 * HOUR) < start + SPAN_MOST


def test_two_levels_that_say_the_same_have_one_tag():
    again = replace(SOME, version="another")

    assert again.tag == SOME.tag
    assert len({SOME.tag, OTHER.tag, SHIPPED.tag}) == 3


# How they are kept.


def test_until_somebody_replaces_them_they_are_what_ships(service, documents):
    assert service.read() == SHIPPED
    assert documents.get(LEVELS) is None


@pytest.mark.parametrize("levels", [SOME, SHIPPED], ids=["other ones", "what ships"])
def test_they_are_read_as_they_were_kept(service, documents, levels):
    service.replace(levels)

    kept = service.read()

    assert kept.version == documents.get(LEVELS).version
    assert kept.tag == levels.tag
    assert (kept.targets, kept.on_breach) == (levels.targets, levels.on_breach)
    assert {day: each for day, each in kept.hours.week.items() if each} == levels.hours.week
    assert kept.hours.holidays == levels.hours.holidays


@pytest.mark.parametrize("first", [None, OTHER], ids=["what ships", "kept ones"])
def test_of_two_who_saw_the_same_one_is_told_of_the_other(store, first):
    one, other = Service(store), Service(store)
    if first:
        one.replace(first)
    seen = [one.read(), other.read()]

    one.replace(SOME, before=seen[0])
    with pytest.raises(StaleError):
        other.replace(replace(SOME, warn_at=0.6), before=seen[1])

    assert other.read().tag == SOME.tag


def test_who_asks_for_no_version_replaces_whatever_is_there(service):
    service.replace(SOME)
    service.replace(OTHER)

    assert service.read().tag == OTHER.tag


@pytest.mark.parametrize("first", [None, OTHER], ids=["what ships", "kept ones"])
def test_a_commit_that_was_sent_twice_by_itself_is_not_stale(documents, first):
    if first:
        Service(documents).replace(first)
    service = Service(Twice(documents))

    service.replace(SOME, before=service.read())

    assert service.read().tag == SOME.tag


def test_what_others_make_meanwhile_is_stale_not_a_duplicate(service, store):
    before = service.read()
    store.interrupt(lambda: Service(store).replace(OTHER, before=before))

    with pytest.raises(StaleError) as refusal:
        service.replace(SOME, before=before)

    assert isinstance(refusal.value.__cause__, AlreadyExistsError)


def test_a_store_that_is_down_is_not_stale(service, store):
    store.arm("before", 1)

    with pytest.raises(OutsideError):
        service.replace(SOME)

    assert service.read() == SHIPPED


# How they are remembered.


def test_they_are_read_once_a_minute(service, store, clock):
    cached = CachedService(service)

    for _ in range(5):
        cached.get(clock.now())
    assert store.reads == 1

    clock.tick(seconds=59)
    service.replace(SOME)
    assert cached.get(clock.now()) == SHIPPED

    clock.tick(seconds=1)
    assert cached.get(clock.now()).tag == SOME.tag
    assert store.reads == 2


def test_they_are_remembered_as_long_as_one_wants(service, store, clock):
    cached = CachedService(service, for_=timedelta(seconds=5))

    cached.get(clock.now())
    clock.tick(seconds=5)
    cached.get(clock.now())

    assert store.reads == 2
