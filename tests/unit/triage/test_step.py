"""Triage as a step: trouble with the model delays a ticket, and never stops it."""

from dataclasses import replace

import pytest

from helpdesk.changes import Edits, asked_again, edited
from helpdesk.delivery import Delivered
from helpdesk.documents import Update
from helpdesk.errors import AtWorkError, ConflictError, OutsideError, RefusedError
from helpdesk.events import EventType
from helpdesk.ticket import Status
from helpdesk.timeline import Action
from helpdesk.verdict import Category, Judged, Priority, Source
from tests.builders import a_verdict, an_entry
from tests.by_hand import changed
from tests.stands import RULES, Scripted, everything
from triage.step import ATTEMPTS_MOST, LEASE, WAIT_MOST

DOWN = OutsideError("the model did not answer")
NEVER = RefusedError("the model will not read this")


def judged_by(line, *answers):
    """Let the model give these answers, and open a ticket."""
    line.classifier = Scripted(*answers)
    return line.open()


def fail(line, event):
    with pytest.raises(OutsideError):
        line.deliver("triage", event)


def test_the_verdict_of_the_model_is_kept_and_passed_on(line):
    event = judged_by(line, a_verdict())
    line.clock.tick(seconds=2)

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert ticket.status is Status.TRIAGED
    assert ticket.verdict == a_verdict()
    assert (ticket.priority, ticket.category) == (Priority.HIGH, Category.INCIDENT)
    assert (ticket.triaged_at, ticket.needs_review) == (line.clock.now(), False)
    told = line.tray.published[-1]
    assert (told.type, told.id) == (EventType.TICKET_TRIAGED, "T1CKET01.triaged.2")
    assert (told.data["priority"], told.data["skills"]) == ("high", ["Printing"])


def test_the_entry_says_on_what_grounds(line):
    event = judged_by(line, a_verdict())

    line.deliver("triage", event)

    entry = line.store.get("tickets/T1CKET01/timeline/000002").data
    assert (entry["action"], entry["actor"]) == ("triaged", "ai")
    assert (entry["actor_id"], entry["cause"]) == ("gemini-test", "T1CKET01.created.1")
    assert entry["why"] == {
        "summary": "A printer burns",
        "evidence": {"priority": "on fire", "category": "burns", "skills": "Printer"},
        "prompt_version": "p1",
        "tokens_in": 300,
        "tokens_out": 40,
        "fallback_reason": "",
    }


def test_the_model_reads_the_ticket(line):
    line.classifier = Scripted(a_verdict())

    line.deliver("triage", line.open(title="Printer", description="It burns"))

    assert line.classifier.read == [("Printer", "It burns")]


def test_a_failed_attempt_is_raised_and_counted(line):
    event = judged_by(line, DOWN)
    before = line.tickets.get("T1CKET01")

    fail(line, event)

    after = line.tickets.get("T1CKET01")
    assert replace(after, version=None) == replace(before, version=None, triage_attempts=1)
    assert after.triage_until is None
    assert len(line.tray.published) == 1


def test_the_model_may_answer_at_its_last_attempt(line):
    event = judged_by(line, *[DOWN] * (ATTEMPTS_MOST - 1), a_verdict())

    for _ in range(ATTEMPTS_MOST - 1):
        fail(line, event)
    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert ticket.sources["priority"] is Source.AI
    assert ticket.verdict.provenance.attempts == ATTEMPTS_MOST
    assert not ticket.needs_review


def test_after_three_failures_the_built_in_rules_decide(line):
    event = judged_by(line, *[DOWN] * 3)

    for _ in range(2):
        fail(line, event)
    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    said = ticket.verdict.provenance
    assert len(line.classifier.read) == 3
    assert (said.source, said.fallback_reason, said.attempts) == (
        Source.FALLBACK,
        "unavailable",
        3,
    )
    assert ticket.needs_review
    assert ticket.priority is RULES.classify(ticket.title, ticket.description).priority.value
    assert line.store.get("tickets/T1CKET01/timeline/000002").data["actor"] == "rule"
    assert line.tray.published[-1].type is EventType.TICKET_TRIAGED


