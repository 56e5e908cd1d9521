"""What every turn of a ticket's life reads and writes, to the document.

A number that falls is as worth a look as one that grows: change it here with what changed it.
"""

from contextlib import closing
from dataclasses import replace

import pytest

from bench import cost, gates, operations
from bench.counted import Count
from bench.wired import CountedHouse
from helpdesk.user import Role

# fmt: off
EXPECTED = {  # as Firestore bills it            reads, writes, deletes, round trips
    "POST, with an Idempotency-Key":       Count(  2,      5,       1,      4),
    "POST, replayed":                      Count(  2,      0,       0,      2),
    "GET one":                             Count(  2,      0,       0,      2),
    "GET one, unchanged":                  Count(  2,      0,       0,      2),
    "log-in":                              Count(  3,      8,       0,      5),
    "refresh":                             Count(  4,      3,       0,      4),
    "authenticate":                        Count(  1,      0,       0,      1),
    "triage":                              Count(  2,      4,       1,      5),
    "triage, a second time":               Count(  1,      0,       0,      1),
    "assign":                              Count(  7,      5,       1,      5),
    "assign, a second time":               Count(  1,      0,       0,      1),
    "notify":                              Count(  3,      3,       0,      5),
    "notify, a second time":               Count(  3,      1,       0,      4),
    "the chain, triage to notify":         Count( 12,     12,       2,     15),
    "resolve":                             Count(  2,      6,       1,      5),
    "notify, of the end":                  Count(  3,      2,       0,      5),
}
LIST =                                     Count( 22,      0,       0,      2)
LIFE =                                     Count(139,     25,       4,     49)
# fmt: on
ONES = (
    "",
    ", by priority",
    ", by category",
    ", by skill",
    ", by time",
    ", by a word",
    ", oldest first",
    ", changed last first",
)  # fmt: skip
ALSO = {"user": (), "moderator": (", by assignee", ", by review"), "admin": (", by review",)}
LISTS = {
    f"list of 20, {role}, {status} status{one}, N={tickets}"
    for role, more in ALSO.items()
    for one in (*ONES, *more)
    for status in ("any", "one")
    if status == "any" or one not in {", by skill", ", by a word"}
    for tickets in ("100", "1,000")
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return operations.measure(tmp_path_factory.mktemp("operations"))


def test_every_turn_costs_what_the_table_says(measured):
    counts = {name: count for name, count in measured.counts.items() if name not in LISTS}

    assert counts == EXPECTED


def test_a_list_costs_the_same_for_every_role_and_filter_and_number_of_tickets(measured):
    lists = {name: count for name, count in measured.counts.items() if name in LISTS}

    assert lists == dict.fromkeys(LISTS, LIST)


def test_the_chain_costs_what_its_steps_do(measured):
    steps = [measured.counts[name] for name in ("triage", "assign", "notify")]

    assert sum(steps, Count()) == measured.counts["the chain, triage to notify"]


def test_a_life_is_the_sum_of_its_turns(measured):
    life = cost.life_of(measured)

    assert life.operations == LIFE + Count(deletes=1)  # the mark of the key, a day later
    assert life.requests == 16
    assert life.carried == 8_000  # four events are published, each of them wakes a step


def test_every_bar_is_cleared(measured):
    rows = operations.rows(measured) + cost.rows(measured)

    assert gates.passed(rows, ["P3", "OPS", "P11"])


def test_every_turn_is_in_the_report(measured):
    told = {row.what for row in operations.rows(measured)}

    assert told >= EXPECTED.keys()
    assert all(any(name.startswith(f"{what}, N=") for what in told) for name in LISTS)


@pytest.mark.parametrize(
    ("turn", "more", "gate"),
    [
        ("POST, with an Idempotency-Key", Count(writes=2), "OPS"),
        ("the chain, triage to notify", Count(writes=2), "OPS"),
        ("the chain, triage to notify", Count(reads=1), "OPS"),
        ("GET one", Count(reads=2), "OPS"),
        ("list of 20, admin, any status, N=1,000", Count(reads=1), "P3"),
        ("list of 20, user, one status, N=1,000", Count(trips=1), "P3"),
        ("list of 20, user, one status, N=100", Count(reads=-1), "P3"),
    ],
)
def test_a_turn_that_grows_misses_its_bar(measured, turn, more, gate):
    counts = {**measured.counts, turn: measured.counts[turn] + more}

    missed = gates.missed(operations.rows(replace(measured, counts=counts)))

    assert [row.gate for row in missed] == [gate]


@pytest.mark.parametrize(("instance_s", "passed"), [(4.5, True), (4.8, False)])
def test_functions_that_run_longer_miss_the_bar_of_the_bill(measured, instance_s, passed):
    rows = cost.rows(measured, instance_s=instance_s)

    assert gates.passed(rows, ["P11"]) is passed


def test_an_unexpected_answer_is_no_measurement(tmp_path):
    house = CountedHouse(tmp_path)

    with closing(house), pytest.raises(RuntimeError, match="was answered 404"):
        house.ask("GET", "/api/tickets/none", expect=200, role=Role.USER)
