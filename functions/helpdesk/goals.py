"""The clock of one ticket: until when it is to be answered and solved, and what is due by then.

How it goes:

- Both goals begin when the ticket is opened, not when it is triaged or assigned: that is when its
  requester begins to wait. Times are business time, in which nights and holidays do not count.
- The first response is the first public word of the staff. Waiting for the requester does not
  stop this clock: nobody can wait for an answer to what was never asked. To solve a ticket answers
  it, too.
- Waiting for the requester stops the clock of the resolution, and so does a ticket that is solved.
- What is promised stays promised: new service levels move no goal until the priority changes, or
  the ticket is reopened.
- Another priority counts from the beginning again, less what was spent waiting. What was told of a
  goal is told again only if its time lies ahead once more. A goal that is met or missed for good
  (the ticket is answered, or solved) does not change any more.
- Who reopens a ticket gives back the time that was left, reckoned for the priority it has by then,
  but a quarter of the target at least, which is then a new promise with a warning and a breach of
  its own. There is one first response.
- What would take more than ten years, after a change of the hours, is no goal any more.
- A goal is missed at its very moment: what is done earlier is in time.

Whoever keeps the goals asks `due` what is to be told, keeps `told`, and comes back at `next_look`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from helpdesk.documents import Data
from helpdesk.hours import Hours
from helpdesk.levels import ServiceLevels
from helpdesk.verdict import Priority

LEAST_LEFT = 4  # a reopened ticket has at least this part of its target
NONE = timedelta(0)
_MICROSECOND = timedelta(microseconds=1)


class Goal(StrEnum):
    """What there is a time for."""

    RESPONSE = "response"
    RESOLUTION = "resolution"


class Alarm(StrEnum):
    """What is told of a goal: that its time is nearly up, and that it is."""

    WARN = "warn"
    BREACH = "breach"


Due: TypeAlias = tuple[Alarm, Goal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """The goals of one ticket. A change returns new ones.

    `…_by` is when a goal is missed and `…_warn_at` when that is near; None: there is no such goal.
    The clock of the resolution stands since `paused_at` or else `solved_at`; `paused_for` is the
    business time that it has stood before. `warned` and `breached` say what was told already, and
    `breached` also which goals were missed though nobody has been told.
    """

    respond_by: datetime | None = None
    respond_warn_at: datetime | None = None
    resolve_by: datetime | None = None
    resolve_warn_at: datetime | None = None
    answered_at: datetime | None = None
    solved_at: datetime | None = None
    paused_at: datetime | None = None
    paused_for: timedelta = NONE
    warned: tuple[Goal, ...] = ()
    breached: tuple[Goal, ...] = ()

    @property
    def answered_in_time(self) -> bool | None:
        """Say whether the first response came in time; None: there is none yet, or no goal."""
        if self.answered_at is None or self.respond_by is None:
            return None
        return Goal.RESPONSE not in self.breached

    @property
    def solved_in_time(self) -> bool | None:
        """Say whether it was solved in time; None: it is not solved, or there is no goal."""
        if self.solved_at is None or self.resolve_by is None:
            return None
        return Goal.RESOLUTION not in self.breached


def begun(priority: Priority, *, created_at: datetime, levels: ServiceLevels) -> Goals:
    """Return the goals of a ticket that was opened then, once its priority is known."""
    target = levels.targets[priority]
    respond_warn_at, respond_by = _counted(target.first_response, created_at, levels)
    resolve_warn_at, resolve_by = _counted(target.resolution, created_at, levels)
    return Goals(
        respond_warn_at=respond_warn_at,
        respond_by=respond_by,
        resolve_warn_at=resolve_warn_at,
        resolve_by=resolve_by,
    )


def reprioritised(
    goals: Goals,
    *,
    old: Priority | None,
    new: Priority,
    created_at: datetime,
    levels: ServiceLevels,
    now: datetime,
) -> Goals:
    """Return the goals for another priority, as if the ticket had had it from the beginning."""
    if old is new:
        return goals
    changed, target = goals, levels.targets[new]
    if goals.answered_at is None:
        warn_at, by = _counted(target.first_response, created_at, levels)
        changed = replace(changed, respond_warn_at=warn_at, respond_by=by)
        changed = _forgotten(changed, Goal.RESPONSE, now)
    if goals.solved_at is None:
        warn_at, by = _counted(target.resolution, created_at, levels, waited=goals.paused_for)
        changed = replace(changed, resolve_warn_at=warn_at, resolve_by=by)
        changed = _forgotten(changed, Goal.RESOLUTION, goals.paused_at or now)
    return changed


def paused(goals: Goals, *, now: datetime) -> Goals:
    """Return the goals while the requester is waited for."""
    return goals if _stands_since(goals) else replace(goals, paused_at=now)


def resumed(goals: Goals, *, now: datetime, levels: ServiceLevels) -> Goals:
    """Return the goals once the requester is waited for no longer: that time did not count."""
    if goals.paused_at is None or goals.solved_at is not None:
        return goals
    return _gone_on(goals, now=now, hours=levels.hours)


def answered(goals: Goals, *, now: datetime) -> Goals:
    """Return the goals with the first response given, in time or not; a later one is none."""
    if goals.answered_at is not None:
        return goals
    return _missed(replace(goals, answered_at=now), Goal.RESPONSE, goals.respond_by, now)


def solved(goals: Goals, *, now: datetime) -> Goals:
    """Return the goals of a ticket that is solved, in time or not; what is left is kept."""
    if goals.solved_at is not None:
        return goals
    done = replace(answered(goals, now=now), solved_at=now)
    return _missed(done, Goal.RESOLUTION, goals.resolve_by, goals.paused_at or now)


def reopened(
    goals: Goals, *, priority: Priority, created_at: datetime, now: datetime, levels: ServiceLevels
) -> Goals:
    """Return the goals of a ticket that is not solved after all: it gets the time that was left.

    But a quarter of its target at least, counted as a new promise.
    """
    if goals.solved_at is None:
        return goals
    hours, target = levels.hours, levels.targets[priority].resolution
    going = replace(_gone_on(goals, now=now, hours=hours), solved_at=None)
    warn_at, by = _counted(target, created_at, levels, waited=going.paused_for)
    going = replace(going, resolve_warn_at=warn_at, resolve_by=by)
    if target is None:
        return _forgotten(going, Goal.RESOLUTION, now)
    least = target / LEAST_LEFT
    if by and hours.between(now, by) > least:
        return _forgotten(going, Goal.RESOLUTION, now)
    # What went beyond three quarters is forgiven: for another priority it counts as waited.
    spent = hours.spent(created_at, now) - (target - least)
    return replace(
        going,
        resolve_warn_at=hours.later(now, least * levels.warn_at),
        resolve_by=hours.later(now, least),
        paused_for=max(spent, NONE),
        warned=_without(going.warned, Goal.RESOLUTION),
        breached=_without(going.breached, Goal.RESOLUTION),
    )


def due(goals: Goals, *, now: datetime) -> list[Due]:
    """Return what is to be told now; a warning that comes too late is none."""
    told: list[Due] = []
    for goal, warn_at, by in _running(goals):
        if goal in goals.breached:
            continue
        if by <= now:
            told.append((Alarm.BREACH, goal))
        elif warn_at <= now and goal not in goals.warned:
            told.append((Alarm.WARN, goal))
    return told


def told(goals: Goals, done: Iterable[Due]) -> Goals:
    """Return the goals with a note of what was told, so that it is told once."""
    warned, breached = goals.warned, goals.breached
    for alarm, goal in done:
        if alarm is Alarm.BREACH:
            breached = _with(breached, goal)
        else:
            warned = _with(warned, goal)
    return replace(goals, warned=warned, breached=breached)


def next_look(goals: Goals) -> datetime | None:
    """Return the next moment at which something is due, None when nothing is.

    While the requester is waited for that is the first response alone, once solved nothing.
    """
    moments = [
        by if goal in goals.warned else warn_at
        for goal, warn_at, by in _running(goals)
        if goal not in goals.breached
    ]
    return min(moments, default=None)


def to_document(goals: Goals) -> Data:
    """Return the part of a ticket's document that keeps its goals."""
    return {
        "respond_by": goals.respond_by,
        "respond_warn_at": goals.respond_warn_at,
        "resolve_by": goals.resolve_by,
        "resolve_warn_at": goals.resolve_warn_at,
        "answered_at": goals.answered_at,
        "solved_at": goals.solved_at,
        "paused_at": goals.paused_at,
        "paused_for_us": goals.paused_for // _MICROSECOND,
        "warned": [goal.value for goal in goals.warned],
        "breached": [goal.value for goal in goals.breached],
    }


