"""One's own profile over HTTP: a name for everybody, and when they are there for staff."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOW
from tests.unit.api.changes import ME, OWN, STAFF, by_id, kept
from tests.unit.api.desk import Visitor, is_problem, log_in

DAY = "2026-02-0{}T09:30:00.000000Z"


def test_everybody_changes_their_own_name(counter, ada):
    answer = ada.patch(ME, {"name": "  Ada \n Byron "})

    assert (answer.status_code, answer.json["name"]) == (200, "Ada Byron")
    assert set(answer.json) == OWN
    assert ada.get(ME).json == answer.json
    assert counter.sessions.authenticate(ada.token).name == "Ada Byron"
    assert counter.accounts.get(ada.user.id).name == "Ada Byron"


def test_staff_says_when_it_is_there(counter, mona):
    wanted = {"available": False, "absent_from": DAY.format(1), "absent_until": DAY.format(3)}

    answer = mona.patch(ME, wanted)

    assert answer.status_code == 200
    assert set(answer.json) == STAFF
    assert answer.json == {**mona.get(ME).json, **wanted}
    [told] = counter.users.staff()
    assert told.is_absent(NOW + timedelta(days=2))
    assert not told.available


def test_an_absence_can_be_open_at_either_end_and_taken_back(mona):
    asked = [
        {"absent_from": DAY.format(1)},
        {"absent_until": DAY.format(3)},
        {"absent_from": None},
        {"absent_until": None},
    ]

    seen = [mona.patch(ME, each).json for each in asked]

    assert [(each["absent_from"], each["absent_until"]) for each in seen] == [
        (DAY.format(1), None),
        (DAY.format(1), DAY.format(3)),
        (None, DAY.format(3)),
        (None, None),
    ]


def test_a_time_of_another_zone_is_the_same_moment(mona):
    answer = mona.patch(ME, {"absent_from": "2026-02-01T11:30:00+02:00"})

    assert answer.json["absent_from"] == DAY.format(1)


@pytest.mark.parametrize(
    "fields",
    [
        {"available": False},
        {"available": True},
        {"absent_from": None},
        {"absent_until": DAY.format(1)},
    ],
    ids=str,
)
def test_whoever_serves_nobody_has_no_absence(counter, ada, fields):
    before = kept(counter)

    answer = ada.patch(ME, {"name": "Not Kept", **fields})

    assert is_problem(answer, 403)
    assert kept(counter) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"absent_from": DAY.format(3), "absent_until": DAY.format(1)}, "absent_until"),
        ({"absent_from": DAY.format(3), "absent_until": DAY.format(3)}, "absent_until"),
        ({"absent_from": "2026-02-01T09:30:00"}, "absent_from"),
        ({"absent_until": "2026-02-01"}, "absent_until"),
        ({"absent_from": 1_769_851_800}, "absent_from"),
        ({"absent_from": "1769851800"}, "absent_from"),
        ({"absent_until": 1.5}, "absent_until"),
        ({"absent_until": True}, "absent_until"),
        ({"absent_until": "tomorrow"}, "absent_until"),
        ({"absent_until": ""}, "absent_until"),
        ({"absent_from": "0001-01-01T00:00:00+14:00"}, "absent_from"),
        ({"absent_until": "9999-12-31T23:59:59-12:00"}, "absent_until"),
        ({"available": None}, "available"),
        ({"available": 1}, "available"),
        ({"available": "yes"}, "available"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "zero\u200bwidth"}, "name"),
    ],
    ids=str,
)
def test_what_is_no_good_about_oneself_is_refused_by_name(counter, mona, fields, field):
    before = kept(counter)

    answer = mona.patch(ME, {"available": False, "name": "Not Kept", **fields})

    assert is_problem(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert kept(counter) == before


def test_an_absence_must_end_after_the_beginning_that_is_kept(counter, mona):
    mona.patch(ME, {"absent_from": DAY.format(3)})
    before = kept(counter)

    answer = mona.patch(ME, {"absent_until": DAY.format(2)})

    assert is_problem(answer, 422)
    assert kept(counter) == before


@pytest.mark.parametrize("fields", [{}, {"name": "Mona"}, {"available": True}], ids=str)
def test_what_is_so_already_changes_nothing(counter, mona, fields):
    before = kept(counter)

    answer = mona.patch(ME, fields)

    assert answer.json == mona.get(ME).json
    assert kept(counter) == before


def test_whoever_was_demoted_keeps_no_say_over_an_absence(counter, chief, mona):
    mona.patch(ME, {"available": False})
    by_id(chief, mona.user, role="user")

    answer = mona.patch(ME, {"available": True})

    assert is_problem(answer, 403)
    assert not counter.users.get(mona.user.id).available


def test_what_one_reads_of_oneself_is_what_a_new_log_in_reads(counter, mona):
    mona.patch(ME, {"name": "Mona L", "available": False})

    again = log_in(counter, "mona@example.com").json

    assert again["user"] == mona.get(ME).json
    assert Visitor(counter.app.test_client(), again).get(ME).json == again["user"]
    assert replace(mona.user, name="Mona L", available=False) == replace(
        counter.users.get(mona.user.id), version=None
    )
