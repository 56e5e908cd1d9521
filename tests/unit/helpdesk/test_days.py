"""Counts by day: after every change they are those of the tickets as they are."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk import days
from helpdesk.changes import (
    Edits,
    alarmed,
    answered,
    asked_again,
    asked_back,
    closed_by_time,
    edited,
    given_back,
    handed_to,
    noted,
)
from helpdesk.days import SHARDS, Day, counted, read
from helpdesk.documents import Increment
from helpdesk.errors import InvalidInputError
from helpdesk.goals import due
from helpdesk.levels import OnBreach, shipped
from helpdesk.promises import promised
from helpdesk.ticket import Status
from helpdesk.verdict import Category, Judged, Priority, Provenance, Source
from tests.builders import a_moderator, a_ticket, a_verdict

START = datetime(2026, 1, 30, 10, 0, tzinfo=UTC)
TODAY = START.date()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LEVELS = replace(shipped(), on_breach=OnBreach(raise_priority=True, reassign=True))
MODS = (a_moderator(), a_moderator(id="other"), a_moderator(id="gone", available=False))


class Counts:
    """Changes one ticket after the other, and adds up what is counted of each change."""

    def __init__(self):
        self.tickets = {}
        self.documents = {}

    def opened(self, ticket_id="T1CKET01", at=START):
        self.tickets[ticket_id] = a_ticket(id=ticket_id, created_at=at, updated_at=at)
        return self

    def then(self, change, at, ticket_id="T1CKET01"):
        """Make a change, and return the sums of every day after it."""
        before = self.tickets[ticket_id]
        after = replace(promised(before, change(before, at), lambda: LEVELS), counted=True)
        for write in counted(before, after):
            assert isinstance(write, Increment)
            kept = self.documents.setdefault(write.path, Counter())
            kept.update(write.amounts)
            assert all(write.amounts.values())  # nothing is written that changes nothing
        self.tickets[ticket_id] = after
        return self.sums()

    def sums(self):
        found: dict[date, Counter[str]] = {}
        for path, counts in self.documents.items():
            day = date.fromisoformat(path.removeprefix("days/").partition(".")[0])
            found.setdefault(day, Counter()).update(counts)
        return {day: {name: n for name, n in it.items() if n} for day, it in found.items()}


def triage(verdict=None):
    return lambda it, now: it.triaged(verdict or a_verdict(), now=now)


def assign(it, now):
    return it.assigned_to(a_moderator(), now=now)


def set_to(status, **edits):
    """Return the change of an edit."""
    return lambda it, now: edited(
        it, Edits(status=status, **edits), assignee=a_moderator(), now=now
    )


def at_work():
    counts = Counts().opened()
    counts.then(triage(), START + MINUTE)
    counts.then(assign, START + 2 * MINUTE)
    return counts


def a_stand_in():
    """Return a verdict that the rules gave in place of the model."""
    gave = Provenance(
        source=Source.FALLBACK, model="rules-1", prompt_version="", fallback_reason="unavailable"
    )
    return a_verdict(provenance=gave)


# What is counted, and when.


def test_a_ticket_is_counted_once_it_has_left_triage():
    counts = Counts().opened()

    nothing = counts.then(triage(), START + MINUTE)
    filed = counts.then(assign, START + DAY)

    assert nothing == {}
    assert filed == {
        TODAY: {
            "filed": 1,
            "filed_high": 1,
            "filed_incident": 1,
            "triage_ms": 60_000,
            "assigned": 1,
            "assign_ms": 86_400_000,
            "verdicts_ai": 1,
            "tokens_in": 300,
            "tokens_out": 40,
            "cost_nano_usd": 100_000,
        }
    }


def test_a_ticket_that_the_rules_judged_says_why():
    counts = Counts().opened()
    counts.then(triage(a_stand_in()), START + MINUTE)

    sums = counts.then(assign, START + MINUTE)[TODAY]

    assert (sums["verdicts_fallback"], sums["fallback_unavailable"]) == (1, 1)
    assert "tokens_in" not in sums


def answer(it, now):
    return answered(it, status=None, now=now)


def test_a_first_response_is_counted_on_its_own_day_though_the_ticket_is_never_resolved():
    counts = at_work()
    before = counts.sums()

    sums = counts.then(answer, START + DAY)
    again = counts.then(answer, START + 2 * DAY)

    assert sums == {
        **before,
        TODAY + DAY: {
            "responded": 1,
            "response_s": 86_400,
            "response_1d": 1,
            "response_late": 1,
        },
    }
    assert again == sums  # only the first one is


def test_a_first_response_while_nobody_had_the_ticket_is_counted_all_the_same():
    counts = Counts().opened()
    counts.then(triage(), START)

    sums = counts.then(answer, START + MINUTE)

    assert sums[TODAY]["responded"] == 1
    assert "filed" not in sums[TODAY]


def test_a_first_response_stays_counted_when_a_ticket_is_resolved_and_opened_again():
    counts = at_work()
    said = counts.then(answer, START + 30 * MINUTE)[TODAY]

    counts.then(set_to(Status.RESOLVED), START + 2 * DAY)
    sums = counts.then(set_to(Status.ASSIGNED), START + 2 * DAY)

    assert sums == {TODAY: said, TODAY + 2 * DAY: {"reopened": 1}}


def test_a_promise_that_a_resolution_kept_is_told_of_by_the_answer_that_comes_later():
    counts = at_work()
    solved = counts.then(set_to(Status.RESOLVED), START + 30 * MINUTE)[TODAY]
    counts.then(set_to(Status.ASSIGNED), START + HOUR)

    sums = counts.then(answer, START + 2 * DAY)

    assert solved["response_in_time"] == 1
    assert "response_in_time" not in sums[TODAY]
    assert sums[TODAY + 2 * DAY]["responded"] == 1


def test_a_ticket_from_before_there_were_counts_is_left_out_whatever_becomes_of_it():
    placed = replace(at_work().tickets["T1CKET01"], counted=False)
    said = answer(placed, START + DAY)
    done = edited(said, Edits(status=Status.RESOLVED), assignee=None, now=START + DAY)
    again = edited(done, Edits(status=Status.ASSIGNED), assignee=None, now=START + DAY)

    writes = [*counted(placed, said), *counted(said, done), *counted(done, again)]

    assert writes == []


def test_a_priority_that_a_rule_has_raised_tells_nothing_of_the_machine():
    verdict = a_verdict(priority=Judged(Priority.LOW, 0.9, ""))
    counts = Counts().opened()
    counts.then(triage(verdict), START)
    counts.then(assign, START)
    counts.then(
        lambda it, now: alarmed(it, due(it.goals, now=now), LEVELS, now=now), START + 20 * DAY
    )
    raised = counts.tickets["T1CKET01"]

    day = TODAY + 20 * DAY
    sums = counts.then(set_to(Status.RESOLVED), START + 20 * DAY)[day]
    by_hand = counts.then(set_to(None, priority=Priority.LOW), START + 20 * DAY)[day]

    assert (raised.priority, raised.sources["priority"]) == (Priority.MEDIUM, Source.RULE)
    assert "judged_priority" not in sums
    assert "agreed_priority" not in sums
    assert (sums["judged_category"], sums["judged_skills"]) == (1, 1)
    assert (by_hand["judged_priority"], by_hand["agreed_priority"]) == (1, 1)


def test_a_ticket_that_was_resolved_in_time_says_how_long_it_took_and_who_was_right():
    counts = at_work()
    counts.then(answer, START + 30 * MINUTE)
    counts.then(set_to(None, category=Category.ACCESS), START + HOUR)

    sums = counts.then(set_to(Status.RESOLVED), START + 3 * DAY - MINUTE)

    assert sums[TODAY]["filed_access"] == 1
    assert "filed_incident" not in sums[TODAY]
    assert (sums[TODAY]["responded"], sums[TODAY]["response_s"]) == (1, 1_800)
    assert (sums[TODAY]["response_1h"], sums[TODAY]["response_in_time"]) == (1, 1)
    assert sums[TODAY + 3 * DAY] == {
        "resolved": 1,
        "resolve_s": 3 * 86_400 - 60,
        "resolve_3d": 1,
        "resolution_in_time": 1,
        "judged_priority": 1,
        "judged_category": 1,
        "judged_skills": 1,
        "agreed_priority": 1,
        "agreed_skills": 1,
    }


def test_a_ticket_that_was_resolved_late_says_so():
    sums = at_work().then(set_to(Status.RESOLVED), START + 30 * DAY)[TODAY + 30 * DAY]

    assert (sums["response_late"], sums["resolution_late"], sums["resolve_later"]) == (1, 1, 1)
    assert "responded" not in sums  # nobody had said a word


def test_a_ticket_that_is_opened_again_was_not_resolved():
    counts = at_work()
    counts.then(set_to(Status.RESOLVED), START + HOUR)
    counts.then(lambda it, now: closed_by_time(it, now=now), START + 8 * DAY)

    sums = counts.then(set_to(Status.ASSIGNED), START + 9 * DAY)

    assert "resolved" not in sums[TODAY]
    assert sums[TODAY + 9 * DAY] == {"reopened": 1}
    assert sums[TODAY]["filed"] == 1


def test_what_is_changed_of_a_resolved_ticket_moves_its_counts_along():
    counts = at_work()
    counts.then(set_to(Status.RESOLVED), START + HOUR)

    sums = counts.then(set_to(None, priority=Priority.LOW), START + DAY)

    assert "agreed_priority" not in sums[TODAY]
    assert (sums[TODAY]["judged_priority"], sums[TODAY]["filed_low"]) == (1, 1)


def test_skills_agree_in_any_order():
    verdict = a_verdict(skills=Judged(("SQL", "Printing"), 0.9, ""))
    counts = Counts().opened()
    counts.then(triage(verdict), START)
    counts.then(assign, START)

    counts.then(set_to(None, skills=("Printing", "SQL")), START + MINUTE)
    sums = counts.then(set_to(Status.RESOLVED), START + HOUR)

    assert sums[TODAY]["agreed_skills"] == 1


def test_a_second_verdict_is_paid_for_on_its_own_day():
    counts = at_work()
    counts.then(lambda it, now: asked_again(it, now=now), START + DAY)

    sums = counts.then(lambda it, now: it.triaged_again(a_stand_in(), now=now), START + DAY)

    assert sums[TODAY]["tokens_in"] == 300
    assert sums[TODAY + DAY] == {"verdicts_fallback": 1, "fallback_unavailable": 1}


def test_each_verdict_is_paid_for_once_when_a_ticket_is_judged_twice_before_anybody_has_it():
    counts = Counts().opened()
    counts.then(triage(), START)
    counts.then(lambda it, now: asked_again(it, now=now), START)

    between = counts.then(lambda it, now: it.triaged_again(a_stand_in(), now=now), START)
    sums = counts.then(assign, START)[TODAY]

    assert between[TODAY]["tokens_in"] == 300
    assert (sums["verdicts_ai"], sums["verdicts_fallback"], sums["tokens_in"]) == (1, 1, 300)


def test_a_ticket_that_nobody_has_any_more_stays_counted():
    counts = at_work()
    before = counts.sums()

    assert counts.then(lambda it, now: given_back(it, now=now), START + HOUR) == before
    assert counts.then(assign, START + 2 * HOUR) == before


def test_a_ticket_that_was_resolved_without_a_verdict_says_nothing_of_one():
    placed = replace(at_work().tickets["T1CKET01"], verdict=None, goals=None, triaged_at=None)
    done = replace(placed, status=Status.RESOLVED, resolved_at=START, first_assigned_at=None)

    [kept] = counted(replace(placed, first_assigned_at=None), done)

    assert kept.amounts == {"resolved": 1, "resolve_1h": 1}


def test_a_ticket_that_was_never_judged_costs_nothing():
    filed = a_ticket(created_at=START, updated_at=START)

    [kept] = counted(filed, replace(filed, status=Status.ASSIGNED, counted=True))

    assert kept.amounts == {"filed": 1}


# Whatever happens.


HANDS = st.sampled_from(MODS)
VERDICTS = st.builds(
    lambda priority, category, skills, source: a_verdict(
        priority=Judged(priority, 0.5, ""),
        category=Judged(category, 0.5, ""),
        skills=Judged(skills, 0.5, ""),
        provenance=Provenance(
            source=source,
            model="m",
            prompt_version="1",
            tokens_in=7,
            fallback_reason="" if source is Source.AI else "refused",
        ),
    ),
    st.sampled_from(Priority),
    st.sampled_from(Category),
    st.sampled_from([(), ("SQL",), ("SQL", "Printing")]),
    st.sampled_from([Source.AI, Source.FALLBACK]),
)
EDITS = st.builds(
    Edits,
    priority=st.none() | st.sampled_from(Priority),
    category=st.none() | st.sampled_from(Category),
    skills=st.none() | st.sampled_from([("SQL",), ("Printing", "SQL")]),
    status=st.none() | st.sampled_from(Status),
)


def _triaged(it, now, verdict):
    if it.status is Status.NEW:
        return it.triaged(verdict, now=now)
    return it.triaged_again(verdict, now=now) if it.triage_asked_at else it


def _looked_after(it, now):
    if it.status is Status.RESOLVED:
        return closed_by_time(it, now=now)
    return alarmed(it, due(it.goals, now=now), LEVELS, now=now) if it.goals else it


def acts(made, arguments):
    """Return a strategy of changes, as functions of the ticket and the time."""
    return arguments.map(lambda drawn: lambda it, now: made(it, now, drawn))


CHANGES = st.one_of(
    acts(_triaged, VERDICTS),
    acts(lambda it, now, who: it.assigned_to(who, now=now), HANDS),
    acts(lambda it, now, set_: edited(it, set_, assignee=MODS[0], now=now), EDITS),
    acts(lambda it, now, set_: edited(it, set_, assignee=None, now=now), EDITS),
    acts(lambda it, now, who: handed_to(it, who, now=now), HANDS),
    acts(lambda it, now, who: asked_back(it, assignee=who, now=now), HANDS),
    st.just(lambda it, now: given_back(it, now=now)),
    st.just(lambda it, now: asked_again(it, now=now)),
    st.just(lambda it, now: answered(it, status=None, now=now)),
    st.just(lambda it, now: noted(it, now=now)),
    st.just(_looked_after),
)
GAPS = st.integers(0, 100).map(lambda hours: hours * HOUR)
TICKETS = ("T1CKET01", "T1CKET02", "T1CKET03")


def agree(counts):
    """Return what was counted on all days, and what the tickets say of themselves."""
    sums: Counter[str] = Counter()
    for day in counts.sums().values():
        sums.update(day)
    tickets = counts.tickets.values()
    placed = [it for it in tickets if days.is_placed(it)]
    answers = [it for it in tickets if it.first_response_at or it.resolved_at]
    heard = [it.goals.answered_in_time for it in answers if it.goals]
    resolved = [it for it in tickets if it.resolved_at]
    kept = [it.goals.solved_in_time for it in resolved if it.goals]
    said = {
        "filed": len(placed),
        "assigned": sum(it.first_assigned_at is not None for it in placed),
        "resolved": len(resolved),
        "resolution_in_time": kept.count(True),
        "resolution_late": kept.count(False),
        "responded": sum(it.first_response_at is not None for it in tickets),
        "response_in_time": heard.count(True),
        "response_late": heard.count(False),
        "judged_priority": sum(
            it.verdict is not None and it.sources.get("priority") is not Source.RULE
            for it in resolved
        ),
        **{f"filed_{each}": sum(it.priority is each for it in placed) for each in Priority},
        **{f"filed_{each}": sum(it.category is each for it in placed) for each in Category},
    }
    return {name: sums[name] for name in said}, said


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(TICKETS), CHANGES, GAPS), max_size=25), st.booleans())
def test_the_sums_are_those_of_the_tickets_whatever_happened(changes, begun):
    counts, at = Counts(), START
    for ticket_id in TICKETS:
        counts.opened(ticket_id)
        if begun:
            counts.then(triage(), START, ticket_id)
            counts.then(assign, START, ticket_id)

    for ticket_id, change, gap in changes:
        at += gap
        with suppress(InvalidInputError):  # no legal change of the ticket as it is
            counts.then(change, at, ticket_id)

        found, said = agree(counts)
        assert found == said
        assert min((n for it in counts.documents.values() for n in it.values()), default=0) >= 0


def test_what_leaves_triage_never_comes_back_to_it():
    done = Counts().opened()
    done.then(triage(), START)
    done.then(set_to(Status.RESOLVED), START)

    done.then(lambda it, now: asked_back(it, assignee=None, now=now), START + HOUR)

    assert done.tickets["T1CKET01"].status is Status.TRIAGED
    assert done.sums()[TODAY]["filed"] == 1


# Where they are kept, and how they are read.


def test_a_ticket_is_always_counted_in_the_same_document_of_a_day():
    places = {
        f"days/{TODAY}.{int(sha256(name.encode()).hexdigest(), 16) % SHARDS}" for name in TICKETS
    }
    counts = Counts()

    for name in TICKETS:
        counts.opened(name)
        counts.then(triage(), START, name)
        counts.then(assign, START, name)
        counts.then(set_to(Status.RESOLVED), START + HOUR, name)

    assert set(counts.documents) == places


def test_every_day_is_read_once_though_nothing_was_counted_on_it(documents):
    writes = [
        Increment(f"days/{TODAY}.{shard}", {"filed": shard}, {"day": TODAY.isoformat()})
        for shard in range(SHARDS)
    ]
    before = TODAY - 3 * DAY
    writes.append(Increment(f"days/{before}.0", {"filed": 9}, {"day": before.isoformat()}))
    documents.commit(writes)

    found = read(documents, since=TODAY - 2 * DAY, until=TODAY)

    assert found == [
        Day(day=TODAY - 2 * DAY, counts={}),
        Day(day=TODAY - DAY, counts={}),
        Day(day=TODAY, counts={"filed": 6}),
    ]
