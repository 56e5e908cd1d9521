"""Limits: just as many as the rule allows, refused without a write, given back without a trace."""

import itertools
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from api import limits as rules
from api.limits import (
    FORGOT_ADDRESS,
    FORGOT_IP,
    LOG_IN_ACCOUNT,
    LOG_IN_DEVICE,
    LOG_IN_EVER,
    LOG_IN_IP,
    PASSWORD_CHANGE,
    SIGN_UP_ADDRESS,
    SIGN_UP_IP,
    Budget,
    Limits,
    Rule,
    TooManyError,
)
from helpdesk.documents import Delete
from helpdesk.errors import OutsideError, TransientError
from tests.builders import NOW, FixedClock
from tests.stands import Faulty, everything

ALL = [
    *LOG_IN_ACCOUNT, LOG_IN_EVER, LOG_IN_IP, LOG_IN_DEVICE, SIGN_UP_IP, *SIGN_UP_ADDRESS,
    *FORGOT_ADDRESS, FORGOT_IP, *PASSWORD_CHANGE,
]  # fmt: skip
THREE = Rule("three", 3, timedelta(minutes=10))
TWO_AN_HOUR = Rule("two-an-hour", 2, timedelta(hours=1))
SAM = Budget(THREE, "sam@example.com")
KIM = Budget(THREE, "kim@example.com")
SAM_HOURLY = Budget(TWO_AN_HOUR, "sam@example.com")


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def limits(store, clock):
    return Limits(documents=store, clock=clock)


def another(store, clock):
    """Return the limits of another instance."""
    return Limits(documents=store, clock=clock)


def passed(limits, *budgets, times):
    """Return how many of so many uses are let through."""
    return sum(refusal(limits, *budgets) is None for _ in range(times))


def refusal(limits, *budgets):
    """Return for how many seconds one more use is refused; None where it is let through."""
    try:
        limits.take(*budgets)
    except TooManyError as error:
        return error.retry_after_s
    return None


def counts(documents):
    return [data["count"] for data in everything(documents).values()]


# the rules


def test_the_rules_are_those_that_were_decided():
    decided = {rule.name: (rule.most, rule.per / timedelta(minutes=1)) for rule in ALL}

    assert decided == {
        "log-in-account-15m": (10, 15),
        "log-in-account-1h": (20, 60),
        "log-in-account-24h": (100, 24 * 60),
        "log-in-ever": (60, 60),
        "log-in-ip": (20, 5),
        "log-in-device": (10, 15),
        "sign-up-ip": (5, 30),
        "sign-up-address": (5, 30),
        "sign-up-address-24h": (20, 24 * 60),
        "forgot-address": (5, 30),
        "forgot-address-24h": (20, 24 * 60),
        "forgot-ip": (5, 30),
        "password-change": (5, 15),
        "password-change-24h": (20, 24 * 60),
    }


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_as_many_as_the_rule_allows_are_taken_and_no_more(limits, rule):
    assert passed(limits, Budget(rule, "sam"), times=rule.most + 5) == rule.most


def test_a_guesser_with_time_gets_twenty_in_an_hour_and_a_hundred_in_a_day(limits, clock):
    clock.tick(hours=14, minutes=30)  # midnight
    account = [Budget(rule, "sam") for rule in LOG_IN_ACCOUNT]

    hours = []
    for _ in range(24):
        quarters = []
        for _ in range(4):
            quarters.append(passed(limits, *account, times=15))
            clock.tick(minutes=15)
        hours.append(quarters)

    # The first use that is refused counts too, in every window.
    assert hours[0] == [10, 9, 0, 0]
    assert sum(map(sum, hours)) <= 100


@pytest.mark.parametrize(("most", "name"), [(0, "none"), (-1, "none"), (5, "a|b")])
def test_a_rule_that_could_not_be_kept_is_none(most, name):
    with pytest.raises(ValueError, match=name.replace("|", r"\|")):
        Rule(name, most, timedelta(hours=1))


# refusing


def test_a_refusal_is_a_transient_error_that_tells_when_to_come_back_and_not_why(limits, clock):
    clock.tick(minutes=4)
    passed(limits, SAM, times=3)

    with pytest.raises(TooManyError) as refused:
        limits.take(SAM)

    assert isinstance(refused.value, TransientError)
    assert refused.value.retry_after_s == 360
    assert str(refused.value) == "too many requests: try again later"