def test_a_refusal_is_final_and_the_built_in_rules_decide_at_once(line):
    event = judged_by(line, NEVER)

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    said = ticket.verdict.provenance
    assert (said.source, said.fallback_reason, said.attempts) == (Source.FALLBACK, "refused", 1)
    assert ticket.needs_review
    assert ticket.triage_attempts == 1
    why = line.store.get("tickets/T1CKET01/timeline/000002").data["why"]
    assert why["fallback_reason"] == "refused"


def test_a_late_ticket_waits_for_no_second_attempt(line):
    event = judged_by(line, DOWN)

    fail(line, event)
    line.clock.tick(seconds=WAIT_MOST.total_seconds())
    line.deliver("triage", event)

    said = line.tickets.get("T1CKET01").verdict.provenance
    assert len(line.classifier.read) == 1
    assert (said.fallback_reason, said.attempts) == ("unavailable", 2)


def test_a_ticket_that_is_late_when_its_first_attempt_fails_gets_no_second(line):
    event = judged_by(line, DOWN)

    line.clock.tick(seconds=WAIT_MOST.total_seconds())
    line.deliver("triage", event)

    said = line.tickets.get("T1CKET01").verdict.provenance
    assert (said.fallback_reason, said.attempts) == ("unavailable", 1)


def test_attempts_that_were_broken_off_count_as_well(line):
    event = judged_by(line)
    for attempt in range(ATTEMPTS_MOST):
        before = line.tickets.get("T1CKET01")
        assert before.triage_attempts == attempt
        line.tickets.claim_triage(before, until=line.clock.now())

    line.deliver("triage", event)

    said = line.tickets.get("T1CKET01").verdict.provenance
    assert (said.fallback_reason, said.attempts) == ("unavailable", ATTEMPTS_MOST + 1)


def test_a_ticket_that_is_not_late_yet_gets_its_second_attempt(line):
    event = judged_by(line, DOWN, a_verdict())

    fail(line, event)
    line.clock.tick(seconds=WAIT_MOST.total_seconds() - 1)
    line.deliver("triage", event)

    assert line.tickets.get("T1CKET01").sources["priority"] is Source.AI


def test_the_model_is_asked_once_however_late_a_ticket_comes(line):
    event = judged_by(line, a_verdict())

    line.clock.tick(days=1)
    line.deliver("triage", event)

    assert line.tickets.get("T1CKET01").sources["priority"] is Source.AI


def test_the_built_in_rules_as_the_model_are_no_emergency(line):
    event = line.open()

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert ticket.sources["priority"] is Source.FALLBACK
    assert ticket.verdict.provenance.fallback_reason == ""
    assert not ticket.needs_review
    assert line.store.get("tickets/T1CKET01/timeline/000002").data["actor"] == "rule"


@pytest.mark.parametrize("answer", [a_verdict(), NEVER])
def test_what_a_person_has_set_is_never_overwritten(line, answer):
    line.classifier = Scripted(answer)
    by_hand = {"priority": Priority.LOW, "skills": ("Fire",)}
    event = line.open(**by_hand, sources=dict.fromkeys(by_hand, Source.HUMAN))

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.priority, ticket.skills) == (Priority.LOW, ("Fire",))
    assert ticket.sources["priority"] is ticket.sources["skills"] is Source.HUMAN
    assert ticket.sources["category"] is ticket.verdict.provenance.source
    assert ticket.category is ticket.verdict.category.value


def test_a_person_who_is_faster_than_the_model_is_not_overwritten(line):
    event = line.open()
    line.classifier = Meanwhile(a_verdict(), lambda: set_by_hand(line))

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.status, ticket.seq) == (Status.TRIAGED, 3)
    assert (ticket.priority, ticket.sources["priority"]) == (Priority.LOW, Source.HUMAN)
    assert (ticket.category, ticket.sources["category"]) == (Category.INCIDENT, Source.AI)


def test_a_person_who_saves_at_the_same_moment_is_not_overwritten(line):
    event = line.open()
    at_once = Meanwhile(a_verdict(), lambda: line.documents.interrupt(lambda: set_by_hand(line)))
    line.classifier = at_once

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.status, ticket.seq) == (Status.TRIAGED, 3)
    assert ticket.sources["priority"] is Source.HUMAN
    assert at_once.calls == 1


