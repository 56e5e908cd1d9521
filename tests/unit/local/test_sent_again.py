"""What could not be delivered, from its end back to its way: parked, shown, mended, sent again."""

import pytest

from helpdesk.documents import Create, Delete
from helpdesk.ticket import Status
from helpdesk.user import Role, User
from local.house import House
from local.people import PASSWORD, seed
from local.queue import Backoff
from tests.unit.api.desk import PASSWORD as OWN
from tests.unit.api.desk import RULES, SETTINGS, Visitor
from tests.unit.local.test_house import viewer, within

PARKED = "/api/ops/parked"


@pytest.fixture
def house(tmp_path):
    """Return a house that gives up soon."""
    built = House(
        tmp_path, SETTINGS, classifier=RULES,
        backoff=Backoff(first_s=0.01, most_s=0.01, attempts=2),
    )  # fmt: skip
    yield built
    built.close()


def logged_in(house, email, password=PASSWORD):
    visitor = Visitor(house.app().test_client())
    answer = visitor.post("/api/auth/login", {"email": email, "password": password})
    return Visitor(house.app().test_client(), answer.json)


def a_requester(house):
    """Make the only person there is, and return them logged in."""
    user = User(
        id=house.ids.unique_id(), email="lone@example.com", name="Lone", role=Role.USER,
        created_at=house.clock.now(),
    )  # fmt: skip
    house.desk.accounts.add(user, house.passwords.hashed(OWN), greet=False)
    return logged_in(house, user.email, OWN)


def only_parked(admin):
    """Return what is parked, once that is one event."""
    return within(5.0, lambda: admin.get(PARKED).json["items"])


def test_a_poisoned_event_goes_on_once_its_cause_is_gone(house):
    seed(house)
    admin = logged_in(house, "admin@demo.com")
    filed = viewer(house).file("MySQL is down", "The database is gone!").json
    path = f"tickets/{filed['id']}"
    lost = house.documents.get(path)
    house.documents.commit([Delete(path)])
    house.start()
    [shown] = only_parked(admin)
    house.documents.commit([Create(path, lost.data)])

    answer = admin.post(f"{PARKED}/{shown['id']}/redrive")

    assert (shown["kind"], shown["step"], shown["subject"]) == ("permanent", "triage", filed["id"])
    assert shown["reason"] == f"there is no ticket {filed['id']}"
    assert (answer.status_code, answer.json["event_id"]) == (202, f"{filed['id']}.created.1")
    assert within(5.0, lambda: house.tickets.get(filed["id"]).notified_at)
    [received] = house.mailbox.read(ticket_id=filed["id"])
    assert received.letter.to == "ines@demo.com"
    assert admin.get(PARKED).json["items"] == []


def test_what_ran_out_of_attempts_need_not_wait_for_its_hour(house):
    filed = a_requester(house).file().json
    house.start()
    assert within(5.0, lambda: house.documents.get(f"parked/{filed['id']}.triaged.2.assign"))
    seed(house)
    admin = logged_in(house, "admin@demo.com")
    [shown] = only_parked(admin)

    admin.post(f"{PARKED}/{shown['id']}/redrive")

    assert (shown["kind"], shown["reason"]) == ("transient", "gave up after 2 attempts")
    assert within(5.0, lambda: house.tickets.get(filed["id"]).notified_at)
    assert house.tickets.get(filed["id"]).status is Status.ASSIGNED


def test_what_is_sent_again_too_soon_is_parked_again(house):
    seed(house)
    admin = logged_in(house, "admin@demo.com")
    filed = viewer(house).file().json
    house.documents.commit([Delete(f"tickets/{filed['id']}")])
    house.start()
    [first] = only_parked(admin)

    admin.post(f"{PARKED}/{first['id']}/redrive")

    [second] = within(5.0, lambda: admin.get(PARKED).json["items"])
    assert {**second, "parked_at": ""} == {**first, "parked_at": ""}
    assert second["parked_at"] > first["parked_at"]