def test_the_wait_is_rounded_up_to_whole_seconds(limits, clock):
    clock.tick(minutes=9, seconds=58, microseconds=999_999)
    passed(limits, SAM, times=3)

    waits = [refusal(limits, SAM)]
    clock.tick(microseconds=1)
    waits.append(refusal(limits, SAM))
    clock.tick(microseconds=999_999)
    waits.append(refusal(limits, SAM))

    assert waits == [2, 1, 1]


def test_the_longest_wait_is_told_of_the_rules_that_are_over(limits):
    passed(limits, SAM_HOURLY, times=2)
    both = [SAM, SAM_HOURLY]

    assert refusal(limits, *both) == 30 * 60
    assert passed(limits, SAM, times=5) == 2
    assert refusal(limits, SAM) == 10 * 60
    assert refusal(limits, *both) == 30 * 60


def test_when_the_window_ends_there_is_as_much_again(limits, clock):
    assert passed(limits, SAM, times=5) == 3

    clock.tick(minutes=9, seconds=59)
    before = passed(limits, SAM, times=5)
    clock.tick(seconds=1)

    assert before == 0
    assert passed(limits, SAM, times=5) == 3


def test_only_the_budget_that_is_used_up_is_refused(limits):
    passed(limits, SAM, times=3)

    refused = refusal(limits, SAM, KIM)

    assert refused
    assert passed(limits, KIM, times=5) == 2


def test_what_is_known_to_be_used_up_is_refused_without_a_write(limits, store):
    passed(limits, SAM, times=4)
    store.commits = 0

    assert passed(limits, SAM, times=50) == 0
    assert passed(limits, KIM, SAM, times=50) == 0

    assert store.commits == 0
    assert passed(limits, KIM, times=5) == 3


def test_another_instance_learns_of_it_with_its_first_use(limits, store, clock):
    passed(limits, SAM, times=4)
    other = another(store, clock)
    store.commits = 0

    assert passed(other, SAM, times=50) == 0

    assert store.commits == 1


def test_a_clock_that_jumps_is_refused_only_where_it_was_used_up(limits, clock):
    passed(limits, SAM, times=4)

    clock.tick(hours=-7)
    earlier = passed(limits, SAM, times=5)
    clock.tick(hours=14)
    later = passed(limits, SAM, times=5)
    clock.tick(hours=-7)

    assert (earlier, later) == (3, 3)
    assert refusal(limits, SAM) == 600


def test_one_line_tells_the_operator_and_holds_no_address(limits, caplog):
    with caplog.at_level(logging.INFO):
        passed(limits, SAM, times=50)

    [line] = caplog.records
    assert (line.levelname, line.kind) == ("WARNING", "three")
    assert "sam" not in str(line.__dict__)


def test_the_store_that_fails_lets_nobody_through(limits, store):
    store.arm("before", 1)

    with pytest.raises(OutsideError):
        limits.take(SAM)

    assert passed(limits, SAM, times=5) == 3


def test_a_count_whose_answer_was_lost_stays_counted(limits, store):
    store.arm("after", 1)

    with pytest.raises(OutsideError):
        limits.take(SAM)

    assert passed(limits, SAM, times=5) == 2


def test_no_budget_is_no_limit_and_no_write(limits, store):
    taken = limits.take()

    assert taken.given_back() == []
    assert store.commits == 0


# what is kept


def test_all_budgets_of_a_use_are_counted_in_one_commit(limits, store, documents):
    limits.take(*(Budget(rule, "sam") for rule in LOG_IN_ACCOUNT), Budget(LOG_IN_IP, "192.0.2.1"))

    assert store.commits == 1
    assert counts(documents) == [1, 1, 1, 1]


def test_a_count_is_kept_under_a_hash_with_the_time_it_may_go(limits, documents):
    limits.take(SAM)

    [(path, data)] = everything(documents).items()
    assert re.fullmatch(r"limits/[0-9a-f]{64}", path)
    assert data == {"count": 1, "expires_at": NOW + timedelta(minutes=10, days=1)}


def test_keys_and_rules_and_windows_are_counted_apart(limits, clock, documents):
    twins = Rule("twins", 3, timedelta(minutes=10))
    budgets = [SAM, KIM, Budget(twins, SAM.key), Budget(THREE, ""), Budget(THREE, "a|1")]

    limits.take(*budgets)
    clock.tick(minutes=10)
    limits.take(*budgets)

    assert counts(documents) == [1] * 10


