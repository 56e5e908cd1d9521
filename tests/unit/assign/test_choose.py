"""Who fits a ticket best: fair, repeatable, and never somebody who cannot take it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assign.choose import (
    IDLE_FULL,
    LOOKED_AT,
    Exclusion,
    choose,
    draw,
    skill_match,
    winner,
)
from helpdesk.user import Role
from helpdesk.users import Load
from tests.builders import NOW, a_moderator, a_ticket, an_admin

HOUR = timedelta(hours=1)
SKILLS = ("SQL", "Printing", "Java")
SOME_SKILLS = st.lists(st.sampled_from(SKILLS), unique=True).map(tuple)
TICKETS = st.builds(
    lambda name, skills, declined: a_ticket(id=name, skills=skills, declined=declined),
    st.text("0123456789ABCDEF", min_size=8, max_size=8),
    SOME_SKILLS,
    st.lists(st.sampled_from([f"m{number}" for number in range(6)]), unique=True).map(tuple),
)
MEMBERS = st.fixed_dictionaries(
    {
        "role": st.sampled_from([Role.MODERATOR, Role.MODERATOR, Role.MODERATOR, Role.ADMIN]),
        "skills": SOME_SKILLS,
        "capacity": st.integers(0, 5),
        "available": st.booleans(),
        "absent_from": st.sampled_from([None, None, NOW - HOUR, NOW + HOUR]),
        "absent_until": st.sampled_from([None, None, NOW - HOUR, NOW + HOUR]),
    }
)
STAFF = st.lists(MEMBERS, max_size=15).map(
    lambda members: [
        a_moderator(id=f"m{number}", **member) for number, member in enumerate(members)
    ]
)
IDLE_SINCE = st.none() | st.integers(-2, 20).map(lambda hours: NOW - hours * HOUR)
LOADS = st.lists(
    st.builds(Load, open=st.integers(0, 6), last_assigned_at=IDLE_SINCE), min_size=15, max_size=15
)


def loads_from(loads):
    """Return what answers with these loads for m0, m1, m2, …"""
    known = {f"m{number}": load for number, load in enumerate(loads)}
    return lambda names: {name: known.get(name, Load()) for name in names}


def none_open(names):
    return dict.fromkeys(names, Load())


def chosen(ticket, staff, loads_of):
    """Return the choice where there must be one."""
    choice = choose(ticket, staff, loads_of, now=NOW)
    assert choice is not None
    return choice


def could_take(user, ticket, load):
    return (
        user.role is Role.MODERATOR
        and user.id not in ticket.declined
        and user.available
        and not user.is_absent(NOW)
        and skill_match(ticket.skills, user.skills) > 0
        and load.open < user.capacity
    )


def assign_one_by_one(staff, tickets, *, every=timedelta(minutes=1)):
    """Return how many of so many tickets each gets, at most and at least, and the widest gap."""
    loads = {user.id: Load() for user in staff}
    gap = 0
    for number in range(tickets):
        now = NOW + number * every
        choice = choose(
            a_ticket(id=f"{number:08d}"),
            staff,
            lambda names: {name: loads[name] for name in names},
            now=now,
        )
        assert choice is not None
        load = loads[choice.assignee.id]
        loads[choice.assignee.id] = Load(open=load.open + 1, last_assigned_at=now)
        counts = [load.open for load in loads.values()]
        gap = max(gap, max(counts) - min(counts))
    return gap


@given(TICKETS, STAFF, LOADS)
def test_only_a_moderator_who_can_take_it_is_chosen(ticket, staff, loads):
    loads_of = loads_from(loads)

    choice = choose(ticket, staff, loads_of, now=NOW)

    able = {user.id for user in staff if could_take(user, ticket, loads_of([user.id])[user.id])}
    if able:
        assert choice is not None
        assert not choice.fallback
        assert choice.assignee.id in able
        assert {candidate.user.id for candidate in choice.candidates} <= able
        assert not able & choice.excluded.keys()


# Whom the last resort asks, the first kind of which there is somebody.
POOLS: Any = (
    {"admin", "at work", "willing"},
    {"admin", "willing"},
    {"at work", "willing", "skilled"},
    {"admin", "at work"},
    {"at work", "willing"},
    {"admin"},
    set(),
)


def kind_of(user, ticket):
    told = {
        "admin": user.role is Role.ADMIN,
        "at work": user.available and not user.is_absent(NOW),
        "willing": user.id not in ticket.declined,
        "skilled": skill_match(ticket.skills, user.skills) > 0,
    }
    return {name for name, holds in told.items() if holds}


@given(TICKETS, STAFF, LOADS)
def test_where_no_moderator_can_an_admin_does(ticket, staff, loads):
    loads_of = loads_from(loads)
    able = [user for user in staff if could_take(user, ticket, loads_of([user.id])[user.id])]
    kinds = [kind_of(user, ticket) for user in staff]
    first = next((pool for pool in POOLS if any(pool <= kind for kind in kinds)), None)

    choice = choose(ticket, staff, loads_of, now=NOW)

    assert (choice is None) is (not staff)
    if choice and not able:
        assert choice.fallback
        assert choice.candidates == ()
        assert first is not None
        assert first <= kind_of(choice.assignee, ticket)


@given(TICKETS, STAFF, LOADS, st.randoms(use_true_random=False))
def test_the_order_of_the_staff_does_not_matter(ticket, staff, loads, random):
    shuffled = random.sample(staff, len(staff))

    choice = choose(ticket, staff, loads_from(loads), now=NOW)

    assert choose(ticket, shuffled, loads_from(loads), now=NOW) == choice


@given(TICKETS, STAFF, LOADS, st.randoms(use_true_random=False))
def test_the_candidates_alone_say_who_wins(ticket, staff, loads, random):
    choice = choose(ticket, staff, loads_from(loads), now=NOW)

    if choice and choice.candidates:
        shuffled = random.sample(choice.candidates, len(choice.candidates))
        assert winner(shuffled).user == choice.assignee


@given(TICKETS, STAFF, LOADS)
def test_every_term_lies_between_nothing_and_all(ticket, staff, loads):
    choice = choose(ticket, staff, loads_from(loads), now=NOW)

    for candidate in choice.candidates if choice else ():
        assert 0 < candidate.skill <= 1
        assert 0 < candidate.capacity <= 1
        assert 0 <= candidate.idle <= 1


@given(TICKETS, STAFF, LOADS)
def test_every_moderator_who_is_passed_over_has_a_reason(ticket, staff, loads):
    loads_of = loads_from(loads)
    choice = choose(ticket, staff, loads_of, now=NOW)
    by_id = {user.id: user for user in staff}

    for name, reason in choice.excluded.items() if choice else ():
        user = by_id[name]
        assert user.role is Role.MODERATOR
        assert {
            Exclusion.DECLINED: name in ticket.declined,
            Exclusion.ABSENT: user.is_absent(NOW),
            Exclusion.UNAVAILABLE: not user.available,
            Exclusion.NO_SKILL: not set(user.skills) & set(ticket.skills),
            Exclusion.FULL: loads_of([name])[name].open >= user.capacity,
        }[reason]


@pytest.mark.parametrize("team", range(1, LOOKED_AT + 1))
@pytest.mark.parametrize("capacity", [20, 100, 1000])
def test_equal_moderators_get_equally_many_tickets(team, capacity):
    staff = [a_moderator(id=f"m{number}", capacity=capacity) for number in range(team)]

    gap = assign_one_by_one(staff, team * 15)

    assert gap <= 1


def test_a_team_too_large_to_be_looked_at_whole_is_nearly_as_even():
    staff = [a_moderator(id=f"m{number}", capacity=100) for number in range(40)]

    gap = assign_one_by_one(staff, 40 * 15)

    assert gap <= 3


def test_tickets_of_the_same_moment_spread_over_equals():
    staff = [a_moderator(id=f"m{number}") for number in range(4)]
    tickets = [a_ticket(id=f"{number:08d}") for number in range(400)]

    got = Counter(chosen(ticket, staff, none_open).assignee.id for ticket in tickets)

    assert len(got) == 4
    assert max(got.values()) < 150


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"available": False}, Exclusion.UNAVAILABLE),
        ({"absent_from": NOW}, Exclusion.ABSENT),
        ({"absent_until": NOW + HOUR}, Exclusion.ABSENT),
        ({"skills": ("Java",)}, Exclusion.NO_SKILL),
        ({"skills": ()}, Exclusion.NO_SKILL),
        ({"capacity": 0}, Exclusion.FULL),
    ],
)
def test_who_cannot_take_it_is_named_with_the_reason(change, reason):
    staff = [a_moderator(**{"skills": ("SQL",), **change}), an_admin()]

    choice = chosen(a_ticket(skills=("SQL",)), staff, none_open)

    assert choice.assignee.id == "admin"
    assert choice.fallback
    assert choice.excluded == {"mod": reason}


def test_the_skill_counts_before_the_load():
    expert, idler = (
        a_moderator(id="m0", skills=("SQL", "Java"), capacity=20),
        a_moderator(id="m1", skills=("SQL",), capacity=20),
    )
    busy = loads_from([Load(open=19, last_assigned_at=NOW), Load()])

    choice = chosen(a_ticket(skills=("sql", "java")), [expert, idler], busy)

    assert choice.assignee == expert
    assert [candidate.skill for candidate in choice.candidates] == [1.0, 0.5]


def test_among_equal_skills_the_free_capacity_counts():
    staff = [a_moderator(id="m0", capacity=20), a_moderator(id="m1", capacity=20)]

    for number in range(20):
        choice = chosen(a_ticket(id=f"{number:08d}"), staff, loads_from([Load(open=1), Load()]))
        assert choice.assignee.id == "m1"


@pytest.mark.parametrize("number", range(20))
def test_between_two_equals_the_longer_idle_one_is_chosen(number):
    staff = [a_moderator(id="m0"), a_moderator(id="m1")]
    loads = [Load(last_assigned_at=NOW - HOUR), Load(last_assigned_at=NOW - 2 * HOUR)]

    choice = chosen(a_ticket(id=f"{number:08d}"), staff, loads_from(loads))

    assert choice.assignee.id == "m1"


@pytest.mark.parametrize(
    ("since", "idle"),
    [
        (None, 1.0),
        (NOW - 2 * IDLE_FULL, 1.0),
        (NOW - IDLE_FULL, 1.0),
        (NOW - IDLE_FULL / 2, 0.5),
        (NOW, 0.0),
        (NOW + HOUR, 0.0),  # another machine's clock
    ],
)
def test_idleness_grows_for_eight_hours(since, idle):
    choice = chosen(a_ticket(), [a_moderator(id="m0")], loads_from([Load(last_assigned_at=since)]))

    (candidate,) = choice.candidates
    assert candidate.idle == idle
    assert candidate.total - candidate.score == idle / 2


def test_when_the_first_are_full_the_next_are_looked_at():
    staff = [a_moderator(id=f"m{number}", capacity=1) for number in range(2 * LOOKED_AT + 1)]
    asked = []

    def loads_of(names):
        asked.append(list(names))
        return {name: Load(open=int(len(asked) < 3)) for name in names}

    choice = chosen(a_ticket(), staff, loads_of)

    assert [len(names) for names in asked] == [LOOKED_AT, LOOKED_AT, 1]
    assert choice.assignee.id == asked[2][0]
    assert choice.excluded == dict.fromkeys([*asked[0], *asked[1]], Exclusion.FULL)


def test_the_better_skilled_are_looked_at_first():
    novices = [a_moderator(id=f"novice-{number}", skills=("SQL",)) for number in range(20)]
    expert = a_moderator(id="expert", skills=("SQL", "Java"))

    choice = chosen(a_ticket(skills=("SQL", "Java")), [*novices, expert], none_open)

    assert choice.assignee == expert


def test_loads_are_read_only_of_who_could_take_it():
    def loads_of(names):
        assert names == ["m1"]
        return none_open(names)

    staff = [a_moderator(id="m0", available=False), a_moderator(id="m1"), an_admin()]

    assert chosen(a_ticket(), staff, loads_of).assignee.id == "m1"


def test_an_admin_at_work_comes_before_one_who_is_not():
    staff = [
        an_admin(id="away", absent_from=NOW),
        an_admin(id="off", available=False),
        an_admin(id="there"),
    ]

    assert chosen(a_ticket(), staff, none_open).assignee.id == "there"
    assert chosen(a_ticket(), staff[:2], none_open).assignee in staff[:2]


def test_whoever_declined_is_left_out_and_named():
    staff = [a_moderator(id="m0"), a_moderator(id="m1", skills=("SQL",)), an_admin()]
    ticket = a_ticket(skills=("SQL",), declined=("m1",))

    choice = chosen(ticket, staff, none_open)

    assert (choice.assignee.id, choice.fallback) == ("admin", True)
    assert choice.excluded == {"m0": Exclusion.NO_SKILL, "m1": Exclusion.DECLINED}


def test_that_they_declined_is_told_rather_than_that_they_are_away():
    staff = [a_moderator(id="m0", available=False, absent_from=NOW), a_moderator(id="m1")]

    choice = chosen(a_ticket(declined=("m0",)), staff, none_open)

    assert choice.assignee.id == "m1"
    assert choice.excluded == {"m0": Exclusion.DECLINED}


def test_another_admin_takes_what_one_declined():
    staff = [an_admin(id="a0"), an_admin(id="a1"), an_admin(id="a2", available=False)]

    for declined, assignee in [(("a0",), "a1"), (("a1",), "a0"), (("a0", "a1"), "a2")]:
        assert chosen(a_ticket(declined=declined), staff, none_open).assignee.id == assignee


def test_a_moderator_who_is_full_comes_before_whoever_declined():
    staff = [a_moderator(id="m0", capacity=0), a_moderator(id="m1"), an_admin()]

    choice = chosen(a_ticket(declined=("m1", "admin")), staff, none_open)

    assert (choice.assignee.id, choice.fallback) == ("m0", True)


AWAY = {"absent_from": NOW}
DRAWN = a_ticket(skills=("SQL",), declined=("admin-declined", "admin-away-declined", "m-declined"))
FALLBACKS = [  # the earlier is chosen before all that follow
    an_admin(id="admin-at-work"),
    an_admin(id="admin-away", **AWAY),
    a_moderator(id="m-full", skills=("SQL",), capacity=0),
    an_admin(id="admin-declined"),
    a_moderator(id="m-unskilled", skills=("Java",)),
    an_admin(id="admin-away-declined", available=False),
    a_moderator(id="m-declined", **AWAY),
]


@pytest.mark.parametrize("number", range(len(FALLBACKS)))
def test_the_last_resort_is_whoever_suits_best_of_those_that_are_left(number):
    choice = chosen(DRAWN, FALLBACKS[: number - 1 : -1] if number else FALLBACKS[::-1], none_open)

    assert (choice.assignee, choice.fallback) == (FALLBACKS[number], True)


def test_when_everybody_declined_an_admin_has_it_all_the_same():
    staff = [a_moderator(id="m0"), a_moderator(id="m1"), an_admin()]

    choice = chosen(a_ticket(declined=("m0", "m1", "admin")), staff, none_open)

    assert (choice.assignee.id, choice.fallback) == ("admin", True)
    assert choice.excluded == dict.fromkeys(("m0", "m1"), Exclusion.DECLINED)


def test_when_everybody_declined_and_nobody_is_an_admin_one_has_it_again():
    choice = chosen(a_ticket(declined=("mod",)), [a_moderator()], none_open)

    assert (choice.assignee.id, choice.fallback) == ("mod", True)


def test_without_an_admin_even_a_full_moderator_is_better_than_nobody():
    choice = chosen(a_ticket(), [a_moderator(capacity=0)], none_open)

    assert (choice.assignee.id, choice.fallback) == ("mod", True)


def test_where_nobody_serves_nobody_is_chosen():
    assert choose(a_ticket(), [], none_open, now=NOW) is None


@pytest.mark.parametrize(
    ("wanted", "offered", "match"),
    [
        ((), (), 1.0),
        ((), ("SQL",), 1.0),
        (("SQL",), (), 0.0),
        (("SQL",), ("sql", "Java"), 1.0),
        (("SQL", "Java", "CSS", "Git"), ("git",), 0.25),
        (("Straße",), ("STRASSE",), 1.0),
    ],
)
def test_a_match_is_the_part_of_the_wanted_skills_that_somebody_has(wanted, offered, match):
    assert skill_match(wanted, offered) == match


def test_a_lot_is_fixed_for_each_ticket_and_person():
    lots = {draw(ticket, user) for ticket in ("T1", "T2") for user in ("m1", "m2")}

    assert len(lots) == 4
    assert draw("T1", "m1") == draw("T1", "m1")
