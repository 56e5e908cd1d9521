"""Who fits a ticket best: filter, score, and keep the sums, so that "why me?" has an answer.

A pure decision: the same staff, loads and ticket give the same choice, which makes every kept
ledger checkable. Near-equals are told apart by a hash of ticket and person; that spreads tickets
that are assigned at the same moment over all near-equals instead of on the first.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from helpdesk.ticket import Ticket
from helpdesk.user import Role, User
from helpdesk.users import Load

SKILL_WEIGHT = 3.0
CAPACITY_WEIGHT = 1.0
IDLE_WEIGHT = 0.5  # decides only between two near-equals
NEAR_TICKETS = 0.5  # near-equals differ by less than one ticket weighs for any of them
IDLE_FULL = timedelta(hours=8)
LOOKED_AT = 5  # loads read at a time: what an assignment costs does not grow with the team

LoadsOf = Callable[[Sequence[str]], Mapping[str, Load]]


class Exclusion(StrEnum):
    """Why somebody was not considered."""

    ABSENT = "absent"
    UNAVAILABLE = "unavailable"
    DECLINED = "declined"
    NO_SKILL = "no_skill"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One person who could take the ticket, with the terms of the score (each 0..1)."""

    user: User
    skill: float
    capacity: float
    idle: float
    draw: str

    @property
    def score(self) -> float:
        """Return how well this person fits, idleness aside."""
        return SKILL_WEIGHT * self.skill + CAPACITY_WEIGHT * self.capacity

    @property
    def total(self) -> float:
        """Return the score that decides between two near-equals."""
        return self.score + IDLE_WEIGHT * self.idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The decision and its ledger. `fallback` says that no moderator could take the ticket."""

    assignee: User
    fallback: bool
    candidates: tuple[Candidate, ...]
    excluded: Mapping[str, Exclusion]


def choose(
    ticket: Ticket, staff: Sequence[User], loads_of: LoadsOf, *, now: datetime
) -> Choice | None:
    """Return who should take the ticket; None when there is neither a moderator nor an admin."""
    excluded: dict[str, Exclusion] = {}
    fitting: list[tuple[float, str, User]] = []
    for user in staff:
        if user.role is not Role.MODERATOR:
            continue
        match = skill_match(ticket.skills, user.skills)
        if reason := _exclusion(user, ticket, match, now):
            excluded[user.id] = reason
        else:
            fitting.append((-match, draw(ticket.id, user.id), user))
    fitting.sort(key=lambda each: each[:2])
    for start in range(0, len(fitting), LOOKED_AT):
        group = [user for _, _, user in fitting[start : start + LOOKED_AT]]
        candidates = _candidates(ticket, group, loads_of, excluded, now)
        if candidates:
            best = winner(candidates).user
            return Choice(assignee=best, fallback=False, candidates=candidates, excluded=excluded)
    return _fallback(ticket, staff, excluded, now)


def winner(candidates: Sequence[Candidate]) -> Candidate:
    """Return the better of two drawn from the near-equals at the top."""
    top = max(candidate.score for candidate in candidates)
    most = max(candidate.user.capacity for candidate in candidates)
    near_by = CAPACITY_WEIGHT * NEAR_TICKETS / most
    near = [candidate for candidate in candidates if candidate.score >= top - near_by]
    drawn = sorted(near, key=lambda candidate: candidate.draw)[:2]
    return max(drawn, key=lambda candidate: (candidate.total, candidate.draw))


def skill_match(wanted: Sequence[str], offered: Sequence[str]) -> float:
    """Return which part of the wanted skills somebody has; 1 when none is wanted."""
    has = {skill.casefold() for skill in offered}
    return sum(skill.casefold() in has for skill in wanted) / len(wanted) if wanted else 1.0


def draw(ticket_id: str, user_id: str) -> str:
    """Return a lot that is fixed for this ticket and person and otherwise even."""
    return hashlib.sha256(f"{ticket_id}|{user_id}".encode()).hexdigest()[:16]


def _exclusion(user: User, ticket: Ticket, match: float, now: datetime) -> Exclusion | None:
    if user.id in ticket.declined:
        return Exclusion.DECLINED
    if user.is_absent(now):
        return Exclusion.ABSENT
    if not user.available:
        return Exclusion.UNAVAILABLE
    return None if match else Exclusion.NO_SKILL


def _candidates(
    ticket: Ticket,
    group: Sequence[User],
    loads_of: LoadsOf,
    excluded: dict[str, Exclusion],
    now: datetime,
) -> tuple[Candidate, ...]:
    loads = loads_of([user.id for user in group])
    candidates = []
    for user in group:
        load = loads[user.id]
        if load.open >= user.capacity:
            excluded[user.id] = Exclusion.FULL
            continue
        candidates.append(
            Candidate(
                user=user,
                skill=skill_match(ticket.skills, user.skills),
                capacity=(user.capacity - load.open) / user.capacity,
                idle=_idle(load.last_assigned_at, now),
                draw=draw(ticket.id, user.id),
            )
        )
    return tuple(candidates)


def _idle(since: datetime | None, now: datetime) -> float:
    return 1.0 if since is None else max(0.0, min(1.0, (now - since) / IDLE_FULL))


def _fallback(
    ticket: Ticket, staff: Sequence[User], excluded: Mapping[str, Exclusion], now: datetime
) -> Choice | None:
    """Return an admin, one at work if there is one; somebody else as the last resort.

    Whoever gave the ticket back gets it again only before it goes to somebody who is away or lacks
    the skills.
    """
    admins = [user for user in staff if user.role is Role.ADMIN]
    at_work = [user for user in staff if user.available and not user.is_absent(now)]
    willing = [user for user in staff if user.id not in ticket.declined]
    skilled = [user for user in willing if skill_match(ticket.skills, user.skills)]
    pools = (
        [user for user in admins if user in willing and user in at_work],
        [user for user in admins if user in willing],
        [user for user in skilled if user in at_work],
        [user for user in admins if user in at_work],
        [user for user in willing if user in at_work],
        admins,
        list(staff),
    )
    pool = next(filter(None, pools), None)
    if pool is None:
        return None
    chosen = min(pool, key=lambda user: draw(ticket.id, user.id))
    return Choice(assignee=chosen, fallback=True, candidates=(), excluded=excluded)
