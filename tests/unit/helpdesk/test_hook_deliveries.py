"""Deliveries: an event once for each hook, taken by one at a time, every attempt remembered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk import events
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError
from helpdesk.hook_deliveries import (
    HISTORY_MOST,
    KEPT,
    LEASE,
    OVERDUE,
    SWEEP_PAGE,
    SWEEP_PAGES,
    Deliveries,
    Delivery,
    State,
    Tried,
    timer_of,
)
from tests.builders import NOW, an_event
from tests.unit.helpdesk.test_hooks import a_hook

EVENT_ID = an_event().id


@pytest.fixture
def deliveries(documents, clock):
    return Deliveries(documents=documents, clock=clock)


def opened(deliveries, **changes):
    event = an_event(**changes)
    deliveries.opened(a_hook(), event)
    return deliveries.get("H1", event.id)


def tried(status=500, at=NOW):
    return Tried(at=at, status=status, ms=12, reason=f"answered {status}")


def ended(deliveries, state=State.FAILED, **changes):
    claimed = deliveries.claim(opened(deliveries, **changes))
    deliveries.note(claimed, tried(), state=state)
    return deliveries.get("H1", claimed.event_id)


def test_a_delivery_holds_what_will_be_sent_and_is_due_now(deliveries):
    assert deliveries.opened(a_hook(), an_event())

    kept = deliveries.get("H1", EVENT_ID)
    assert kept.id == f"H1.{EVENT_ID}"
    assert kept.body == events.encode(an_event())
    assert (kept.type, kept.state, kept.attempts) == ("ticket-created", State.PENDING, 0)
    assert (kept.next_at, kept.claimed_at, kept.history) == (NOW, None, ())
    assert (kept.created_at, kept.expires_at) == (NOW, NOW + KEPT)


def test_the_same_event_is_one_delivery_for_each_hook(deliveries):
    ended(deliveries, State.DELIVERED)

    assert deliveries.opened(a_hook(), an_event()) is None
    assert deliveries.opened(a_hook(id="H2"), an_event())
    assert deliveries.get("H1", EVENT_ID).state is State.DELIVERED


def test_what_a_newer_version_keeps_beside_it_does_no_harm(deliveries, documents):
    kept = opened(deliveries)
    documents.commit([Update(f"deliveries/{kept.id}", {"colour": "red"})])

    assert replace(deliveries.get("H1", EVENT_ID), version=kept.version) == kept


def test_what_is_no_event_is_sent_by_the_next_sweep(deliveries):
    begun = deliveries.begun("H1", "test.1", kind="test", body="{}")

    assert (begun.type, begun.body, begun.created_at) == ("test", "{}", NOW)
    assert list(deliveries.due(NOW)) == [begun]
    with pytest.raises(AlreadyExistsError):
        deliveries.begun("H1", "test.1", kind="test", body="{}")


@pytest.mark.parametrize(
    ("hook_id", "event_id"),
    [
        ("H1", "nothing"),
        ("H2", EVENT_ID),
        ("", EVENT_ID),
        ("H1", ""),
        ("../H1", "x"),
        ("H1", "a/b"),
    ],
)
def test_what_is_not_there_is_not_found(deliveries, hook_id, event_id):
    opened(deliveries)

    with pytest.raises(NotFoundError):
        deliveries.get(hook_id, event_id)


def test_what_has_expired_is_not_found_though_the_store_still_has_it(deliveries, clock):
    opened(deliveries)
    clock.tick(days=30)

    with pytest.raises(NotFoundError):
        deliveries.get("H1", EVENT_ID)


def test_the_newest_is_listed_first_and_the_list_goes_on(deliveries, clock):
    made: list[Delivery] = []
    for number in range(3):
        clock.tick(seconds=1)
        made.insert(0, opened(deliveries, id=f"e{number}"))
    deliveries.opened(a_hook(id="H2"), an_event())

    first = deliveries.of("H1", limit=2)
    rest = deliveries.of("H1", limit=2, after=(first[-1].created_at, first[-1].id))

    assert [*first, *rest] == made


def test_a_list_of_one_state_holds_no_other(deliveries):
    opened(deliveries)
    failed = ended(deliveries, id="e2")

    assert deliveries.of("H1", state=State.FAILED, limit=9) == [failed]
    assert deliveries.of("H1", state=State.DELIVERED, limit=9) == []


def test_who_takes_a_delivery_has_it_alone_for_a_while(deliveries):
    found = opened(deliveries)

    claimed = deliveries.claim(found)

    assert (claimed.attempts, claimed.next_at) == (1, NOW + LEASE)
    with pytest.raises(ConflictError):
        deliveries.claim(found)
    assert replace(claimed, version="") == replace(deliveries.get("H1", EVENT_ID), version="")


def test_what_nobody_noted_shows_as_such(deliveries, clock):
    deliveries.claim(opened(deliveries))
    clock.tick(minutes=2)

    again = deliveries.claim(deliveries.get("H1", EVENT_ID))

    lost = Tried(at=NOW, status=None, ms=0, reason="nobody saw how it ended")
    assert (again.attempts, again.history) == (2, (lost,))
    assert deliveries.get("H1", EVENT_ID).history == (lost,)


def test_an_attempt_is_noted_with_what_comes_next(deliveries):
    claimed = deliveries.claim(opened(deliveries))
    later = NOW + timedelta(minutes=5)

    assert deliveries.note(claimed, tried(), state=State.PENDING, next_at=later)

    noted = deliveries.get("H1", EVENT_ID)
    assert (noted.state, noted.next_at, noted.claimed_at) == (State.PENDING, later, None)
    assert noted.history == (tried(),)


def test_the_last_ten_attempts_are_remembered(deliveries):
    opened(deliveries)
    for number in range(HISTORY_MOST + 2):
        claimed = deliveries.claim(deliveries.get("H1", EVENT_ID))
        deliveries.note(claimed, tried(400 + number), state=State.PENDING, next_at=NOW)

    statuses = [each.status for each in deliveries.get("H1", EVENT_ID).history]
    assert statuses == [400 + number for number in range(2, HISTORY_MOST + 2)]


@pytest.mark.parametrize("state", [State.FAILED, State.DELIVERED])
def test_a_late_failure_changes_nothing_and_a_late_success_everything(deliveries, clock, state):
    slow = deliveries.claim(opened(deliveries))
    clock.tick(minutes=2)
    deliveries.claim(deliveries.get("H1", EVENT_ID))

    counts = deliveries.note(slow, tried(), state=state)

    assert counts is (state is State.DELIVERED)
    kept = deliveries.get("H1", EVENT_ID)
    assert kept.state is (State.DELIVERED if counts else State.PENDING)
    assert len(kept.history) == (2 if counts else 1)


def test_a_note_on_what_is_gone_is_none(deliveries, documents):
    claimed = deliveries.claim(opened(deliveries))
    documents.commit([Delete(f"deliveries/{claimed.id}")])

    assert not deliveries.note(claimed, tried(), state=State.DELIVERED)


@pytest.mark.parametrize("state", [State.FAILED, State.DELIVERED])
def test_what_has_ended_can_be_sent_again_with_its_history(deliveries, clock, state):
    end = ended(deliveries, state)
    clock.tick(days=29)

    again = deliveries.again(end)

    assert (again.state, again.attempts, again.history) == (State.PENDING, 0, end.history)
    assert again.expires_at == clock.now() + KEPT
    assert list(deliveries.due(clock.now())) == [again]
    with pytest.raises(ConflictError):
        deliveries.again(end)


def test_what_is_on_its_way_cannot_be_sent_again(deliveries):
    with pytest.raises(InvalidInputError, match="on its way"):
        deliveries.again(opened(deliveries))


def test_what_a_timer_may_still_come_back_to_is_not_swept(deliveries, clock):
    ended(deliveries, id="done")
    late = opened(deliveries, id="e2")
    clock.tick(seconds=1)
    later = opened(deliveries, id="e3")

    assert list(deliveries.due(NOW + OVERDUE - timedelta(seconds=1))) == []
    assert list(deliveries.due(NOW + OVERDUE)) == [late]
    assert list(deliveries.due(NOW + OVERDUE * 2)) == [late, later]


def test_a_sweep_reads_on_and_has_an_end(deliveries, documents, clock):
    names = [f"e{number:04}" for number in range(SWEEP_PAGE * SWEEP_PAGES + 1)]
    opened(deliveries, id="first")
    first = documents.get("deliveries/H1.first").data
    for number in range(0, len(names), SWEEP_PAGE):
        documents.commit(
            [
                Create(f"deliveries/H1.{name}", {**first, "event_id": name})
                for name in names[number : number + SWEEP_PAGE]
            ]
        )

    found = [each.event_id for each in deliveries.due(NOW + OVERDUE)]

    assert found == names[: SWEEP_PAGE * SWEEP_PAGES]


def test_what_is_taken_up_is_due_from_then_on(deliveries, clock):
    late = opened(deliveries)
    clock.tick(minutes=5)

    taken = deliveries.taken_up(late, clock.now())

    kept = deliveries.get("H1", EVENT_ID)
    assert taken.next_at == kept.next_at == clock.now()
    assert list(deliveries.due(clock.now())) == []
    assert list(deliveries.due(clock.now() + OVERDUE)) == [kept]
    with pytest.raises(ConflictError):
        deliveries.taken_up(late, clock.now())


def test_the_timer_of_each_attempt_has_a_name_of_its_own(deliveries):
    first = opened(deliveries)
    second = deliveries.claim(first)

    timers = [timer_of(first), timer_of(second), timer_of(first, due_at=NOW + OVERDUE)]

    assert {timer.about for timer in timers} == {f"hook:H1.{EVENT_ID}"}
    assert [timer.due_at for timer in timers] == [NOW, NOW + LEASE, NOW + OVERDUE]
    assert len({timer.name for timer in timers}) == 3