def test_a_ticket_that_changes_all_the_time_is_tried_again(line):
    event = line.open()

    def restless():
        set_by_hand(line)
        line.documents.interrupt(restless)

    line.classifier = Meanwhile(a_verdict(), lambda: line.documents.interrupt(restless))

    with pytest.raises(ConflictError):
        line.deliver("triage", event)

    assert line.tickets.get("T1CKET01").status is Status.NEW


def test_while_the_model_is_being_asked_nobody_asks_it_again(line):
    event = line.open()
    results = []

    def second():
        with pytest.raises(AtWorkError):
            line.deliver("triage", event)
        results.append("refused")

    line.classifier = Meanwhile(a_verdict(), second)
    line.deliver("triage", event)

    assert results == ["refused"]
    assert line.classifier.calls == 1
    assert line.deliver("triage", event) is Delivered.DUPLICATE


def test_a_lease_whose_holder_died_ends(line):
    event = judged_by(line, a_verdict())
    line.tickets.claim_triage(line.tickets.get("T1CKET01"), until=line.clock.now() + LEASE)

    with pytest.raises(AtWorkError):
        line.deliver("triage", event)
    line.clock.tick(seconds=LEASE.total_seconds())
    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.status, ticket.triage_until) == (Status.TRIAGED, None)
    assert ticket.verdict.provenance.attempts == 2


def test_a_fault_of_ours_gives_the_lease_back(line):
    event = line.open()
    line.classifier = Meanwhile(a_verdict(), lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        line.deliver("triage", event)

    assert line.tickets.get("T1CKET01").triage_until is None


def test_a_lease_that_is_somebody_elses_by_now_is_left_to_them(line):
    event = line.open()

    def outlived():
        line.clock.tick(seconds=LEASE.total_seconds())
        line.tickets.claim_triage(line.tickets.get("T1CKET01"), until=line.clock.now() + LEASE)
        raise DOWN

    line.classifier = Meanwhile(a_verdict(), outlived)

    fail(line, event)

    assert line.tickets.get("T1CKET01").triage_until == line.clock.now() + LEASE


def test_an_attempt_that_cannot_be_claimed_is_tried_again(line):
    event = judged_by(line, a_verdict())
    line.documents.arm("before", 1)

    fail(line, event)
    line.deliver("triage", event)

    assert line.tickets.get("T1CKET01").verdict.provenance.attempts == 1


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.NEW])
def test_a_ticket_that_is_not_new_is_left_alone(line, status):
    line.classifier = Scripted()
    event = line.open(status=status)
    before = everything(line.store)

    line.deliver("triage", event)

    assert everything(line.store) == before
    assert line.classifier.read == []


AGAIN = a_verdict(
    summary="It was the scanner",
    priority=Judged(Priority.MEDIUM, 0.6, "scanner"),
    category=Judged(Category.BUG, 0.6, "scanner"),
    skills=Judged(("Scanning",), 0.6, "scanner"),
)


def asked(line, *answers, **changes):
    """Triage a ticket, ask for it to be triaged once more, and let the model give these answers."""
    line.classifier = Scripted(a_verdict())
    line.deliver("triage", line.open(**changes))
    line.clock.tick(hours=1)
    changed(line.tickets, asked_again, Action.TRIAGE_ASKED, now=line.clock.now())
    line.classifier = Scripted(*answers)
    event = line.tray.published[-1]
    assert event.type is EventType.TRIAGE_ASKED
    return event


def test_a_ticket_is_judged_once_more_when_somebody_asks(line):
    event = asked(line, AGAIN)
    before = line.tickets.get("T1CKET01")
    line.clock.tick(seconds=2)

    result = line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert result is Delivered.PROCESSED
    assert (ticket.verdict.summary, ticket.seq) == ("It was the scanner", before.seq + 1)
    assert (ticket.priority, ticket.category) == (Priority.MEDIUM, Category.BUG)
    assert (ticket.triage_asked_at, ticket.triage_until) == (None, None)
    assert ticket.triaged_at == before.triaged_at  # how long the first one took stays true
    told = line.tray.published[-1]
    assert (told.type, told.id) == (EventType.TICKET_UPDATED, "T1CKET01.updated.4")
    assert (told.data["change"], told.data["by"]) == ("triaged_again", "gemini-test")


