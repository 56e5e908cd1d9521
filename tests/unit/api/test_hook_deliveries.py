"""What was sent to a webhook, over HTTP: tried out, listed, read, and sent again."""

import json
from dataclasses import replace

import pytest

from api.hook_schemas import DeliveryLine, DeliveryView
from api.hooks import SAID, HookDesk, Ways
from helpdesk import events
from helpdesk.errors import OutsideError
from helpdesk.hook_deliveries import State, Tried
from helpdesk.user import Role
from tests.builders import NOW, an_event
from tests.unit.api.desk import SETTINGS, is_problem
from tests.unit.api.hooks import (
    HOOKS,
    added,
    deliveries,
    ended,
    interrupt,
    kept,
    patch,
    repository,
)
from tests.unit.api.test_openapi import documented


class Alarm:
    """The Timers port: what was set lies here; it can be down."""

    def __init__(self):
        self.set_for = []
        self.down = False

    def set(self, timer):
        if self.down:
            raise OutsideError("no timers today")
        self.set_for.append(timer)

    def cancel(self, name):
        raise AssertionError(f"nobody cancels {name}")


@pytest.fixture
def hook_id(chief):
    return added(chief)["id"]


@pytest.fixture
def place(hook_id):
    return f"{HOOKS}/{hook_id}/deliveries"


@pytest.fixture
def alarm(counter):
    """Give the house timers, as the one on one machine has them."""
    alarm = Alarm()
    hooks = HookDesk(
        hooks=repository(counter), deliveries=deliveries(counter), key=SETTINGS.hook_key,
        seal_key=SETTINGS.seal_key, clock=counter.clock, ids=counter.house.ids,
        ways=Ways(timers=alarm),
    )  # fmt: skip
    counter.desk = replace(counter.desk, hooks=hooks)
    return alarm


def sent(counter, hook_id, **changes):
    """Keep that an event is to be sent to a webhook, and return the delivery."""
    event = an_event(**changes)
    assert deliveries(counter).opened(kept(counter, hook_id), event)
    return deliveries(counter).get(hook_id, event.id)


def swept(counter):
    """Return what the next sweep takes up."""
    return {each.event_id for each in deliveries(counter).due(counter.clock.now())}


def walked(who, asked):
    """Return all items of a list, page by page."""
    found, cursor, join = [], "", "&" if "?" in asked else "?"
    while cursor is not None:
        page = who.get(asked + (f"{join}cursor={cursor}" if cursor else "")).json
        found += page["items"]
        cursor = page["next_cursor"]
    return found


# tried out


def test_a_trial_is_sent_by_the_next_sweep_and_says_that_it_is_one(counter, chief, hook_id, place):
    patch(chief, hook_id, {"events": ["user-signed-up"]})

    answer = chief.post(f"{HOOKS}/{hook_id}/test")

    name = answer.json["id"]
    body = json.loads(chief.get(f"{place}/{name}").json["body"])
    assert answer.status_code == 202
    assert set(answer.json) == set(DeliveryLine.model_fields)
    assert (answer.json["type"], answer.json["state"], answer.json["attempts"]) == (
        "ping", "pending", 0,
    )  # fmt: skip
    assert body == {
        "id": name, "type": "ping", "version": 1, "time": "2026-01-31T09:30:00.000000Z",
        "subject": hook_id, "data": {"hook_id": hook_id, "message": SAID}, "traceparent": "",
    }  # fmt: skip
    assert swept(counter) == {name}


def test_each_trial_is_another_one(chief, hook_id, place):
    names = {chief.post(f"{HOOKS}/{hook_id}/test").json["id"] for _ in range(3)}

    assert {each["id"] for each in chief.get(place).json["items"]} == names
    assert len(names) == 3


def test_what_is_disabled_is_neither_tried_nor_sent_to_again(counter, chief, hook_id, place):
    ended(counter, sent(counter, hook_id))
    patch(chief, hook_id, {"enabled": False})

    answers = [
        chief.post(f"{HOOKS}/{hook_id}/test"),
        chief.post(f"{place}/T1CKET01.created.1/replay"),
    ]

    for answer in answers:
        assert is_problem(answer, 409)
        assert answer.json["detail"] == "the webhook is disabled: enable it first"
    assert swept(counter) == set()