@pytest.mark.parametrize("key", ["\ud800@example.com", "nul\0inside", "\U0001f600", "x" * 60_000])
def test_whatever_text_is_a_key_of_its_own(limits, key):
    assert passed(limits, Budget(THREE, key), times=5) == 3
    assert passed(limits, Budget(THREE, f"{key}?"), times=5) == 3


# giving back


def test_what_is_given_back_can_be_taken_again(limits, store, documents):
    first = limits.take(SAM, SAM_HOURLY)
    before = everything(documents)
    second = limits.take(SAM, SAM_HOURLY)

    store.commit(second.given_back())

    assert everything(documents) == before
    assert first.given_back() == second.given_back()


def test_an_instance_that_refused_asks_again_once_something_was_given_back(limits, store):
    taken = [limits.take(SAM) for _ in range(3)]
    assert refusal(limits, SAM)

    for each in taken:
        store.commit(each.given_back())

    # The one that was refused stays counted.
    assert passed(limits, SAM, times=5) == 2


def test_giving_back_after_the_window_leaves_the_next_one_alone(limits, store, clock, documents):
    taken = limits.take(SAM)

    clock.tick(minutes=10)
    store.commit(taken.given_back())

    assert counts(documents) == [0]
    assert passed(limits, SAM, times=5) == 3


def test_giving_back_when_the_count_is_gone_makes_one_that_goes_as_well(limits, store, documents):
    taken = limits.take(SAM)
    [(path, before)] = everything(documents).items()
    store.commit([Delete(path)])

    store.commit(taken.given_back())

    expected = {path: {"count": -1, "expires_at": before["expires_at"]}}
    assert everything(documents) == expected


# counts in somebody else's commit


def test_the_last_use_that_is_noted_refuses_the_next_before_it_is_counted(limits, store):
    values = []
    for _ in range(3):
        limits.check(SAM)
        write = limits.counted(SAM)
        [told] = store.commit([write])
        limits.note(SAM, told["count"], counted=write)
        values.append(told["count"])

    with pytest.raises(TooManyError) as refused:
        limits.check(KIM, SAM)

    assert values == [1, 2, 3]
    assert refused.value.retry_after_s == 600
    assert store.commits == 3


def test_a_count_from_just_before_the_windows_end_refuses_nothing_after_it(limits, clock):
    clock.tick(minutes=9, seconds=59)
    write = limits.counted(SAM)
    clock.tick(seconds=1)

    limits.note(SAM, 3, counted=write)

    limits.check(SAM)


def test_to_check_reads_and_keeps_nothing(limits, store, documents):
    limits.check()
    limits.check(SAM, KIM)

    assert everything(documents) == {}
    assert store.commits == 0


# the memory of an instance


def test_an_instance_forgets_what_nobody_asked_about_longest(limits, store, monkeypatch):
    monkeypatch.setattr(rules, "DENIED_MOST", 3)
    one, two, three, four = (Budget(THREE, f"key {number}") for number in range(4))
    for budget in (one, two, three):
        limits.note(budget, 3, counted=limits.counted(budget))
    assert refusal(limits, one)

    limits.note(four, 3, counted=limits.counted(four))

    store.commits = 0
    assert [bool(refusal(limits, each)) for each in (one, three, four)] == [True] * 3
    assert store.commits == 0
    assert refusal(limits, two) is None


def test_what_is_noted_again_takes_no_more_room(limits, monkeypatch):
    monkeypatch.setattr(rules, "DENIED_MOST", 2)

    for budget in (SAM, KIM, KIM, KIM):
        limits.note(budget, 3, counted=limits.counted(budget))

    with pytest.raises(TooManyError):
        limits.check(SAM)


# many at once


@pytest.fixture
def patience(monkeypatch):
    """A busy machine must not fail a test."""
    monkeypatch.setattr(rules, "TURN_S", 20.0)


def at_once(work, times):
    """Return what comes of that many calls, all begun at one moment."""
    begin = threading.Barrier(times)

    def one(number):
        begin.wait(10)
        return work(number)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))


@pytest.mark.usefixtures("patience")
def test_of_many_at_once_just_as_many_pass_and_one_is_written_beyond(limits, store, documents):
    account = [Budget(rule, "sam") for rule in LOG_IN_ACCOUNT]

    refused = at_once(lambda _: refusal(limits, *account), 50)

    assert refused.count(None) == 10
    assert store.commits == 11
    assert counts(documents) == [11, 11, 11]  # the longer windows lose nothing to the flood


