"""What people do to a ticket: one number each, along the moves, and nobody's word is lost."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.changes import (
    ASKED_FOR,
    Edits,
    answered,
    asked_again,
    asked_back,
    edited,
    given_back,
    handed_to,
    named,
    noted,
    told_by,
)
from helpdesk.documents import Document
from helpdesk.errors import InvalidInputError
from helpdesk.events import EventType
from helpdesk.ticket import AT_WORK, DONE, JUDGED, MOVES, Status
from helpdesk.timeline import Action
from helpdesk.user import Role
from helpdesk.users import moved_load
from helpdesk.verdict import Category, Judged, Priority, Source
from helpdesk.wire import ticket_document, ticket_from
from tests.builders import NOW, a_moderator, a_ticket, a_user, a_verdict

LATER = NOW + timedelta(minutes=1)
# Assignment has to find somebody, and the other side is told.
GIVEN_BACK = (EventType.TICKET_TRIAGED, EventType.TICKET_UPDATED)
MOD, OTHER = a_moderator(), a_moderator(id="other", name="Odd Er")
GONE = {
    "nobody": None,
    "disabled": a_moderator(disabled=True),
    "demoted": a_user(id="mod"),
    "absent": a_moderator(absent_until=LATER + timedelta(days=1)),
}
OF_NOBODY = {Status.NEW, Status.TRIAGED}
BEGUN = [status for status in Status if status not in OF_NOBODY]
SET = {"priority": Priority.LOW, "category": Category.BILLING, "skills": ("Invoices",)}


def a_ticket_that_is(status, **changes):
    """Return a ticket as it stands in a state: somebody's from its assignment on."""
    ticket = a_ticket(seq=7, status=Status(status))
    if ticket.status is not Status.NEW:
        judged = {name: getattr(a_verdict(), name).value for name in JUDGED}
        sources = dict.fromkeys(JUDGED, Source.AI)
        ticket = replace(ticket, **judged, sources=sources, verdict=a_verdict(), triaged_at=NOW)
    if ticket.status not in OF_NOBODY:
        given_to = {"assignee_id": "mod", "assignee_name": "Mod", "assigned_at": NOW}
        ticket = replace(ticket, **given_to, first_assigned_at=NOW, given_seq=3, notified_at=NOW)
    if ticket.status in DONE:
        ticket = replace(ticket, resolved_at=NOW)
    if ticket.status is Status.CLOSED:
        ticket = replace(ticket, closed_at=NOW)
    return replace(ticket, **changes)


def edit(ticket, *, assignee=MOD, **edits):
    return edited(ticket, Edits(**edits), assignee=assignee, now=LATER)


def only(ticket, **changes):
    """Return the ticket with one more change, and nothing but this in it."""
    return replace(ticket, seq=ticket.seq + 1, updated_at=LATER, **changes)


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("status", [each for each in Status if each is not Status.CLOSED])
def test_what_a_person_sets_is_theirs(status, name):
    ticket = a_ticket_that_is(status, needs_review=True)

    after = edit(ticket, **{name: SET[name]})

    assert after == only(
        ticket,
        **{name: SET[name]},
        sources={**ticket.sources, name: Source.HUMAN},
        needs_review=False,
    )


def test_a_value_that_a_person_confirms_is_theirs_as_well():
    ticket = a_ticket_that_is("assigned")

    after = edit(ticket, priority=ticket.priority)

    assert after == only(ticket, sources={**ticket.sources, "priority": Source.HUMAN})
    assert edit(after, priority=ticket.priority) is after


def test_all_skills_may_be_taken_away():
    after = edit(a_ticket_that_is("assigned"), skills=())

    assert (after.skills, after.sources["skills"]) == ((), Source.HUMAN)


def test_whoever_looked_at_a_ticket_need_not_change_it():
    ticket = a_ticket_that_is("assigned", needs_review=True)

    after = edit(ticket, reviewed=True)

    assert after == only(ticket, needs_review=False)
    assert edit(after, reviewed=True) is after


def test_words_are_changed_and_nothing_else():
    ticket = a_ticket_that_is("assigned", needs_review=True)

    after = edit(ticket, title="Printer is out", description="It is wet.")

    assert after == only(ticket, title="Printer is out", description="It is wet.")


def test_many_edits_at_once_are_one_change():
    ticket = a_ticket_that_is("assigned")

    after = edit(ticket, **SET, title="Wet", status=Status.RESOLVED)

    assert (after.seq, after.status, after.title) == (8, Status.RESOLVED, "Wet")
    assert (after.updated_at, after.resolved_at) == (LATER, LATER)