def test_what_the_second_triage_says_is_grounded_like_the_first(line):
    event = asked(line, AGAIN)

    line.deliver("triage", event)

    entry = line.store.get("tickets/T1CKET01/timeline/000004").data
    assert (entry["action"], entry["actor"]) == ("triaged_again", "ai")
    assert entry["cause"] == event.id
    assert entry["why"]["summary"] == "It was the scanner"
    assert entry["changes"]["priority"] == {"before": "high", "after": "medium"}
    assert "status" not in entry["changes"]


@pytest.mark.parametrize("answer", [AGAIN, NEVER])
def test_what_a_person_has_set_survives_the_second_triage_too(line, answer):
    by_hand = {"priority": Priority.LOW, "skills": ("Fire",)}
    event = asked(line, answer, **by_hand, sources=dict.fromkeys(by_hand, Source.HUMAN))

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.priority, ticket.skills) == (Priority.LOW, ("Fire",))
    assert ticket.sources["priority"] is ticket.sources["skills"] is Source.HUMAN
    assert ticket.category is ticket.verdict.category.value
    assert ticket.sources["category"] is ticket.verdict.provenance.source


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.NEW])
def test_where_a_ticket_stands_and_whose_it_is_stay(line, status):
    event = asked(line, AGAIN)
    theirs = {"assignee_id": "mod", "assignee_name": "Mod", "status": status.value}
    line.store.commit([Update("tickets/T1CKET01", theirs)])

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.status, ticket.assignee_id) == (status, "mod")
    assert ticket.verdict.summary == "It was the scanner"
    assert not line.store.get("load/mod")


def test_a_second_triage_is_made_once_however_often_it_is_delivered(line):
    event = asked(line, AGAIN)
    line.deliver("triage", event)
    before = everything(line.store)

    results = [line.deliver("triage", event) for _ in range(2)]

    assert results == [Delivered.DUPLICATE] * 2
    assert everything(line.store) == before
    assert len(line.classifier.read) == 1


def test_the_event_that_began_a_ticket_does_not_judge_it_once_more(line):
    asked(line, AGAIN)
    created = line.tray.published[0]

    result = line.deliver("triage", created)

    assert (created.type, result) == (EventType.TICKET_CREATED, Delivered.DUPLICATE)
    assert line.classifier.read == []


def test_a_ticket_may_be_judged_again_and_again(line):
    line.deliver("triage", asked(line, AGAIN))
    changed(line.tickets, asked_again, Action.TRIAGE_ASKED, now=line.clock.now())
    line.classifier = Scripted(a_verdict())

    line.deliver("triage", line.tray.published[-1])

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.verdict.summary, ticket.seq) == ("A printer burns", 6)


def test_attempts_and_lateness_count_from_the_asking(line):
    event = asked(line, *[DOWN] * (ATTEMPTS_MOST - 1), AGAIN)

    for _ in range(ATTEMPTS_MOST - 1):
        fail(line, event)
    line.deliver("triage", event)

    said = line.tickets.get("T1CKET01").verdict.provenance
    assert (said.source, said.attempts) == (Source.AI, ATTEMPTS_MOST)


def test_a_second_triage_that_is_late_waits_for_no_second_attempt(line):
    event = asked(line, DOWN)

    fail(line, event)
    line.clock.tick(seconds=WAIT_MOST.total_seconds())
    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    entry = line.store.get("tickets/T1CKET01/timeline/000004").data
    assert (entry["action"], entry["why"]["fallback_reason"]) == ("triaged_again", "unavailable")
    assert (ticket.needs_review, ticket.triage_asked_at) == (True, None)
    assert line.tray.published[-1].data["by"] == entry["actor_id"] != "gemini-test"


@pytest.mark.parametrize(("answers", "reason"), [([NEVER], "refused"), ([DOWN] * 3, "unavailable")])
def test_what_merely_stands_in_overrules_no_model(line, answers, reason):
    event = asked(line, *answers)
    before = line.tickets.get("T1CKET01")
    line.clock.tick(seconds=2)

    for _ in answers[1:]:
        fail(line, event)
    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    entry = line.store.get("tickets/T1CKET01/timeline/000004").data
    assert (ticket.verdict, ticket.sources) == (before.verdict, before.sources)
    assert (ticket.priority, ticket.category) == (before.priority, before.category)
    assert (ticket.skills, ticket.triaged_at) == (before.skills, before.triaged_at)
    assert (before.needs_review, ticket.needs_review) == (False, True)
    assert (ticket.triage_asked_at, ticket.triage_until) == (None, None)
    assert (ticket.seq, ticket.updated_at) == (before.seq + 1, line.clock.now())
    assert (entry["actor"], entry["why"]["fallback_reason"]) == ("rule", reason)
    assert entry["changes"] == {}


