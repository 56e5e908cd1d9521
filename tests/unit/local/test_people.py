"""The demo accounts: there from the first start, once, whatever happened to that start."""

import pytest

from api.entrance import Visitor
from helpdesk.errors import OutsideError
from helpdesk.skills import shipped
from helpdesk.user import Role
from local.people import CAPACITY, PASSWORD, PEOPLE, seed


def everybody(house):
    with house.auth._database.reading() as connection:
        query = "SELECT count(*) FROM documents WHERE collection = 'accounts'"
        return connection.execute(query).fetchone()[0]


def test_the_first_start_makes_everybody(house):
    assert seed(house)

    assert everybody(house) == len(PEOPLE)
    staff = {user.email: user for user in house.users.staff()}
    assert set(staff) == {person.email for person in PEOPLE if person.role is not Role.USER}
    assert staff["moderator@demo.com"].skills == PEOPLE[2].skills
    assert {user.capacity for user in staff.values()} == {CAPACITY}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email)
def test_everybody_can_log_in_with_the_password_that_is_printed(house, person):
    seed(house)

    session = house.desk.entrance.log_in(person.email, PASSWORD, Visitor()).session
    assert session.user.role is person.role


def test_nobody_is_greeted(house):
    seed(house)

    assert house.queue.waiting() == 0


def test_the_second_start_makes_nobody(house):
    seed(house)

    house.passwords.hashed = None  # it is not even asked to

    assert not seed(house)
    assert everybody(house) == len(PEOPLE)


@pytest.mark.parametrize("reached", range(len(PEOPLE)))
def test_a_first_start_that_was_stopped_between_two_people_is_finished(house, reached):
    add = house.desk.accounts.add

    def stops_later(user, *arguments, **settings):
        if everybody(house) == reached:
            raise OutsideError("stopped")
        add(user, *arguments, **settings)

    house.desk.accounts.add = stops_later
    with pytest.raises(OutsideError):
        seed(house)
    house.desk.accounts.add = add

    assert seed(house)

    assert everybody(house) == len(PEOPLE)
    assert len(house.users.staff()) == len(PEOPLE) - 1


@pytest.mark.parametrize("reached", [0, 2, len(PEOPLE) - 1])
def test_a_first_start_that_was_stopped_between_account_and_profile_is_finished(house, reached):
    add = house.users.add
    made: list[object] = []

    def stops_later(user, event=None):
        if len(made) == reached:
            raise OutsideError("stopped")
        made.append(user)
        add(user, event)

    house.users.add = stops_later
    with pytest.raises(OutsideError):
        seed(house)
    house.users.add = add

    assert seed(house)

    assert everybody(house) == len(PEOPLE)
    staff = {user.email: user for user in house.users.staff()}
    for person in PEOPLE:
        user = house.desk.entrance.log_in(person.email, PASSWORD, Visitor()).session.user
        assert (user.email, user.role, user.capacity) == (person.email, person.role, CAPACITY)
        assert user.skills == person.skills
        if person.role is not Role.USER:
            assert staff[person.email].skills == person.skills
    assert not seed(house)


def test_everybody_is_somebody_else():
    assert len({person.email for person in PEOPLE}) == len(PEOPLE)
    assert {person.role for person in PEOPLE} == set(Role)


def test_what_people_know_is_in_the_catalogue_under_these_very_names():
    for person in PEOPLE:
        assert shipped().normalised(person.skills) == (person.skills, ())