@pytest.mark.parametrize("status", Status)
def test_edits_that_change_nothing_are_no_change(status):
    ticket = a_ticket_that_is(status)

    assert edit(ticket) is ticket
    assert edit(ticket, status=ticket.status) is ticket
    assert status is Status.CLOSED or edit(ticket, title=ticket.title) is ticket


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("status", Status)
def test_a_person_moves_a_ticket_only_along_the_moves(status, to):
    ticket = a_ticket_that_is(status)
    asked = to in ASKED_FOR and to in MOVES[status]
    reopens = to is Status.ASSIGNED and status in DONE

    if to is not status and not asked and not reopens:
        with pytest.raises(InvalidInputError) as refused:
            edit(ticket, status=to)

        assert refused.value.field == "status"
    else:
        after = edit(ticket, status=to)

        assert after.status is to
        assert after.seq == (7 if to is status else 8)


@pytest.mark.parametrize("change", [{"title": "Wet"}, {"description": "Wet"}, {"skills": ()}])
@pytest.mark.parametrize("to", [None, Status.CLOSED])
def test_a_closed_ticket_is_reopened_before_it_is_changed(change, to):
    ticket = a_ticket_that_is("closed")

    with pytest.raises(InvalidInputError) as refused:
        edit(ticket, **change, status=to)

    assert refused.value.field == "status"
    assert edit(ticket, **change, status=Status.ASSIGNED).status is Status.ASSIGNED


def test_the_ends_of_a_ticket_are_noted_and_forgotten():
    resolved = edit(a_ticket_that_is("assigned"), status=Status.RESOLVED)
    closed = edit(resolved, status=Status.CLOSED)
    again = edit(closed, status=Status.ASSIGNED)

    assert (resolved.resolved_at, resolved.closed_at) == (LATER, None)
    assert (closed.resolved_at, closed.closed_at) == (LATER, LATER)
    assert (again.resolved_at, again.closed_at, again.reopenings) == (None, None, 1)
    assert (again.status, again.assignee_id) == (Status.ASSIGNED, "mod")


@pytest.mark.parametrize("who", GONE)
@pytest.mark.parametrize("status", sorted(DONE))
@pytest.mark.parametrize("reopened", ["edited", "asked back"])
def test_a_ticket_whose_assignee_is_gone_is_reopened_for_somebody_else(reopened, status, who):
    ticket = a_ticket_that_is(status)

    if reopened == "edited":
        after = edit(ticket, status=Status.ASSIGNED, assignee=GONE[who])
    else:
        after = asked_back(ticket, assignee=GONE[who], now=LATER)

    assert (after.status, after.assignee_id, after.assignee_name) == (Status.TRIAGED, None, None)
    assert (after.assigned_at, after.given_seq, after.notified_at) == (None, 0, None)
    assert (after.seq, after.reopenings) == (8, 1)
    assert told_by(ticket, after) == GIVEN_BACK


def test_a_ticket_that_was_resolved_before_anybody_had_it_is_reopened_for_somebody():
    resolved = edit(a_ticket_that_is("triaged"), status=Status.RESOLVED)

    after = asked_back(resolved, assignee=None, now=LATER)

    assert (after.status, after.holder_id) == (Status.TRIAGED, None)


@pytest.mark.parametrize("status", Status)
def test_a_ticket_is_handed_to_somebody_unless_it_is_new_or_done(status):
    ticket = a_ticket_that_is(status)

    if status is Status.NEW or status in DONE:
        with pytest.raises(InvalidInputError):
            handed_to(ticket, OTHER, now=LATER)
    else:
        assert handed_to(ticket, OTHER, now=LATER) == only(
            ticket,
            status=Status.ASSIGNED,
            assignee_id="other",
            assignee_name="Odd Er",
            assigned_at=LATER,
            first_assigned_at=ticket.first_assigned_at or LATER,
            given_seq=8,
            notified_at=None,
        )


@pytest.mark.parametrize("status", ["assigned", "in_progress", "waiting"])
def test_handing_a_ticket_to_whom_it_is_changes_nothing(status):
    ticket = a_ticket_that_is(status)

    assert handed_to(ticket, MOD, now=LATER) is ticket


def test_whoever_is_given_a_ticket_they_declined_has_not_declined_it_any_more():
    ticket = a_ticket_that_is("triaged", declined=("mod", "other"))

    assert handed_to(ticket, OTHER, now=LATER).declined == ("mod",)