# listed and read


def test_an_admin_sees_what_was_sent_with_every_try(counter, chief, hook_id, place):
    delivery = sent(counter, hook_id)
    claimed = deliveries(counter).claim(delivery)
    tried = Tried(at=NOW, status=500, ms=12, reason="answered 500")
    deliveries(counter).note(claimed, tried, state=State.FAILED)

    listed, read = chief.get(place), chief.get(f"{place}/{delivery.event_id}")

    line = {
        "id": "T1CKET01.created.1", "hook_id": hook_id, "type": "ticket-created",
        "state": "failed", "attempts": 1, "next_at": None,
        "created_at": "2026-01-31T09:30:00.000000Z",
        "history": [{"at": "2026-01-31T09:30:00.000000Z", "status": 500, "ms": 12,
                     "reason": "answered 500"}],
    }  # fmt: skip
    assert listed.json == {"items": [line], "next_cursor": None}
    assert read.json == {**line, "body": events.encode(an_event())}
    assert set(read.json) == set(DeliveryView.model_fields)


def test_what_waits_says_until_when(counter, chief, hook_id, place):
    sent(counter, hook_id)

    [line] = chief.get(place).json["items"]

    assert (line["state"], line["next_at"]) == ("pending", "2026-01-31T09:30:00.000000Z")


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_pages_of_deliveries_are_all_of_them_newest_first(
    counter, chief, clock, hook_id, place, state, limit
):
    made = []
    for number in range(9):
        delivery = sent(counter, hook_id, id=f"e{number}")
        each = (*State,)[number % 3]
        ended(counter, delivery, each)
        made.append((delivery.event_id, each))
        if number % 2:
            clock.tick(seconds=1)  # two at a time
    sent(counter, added(chief)["id"], id="to-another")
    counter.documents.read = 0

    found = walked(chief, f"{place}?limit={limit}" + (f"&state={state}" if state else ""))

    expected = [name for name, each in made if state in {None, each}][::-1]
    assert [each["id"] for each in found] == expected


def test_a_cursor_of_deliveries_serves_only_who_got_it_and_what_was_asked(
    counter, chief, hook_id, place
):
    other, elsewhere = counter.somebody("other", Role.ADMIN), added(chief)["id"]
    for number in range(3):
        sent(counter, hook_id, id=f"e{number}")
    cursor = chief.get(f"{place}?limit=1").json["next_cursor"]

    refused = [
        other.get(f"{place}?limit=1&cursor={cursor}"),
        chief.get(f"{place}?limit=1&state=pending&cursor={cursor}"),
        chief.get(f"{place}?limit=1&cursor={cursor[:-1]}"),
        chief.get(f"{HOOKS}/{elsewhere}/deliveries?limit=1&cursor={cursor}"),
    ]

    assert chief.get(f"{place}?limit=1&cursor={cursor}").status_code == 200
    assert all(is_problem(answer, 422) for answer in refused)


@pytest.mark.parametrize("query", ["state=", "state=lost", "limit=0", "limit=101", "type=ping"])
def test_an_odd_question_about_deliveries_is_refused(chief, place, query):
    assert is_problem(chief.get(f"{place}?{query}"), 422)


@pytest.mark.parametrize("name", ["absent", "..", "a~b", "x" * 200, "%2e%2e", "a/b", "%00"])
def test_what_was_not_sent_is_absent_whatever_it_is_called(counter, chief, place, name):
    answers = [chief.get(f"{place}/{name}"), chief.post(f"{place}/{name}/replay")]

    assert all(is_problem(each, 404) for each in answers)


def test_what_was_sent_to_another_webhook_is_absent_here(counter, chief, hook_id):
    delivery = ended(counter, sent(counter, hook_id))
    elsewhere = f"{HOOKS}/{added(chief)['id']}/deliveries/{delivery.event_id}"

    answers = [chief.get(elsewhere), chief.post(f"{elsewhere}/replay")]

    assert all(is_problem(each, 404) for each in answers)


# sent again