@pytest.mark.usefixtures("patience")
def test_those_who_share_only_some_budgets_never_wait_for_each_other_for_ever(limits):
    crowd = [Budget(Rule(f"crowd-{n}", 1_000, timedelta(hours=1)), "x") for n in range(6)]
    orders = list(itertools.permutations(crowd, 3))

    refused = at_once(lambda n: [refusal(limits, *order) for order in orders[n::8]], 8)

    assert {each for some in refused for each in some} == {None}


class Held(Faulty):
    """The Documents port over another one: no commit returns until it is let go."""

    def __init__(self, documents):
        super().__init__(documents)
        self.entered, self.let_go = threading.Event(), threading.Event()

    def commit(self, writes):
        self.entered.set()
        self.let_go.wait(10)
        return super().commit(writes)


def test_who_waits_too_long_for_a_store_that_hangs_is_told_to_come_again(
    documents, clock, monkeypatch
):
    monkeypatch.setattr(rules, "TURN_S", 0.01)
    held = Held(documents)
    limits = Limits(documents=held, clock=clock)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(limits.take, SAM)
        assert held.entered.wait(10)

        for _ in range(3):
            with pytest.raises(OutsideError):
                limits.take(SAM, KIM)

        held.let_go.set()
        first.result()

    assert counts(documents) == [1]
    assert passed(limits, SAM, KIM, times=5) == 2  # and nobody keeps a turn


# whatever happens

KEYS = itertools.count()
SHORT = Rule("short", 3, timedelta(minutes=10))
LONG = Rule("long", 5, timedelta(minutes=25))
INSTANCES = st.integers(0, 2)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), INSTANCES, st.sampled_from([[0], [1], [0, 1]])),
        st.tuples(st.just("give back"), st.integers(0, 9), st.none()),
        st.tuples(st.just("tick"), st.integers(1, 400), st.none()),
    ),
    max_size=40,
)
whatever = tuned(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def window(rule, now):
    return (rule.name, (now - datetime(1970, 1, 1, tzinfo=UTC)) // rule.per)


def run(deeds, documents, *, giving=True):
    """Do all this with limits of three instances; return who stands, and who asked."""
    clock, key = FixedClock(), f"key {next(KEYS)}"
    instances = [Limits(documents=documents, clock=clock) for _ in range(3)]
    budgets = [Budget(SHORT, key), Budget(LONG, key)]
    standing, asked = [], []
    for deed, number, chosen in deeds:
        if deed == "take":
            where = {window(budgets[each].rule, clock.now()) for each in chosen}
            asked.append(where)
            with suppress(TooManyError):
                taken = instances[number].take(*(budgets[each] for each in chosen))
                standing.append((where, taken))
        elif deed == "tick":
            clock.tick(seconds=number)
        elif giving and standing:
            _, taken = standing.pop(number % len(standing))
            documents.commit(taken.given_back())
        for rule in (SHORT, LONG):
            now = window(rule, clock.now())
            assert sum(now in where for where, _ in standing) <= rule.most
    return standing, asked


@whatever
@given(DEEDS)
def test_never_more_than_the_most_stand_in_a_window(documents, deeds):
    run(deeds, documents)


@whatever
@given(DEEDS.map(lambda deeds: [each for each in deeds if each[2] != [0, 1]]))
def test_nobody_is_refused_while_something_is_left(documents, deeds):
    standing, asked = run(deeds, documents, giving=False)

    for rule in (SHORT, LONG):
        for each in {each for where in asked for each in where if each[0] == rule.name}:
            wanted = sum(each in where for where in asked)
            assert sum(each in where for where, _ in standing) == min(wanted, rule.most)


@whatever
@given(st.lists(st.integers(0, 400), max_size=8), st.randoms(use_true_random=False))
def test_giving_all_back_restores_every_count_exactly(documents, ticks, chance):
    clock, key = FixedClock(), f"key {next(KEYS)}"
    plenty = [Rule(rule.name, 100, rule.per) for rule in (SHORT, LONG)]
    limits = Limits(documents=documents, clock=clock)
    before, taken = everything(documents), []
    for seconds in ticks:
        clock.tick(seconds=seconds)
        taken.append(limits.take(*(Budget(rule, key) for rule in plenty)))

    chance.shuffle(taken)
    for each in taken:
        documents.commit(each.given_back())

    after = everything(documents)
    assert {path: data for path, data in after.items() if path in before} == before
    assert {data["count"] for path, data in after.items() if path not in before} <= {0}
