"""Timers that call back: in time, to whoever knows what they are about."""

from datetime import timedelta

import pytest

from helpdesk.errors import InvalidInputError, OutsideError
from helpdesk.ports import Timer
from tests.builders import NOW
from upkeep.timers import fire


class Drawer:
    """The Timers port: what was set lies here; a name is used once."""

    def __init__(self):
        self.kept = {}

    def set(self, timer):
        self.kept.setdefault(timer.name, timer)

    def cancel(self, name):
        self.kept.pop(name, None)


@pytest.fixture
def timers():
    return Drawer()


@pytest.fixture
def fired(timers, clock):
    """Return what fires a timer, and returns the ids its handlers got."""

    def fire_one(timer):
        called: list[str] = []
        fire(timer, handlers={"sla": called.append}, timers=timers, clock=clock)
        return called

    return fire_one


def a_timer(**changes):
    return Timer(**{"name": "sla-1", "due_at": NOW, "about": "sla:T1CKET01", **changes})


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=3)])
def test_a_timer_that_is_due_calls_its_handler_with_the_id(fired, timers, late):
    called = fired(a_timer(due_at=NOW - late))

    assert called == ["T1CKET01"]
    assert timers.kept == {}


def test_an_id_may_hold_what_parts_it_from_its_kind(fired):
    assert fired(a_timer(about="sla:T1:2")) == ["T1:2"]


def test_a_timer_that_came_early_is_set_again_under_a_new_name(fired, timers):
    early = a_timer(due_at=NOW + timedelta(microseconds=1))

    called = fired(early)

    assert called == []
    assert timers.kept == {"sla-1~1": a_timer(name="sla-1~1", due_at=early.due_at)}


def test_each_time_it_comes_early_the_name_is_another(fired, timers, clock):
    due = NOW + timedelta(days=60)
    name = "sla-1"
    for _ in range(2):
        fired(a_timer(name=name, due_at=due))
        name = list(timers.kept)[-1]
        clock.tick(days=29)

    assert list(timers.kept) == ["sla-1~1", "sla-1~2"]
    assert fired(a_timer(name=name, due_at=due)) == []
    clock.tick(days=2)
    assert fired(a_timer(name="sla-1~3", due_at=due)) == ["T1CKET01"]


def test_a_timer_that_comes_early_twice_is_set_again_once(fired, timers):
    early = a_timer(due_at=NOW + timedelta(days=31))

    fired(early)
    fired(early)

    assert list(timers.kept) == ["sla-1~1"]


@pytest.mark.parametrize("name", ["a~b", "~", "a~1b", "~~"])
def test_a_name_that_only_looks_counted_is_counted_from_one(fired, timers, name):
    fired(a_timer(name=name, due_at=NOW + timedelta(days=1)))

    assert list(timers.kept) == [f"{name}~1"]


@pytest.mark.parametrize("about", ["sla", "sla:", "", ":", ":T1CKET01", "lunch:T1CKET01"])
def test_a_timer_about_nothing_known_is_refused_for_good(fired, timers, about):
    with pytest.raises(InvalidInputError) as refused:
        fired(a_timer(about=about))

    assert refused.value.field == "about"
    assert timers.kept == {}


def test_what_a_timer_is_about_is_judged_when_it_is_due(fired, timers):
    fired(a_timer(about="lunch:T1", due_at=NOW + timedelta(days=40)))

    assert [timer.about for timer in timers.kept.values()] == ["lunch:T1"]


def test_a_handler_that_fails_is_told_to_who_called(timers, clock):
    def fail(_id):
        raise OutsideError("not now")

    with pytest.raises(OutsideError):
        fire(a_timer(), handlers={"sla": fail}, timers=timers, clock=clock)