@pytest.mark.parametrize("status", Status)
def test_a_ticket_is_given_back_unless_it_is_nobodys_or_done(status):
    ticket = a_ticket_that_is(status)

    if status in OF_NOBODY | DONE:
        with pytest.raises(InvalidInputError):
            given_back(ticket, now=LATER)
    else:
        assert given_back(ticket, now=LATER) == only(
            ticket,
            status=Status.TRIAGED,
            assignee_id=None,
            assignee_name=None,
            assigned_at=None,
            given_seq=0,
            notified_at=None,
            declined=("mod",),
        )


def test_whoever_gives_a_ticket_back_twice_is_named_once():
    ticket = a_ticket_that_is("assigned", declined=("mod", "other"))

    assert given_back(ticket, now=LATER).declined == ("mod", "other")


def test_a_ticket_from_before_first_assignments_were_noted_keeps_the_one_it_has():
    ticket = a_ticket_that_is("assigned", first_assigned_at=None)

    assert handed_to(ticket, OTHER, now=LATER).first_assigned_at == NOW


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.NEW, Status.CLOSED}))
def test_a_triaged_ticket_may_be_triaged_once_more_wherever_it_stands(status):
    ticket = a_ticket_that_is(status, triage_attempts=3, triage_until=NOW)

    after = asked_again(ticket, now=LATER)

    assert after == only(ticket, triage_asked_at=LATER, triage_attempts=0, triage_until=None)
    assert asked_again(after, now=LATER) is after
    assert told_by(ticket, after) == (EventType.TRIAGE_ASKED,)


def test_a_ticket_that_is_being_triaged_is_not_asked_for_again():
    with pytest.raises(InvalidInputError):
        asked_again(a_ticket(), now=LATER)


@pytest.mark.parametrize("asked_at", [None, NOW])
def test_a_closed_ticket_is_not_triaged_once_more(asked_at):
    ticket = a_ticket_that_is("closed", triage_asked_at=asked_at)

    with pytest.raises(InvalidInputError, match="reopen it first") as caught:
        asked_again(ticket, now=LATER)

    assert caught.value.field == "status"


@pytest.mark.parametrize("status", Status)
def test_a_note_is_counted_and_moves_nothing(status):
    ticket = a_ticket_that_is(status)

    assert noted(ticket, now=LATER) == only(ticket, notes=1)


@pytest.mark.parametrize("status", Status)
def test_an_answer_begins_what_nobody_has_begun(status):
    ticket = a_ticket_that_is(status)

    after = answered(ticket, status=None, now=LATER)

    to = Status.IN_PROGRESS if status is Status.ASSIGNED else status
    assert after == only(ticket, status=to, replies=1, first_response_at=LATER)


def test_only_the_first_answer_is_the_first():
    ticket = a_ticket_that_is("in_progress", first_response_at=NOW, replies=4)

    after = answered(ticket, status=None, now=LATER)

    assert (after.first_response_at, after.replies) == (NOW, 5)


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("status", Status)
def test_an_answer_may_say_where_it_leaves_the_ticket(status, to):
    ticket = a_ticket_that_is(status)

    if to is not status and not (to in ASKED_FOR and to in MOVES[status]):
        with pytest.raises(InvalidInputError):
            answered(ticket, status=to, now=LATER)
    else:
        after = answered(ticket, status=to, now=LATER)

        assert (after.status, after.replies, after.seq) == (to, 1, 8)
        if to is Status.RESOLVED and to is not status:
            assert after.resolved_at == LATER


@pytest.mark.parametrize(
    ("status", "to"),
    [
        ("new", "new"),
        ("triaged", "triaged"),
        ("assigned", "assigned"),
        ("in_progress", "in_progress"),
        ("waiting", "in_progress"),
        ("resolved", "assigned"),
        ("closed", "assigned"),
    ],
)
def test_a_reply_of_the_requester_goes_on_with_a_ticket_or_reopens_it(status, to):
    ticket = a_ticket_that_is(status)

    after = asked_back(ticket, assignee=MOD, now=LATER)

    assert (after.status, after.replies, after.seq) == (Status(to), 1, 8)
    assert after.reopenings == (status in {"resolved", "closed"})
    assert after.first_response_at is None


