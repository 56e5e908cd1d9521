"""A ticket changes only as the table of moves allows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.ticket import (
    AT_WORK,
    COMMENT_MOST,
    DESCRIPTION_MOST,
    JUDGED,
    MOVES,
    REASON_MOST,
    TITLE_MOST,
    Status,
    checked_comment,
    checked_description,
    checked_reason,
    checked_title,
)
from helpdesk.verdict import Category, Judged, Priority, Source
from tests.builders import NOW, a_moderator, a_ticket, a_verdict

LATER = NOW + timedelta(minutes=1)
LEGAL = [
    ("new", "triaged"),
    ("triaged", "assigned"),
    ("triaged", "resolved"),
    ("assigned", "triaged"),
    ("in_progress", "assigned"),
    ("in_progress", "triaged"),
    ("waiting", "assigned"),
    ("waiting", "triaged"),
    ("resolved", "triaged"),
    ("closed", "triaged"),
    ("assigned", "in_progress"),
    ("assigned", "waiting"),
    ("assigned", "resolved"),
    ("in_progress", "waiting"),
    ("in_progress", "resolved"),
    ("waiting", "in_progress"),
    ("waiting", "resolved"),
    ("resolved", "closed"),
    ("resolved", "assigned"),
    ("closed", "assigned"),
]
ILLEGAL = [(a.value, b.value) for a in Status for b in Status if (a.value, b.value) not in LEGAL]
OVERRULED = {
    "priority": Priority.LOW,
    "category": Category.BILLING,
    "skills": ("Invoices",),
}


@pytest.mark.parametrize(("here", "there"), LEGAL)
def test_a_legal_move_is_made_and_counted(here, there):
    ticket = a_ticket(status=Status(here), seq=4)

    moved = ticket.moved(Status(there), now=LATER)

    assert moved == replace(ticket, status=Status(there), seq=5, updated_at=LATER)


@pytest.mark.parametrize(("here", "there"), ILLEGAL)
def test_every_other_move_is_refused(here, there):
    ticket = a_ticket(status=Status(here))

    with pytest.raises(InvalidInputError) as refused:
        ticket.moved(Status(there), now=LATER)

    assert refused.value.field == "status"
    assert str(refused.value) == f"a ticket that is {here} cannot become {there}"


def test_every_state_has_a_way_out_and_work_under_way_can_be_resolved():
    assert all(MOVES[status] for status in Status)
    assert all(Status.RESOLVED in MOVES[status] for status in AT_WORK)


def test_triage_sets_all_it_judged_and_says_that_it_was_the_model():
    verdict = a_verdict()

    triaged = a_ticket().triaged(verdict, now=LATER)

    assert triaged.status is Status.TRIAGED
    assert triaged.seq == 2
    assert (triaged.updated_at, triaged.triaged_at) == (LATER, LATER)
    assert triaged.priority is Priority.HIGH
    assert triaged.category is Category.INCIDENT
    assert triaged.skills == ("Printing",)
    assert triaged.sources == dict.fromkeys(JUDGED, Source.AI)
    assert triaged.verdict == verdict
    assert not triaged.needs_review


@pytest.mark.parametrize("kept", [(), *((name,) for name in JUDGED), JUDGED])
def test_what_a_person_has_set_survives_triage(kept):
    by_hand = {name: OVERRULED[name] for name in kept}
    ticket = a_ticket(**by_hand, sources=dict.fromkeys(kept, Source.HUMAN))
    verdict = a_verdict()

    triaged = ticket.triaged(verdict, now=LATER)

    for name in JUDGED:
        judged = getattr(verdict, name).value
        assert getattr(triaged, name) == (OVERRULED[name] if name in kept else judged)
        assert triaged.sources[name] is (Source.HUMAN if name in kept else Source.AI)
    assert triaged.verdict == verdict


def test_a_person_may_have_taken_all_skills_away():
    ticket = a_ticket(skills=(), sources={"skills": Source.HUMAN})

    triaged = ticket.triaged(a_verdict(skills=Judged(("Printing",), 1.0)), now=LATER)

    assert triaged.skills == ()


def test_a_stood_in_verdict_is_to_be_looked_at():
    provenance = replace(a_verdict().provenance, fallback_reason="refused", source=Source.FALLBACK)

    triaged = a_ticket().triaged(a_verdict(provenance=provenance), now=LATER)

    assert triaged.needs_review
    assert triaged.sources == dict.fromkeys(JUDGED, Source.FALLBACK)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.NEW])
def test_a_ticket_that_is_not_new_is_not_triaged_as_if_it_were(status):
    with pytest.raises(InvalidInputError):
        a_ticket(status=status).triaged(a_verdict(), now=LATER)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.TRIAGED])
def test_a_ticket_that_does_not_wait_for_it_is_assigned_to_nobody(status):
    with pytest.raises(InvalidInputError):
        a_ticket(status=status).assigned_to(a_moderator(), now=LATER)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.NEW])
def test_one_more_triage_leaves_a_ticket_where_it_stands_and_whose_it_is(status):
    theirs = {"assignee_id": "mod", "assignee_name": "Mod", "triaged_at": NOW, "notes": 2}
    by_hand = {"sources": {"priority": Source.HUMAN}, "priority": Priority.LOW}
    ticket = a_ticket(status=status, seq=6, triage_asked_at=NOW, **theirs, **by_hand)
    verdict = a_verdict()

    again = ticket.triaged_again(verdict, now=LATER)

    assert again == replace(
        ticket,
        seq=7,
        updated_at=LATER,
        triage_asked_at=None,
        category=Category.INCIDENT,
        skills=("Printing",),
        sources={"priority": Source.HUMAN, "category": Source.AI, "skills": Source.AI},
        verdict=verdict,
    )


@pytest.mark.parametrize("triaged", ["first", "again"])
def test_what_a_rule_has_raised_survives_triage(triaged):
    ticket = a_ticket(
        priority=Priority.MEDIUM, sources={"priority": Source.RULE}, triage_asked_at=NOW
    )

    after = (
        ticket.triaged(a_verdict(), now=LATER)
        if triaged == "first"
        else ticket.triaged_again(a_verdict(), now=LATER)
    )

    assert after.priority is Priority.MEDIUM
    assert after.sources == {
        "priority": Source.RULE, "category": Source.AI, "skills": Source.AI,
    }  # fmt: skip


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.NEW])
def test_a_triage_in_vain_leaves_all_as_it_is_and_has_somebody_look_at_it(status):
    ticket = a_ticket(
        status=status,
        seq=6,
        verdict=a_verdict(),
        sources=dict.fromkeys(JUDGED, Source.AI),
        triage_asked_at=NOW,
        triage_attempts=2,
        triage_until=LATER,
    )

    after = ticket.triaged_in_vain(now=LATER)

    assert after == replace(
        ticket, seq=7, updated_at=LATER, triage_asked_at=None, triage_until=None, needs_review=True
    )


def test_whoever_is_given_a_ticket_is_to_be_told_of_just_that():
    ticket = a_ticket(status=Status.TRIAGED, seq=6, given_seq=2, notified_at=NOW)

    given = ticket.assigned_to(a_moderator(), now=LATER)

    assert (given.seq, given.given_seq, given.notified_at) == (7, 7, None)


def test_a_reason_is_kept_trimmed_and_none_is_no_fault():
    assert checked_reason("  no time\n") == "no time"
    assert checked_reason(None) == checked_reason("") == ""


def test_a_comment_keeps_its_lines():
    assert checked_comment("\n one\n two \n") == "one\n two"


def test_an_assigned_ticket_names_its_assignee():
    assigned = a_ticket(status=Status.TRIAGED, seq=2).assigned_to(
        a_moderator(id="mod", name="Mo Derator"), now=LATER
    )

    assert assigned.status is Status.ASSIGNED
    assert (assigned.assignee_id, assigned.assignee_name) == ("mod", "Mo Derator")
    assert (assigned.seq, assigned.assigned_at, assigned.updated_at) == (3, LATER, LATER)


def test_a_title_is_kept_trimmed_and_on_one_line():
    assert checked_title("  Printer\r\n is\ton  fire ") == "Printer is on fire"


def test_a_description_keeps_its_lines():
    assert checked_description("\n one\n two \n") == "one\n two"


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (checked_title, ""),
        (checked_title, " \n\t"),
        (checked_title, "x" * (TITLE_MOST + 1)),
        (checked_title, "half \ud800"),
        (checked_title, "\udfff"),
        (checked_title, "nul\0"),
        (checked_description, ""),
        (checked_description, " \n "),
        (checked_description, "x" * (DESCRIPTION_MOST + 1)),
        (checked_description, "\udc00"),
        (checked_description, "a\0b"),
        (checked_comment, " \n "),
        (checked_comment, "x" * (COMMENT_MOST + 1)),
        (checked_comment, "\udc00"),
        (checked_reason, "x" * (REASON_MOST + 1)),
        (checked_reason, "a\0b"),
    ],
)
def test_a_text_that_is_empty_too_long_or_no_text_is_refused(check, text):
    with pytest.raises(InvalidInputError) as refused:
        check(text)

    named = check.__name__.removeprefix("checked_")
    assert refused.value.field == ("text" if named == "comment" else named)


def test_texts_may_be_as_long_as_allowed():
    assert len(checked_title("x" * TITLE_MOST + " ")) == TITLE_MOST
    assert len(checked_description("x" * DESCRIPTION_MOST)) == DESCRIPTION_MOST


@given(st.text(max_size=TITLE_MOST * 2))
def test_a_checked_title_is_one_line_and_checking_it_again_changes_nothing(text):
    try:
        title = checked_title(text)
    except InvalidInputError:
        return

    assert len(title.splitlines()) == 1
    assert title.encode()
    assert checked_title(title) == title