def test_whoever_was_triaged_in_vain_may_ask_once_more(line):
    line.deliver("triage", asked(line, NEVER))
    changed(line.tickets, asked_again, Action.TRIAGE_ASKED, now=line.clock.now())
    line.classifier = Scripted(AGAIN)

    line.deliver("triage", line.tray.published[-1])

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.verdict.summary, ticket.needs_review) == ("It was the scanner", False)


def test_where_the_built_in_rules_are_the_model_they_judge_once_more(line):
    event = asked(line)
    line.classifier = RULES

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert ticket.verdict.provenance.source is Source.FALLBACK
    assert not ticket.needs_review


def test_a_slow_delivery_of_an_earlier_asking_answers_no_later_one(line):
    first = asked(line, AGAIN, AGAIN)
    line.deliver("triage", first)
    line.clock.tick(minutes=1)
    changed(line.tickets, asked_again, Action.TRIAGE_ASKED, now=line.clock.now())
    before = everything(line.store)

    results = line.deliver("triage", first), line.deliver("triage", line.tray.published[-1])

    assert results == (Delivered.DUPLICATE, Delivered.PROCESSED)
    assert before["tickets/T1CKET01"]["triage_asked_at"] == line.clock.now()
    assert line.tickets.get("T1CKET01").triage_asked_at is None
    assert len(line.classifier.read) == 2


def test_what_a_rule_has_raised_is_raised_for_any_triage(line):
    event = asked(line, AGAIN)
    raised = {"priority": "high", "sources": {"priority": "rule", "category": "ai"}}
    line.store.commit([Update("tickets/T1CKET01", raised)])

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.priority, ticket.sources["priority"]) == (Priority.HIGH, Source.RULE)
    assert (ticket.category, ticket.verdict.priority.value) == (Category.BUG, Priority.MEDIUM)


def test_a_person_who_changes_a_ticket_that_is_judged_again_is_not_overwritten(line):
    event = asked(line, AGAIN)
    at_once = Meanwhile(AGAIN, lambda: line.documents.interrupt(lambda: set_by_hand(line)))
    line.classifier = at_once

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.seq, at_once.calls) == (5, 1)
    assert (ticket.priority, ticket.sources["priority"]) == (Priority.LOW, Source.HUMAN)
    assert ticket.verdict.summary == "It was the scanner"


def test_a_ticket_that_is_closed_meanwhile_stays_closed(line):
    event = asked(line, AGAIN)

    def closed():
        for status in (Status.RESOLVED, Status.CLOSED):
            edits = Edits(status=status)
            changed(line.tickets, lambda it, now, e=edits: edited(it, e, assignee=None, now=now))

    line.classifier = Meanwhile(AGAIN, closed)

    line.deliver("triage", event)

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.status, ticket.seq) == (Status.CLOSED, 6)
    assert ticket.verdict.summary == "It was the scanner"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_second_triage_whose_commit_is_lost_is_made_once(line, when):
    event = asked(line, AGAIN, AGAIN)
    line.documents.arm(when, 2)

    fail(line, event)
    line.clock.tick(seconds=LEASE.total_seconds())
    result = line.deliver("triage", event)

    assert result is (Delivered.PROCESSED if when == "before" else Delivered.DUPLICATE)
    ticket = line.tickets.get("T1CKET01")
    assert (ticket.seq, ticket.triage_asked_at) == (4, None)


class Meanwhile:
    """The Classifier port: something else happens while it thinks."""

    def __init__(self, verdict, then):
        self.calls = 0
        self._verdict = verdict
        self._then = then

    def classify(self, _title, _description):
        self.calls += 1
        self._then()
        return self._verdict


def set_by_hand(line):
    before = line.tickets.get("T1CKET01")
    sources = {**before.sources, "priority": Source.HUMAN}
    after = replace(before, priority=Priority.LOW, sources=sources, seq=before.seq + 1)
    entry = an_entry(action="changed", cause="request-1")
    line.tickets.save(after, EventType.TICKET_UPDATED, entry, before=before)
