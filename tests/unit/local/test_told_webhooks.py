"""Webhooks of a whole house: added over HTTP, told of a ticket, and again until it works."""

import json

import pytest

from emulated.server import Ending, Fault
from helpdesk.hook_deliveries import State
from local.house import House
from local.people import PASSWORD, seed
from tests.builders import FixedClock
from tests.unit.api.desk import RULES, SETTINGS, Visitor
from tests.unit.local.test_house import viewer, within
from tests.unit.upkeep.receivers import Receiver, signed_as_the_specification_says


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def house(tmp_path, clock):
    built = House(tmp_path, SETTINGS, clock=clock, classifier=RULES)
    seed(built)
    built.start()
    yield built
    built.close()


def admin(house):
    client = house.app().test_client()
    answer = Visitor(client).post(
        "/api/auth/login", {"email": "admin@demo.com", "password": PASSWORD}
    )
    return Visitor(client, answer.json)


def added(house, receiver, *events):
    """Return a webhook for these events, as the API shows it this once."""
    answer = admin(house).post("/api/hooks", {"url": f"{receiver.url}/in", "events": list(events)})
    assert answer.status_code == 201
    return answer.json


def delivery(house):
    [hook] = house.hooks.hooks.list()
    found = house.hooks.deliveries.of(hook.id, limit=9)
    return found[0] if found else None


def move(house, clock, **by):
    """Let time pass, and the house see it."""
    clock.tick(**by)
    with house.queue._changed:
        house.queue._changed.notify_all()


def test_a_ticket_is_told_signed_and_told_again_until_it_is_taken(house, clock, caplog):
    with Receiver(500, 503) as receiver:
        hook = added(house, receiver, "ticket-created")

        filed = viewer(house).file().json
        assert within(5, lambda: len(receiver.requests) == 1)
        assert within(5, lambda: (found := delivery(house)) and found.history)
        move(house, clock, seconds=6)
        assert within(5, lambda: len(delivery(house).history) == 2)
        move(house, clock, minutes=6)
        assert within(5, lambda: delivery(house).state is State.DELIVERED)

    assert [request.path for request in receiver.requests] == ["/in"] * 3
    for request in receiver.requests:
        assert signed_as_the_specification_says(hook["secret"], request.headers, request.raw)
        assert request.headers["webhook-id"] == f"{filed['id']}.created.1"
    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert stamps == sorted(set(stamps))
    told = json.loads(receiver.requests[0].raw)
    assert (told["type"], told["subject"]) == ("ticket-created", filed["id"])
    tried = [record for record in caplog.records if record.message == "webhook tried"]
    assert [record.__dict__["attempts"] for record in tried] == [1, 2, 3]


def test_every_event_of_a_tickets_life_is_told(house):
    with Receiver() as receiver:
        added(house, receiver)

        viewer(house).file()

        kinds = {"ticket-created", "ticket-triaged", "ticket-assigned"}
        assert within(5, lambda: {each.body["type"] for each in receiver.requests} == kinds)


def test_a_receiver_that_hangs_holds_up_no_ticket(house):
    with Receiver() as receiver:
        receiver.plan(*[Fault(delay_s=2, ending=Ending.CLOSED)] * 9)
        added(house, receiver)

        filed = viewer(house).file().json

        assert within(1.5, lambda: house.tickets.get(filed["id"]).notified_at)


def test_what_a_kill_left_untold_is_told_by_the_next_house(tmp_path, clock):
    killed = House(tmp_path, SETTINGS, clock=clock, classifier=RULES)
    seed(killed)
    with Receiver() as receiver:
        killed.hooks.hooks.add(url=receiver.url, created_by="admin")
        viewer(killed).file()
        killed.close()

        again = House(tmp_path, SETTINGS, clock=clock, classifier=RULES)
        again.start()

        assert within(5, lambda: len(receiver.requests) == 3)
        again.close()


def test_a_delivery_whose_sender_was_killed_is_swept_up(house, clock):
    with Receiver() as receiver:
        hook = added(house, receiver)
        house._senders.take, take = (lambda *_: None), house._senders.take
        viewer(house).file()
        assert within(5, lambda: len(house.hooks.deliveries.of(hook["id"], limit=9)) == 3)
        assert within(5, lambda: house.queue.waiting() == 1)  # the ticket's own timer
        house._senders.take = take

        clock.tick(minutes=2)
        house.upkeep.minute()

        assert within(5, lambda: len(receiver.requests) == 3)


def test_a_house_without_webhooks_does_nothing_for_them(house):
    filed = viewer(house).file().json

    assert within(5, lambda: house.tickets.get(filed["id"]).notified_at)
    assert house.hooks.hooks.wanted() == frozenset()


def test_a_test_and_a_replay_go_out_at_once(house):
    with Receiver(500) as receiver:
        hook = added(house, receiver)
        ada = admin(house)

        assert ada.post(f"/api/hooks/{hook['id']}/test").status_code == 202
        assert within(5, lambda: len(receiver.requests) == 1)
        ended = within(5, lambda: (found := delivery(house)).history and found)
        house.hooks.deliveries.note(
            house.hooks.deliveries.claim(ended), ended.history[0], state=State.FAILED
        )
        again = ada.post(f"/api/hooks/{hook['id']}/deliveries/{ended.event_id}/replay")
        assert again.status_code == 202
        assert within(5, lambda: delivery(house).state is State.DELIVERED)

    first, second = receiver.requests
    assert first.raw == second.raw
    assert signed_as_the_specification_says(hook["secret"], second.headers, second.raw)
