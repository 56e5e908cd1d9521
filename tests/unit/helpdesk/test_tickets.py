"""Where tickets are kept: opened once, changed by one at a time, and told of."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from helpdesk import events
from helpdesk.changes import Edits, edited, given_back, handed_to
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    MismatchError,
    NotFoundError,
    OutsideError,
)
from helpdesk.events import EventType
from helpdesk.log import bind
from helpdesk.once import REMEMBERED, Once
from helpdesk.outbox import Outbox
from helpdesk.search import READ_MOST
from helpdesk.ticket import Status
from helpdesk.tickets import Found, Tickets, event_of, notified
from helpdesk.timeline import Actor
from helpdesk.verdict import Priority
from helpdesk.wanted import Sort, Wanted
from helpdesk.wire import searchable_ticket, ticket_document
from tests.builders import NOW, SequenceIds, a_moderator, a_ticket, a_verdict, an_entry
from tests.stands import Faulty, Tray, everything

LATER = NOW + timedelta(minutes=1)
THREADS = 20


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def over(tray, clock):
    """Return what makes Tickets over a store."""

    def made(store):
        return Tickets(documents=store, outbox=Outbox(documents=store, bus=tray, clock=clock))

    return made


@pytest.fixture
def tickets(over, documents):
    return over(documents)


def once(key="k1", user_id="asker", body="Printer"):
    return Once.of(user_id=user_id, route="POST /api/tickets", key=key, body=body)


def ids_in(documents):
    return [path for path in everything(documents) if path.count("/") == 1 and "tickets" in path]


def test_a_ticket_is_opened_with_its_entry_and_its_event(tickets, documents, tray):
    opened = tickets.open(a_ticket(), an_entry(), once=None)

    assert (opened.ticket, opened.replayed) == (a_ticket(), False)
    assert set(everything(documents)) == {
        "tickets/T1CKET01",
        "tickets/T1CKET01/timeline/000001",
    }
    assert tray.published == [event_of(EventType.TICKET_CREATED, a_ticket(), an_entry(), now=NOW)]


def test_an_opened_ticket_is_read_as_it_was_opened(tickets):
    tickets.open(a_ticket(), an_entry(), once=None)

    found = tickets.get("T1CKET01")

    assert found.version is not None
    assert replace(found, version=None) == a_ticket()


def test_a_ticket_that_is_not_there_is_not_found(tickets):
    with pytest.raises(NotFoundError):
        tickets.get("N0NE0000")


def test_an_event_tells_what_others_need_to_know(tickets):
    ticket = a_ticket().triaged(a_verdict(), now=LATER).assigned_to(a_moderator(), now=LATER)
    entry = an_entry(action="assigned", actor=Actor.RULE, actor_id="assign-1")

    with bind(traceparent="00-1-2-01"):
        event = event_of(EventType.TICKET_ASSIGNED, ticket, entry, now=LATER)

    assert event.id == "T1CKET01.assigned.3"
    assert (event.subject, event.time, event.traceparent) == ("T1CKET01", LATER, "00-1-2-01")
    assert event.data == {
        "ticket_id": "T1CKET01",
        "seq": 3,
        "change": "assigned",
        "by": "assign-1",
        "status": "assigned",
        "requester_id": "asker",
        "assignee_id": "mod",
        "priority": "high",
        "category": "incident",
        "skills": ["Printing"],
    }
    assert events.decode(events.encode(replace(event, traceparent=""))).data == event.data


def test_the_same_request_opens_nothing_new(tickets, documents, tray):
    tickets.open(a_ticket(), an_entry(), once=once())

    again = tickets.open(a_ticket(id="T1CKET02"), an_entry(), once=once())

    assert again.replayed
    assert again.ticket.id == "T1CKET01"
    assert ids_in(documents) == ["tickets/T1CKET01"]
    assert len(tray.published) == 1


def test_a_replay_shows_the_ticket_as_it_was_then(tickets):
    tickets.open(a_ticket(), an_entry(), once=once())
    triage(tickets)

    again = tickets.open(a_ticket(id="T1CKET02"), an_entry(), once=once())

    assert replace(again.ticket, version=None) == a_ticket()


def test_a_key_with_another_request_is_refused(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=once())

    with pytest.raises(MismatchError):
        tickets.open(a_ticket(id="T1CKET02"), an_entry(), once=once(body="Scanner"))

    assert ids_in(documents) == ["tickets/T1CKET01"]


@pytest.mark.parametrize("other", [once(key="k2"), once(user_id="other"), None])
def test_another_key_or_another_user_or_no_key_opens_anew(tickets, documents, other):
    tickets.open(a_ticket(), an_entry(), once=once())

    opened = tickets.open(a_ticket(id="T1CKET02"), an_entry(), once=other)

    assert not opened.replayed
    assert ids_in(documents) == ["tickets/T1CKET01", "tickets/T1CKET02"]


@pytest.mark.parametrize(
    ("age", "replayed"), [(REMEMBERED - timedelta(seconds=1), True), (REMEMBERED, False)]
)
def test_a_key_is_forgotten_after_a_day(tickets, age, replayed):
    tickets.open(a_ticket(), an_entry(), once=once())
    late = a_ticket(id="T1CKET02", created_at=NOW + age)

    opened = tickets.open(late, an_entry(), once=once())
    again = tickets.open(replace(late, id="T1CKET03"), an_entry(), once=once())

    assert opened.replayed is replayed
    assert (again.replayed, again.ticket.id) == (True, opened.ticket.id)


def test_a_forgotten_key_may_come_with_another_request(tickets):
    tickets.open(a_ticket(), an_entry(), once=once())
    late = a_ticket(id="T1CKET02", created_at=NOW + REMEMBERED)

    opened = tickets.open(late, an_entry(), once=once(body="Scanner"))

    assert not opened.replayed


def test_a_forgotten_key_may_vanish_at_any_moment(over, documents):
    store = Faulty(documents)
    tickets = over(store)
    tickets.open(a_ticket(), an_entry(), once=once())
    late = a_ticket(id="T1CKET02", created_at=NOW + REMEMBERED)
    store.interrupt(lambda: documents.commit([Delete(f"idem/{once().key}")]))

    opened = tickets.open(late, an_entry(), once=once())
    again = tickets.open(replace(late, id="T1CKET03"), an_entry(), once=once())

    assert (opened.replayed, again.replayed) == (False, True)
    assert again.ticket.id == "T1CKET02"


@pytest.mark.parametrize("age", [timedelta(0), REMEMBERED], ids=["new key", "forgotten key"])
def test_who_loses_the_race_of_one_request_gets_the_ticket_of_the_winner(over, documents, age):
    store = Faulty(documents)
    mine, theirs = over(store), over(documents)
    if age:
        theirs.open(a_ticket(id="0LD0T1CK"), an_entry(), once=once())
    draft = a_ticket(created_at=NOW + age)
    store.interrupt(lambda: theirs.open(replace(draft, id="T1CKET02"), an_entry(), once=once()))

    opened = mine.open(draft, an_entry(), once=once())

    assert (opened.replayed, opened.ticket.id) == (True, "T1CKET02")
    assert documents.get("tickets/T1CKET01") is None


@pytest.mark.parametrize("age", [None, REMEMBERED], ids=["new key", "forgotten key"])
def test_many_requests_with_one_key_open_one_ticket(tickets, documents, tray, age):
    if age:
        tickets.open(a_ticket(id="0LD0T1CK"), an_entry(), once=once())
    before = len(ids_in(documents))
    ids, start = SequenceIds(), Barrier(THREADS)
    drafts = [
        a_ticket(id=ids.ticket_id(), created_at=NOW + (age or timedelta(0))) for _ in range(THREADS)
    ]

    def request(draft):
        start.wait()
        return tickets.open(draft, an_entry(), once=once())

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(request, drafts))

    assert len(ids_in(documents)) == before + 1
    assert len({answer.ticket.id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len({event.id for event in tray.published}) == len(tray.published) == before + 1


@pytest.mark.parametrize("key", [None, once()])
def test_a_ticket_never_takes_the_id_of_another(tickets, documents, key):
    tickets.open(a_ticket(), an_entry(), once=None)

    with pytest.raises(AlreadyExistsError):
        tickets.open(a_ticket(title="Another"), an_entry(), once=key)

    assert tickets.get("T1CKET01").title == "Printer is on fire"
    assert not any(path.startswith("idem/") for path in everything(documents))


@pytest.mark.parametrize(("when", "replayed"), [("before", False), ("after", True)])
def test_a_request_whose_answer_was_lost_is_safe_to_send_again(over, documents, when, replayed):
    store = Faulty(documents)
    tickets = over(store)
    store.arm(when, 1)

    with pytest.raises(OutsideError):
        tickets.open(a_ticket(), an_entry(), once=once())
    again = tickets.open(a_ticket(id="T1CKET02"), an_entry(), once=once())

    assert again.replayed is replayed
    assert ids_in(documents) == [f"tickets/{again.ticket.id}"]


def test_marks_of_requests_hide_what_was_in_them():
    mark = once(key="secret-key", body="secret body")

    assert mark == once(key="secret-key", body="secret body")
    assert "secret" not in mark.key + mark.fingerprint
    assert once(user_id="a", key="b").key != once(user_id="b", key="a").key


def test_a_change_is_kept_with_its_entry_and_its_event(tickets, documents, tray):
    tickets.open(a_ticket(), an_entry(), once=None)

    triage(tickets)

    assert tickets.get("T1CKET01").status is Status.TRIAGED
    assert documents.get("tickets/T1CKET01/timeline/000002").data["cause"] == "e1"
    assert [event.id for event in tray.published] == ["T1CKET01.created.1", "T1CKET01.triaged.2"]


def test_a_change_that_was_made_already_is_a_duplicate(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    triage(tickets, before)
    made = everything(documents)

    with pytest.raises(AlreadyExistsError):
        triage(tickets, before)

    assert everything(documents) == made


@pytest.mark.parametrize("kind", [EventType.TICKET_UPDATED, EventType.TICKET_TRIAGED])
@pytest.mark.parametrize("cause", ["e0", ""])
def test_a_change_that_comes_behind_another_is_a_conflict(tickets, documents, kind, cause):
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    renamed = replace(before, title="Renamed", seq=2)
    tickets.save(renamed, kind, an_entry(action="renamed", cause=cause), before=before)
    made = everything(documents)

    with pytest.raises(ConflictError):
        triage(tickets, before)

    assert everything(documents) == made


def test_two_changes_by_hand_without_a_cause_are_not_taken_for_one(tickets):
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    mine, yours = replace(before, title="Mine", seq=2), replace(before, title="Yours", seq=2)
    tickets.save(mine, EventType.TICKET_UPDATED, an_entry(action="renamed"), before=before)

    with pytest.raises(ConflictError):
        tickets.save(yours, EventType.TICKET_UPDATED, an_entry(action="renamed"), before=before)

    assert tickets.get("T1CKET01").title == "Mine"


def test_a_ticket_that_was_touched_since_is_not_overwritten(tickets):
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    tickets.claim_triage(before, until=LATER)

    with pytest.raises(ConflictError):
        triage(tickets, before)

    assert tickets.get("T1CKET01").status is Status.NEW
    assert tickets.get("T1CKET01").triage_attempts == 1


def test_a_number_that_is_free_again_is_a_conflict(over, documents):
    store = Faulty(documents)
    tickets = over(store)
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    triage(tickets, before)
    documents.commit([Delete("tickets/T1CKET01/timeline/000002")])

    with pytest.raises(ConflictError):
        triage(tickets, before)


def test_what_belongs_to_a_change_is_written_with_it_or_not_at_all(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=None)
    before = tickets.get("T1CKET01")
    tickets.claim_triage(before, until=LATER)

    with pytest.raises(ConflictError):
        triage(tickets, before, also=[notified(giving(2), LATER)])

    assert "told_2" not in documents.get("tickets/T1CKET01").data
    assert documents.get("outbox/T1CKET01.triaged.2") is None


def giving(seq):
    """Return the event of a change that gives somebody the ticket."""
    return event_of(EventType.TICKET_ASSIGNED, a_ticket(seq=seq), an_entry(), now=NOW)


@pytest.fixture
def given(tickets):
    """Return a ticket of which nobody was told yet, given by its third change."""
    tickets.open(a_ticket(), an_entry(), once=None)
    triage(tickets, tickets.get("T1CKET01"))
    triaged = tickets.get("T1CKET01")
    after = triaged.assigned_to(a_moderator(), now=LATER)
    tickets.save(after, EventType.TICKET_ASSIGNED, an_entry(), before=triaged)
    return tickets.get("T1CKET01")


def test_being_told_is_noted(tickets, documents, given):
    documents.commit([notified(giving(given.given_seq), LATER)])

    assert tickets.get("T1CKET01") == replace(
        given, notified_at=LATER, version=tickets.get("T1CKET01").version
    )


def test_a_late_word_of_an_earlier_giving_marks_nothing(tickets, documents, given):
    other = a_moderator(id="other")
    after = handed_to(given, other, now=LATER)
    tickets.save(after, EventType.TICKET_UPDATED, an_entry(), before=given)

    documents.commit([notified(giving(3), LATER)])
    late = tickets.get("T1CKET01").notified_at
    documents.commit([notified(giving(4), LATER)])

    assert (given.given_seq, after.given_seq) == (3, 4)
    assert late is None
    assert tickets.get("T1CKET01").notified_at == LATER


def test_what_its_last_assignee_was_told_is_forgotten_when_a_ticket_is_given_back(
    tickets, documents, given
):
    documents.commit([notified(giving(3), LATER)])
    told = tickets.get("T1CKET01")

    tickets.save(given_back(told, now=LATER), EventType.TICKET_TRIAGED, an_entry(), before=told)

    assert tickets.get("T1CKET01").notified_at is None


def test_a_ticket_is_counted_from_its_first_change_on(documents, given):
    (day,) = (it for path, it in everything(documents).items() if path.startswith("days/"))

    assert given.counted
    assert day["filed"] == 1


def test_a_ticket_from_before_there_were_counts_is_never_counted(tickets, documents, given):
    before = {path: it for path, it in everything(documents).items() if path.startswith("days/")}
    documents.commit([Update("tickets/T1CKET01", {"counted": False})])
    old = tickets.get("T1CKET01")

    for status in (Status.RESOLVED, Status.ASSIGNED):
        ticket = tickets.get("T1CKET01")
        after = edited(ticket, Edits(status=status), assignee=a_moderator(), now=LATER)
        tickets.save(after, EventType.TICKET_UPDATED, an_entry(), before=ticket)

    assert not old.counted
    assert not tickets.get("T1CKET01").counted
    assert before == {
        path: it for path, it in everything(documents).items() if path.startswith("days/")
    }


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["T3", "T2", "T1"]),
        (Wanted(requester_id="ann"), ["T2", "T1"]),
        (Wanted(assignee_id="mod"), ["T2"]),
        (Wanted(statuses=(Status.NEW,)), ["T3", "T1"]),
        (Wanted(requester_id="ann", statuses=(Status.NEW,)), ["T1"]),
        (Wanted(assignee_id="mod", statuses=(Status.NEW,)), []),
    ],
)
def test_a_list_shows_what_is_wanted_newest_first(tickets, wanted, found):
    keep_three(tickets)

    shown = tickets.find(wanted, limit=10)

    assert [ticket.id for ticket in shown.tickets] == found
    assert shown.after is None


def test_a_list_goes_on_behind_its_last_ticket(tickets):
    keep_three(tickets)

    first = tickets.find(Wanted(), limit=2)
    rest = tickets.find(Wanted(), limit=2, after=first.after)

    assert [ticket.id for ticket in first.tickets + rest.tickets] == ["T3", "T2", "T1"]
    assert first.after == (NOW + timedelta(minutes=1), "T2")
    assert rest.after is None


def keep_many(documents, count, **odd):
    """Keep so many tickets, the first the newest, with those of the given numbers changed."""
    kept = [
        a_ticket(id=f"M{n:04}", created_at=NOW - timedelta(seconds=n), **odd.get(f"m{n}", {}))
        for n in range(count)
    ]
    for start in range(0, count, 500):
        part = kept[start : start + 500]
        documents.commit([Create(f"tickets/{each.id}", searchable_ticket(each)) for each in part])
    return kept


def test_a_page_ends_after_the_most_that_may_be_read_and_the_next_goes_on(tickets, documents):
    rare = {"title": "Printer and toner"}
    kept = keep_many(documents, READ_MOST + 2, m3=rare, m501=rare)
    wanted = Wanted(text="printer toner")

    first = tickets.find(wanted, limit=20)
    second = tickets.find(wanted, limit=20, after=first.after)

    assert [each.id for each in first.tickets] == ["M0003"]
    assert first.after == (kept[READ_MOST - 1].created_at, kept[READ_MOST - 1].id)
    assert [each.id for each in second.tickets] == ["M0501"]
    assert second.after is None


def test_a_full_page_goes_on_right_before_the_next_that_fits(tickets, documents):
    rare = {"title": "Printer and toner"}
    keep_many(documents, 9, m0=rare, m4=rare, m5=rare)
    wanted = Wanted(text="printer toner")

    first = tickets.find(wanted, limit=2)
    second = tickets.find(wanted, limit=2, after=first.after)

    assert [each.id for each in first.tickets] == ["M0000", "M0004"]
    assert [each.id for each in second.tickets] == ["M0005"]


def test_a_text_without_a_word_is_in_no_ticket(tickets):
    keep_three(tickets)

    assert tickets.find(Wanted(text="--"), limit=9) == Found(tickets=[], after=None)


def found(tickets, **asked):
    return [each.id for each in tickets.find(Wanted(**asked), limit=9).tickets]


def test_a_new_ticket_is_in_the_lists_that_judge_nothing(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=None)

    assert found(tickets) == found(tickets, statuses=(Status.NEW,)) == ["T1CKET01"]
    assert found(tickets, unassigned=True) == found(tickets, sort=Sort.UPDATED) == ["T1CKET01"]
    assert found(tickets, needs_review=False) == ["T1CKET01"]
    assert found(tickets, text="printer") == found(tickets, priority=None, text="printer") == []
    kept = documents.get("tickets/T1CKET01").data
    assert not {"terms", "skill_keys", "priority", "category", "needs_review"} & kept.keys()
    assert "assignee_id" not in kept


def test_what_somebody_set_before_triage_is_kept_with_a_new_ticket(tickets):
    tickets.open(a_ticket(priority=Priority.HIGH, needs_review=True), an_entry(), once=None)

    kept = tickets.get("T1CKET01")

    assert (kept.priority, kept.category, kept.needs_review) == (Priority.HIGH, None, True)


def test_a_ticket_is_found_by_its_words_from_its_first_change_on(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=None)

    triage(tickets)

    assert found(tickets, text="printer") == ["T1CKET01"]
    assert found(tickets, unassigned=True) == ["T1CKET01"]
    assert not {"needs_review", "assignee_id"} & documents.get("tickets/T1CKET01").data.keys()


def test_a_ticket_is_found_by_what_it_says_now_and_in_the_hands_it_is_in_now(tickets, documents):
    tickets.open(a_ticket(), an_entry(), once=None)
    triage(tickets)
    for number, (assignee, title, status) in enumerate(
        [("mod", "Printer", Status.ASSIGNED), ("eve", "Toner", Status.ASSIGNED),
         (None, "Toner", Status.TRIAGED)]
    ):  # fmt: skip
        before = tickets.get("T1CKET01")
        after = replace(
            before, assignee_id=assignee, title=title, status=status, seq=before.seq + 1,
            assigned_at=NOW, needs_review=number == 0,
        )  # fmt: skip
        entry = an_entry(cause=f"c{number}")
        tickets.save(after, EventType.TICKET_UPDATED, entry, before=before)
        hands = [whom for whom in ("mod", "eve") if found(tickets, assignee_id=whom)]

        assert hands == ([assignee] if assignee else [])
        assert found(tickets, text=title) == ["T1CKET01"]
        assert found(tickets, needs_review=True) == (["T1CKET01"] if number == 0 else [])
        assert found(tickets, text="toner", assignee_id="mod") == []
    assert found(tickets, text="printer", unassigned=True) == []
    assert found(tickets, unassigned=True) == ["T1CKET01"]


def test_what_was_kept_before_there_was_a_search_is_in_every_list_but_those_of_words(
    tickets, documents
):
    old = a_ticket(seq=3, status=Status.ASSIGNED, assignee_id="mod")
    documents.commit([Create("tickets/T1CKET01", ticket_document(old))])

    assert found(tickets, statuses=(Status.ASSIGNED,)) == ["T1CKET01"]
    assert found(tickets, needs_review=False) == found(tickets, sort=Sort.UPDATED) == ["T1CKET01"]
    assert found(tickets, text="printer") == found(tickets, skill="SQL") == []


def triage(tickets, before=None, also=()):
    before = before or tickets.get("T1CKET01")
    entry = an_entry(action="triaged", cause="e1")
    after = before.triaged(a_verdict(), now=LATER)
    tickets.save(after, EventType.TICKET_TRIAGED, entry, before=before, also=also)


def keep_three(tickets):
    for number, (asker, changes) in enumerate(
        [
            ("ann", {}),
            ("ann", {"assignee_id": "mod", "status": Status.ASSIGNED}),
            ("bob", {}),
        ]
    ):
        at = NOW + timedelta(minutes=number)
        draft = a_ticket(id=f"T{number + 1}", requester_id=asker, created_at=at, **changes)
        tickets.open(draft, an_entry(), once=None)


def test_a_claim_is_given_back_once_and_only_ones_own(over, documents):
    store = Faulty(documents)
    tickets = over(store)
    tickets.open(a_ticket(), an_entry(), once=None)
    tickets.claim_triage(tickets.get("T1CKET01"), until=LATER)

    tickets.release_triage("T1CKET01", until=NOW)
    tickets.release_triage("N0NE0000", until=LATER)
    assert tickets.get("T1CKET01").triage_until == LATER

    store.interrupt(lambda: documents.commit([Update("tickets/T1CKET01", {"seq": 2})]))
    tickets.release_triage("T1CKET01", until=LATER)
    assert tickets.get("T1CKET01").triage_until == LATER

    tickets.release_triage("T1CKET01", until=LATER)
    assert tickets.get("T1CKET01").triage_until is None
