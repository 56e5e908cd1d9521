"""The clock of one ticket: what stops it, what moves it, what is told of it and when."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk import goals as clock
from helpdesk.documents import Create
from helpdesk.goals import Alarm, Goal, Goals, begun, due, next_look, told
from helpdesk.hours import Hours
from helpdesk.levels import Target, shipped
from helpdesk.verdict import Priority

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOW, MEDIUM, HIGH = Priority
WARN_RESPONSE, WARN_RESOLUTION = (Alarm.WARN, Goal.RESPONSE), (Alarm.WARN, Goal.RESOLUTION)
BREACH_RESPONSE, BREACH_RESOLUTION = (Alarm.BREACH, Goal.RESPONSE), (Alarm.BREACH, Goal.RESOLUTION)


def at(text):
    """Return a time of day on Friday 2026-01-30, or of the day that is named."""
    day, _, hour = text.rpartition(" ")
    return datetime.fromisoformat(f"{day or '2026-01-30'} {hour}").replace(tzinfo=UTC)


MONDAY, TUESDAY = "2026-02-02", "2026-02-03"
LEVELS = shipped()  # Monday to Friday 9 to 5; high 1 h and 8 h, medium 4 h and 24 h
CREATED = at("10:00")


def a_high(**changes):
    return replace(begun(HIGH, created_at=CREATED, levels=LEVELS), **changes)


def answered_high():
    return clock.answered(a_high(), now=at("10:10"))


def reopened(goals, now, *, priority=HIGH, levels=LEVELS):
    return clock.reopened(goals, priority=priority, created_at=CREATED, now=now, levels=levels)


def reprioritised(goals, old, new, now):
    return clock.reprioritised(goals, old=old, new=new, created_at=CREATED, levels=LEVELS, now=now)


def with_target(target):
    return replace(LEVELS, targets={**LEVELS.targets, HIGH: target})


# What is promised.


def test_both_clocks_begin_when_the_ticket_is_opened():
    goals = a_high()

    assert (goals.respond_warn_at, goals.respond_by) == (at("10:45"), at("11:00"))
    assert (goals.resolve_warn_at, goals.resolve_by) == (at("16:00"), at(f"{MONDAY} 10:00"))


def test_a_ticket_of_the_night_is_waited_for_from_the_morning_on():
    goals = begun(HIGH, created_at=at("20:00"), levels=LEVELS)

    assert goals.respond_by == at(f"{MONDAY} 10:00")


def test_without_a_target_there_is_no_goal_and_nothing_to_look_at():
    goals = begun(HIGH, created_at=CREATED, levels=with_target(Target()))
    solved = clock.solved(goals, now=at(f"{MONDAY} 12:00"))

    assert goals == Goals()
    assert next_look(goals) is None
    assert due(goals, now=at(f"{MONDAY} 12:00")) == []
    assert (solved.answered_in_time, solved.solved_in_time, solved.breached) == (None, None, ())
    again = reopened(solved, at(f"{MONDAY} 13:00"), levels=with_target(Target()))
    assert again.resolve_by is None


# What is told, and when.


def test_each_thing_is_told_once_in_its_time():
    goals, seen = a_high(), []

    while moment := next_look(goals):
        assert due(goals, now=moment - MINUTE) == []
        seen.append((moment, *due(goals, now=moment)))
        goals = told(goals, due(goals, now=moment))

    assert seen == [
        (at("10:45"), WARN_RESPONSE),
        (at("11:00"), BREACH_RESPONSE),
        (at("16:00"), WARN_RESOLUTION),
        (at(f"{MONDAY} 10:00"), BREACH_RESOLUTION),
    ]
    assert due(goals, now=at(f"{TUESDAY} 10:00")) == []


def test_a_warning_that_comes_too_late_is_none():
    late = at(f"{TUESDAY} 10:00")

    found = due(a_high(), now=late)

    assert found == [("breach", "response"), ("breach", "resolution")]
    assert next_look(told(a_high(), found)) is None


def test_to_tell_a_thing_twice_is_noted_once():
    twice = [WARN_RESPONSE, WARN_RESPONSE, BREACH_RESOLUTION, BREACH_RESOLUTION]

    goals = told(a_high(), twice)

    assert (goals.warned, goals.breached) == ((Goal.RESPONSE,), (Goal.RESOLUTION,))


# The first response.


def test_an_answer_in_time_ends_that_clock():
    goals = clock.answered(a_high(), now=at("10:59"))

    assert goals.answered_in_time is True
    assert next_look(goals) == at("16:00")
    assert due(goals, now=at("12:00")) == []


@pytest.mark.parametrize("when", ["11:00", "12:00"])
def test_a_late_answer_was_a_breach_whether_or_not_it_was_told(when):
    goals = clock.answered(a_high(), now=at(when))

    assert goals.answered_in_time is False
    assert goals.breached == (Goal.RESPONSE,)
    assert due(goals, now=at(when)) == []


def test_a_second_answer_is_no_first_one():
    goals = clock.answered(answered_high(), now=at("12:00"))

    assert goals == answered_high()


def test_until_there_is_an_answer_nobody_says_how_it_went():
    assert (a_high().answered_in_time, a_high().solved_in_time) == (None, None)


def test_to_wait_for_the_requester_does_not_stop_the_first_response():
    goals = clock.paused(a_high(), now=at("10:10"))

    assert next_look(goals) == at("10:45")
    assert due(goals, now=at("11:00")) == [BREACH_RESPONSE]


def test_to_solve_a_ticket_answers_it():
    goals = clock.solved(a_high(), now=at("10:30"))

    assert (goals.answered_in_time, goals.solved_in_time) == (True, True)
    assert next_look(goals) is None


# Waiting.


def test_what_was_waited_does_not_count():
    waiting = clock.paused(answered_high(), now=at("11:00"))

    goals = clock.resumed(waiting, now=at(f"{MONDAY} 10:00"), levels=LEVELS)

    assert next_look(waiting) is None
    assert due(waiting, now=at(f"{TUESDAY} 12:00")) == []
    assert goals.paused_for == 7 * HOUR
    assert (goals.resolve_warn_at, goals.resolve_by) == (
        at(f"{MONDAY} 15:00"),
        at(f"{MONDAY} 17:00"),
    )


def test_a_night_of_waiting_moves_nothing():
    waiting = clock.paused(answered_high(), now=at("17:00"))

    goals = clock.resumed(waiting, now=at(f"{MONDAY} 09:00"), levels=LEVELS)

    assert goals == answered_high()


def test_what_had_come_before_the_waiting_stays_where_it_was():
    goals = told(answered_high(), [WARN_RESOLUTION])
    waiting = clock.paused(goals, now=at("16:30"))

    goals = clock.resumed(waiting, now=at(f"{MONDAY} 11:00"), levels=LEVELS)

    assert goals.resolve_warn_at == at("16:00")
    assert goals.resolve_by == at(f"{MONDAY} 12:30")
    assert next_look(goals) == goals.resolve_by


def test_waiting_twice_is_waiting_since_the_first_time():
    waiting = clock.paused(answered_high(), now=at("11:00"))

    assert clock.paused(waiting, now=at("12:00")) == waiting


def test_who_does_not_wait_has_nothing_to_go_on_with():
    solved = clock.solved(clock.paused(a_high(), now=at("11:00")), now=at("12:00"))

    for goals in (answered_high(), solved):
        assert clock.resumed(goals, now=at("13:00"), levels=LEVELS) == goals


# Solved, and reopened.


def test_solved_late_was_a_breach():
    goals = clock.solved(a_high(), now=at(f"{MONDAY} 10:00"))

    assert goals.solved_in_time is False
    assert set(goals.breached) == {Goal.RESPONSE, Goal.RESOLUTION}


def test_a_ticket_that_is_solved_while_its_requester_is_waited_for_is_in_time():
    waiting = clock.paused(answered_high(), now=at("16:00"))

    goals = clock.solved(waiting, now=at(f"{TUESDAY} 12:00"))

    assert goals.solved_in_time is True
    assert reopened(goals, at(f"{TUESDAY} 13:00")).resolve_by == at(f"{TUESDAY} 15:00")


def test_solving_and_waiting_for_what_is_solved_change_nothing():
    goals = clock.solved(answered_high(), now=at("12:00"))

    assert clock.solved(goals, now=at("13:00")) == goals
    assert clock.paused(goals, now=at("13:00")) == goals
    assert reopened(answered_high(), at("13:00")) == answered_high()


def test_who_reopens_a_ticket_gives_back_the_time_that_was_left():
    solved = clock.solved(answered_high(), now=at("12:00"))

    goals = reopened(solved, at(f"{MONDAY} 09:00"))

    assert goals.solved_at is None
    assert goals.answered_at == at("10:10")
    assert goals.resolve_by == at(f"{MONDAY} 15:00")
    assert goals.resolve_warn_at == at(f"{MONDAY} 13:00")
    assert goals.paused_for == 5 * HOUR


@pytest.mark.parametrize("when", ["16:45", f"{MONDAY} 12:00"])
def test_but_a_quarter_of_the_target_at_least_and_that_is_a_promise_of_its_own(when):
    goals = answered_high()
    goals = told(goals, due(goals, now=at(when)))
    solved = clock.solved(goals, now=at(when))

    goals = reopened(solved, at(f"{TUESDAY} 10:00"))

    assert (goals.warned, goals.breached) == ((), ())
    assert (goals.resolve_warn_at, goals.resolve_by) == (
        at(f"{TUESDAY} 11:30"),
        at(f"{TUESDAY} 12:00"),
    )
    assert due(goals, now=at(f"{TUESDAY} 12:00")) == [BREACH_RESOLUTION]


def test_another_priority_after_that_counts_from_there():
    late = clock.solved(answered_high(), now=at(f"{MONDAY} 12:00"))
    goals = reopened(late, at(f"{TUESDAY} 10:00"))

    goals = reprioritised(goals, HIGH, MEDIUM, at(f"{TUESDAY} 10:00"))

    assert LEVELS.hours.between(at(f"{TUESDAY} 10:00"), goals.resolve_by) == 18 * HOUR


def test_who_reopens_a_ticket_when_there_is_no_target_any_more_sets_no_goal():
    late = clock.solved(a_high(), now=at(f"{MONDAY} 12:00"))

    goals = reopened(late, at(f"{TUESDAY} 10:00"), levels=with_target(Target()))

    assert (goals.resolve_by, goals.resolve_warn_at, next_look(goals)) == (None, None, None)
    assert goals.breached == (Goal.RESPONSE,)


def test_a_longer_target_since_then_counts_from_the_beginning():
    solved = clock.solved(answered_high(), now=at("12:00"))
    longer = with_target(Target(resolution=80 * HOUR))

    goals = reopened(solved, at("12:30"), levels=longer)

    assert goals.paused_for == HOUR / 2
    assert LEVELS.hours.between(at("12:30"), goals.resolve_by) == 78 * HOUR


@pytest.mark.parametrize(("priority", "left"), [(HIGH, 6 * HOUR), (MEDIUM, 22 * HOUR)])
def test_who_reopens_a_ticket_of_another_priority_gives_back_what_that_one_has_left(priority, left):
    solved = clock.solved(answered_high(), now=at("12:00"))

    changed = reprioritised(solved, HIGH, priority, at("13:00"))
    goals = reopened(changed, at("14:00"), priority=priority)

    assert LEVELS.hours.between(at("14:00"), goals.resolve_by) == left


def test_a_target_that_there_was_none_of_before_gives_a_goal_to_who_reopens():
    solved = clock.solved(
        begun(HIGH, created_at=CREATED, levels=with_target(Target())), now=CREATED
    )

    goals = reopened(solved, at("11:00"))

    assert goals.resolve_by == at(f"{MONDAY} 11:00")
    assert next_look(goals) == at("17:00")


def test_what_was_missed_for_a_higher_priority_is_not_for_a_lower_one():
    late = clock.solved(a_high(), now=at(f"{MONDAY} 12:00"))

    goals = reopened(late, at(f"{MONDAY} 12:00"), priority=MEDIUM)

    assert goals.breached == (Goal.RESPONSE,)
    assert LEVELS.hours.between(at(f"{MONDAY} 12:00"), goals.resolve_by) == 14 * HOUR


# What cannot be reckoned.

ALWAYS = Hours(zone="UTC", week=dict.fromkeys(range(7), ((time(0), time(0)),)))
SELDOM = replace(LEVELS, hours=Hours(zone="UTC", week={2: ((time(14), time(17)),)}))
YEARS_LATER = CREATED + timedelta(days=400)


def after_a_year_of_waiting():
    """Return goals whose clock stood for a year, in hours that never end."""
    waiting = clock.paused(answered_high(), now=at("11:00"))
    always = replace(LEVELS, hours=ALWAYS)
    return clock.resumed(waiting, now=YEARS_LATER, levels=always)


def test_a_goal_that_lies_ten_years_ahead_in_other_hours_is_none_for_another_priority():
    goals = told(after_a_year_of_waiting(), [WARN_RESOLUTION])

    other = clock.reprioritised(
        goals, old=HIGH, new=LOW, created_at=CREATED, levels=SELDOM, now=YEARS_LATER
    )

    assert (other.resolve_warn_at, other.resolve_by, next_look(other)) == (None, None, None)
    assert other.warned == ()


def test_a_goal_that_a_wait_moves_by_ten_years_is_none():
    waiting = clock.paused(answered_high(), now=at("11:00"))
    fewer = replace(
        LEVELS.hours, holidays=frozenset({date(2036, 1, 31), date(2036, 2, 1), date(2036, 2, 4)})
    )

    goals = clock.resumed(waiting, now=at("2050-01-30 11:00"), levels=replace(LEVELS, hours=fewer))

    assert (goals.paused_at, goals.resolve_warn_at, goals.resolve_by) == (None, None, None)


def test_who_reopens_a_ticket_whose_time_cannot_be_reckoned_gives_it_a_quarter():
    solved = clock.solved(after_a_year_of_waiting(), now=YEARS_LATER)

    goals = reopened(solved, YEARS_LATER, levels=SELDOM)
    after_a_lifetime = reopened(solved, at("2040-01-31 12:00"))

    assert SELDOM.hours.between(YEARS_LATER, goals.resolve_by) == 2 * HOUR
    assert LEVELS.hours.between(at("2040-01-31 12:00"), after_a_lifetime.resolve_by) == 2 * HOUR


# Another priority.


def test_another_priority_counts_from_the_beginning():
    goals = reprioritised(a_high(), HIGH, MEDIUM, at("10:20"))

    assert goals == begun(MEDIUM, created_at=CREATED, levels=LEVELS)


def test_the_same_priority_changes_nothing_and_the_first_one_sets_goals():
    assert reprioritised(a_high(), HIGH, HIGH, at("12:00")) == a_high()
    assert reprioritised(Goals(), None, HIGH, at("12:00")) == a_high()


def test_what_was_waited_stays_waited():
    waiting = clock.paused(answered_high(), now=at("11:00"))
    goals = clock.resumed(waiting, now=at("13:00"), levels=LEVELS)

    goals = reprioritised(goals, HIGH, MEDIUM, at("14:00"))
    back = reprioritised(goals, MEDIUM, HIGH, at("15:00"))

    assert goals.resolve_by == at("2026-02-04 12:00")
    assert back.resolve_by == at(f"{MONDAY} 12:00")


def test_every_wait_counts():
    goals = answered_high()

    for begin, end in (("11:00", "12:00"), ("13:00", "13:30"), ("14:00", "14:15")):
        goals = clock.paused(goals, now=at(begin))
        goals = clock.resumed(goals, now=at(end), levels=LEVELS)

    assert goals.paused_for == 1.75 * HOUR
    assert goals.resolve_by == at(f"{MONDAY} 11:45")


def test_what_was_told_is_told_again_once_a_ticket_with_more_time_goes_on():
    goals = told(answered_high(), [WARN_RESOLUTION, BREACH_RESOLUTION])
    waiting = clock.paused(goals, now=at(f"{MONDAY} 11:00"))

    waiting = reprioritised(waiting, HIGH, MEDIUM, at("2026-02-09 12:00"))
    going = clock.resumed(waiting, now=at("2026-02-09 13:00"), levels=LEVELS)

    assert (waiting.warned, waiting.breached) == ((), ())
    assert next_look(going) == going.resolve_warn_at > at("2026-02-09 13:00")


def test_a_goal_that_is_met_or_missed_for_good_does_not_change():
    solved = clock.solved(a_high(), now=at("12:00"))

    assert reprioritised(solved, HIGH, MEDIUM, at("13:00")) == solved


def test_what_was_told_is_told_again_only_if_it_lies_ahead_once_more():
    late = at(f"{MONDAY} 12:00")
    goals = told(a_high(), [WARN_RESPONSE, BREACH_RESPONSE, WARN_RESOLUTION, BREACH_RESOLUTION])

    lower = reprioritised(goals, HIGH, MEDIUM, late)
    higher = reprioritised(told(lower, [WARN_RESPONSE]), MEDIUM, HIGH, late)

    assert (lower.warned, lower.breached) == ((Goal.RESPONSE,), (Goal.RESPONSE,))
    assert next_look(lower) == lower.resolve_warn_at
    assert due(higher, now=late) == [BREACH_RESOLUTION]


def test_another_priority_while_waiting_tells_nothing_before_it_goes_on():
    goals = told(reprioritised(answered_high(), HIGH, LOW, at("10:30")), [])
    waiting = clock.paused(goals, now=at(f"{MONDAY} 15:00"))

    waiting = reprioritised(waiting, LOW, HIGH, at(f"{MONDAY} 16:00"))
    going = clock.resumed(waiting, now=at(f"{TUESDAY} 10:00"), levels=LEVELS)

    assert next_look(waiting) is None
    assert due(going, now=at(f"{TUESDAY} 10:00")) == [BREACH_RESOLUTION]


# As it is kept.


@pytest.mark.parametrize(
    "goals",
    [
        Goals(),
        a_high(),
        told(clock.paused(a_high(), now=at("12:00")), due(a_high(), now=at("12:00"))),
        replace(
            clock.solved(a_high(), now=at("13:00")), paused_for=HOUR + timedelta(microseconds=7)
        ),
    ],
    ids=["none", "begun", "waiting", "solved"],
)
def test_goals_are_read_as_they_were_kept(documents, goals):
    documents.commit([Create("tickets/t1", {"goals": clock.to_document(goals)})])

    kept = documents.get("tickets/t1").data["goals"]

    assert clock.from_document(kept) == goals


# Held against a clock that counts every minute.

WEEKS = {
    "always": Hours(zone="UTC", week=dict.fromkeys(range(7), ((time(0), time(0)),))),
    "Berlin": Hours(
        zone="Europe/Berlin",
        week=dict.fromkeys((0, 1, 2, 4, 6), ((time(9), time(12)), (time(13), time(15)))),
        holidays=frozenset({date(2026, 3, 30)}),
    ),
    "nights": Hours(
        zone="Europe/Berlin",
        week=dict.fromkeys(range(7), ((time(0), time(6)), (time(22), time(0)))),
    ),
}
TARGETS = {
    HIGH: Target(first_response=20 * MINUTE, resolution=240 * MINUTE),
    MEDIUM: Target(first_response=60 * MINUTE, resolution=600 * MINUTE),
    LOW: Target(first_response=120 * MINUTE),
}
BEGIN = datetime(2026, 3, 27, 8, tzinfo=UTC)  # the Friday before clocks change
LENGTH = 4 * 24 * 60


@cache
def working(name):
    """Return for each minute whether it is working time."""
    hours = WEEKS[name]
    return [
        bool(hours.between(BEGIN + n * MINUTE, BEGIN + (n + 1) * MINUTE)) for n in range(LENGTH)
    ]


class Counting:
    """The same clock, counting minutes: how many were used up, and how many there are."""

    def __init__(self, priority):
        self.used = dict.fromkeys(Goal, 0.0)
        self.ended = dict.fromkeys(Goal, False)
        self.waiting = False
        self.alarms = set()
        self.set(priority)

    def set(self, priority):
        target = TARGETS[priority]
        spans = {Goal.RESPONSE: target.first_response, Goal.RESOLUTION: target.resolution}
        for goal, span in spans.items():
            if not self.ended[goal]:
                self.promise(goal, span and span // MINUTE)

    def promise(self, goal, allowed, warn_at=None):
        """Allow so many minutes; what was told is forgotten if it is not so any more."""
        self.allowed = {**getattr(self, "allowed", {}), goal: allowed}
        self.warn = {**getattr(self, "warn", {}), goal: warn_at or (allowed and allowed * 3 / 4)}
        for alarm, most in ((Alarm.WARN, self.warn), (Alarm.BREACH, self.allowed)):
            if most[goal] is None or self.used[goal] < most[goal]:
                self.alarms.discard((alarm, goal))

    def left(self):
        return {
            goal: most and max(most - self.used[goal], 0) for goal, most in self.allowed.items()
        }

    def runs(self, goal):
        held = self.waiting and goal is Goal.RESOLUTION
        return not self.ended[goal] and not held and self.allowed[goal] is not None

    def minute(self):
        for goal in Goal:
            stops = goal is Goal.RESOLUTION and self.waiting
            self.used[goal] += not (self.ended[goal] or stops)

    def due(self):
        """Return what is to be told, and note that it was."""
        found = []
        for goal in Goal:
            if not self.runs(goal) or (Alarm.BREACH, goal) in self.alarms:
                continue
            if self.used[goal] >= self.allowed[goal]:
                found.append((Alarm.BREACH, goal))
            elif self.used[goal] >= self.warn[goal] and (Alarm.WARN, goal) not in self.alarms:
                found.append((Alarm.WARN, goal))
        self.alarms |= set(found)
        return found

    def end(self, goal):
        allowed = self.allowed[goal]
        if not self.ended[goal] and allowed is not None and self.used[goal] >= allowed:
            self.alarms.add((Alarm.BREACH, goal))
        self.ended[goal] = True

    def reopen(self, priority):
        self.ended[Goal.RESOLUTION] = self.waiting = False
        target = TARGETS[priority].resolution
        self.promise(Goal.RESOLUTION, target and target // MINUTE)
        if target is None:
            return
        least = target // MINUTE / 4
        if target // MINUTE - self.used[Goal.RESOLUTION] <= least:
            self.alarms -= {(alarm, Goal.RESOLUTION) for alarm in Alarm}
            self.used[Goal.RESOLUTION] = used = target // MINUTE - least
            self.promise(Goal.RESOLUTION, used + least, used + least * 3 / 4)


DEEDS = st.sampled_from(["wait", "go on", "answer", "solve", "reopen", *Priority])
GAPS = st.integers(0, 10) | st.integers(0, 900)
STORIES = st.lists(st.tuples(GAPS, DEEDS), min_size=4, max_size=16)


def timed(story):
    """Return what is done at which minute of the story."""
    minutes = accumulate(gap for gap, _ in story)
    return [(n, deed) for n, (_, deed) in zip(minutes, story, strict=True) if n < LENGTH]


@settings(max_examples=100)
@given(st.sampled_from(sorted(WEEKS)), st.sampled_from(Priority), STORIES, st.booleans())
def test_it_is_what_one_would_count_minute_by_minute(name, priority, story, attentive):
    levels = replace(LEVELS, hours=WEEKS[name], targets=TARGETS)
    goals, counting = begun(priority, created_at=BEGIN, levels=levels), Counting(priority)
    todo = timed(story)

    for number in range(LENGTH):
        now = BEGIN + number * MINUTE
        while todo and todo[0][0] == number:
            deed = todo.pop(0)[1]
            goals = done(goals, deed, priority, now, levels)
            recounted(counting, deed, priority)
            priority = deed if isinstance(deed, Priority) else priority
            assert left(goals, now, levels) == counting.left()
        if attentive and number % 5 == 0:
            found = due(goals, now=now) if is_time(goals, now) else []
            assert found == counting.due()
            goals = told(goals, found)
        if working(name)[number]:
            counting.minute()

    assert {(Alarm.BREACH, each) for each in goals.breached} == {
        alarm for alarm in counting.alarms if alarm[0] is Alarm.BREACH
    }


def left(goals, now, levels):
    """Return how many minutes of work each goal has left, None where there is none."""
    moments = {Goal.RESPONSE: goals.respond_by, Goal.RESOLUTION: goals.resolve_by}
    ends = {Goal.RESPONSE: goals.answered_at, Goal.RESOLUTION: goals.solved_at}
    stands = {Goal.RESOLUTION: goals.paused_at}
    return {
        goal: by and levels.hours.between(ends[goal] or stands.get(goal) or now, by) / MINUTE
        for goal, by in moments.items()
    }


def is_time(goals, now):
    moment = next_look(goals)
    return moment is not None and moment <= now


def done(goals, deed, priority, now, levels):
    if isinstance(deed, Priority):
        return clock.reprioritised(
            goals, old=priority, new=deed, created_at=BEGIN, levels=levels, now=now
        )
    if deed == "reopen":
        return clock.reopened(goals, priority=priority, created_at=BEGIN, now=now, levels=levels)
    if deed == "go on":
        return clock.resumed(goals, now=now, levels=levels)
    deeds = {"wait": clock.paused, "answer": clock.answered, "solve": clock.solved}
    return deeds[deed](goals, now=now) if deed in deeds else goals


def recounted(counting, deed, priority):
    solved = counting.ended[Goal.RESOLUTION]
    match deed:
        case "wait" if not solved:
            counting.waiting = True
        case "go on" if not solved:
            counting.waiting = False
        case "answer":
            counting.end(Goal.RESPONSE)
        case "solve":
            counting.end(Goal.RESPONSE)
            counting.end(Goal.RESOLUTION)
        case "reopen" if solved:
            counting.reopen(priority)
        case Priority() if deed is not priority:
            counting.set(deed)
        case _:
            pass