@pytest.mark.parametrize(
    ("change", "event", "action"),
    [
        (lambda it: edit(it, title="Wet"), "ticket-updated", "edited"),
        (lambda it: edit(it, status=Status.IN_PROGRESS), "ticket-updated", "started"),
        (lambda it: edit(it, status=Status.WAITING), "ticket-updated", "waiting"),
        (lambda it: edit(it, status=Status.RESOLVED), "ticket-updated", "resolved"),
        (lambda it: handed_to(it, OTHER, now=LATER), "ticket-updated", "edited"),
        (lambda it: noted(it, now=LATER), "ticket-updated", "edited"),
    ],
)
def test_a_change_is_named_and_told(change, event, action):
    ticket = a_ticket_that_is("assigned")

    after = change(ticket)

    assert (told_by(ticket, after), named(ticket, after)) == ((EventType(event),), Action(action))


def test_who_goes_on_with_a_ticket_is_woken():
    closed, mine, nobodys = map(a_ticket_that_is, ("closed", "assigned", "triaged"))

    reopened = edit(closed, status=Status.ASSIGNED)
    given = handed_to(nobodys, MOD, now=LATER)

    assert told_by(mine, given_back(mine, now=LATER)) == GIVEN_BACK
    assert told_by(nobodys, given) == (EventType.TICKET_ASSIGNED,)
    assert told_by(closed, reopened) == (EventType.TICKET_UPDATED,)
    assert named(closed, reopened) is Action.REOPENED
    assert named(closed, edit(closed, status=Status.ASSIGNED, assignee=None)) is Action.REOPENED
    assert named(a_ticket_that_is("resolved"), closed) is Action.CLOSED


def test_a_ticket_is_marked_anew_whenever_what_is_shown_of_it_changes():
    ticket = a_ticket_that_is("assigned", notified_at=None)

    marks = [ticket.mark, replace(ticket, notified_at=NOW).mark, noted(ticket, now=LATER).mark]

    assert marks == ["7", "7n", "8"]
    assert replace(ticket, triage_attempts=2, version="x").mark == ticket.mark


@pytest.mark.parametrize("status", BEGUN)
def test_a_ticket_is_work_of_its_assignees_while_they_are_at_it(status):
    ticket = a_ticket_that_is(status)

    assert ticket.holder_id == ("mod" if status in AT_WORK else None)


PEOPLE = {
    "m0": a_moderator(id="m0"),
    "m1": a_moderator(id="m1"),
    "boss": a_user(id="boss", role=Role.ADMIN),
    "gone": a_moderator(id="gone", disabled=True),
    "away": a_moderator(id="away", absent_from=NOW),
}
SOMEBODY = st.sampled_from(sorted(PEOPLE)).map(PEOPLE.__getitem__)
SOME = st.none() | st.sampled_from(Status)
EDITS = st.builds(
    Edits,
    title=st.none() | st.sampled_from(["Wet", "Dry"]),
    priority=st.none() | st.sampled_from(Priority),
    category=st.none() | st.sampled_from(Category),
    skills=st.none() | st.sampled_from([(), ("SQL",), ("SQL", "Java")]),
    status=SOME,
    reviewed=st.booleans(),
)
VERDICTS = st.builds(
    lambda priority, category, skills: a_verdict(
        priority=Judged(priority, 0.5),
        category=Judged(category, 0.5),
        skills=Judged(skills, 0.5),
    ),
    st.sampled_from(Priority),
    st.sampled_from(Category),
    st.sampled_from([(), ("SQL",)]),
)


def judge(verdict):
    def judged(ticket, now):
        if ticket.triage_asked_at:
            return ticket.triaged_again(verdict, now=now)
        return ticket.triaged(verdict, now=now)

    return judged


def assignee_of(ticket):
    return PEOPLE.get(ticket.assignee_id)


# Whatever may come to a ticket, by hand and by the chain; the odds let it get somewhere.
HAPPENINGS = st.one_of(
    st.tuples(st.just("triage"), VERDICTS.map(judge)),
    st.tuples(
        st.just("assign"),
        SOMEBODY.map(lambda user: lambda ticket, now: ticket.assigned_to(user, now=now)),
    ),
    st.tuples(
        st.just("edit"),
        EDITS.map(
            lambda edits: (
                lambda ticket, now: edited(ticket, edits, assignee=assignee_of(ticket), now=now)
            )
        ),
    ),
    st.tuples(
        st.just("hand over"),
        SOMEBODY.map(lambda user: lambda ticket, now: handed_to(ticket, user, now=now)),
    ),
    st.tuples(st.just("decline"), st.just(lambda ticket, now: given_back(ticket, now=now))),
    st.tuples(st.just("ask again"), st.just(lambda ticket, now: asked_again(ticket, now=now))),
    st.tuples(st.just("note"), st.just(lambda ticket, now: noted(ticket, now=now))),
    st.tuples(
        st.just("answer"),
        SOME.map(lambda status: lambda ticket, now: answered(ticket, status=status, now=now)),
    ),
    st.tuples(
        st.just("ask back"),
        st.just(lambda ticket, now: asked_back(ticket, assignee=assignee_of(ticket), now=now)),
    ),
)
LIVES = st.lists(HAPPENINGS, max_size=40)
FIRST = st.tuples(VERDICTS.map(judge), SOMEBODY)