def from_document(data: Mapping[str, Any]) -> Goals:
    """Return the goals that part of a ticket's document keeps."""
    return Goals(
        respond_by=data["respond_by"],
        respond_warn_at=data["respond_warn_at"],
        resolve_by=data["resolve_by"],
        resolve_warn_at=data["resolve_warn_at"],
        answered_at=data["answered_at"],
        solved_at=data["solved_at"],
        paused_at=data["paused_at"],
        paused_for=data["paused_for_us"] * _MICROSECOND,
        warned=tuple(Goal(name) for name in data["warned"]),
        breached=tuple(Goal(name) for name in data["breached"]),
    )


_Moments: TypeAlias = tuple[datetime | None, datetime | None]  # the warning, and the breach


def _counted(
    target: timedelta | None, start: datetime, levels: ServiceLevels, *, waited: timedelta = NONE
) -> _Moments:
    """Return the moments of a goal that counts from the start, less what was spent waiting."""
    if target is None:
        return None, None
    by = levels.hours.reached(start, target + waited)
    return levels.hours.reached(start, target * levels.warn_at + waited) if by else None, by


def _stands_since(goals: Goals) -> datetime | None:
    """Return since when the clock of the resolution stands; who solves it stops no clock twice."""
    return goals.paused_at or goals.solved_at


