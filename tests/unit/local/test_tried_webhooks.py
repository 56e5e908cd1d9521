"""What an admin asks a whole house to send over HTTP goes out at once: no sweep is waited for."""

import json

import pytest

from helpdesk.hook_deliveries import State
from local.house import House
from local.people import seed
from tests.unit.api.desk import RULES, SETTINGS
from tests.unit.local.test_house import viewer, within
from tests.unit.local.test_told_webhooks import added, admin
from tests.unit.upkeep.receivers import Receiver, signed_as_the_specification_says


@pytest.fixture
def house(tmp_path, clock):
    built = House(tmp_path, SETTINGS, clock=clock, classifier=RULES)
    seed(built)
    built.start()
    yield built
    built.close()


def test_a_trial_arrives_at_once_and_says_that_it_is_one(house):
    chief = admin(house)
    with Receiver() as receiver:
        hook = added(house, receiver, "user-signed-up")

        asked = chief.post(f"/api/hooks/{hook['id']}/test").json

        assert within(5, lambda: len(receiver.requests) == 1)
    [got] = receiver.requests
    assert signed_as_the_specification_says(hook["secret"], got.headers, got.raw)
    assert got.headers["webhook-id"] == asked["id"]
    assert json.loads(got.raw)["type"] == "ping"


def test_what_arrived_arrives_again_when_an_admin_wants_it(house):
    chief = admin(house)
    with Receiver() as receiver:
        hook = added(house, receiver, "ticket-created")
        place = f"/api/hooks/{hook['id']}/deliveries"
        viewer(house).file()
        assert within(5, lambda: ended(chief, place, tries=1))
        [first] = chief.get(place).json["items"]

        answer = chief.post(f"{place}/{first['id']}/replay")

        assert answer.status_code == 202
        assert within(5, lambda: len(receiver.requests) == 2)
        assert within(5, lambda: ended(chief, place, tries=2))
    one, again = (each.headers["webhook-id"] for each in receiver.requests)
    assert one == again == first["id"]


def ended(chief, place, *, tries):
    """Say whether what was sent has arrived, after so many tries."""
    found = chief.get(place).json["items"]
    states = [(each["state"], len(each["history"])) for each in found]
    return states == [(State.DELIVERED.value, tries)]