def lived(first, life):
    """Yield every change of a ticket: what it was called, before and after."""
    verdict, assignee = first
    ticket = a_ticket()
    begin = [("triage", verdict), ("assign", lambda it, now: it.assigned_to(assignee, now=now))]
    for minute, (what, change) in enumerate([*begin, *life], start=1):
        try:
            after = change(ticket, now=NOW + timedelta(minutes=minute))
        except InvalidInputError:
            continue
        if after is not ticket:
            yield what, ticket, after
        ticket = after


@given(FIRST, LIVES)
def test_whatever_happens_a_change_takes_one_number_and_goes_along_the_moves(first, life):
    for _, before, after in lived(first, life):
        assert after.seq == before.seq + 1
        assert after.updated_at > before.updated_at
        assert after.status is before.status or after.status in MOVES[before.status]


@given(FIRST, LIVES)
def test_whatever_happens_loads_count_what_somebody_has_to_work_on(first, life):
    loads: Counter[str] = Counter()
    ticket = a_ticket()

    for _, before, ticket in lived(first, life):
        for write in moved_load(before, ticket):
            loads[write.path] += write.amounts["open"]
        assert all(count >= 0 for count in loads.values())

    held = {f"load/{ticket.holder_id}": 1} if ticket.holder_id else {}
    assert {path: count for path, count in loads.items() if count} == held


def test_somebody_was_last_given_a_ticket_when_it_became_theirs_and_not_when_it_is_work_again():
    nobodys, waiting = a_ticket_that_is("triaged"), a_ticket_that_is("waiting")

    given, again = handed_to(nobodys, MOD, now=LATER), asked_back(waiting, assignee=MOD, now=LATER)

    (came,) = moved_load(nobodys, given)
    (back,) = moved_load(waiting, again)
    assert (came.path, came.amounts, came.fields) == (
        "load/mod",
        {"open": 1},
        {"last_assigned_at": LATER},
    )
    assert (back.path, back.amounts, back.fields) == ("load/mod", {"open": 1}, {})


@given(FIRST, LIVES)
def test_whatever_happens_who_has_a_ticket_was_given_it_by_a_change_of_its_own(first, life):
    givings: dict[int, str] = {}
    for _, before, after in lived(first, life):
        if after.given_seq not in {0, before.given_seq}:
            assert after.given_seq == after.seq
            givings[after.seq] = after.assignee_id
        assert givings.get(after.given_seq) == after.assignee_id


@given(FIRST, LIVES)
def test_whatever_happens_a_persons_word_stays(first, life):
    for what, before, after in lived(first, life):
        for name, source in before.sources.items():
            if source is Source.HUMAN:
                assert after.sources[name] is Source.HUMAN
                assert what == "edit" or getattr(after, name) == getattr(before, name)


@given(FIRST, LIVES)
def test_whatever_happens_a_ticket_is_somebodys_or_somebody_is_looked_for(first, life):
    for what, before, after in lived(first, life):
        begun = after.status in AT_WORK | {Status.WAITING}
        assert not begun or after.assignee_id
        assert (after.assignee_id is None) is (after.assignee_name is None)
        if after.status is Status.TRIAGED:
            assert after.assignee_id is None
            if before.status is not Status.TRIAGED and what != "triage":
                assert told_by(before, after) == GIVEN_BACK
        assert (after.resolved_at is not None) is (after.status in DONE)
        assert (after.closed_at is not None) is (after.status is Status.CLOSED)


@given(FIRST, LIVES)
def test_whatever_happens_can_be_kept_and_read(first, life):
    for _, _, after in lived(first, life):
        kept = Document("tickets/T1CKET01", ticket_document(after), "7")

        assert ticket_from(kept) == replace(after, version="7")