def _gone_on(goals: Goals, *, now: datetime, hours: Hours) -> Goals:
    """Return goals whose clock goes on: what lay ahead when it stopped moves on by that time."""
    since = _stands_since(goals) or now
    stood = hours.spent(since, now)

    def moved(moment: datetime | None) -> datetime | None:
        return hours.reached(moment, stood) if moment and moment > since else moment

    warn_at, by = moved(goals.resolve_warn_at), moved(goals.resolve_by)
    if warn_at is None or by is None:
        warn_at = by = None
    return replace(
        goals,
        resolve_warn_at=warn_at,
        resolve_by=by,
        paused_at=None,
        paused_for=goals.paused_for + stood,
    )


def _running(goals: Goals) -> list[tuple[Goal, datetime, datetime]]:
    """Return the goals whose clock runs, with their warning and their breach."""
    running = []
    if goals.answered_at is None and goals.respond_warn_at and goals.respond_by:
        running.append((Goal.RESPONSE, goals.respond_warn_at, goals.respond_by))
    if _stands_since(goals) is None and goals.resolve_warn_at and goals.resolve_by:
        running.append((Goal.RESOLUTION, goals.resolve_warn_at, goals.resolve_by))
    return running


def _missed(goals: Goals, goal: Goal, by: datetime | None, at: datetime) -> Goals:
    """Return the goals with a note if one was missed, whether or not that was told."""
    if by is None or at < by:
        return goals
    return replace(goals, breached=_with(goals.breached, goal))


def _forgotten(goals: Goals, goal: Goal, at: datetime) -> Goals:
    """Return the goals without what was told of one of them, as far as that is not so any more."""
    warn_at, by = (
        (goals.respond_warn_at, goals.respond_by)
        if goal is Goal.RESPONSE
        else (goals.resolve_warn_at, goals.resolve_by)
    )
    warned = goals.warned if warn_at and warn_at <= at else _without(goals.warned, goal)
    breached = goals.breached if by and by <= at else _without(goals.breached, goal)
    return replace(goals, warned=warned, breached=breached)


def _with(goals: tuple[Goal, ...], goal: Goal) -> tuple[Goal, ...]:
    return goals if goal in goals else (*goals, goal)


def _without(goals: tuple[Goal, ...], goal: Goal) -> tuple[Goal, ...]:
    return tuple(each for each in goals if each is not goal)