@pytest.mark.parametrize("state", [State.DELIVERED, State.FAILED])
def test_what_has_ended_is_sent_again_by_the_next_sweep(
    counter, chief, lines, hook_id, place, state
):
    tried = {"at": NOW, "status": 200, "ms": 5, "reason": ""}
    delivery = ended(counter, sent(counter, hook_id), state, history=[tried])

    answer = chief.post(f"{place}/{delivery.event_id}/replay")

    assert answer.status_code == 202
    assert (answer.json["state"], answer.json["attempts"]) == ("pending", 0)
    assert [each["status"] for each in answer.json["history"]] == [200]
    assert swept(counter) == {delivery.event_id}
    assert chief.get(f"{place}/{delivery.event_id}").json["body"] == delivery.body
    [told] = [each for each in lines() if each["message"] == "webhook delivery sent again"]
    assert (told["user_id"], told["hook_id"], told["event_id"]) == (
        chief.user.id, hook_id, delivery.event_id,
    )  # fmt: skip


def test_what_is_on_its_way_is_not_sent_again_beside_it(counter, chief, hook_id, place):
    delivery = sent(counter, hook_id)

    answer = chief.post(f"{place}/{delivery.event_id}/replay")

    assert is_problem(answer, 409)
    assert "on its way" in answer.json["detail"]


def test_of_two_who_send_again_at_once_one_does(counter, chief, hook_id, place):
    delivery = ended(counter, sent(counter, hook_id))
    interrupt(counter, lambda: deliveries(counter).again(delivery_now(counter, delivery)))

    answer = chief.post(f"{place}/{delivery.event_id}/replay")

    assert is_problem(answer, 409)
    assert swept(counter) == {delivery.event_id}


def delivery_now(counter, delivery):
    return deliveries(counter).get(delivery.hook_id, delivery.event_id)


# at once, on one machine


def test_where_there_are_timers_nobody_waits_for_the_sweep(counter, chief, alarm, hook_id, place):
    delivery = ended(counter, sent(counter, hook_id))

    chief.post(f"{HOOKS}/{hook_id}/test")
    chief.post(f"{place}/{delivery.event_id}/replay")

    tried, again = alarm.set_for
    assert tried.about.startswith(f"hook:{hook_id}.ping.")
    assert again.about == f"hook:{delivery.id}"
    assert {each.due_at for each in alarm.set_for} == {NOW}
    assert tried.name != again.name


def test_without_its_timer_a_trial_is_left_to_the_sweep(counter, chief, lines, alarm, hook_id):
    alarm.down = True

    answer = chief.post(f"{HOOKS}/{hook_id}/test")

    assert answer.status_code == 202
    assert swept(counter) == {answer.json["id"]}
    [told] = [each for each in lines() if each["message"] == "webhook waits for the sweep"]
    assert told["reason"] == "no timers today"


def test_what_is_really_answered_about_deliveries_is_what_is_documented(
    counter, chief, ada, hook_id, place
):
    listed = "/api/hooks/{hook_id}/deliveries"
    one = f"{listed}/{{delivery_id}}"
    name = ended(counter, sent(counter, hook_id)).event_id

    asked = [
        ("POST", "/api/hooks/{hook_id}/test", chief.post(f"{HOOKS}/{hook_id}/test")),
        ("POST", "/api/hooks/{hook_id}/test", chief.post(f"{HOOKS}/absent/test")),
        ("GET", listed, chief.get(place)),
        ("GET", listed, chief.get(f"{place}?limit=0")),
        ("GET", listed, ada.get(place)),
        ("GET", one, chief.get(f"{place}/{name}")),
        ("GET", one, chief.get(f"{place}/absent")),
        ("POST", f"{one}/replay", chief.post(f"{place}/{name}/replay")),
        ("POST", f"{one}/replay", chief.post(f"{place}/{name}/replay")),
        ("POST", f"{one}/replay", chief.post(f"{place}/absent/replay")),
    ]

    assert [answer.status_code for _, _, answer in asked] == [
        202, 404, 200, 422, 403, 200, 404, 202, 409, 404,
    ]  # fmt: skip
    assert [fault for each in asked for fault in documented(*each)] == []
