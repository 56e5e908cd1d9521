"""The directory over HTTP: what admins see of users, and change about them."""

import pytest

from helpdesk.user import Role
from tests.builders import a_load
from tests.unit.api.changes import (
    ME,
    SEEN_BY_ADMINS,
    STAFF,
    USERS,
    WAYS,
    by_id,
    kept,
    on_roster,
    shown,
)
from tests.unit.api.desk import is_problem, let_in, log_in, refreshed

# What admins see.


def test_an_admin_sees_a_user_whole_and_no_secret(chief, mona, counter):
    counter.house.documents.commit([a_load(mona.user.id)])

    answer = chief.get(f"{USERS}/{mona.user.id}")

    assert answer.status_code == 200
    assert answer.json == {
        "id": mona.user.id, "email": "mona@example.com", "name": "Mona", "role": "moderator",
        "skills": ["SQL"], "created_at": "2026-01-31T09:30:00.000000Z", "capacity": 20,
        "available": True, "absent_from": None, "absent_until": None, "disabled": False,
        "open_tickets": 1,
    }  # fmt: skip


def test_whoever_serves_nobody_has_no_open_tickets(chief, ada):
    assert shown(chief, ada)["open_tickets"] == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda chief: chief.get(f"{USERS}/nobody"),
        lambda chief: chief.get(f"{USERS}/no%20id"),
        lambda chief: chief.patch(f"{USERS}/nobody", {"name": "Any"}),
        lambda chief: chief.patch(f"{USERS}/nobody", {}),
        lambda chief: chief.post(f"{USERS}/nobody/logout"),
        lambda chief: chief.post(
            "/api/auth/update-user", {"email": "nobody@example.com", "name": "Any"}
        ),
    ],
    ids=["read", "read what is no id", "change", "change nothing", "log out", "update-user"],
)
def test_whom_nobody_knows_is_absent(counter, chief, ask):
    before = kept(counter)

    answer = ask(chief)

    assert is_problem(answer, 404)
    assert kept(counter) == before


# What admins change.


@WAYS
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Ada Byron"),
        ("role", "moderator"),
        ("role", "admin"),
        ("skills", ["SQL", "C++"]),
        ("skills", []),
        ("capacity", 0),
        ("capacity", 1000),
        ("disabled", True),
        ("disabled", False),
    ],
)
def test_an_admin_changes_one_field_and_no_other(chief, ada, change, field, value):
    before = shown(chief, ada)

    answer = change(chief, ada.user, **{field: value})

    assert answer.status_code == 200
    assert set(answer.json) == SEEN_BY_ADMINS
    assert answer.json == {**before, field: value}
    assert shown(chief, ada) == answer.json


@WAYS
def test_all_of_it_changes_at_once(chief, ada, change):
    wanted = {
        "name": "Ada Byron", "role": "moderator", "skills": ["SQL"], "capacity": 3,
        "disabled": True,
    }  # fmt: skip

    answer = change(chief, ada.user, **wanted)

    assert answer.json == {**answer.json, **wanted}
    assert shown(chief, ada) == answer.json


@WAYS
@pytest.mark.parametrize(
    "fields", [{}, dict.fromkeys(["name", "role", "skills", "capacity", "disabled"])], ids=str
)
def test_nothing_and_null_change_nothing(counter, chief, mona, change, fields):
    before = kept(counter)

    answer = change(chief, mona.user, **fields)

    assert (answer.status_code, answer.json["skills"]) == (200, ["SQL"])
    assert kept(counter) == before


@WAYS
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \t"),
        ("name", "x" * 101),
        ("name", "nul\0"),
        ("name", "\u202ekcatta"),
        ("name", 1),
        ("role", "superuser"),
        ("role", "Admin"),
        ("role", ""),
        ("role", ["admin"]),
        ("skills", "SQL"),
        ("skills", [""]),
        ("skills", ["x" * 51]),
        ("skills", ["a\nb\0"]),
        ("skills", [None]),
        ("skills", ["x"] * 51),
        ("capacity", -1),
        ("capacity", 1001),
        ("capacity", 1.5),
        ("capacity", "5"),
        ("capacity", True),
        ("disabled", 1),
        ("disabled", "true"),
    ],
)
def test_what_is_no_good_is_refused_by_name_and_nothing_is_kept(
    counter, chief, ada, change, field, value
):
    before = kept(counter)

    answer = change(chief, ada.user, **{"skills": ["SQL"], "name": "New", field: value})

    assert is_problem(answer, 422)
    assert [each["field"].partition(".")[0] for each in answer.json["errors"]] == [field]
    assert kept(counter) == before


@pytest.mark.parametrize("address", ["", "no address", "a@b", "x" * 250 + "@example.com", None])
def test_an_address_that_is_none_is_refused(chief, address):
    answer = chief.post("/api/auth/update-user", {"email": address, "name": "Any"})

    assert is_problem(answer, 422)
    assert answer.json["errors"][0]["field"] == "email"


def test_an_address_is_known_in_any_case(chief, ada):
    answer = chief.post("/api/auth/update-user", {"email": " ADA@Example.com", "name": "Ada B"})

    assert (answer.status_code, answer.json["id"]) == (200, ada.user.id)


def test_skills_are_kept_on_one_line_and_named_once(chief, mona):
    answer = by_id(
        chief, mona.user, skills=[" Office\n Software ", "SQL", "sql", "OFFICE SOFTWARE"]
    )

    assert answer.json["skills"] == ["Office Software", "SQL"]


def test_what_is_changed_is_logged_without_names(chief, ada, lines):
    by_id(chief, ada.user, role="moderator", name="Secret Name", skills=["Wicket"])

    [told] = [each for each in lines() if each["message"] == "account changed"]
    assert told["user_id"] == chief.user.id
    assert told["target_id"] == ada.user.id
    assert (told["role"], told["disabled"]) == ("moderator", False)
    assert "Secret Name" not in str(lines())
    assert "Wicket" not in str(lines())


def test_a_name_reaches_the_profile_the_roster_and_the_next_ticket(counter, chief, mona):
    by_id(chief, mona.user, name="Mona Lisa")

    assert mona.get(ME).json["name"] == "Mona Lisa"
    assert counter.sessions.authenticate(mona.token).name == "Mona Lisa"
    assert mona.file().json["requester"]["name"] == "Mona Lisa"
    assert "Mona Lisa" in on_roster(counter)
    assert log_in(counter, "mona@example.com").json["user"]["name"] == "Mona Lisa"


def test_a_role_holds_from_the_next_request_on_and_on_the_roster(counter, chief, ada):
    seen = []
    for role in ("moderator", "admin", "moderator", "user"):
        by_id(chief, ada.user, role=role)
        statuses = [ada.get(path).status_code for path in (USERS, "/api/tickets?view=assigned")]
        seen.append((statuses, "Ada" in on_roster(counter), set(ada.get(ME).json) == STAFF))

    assert seen == [
        ([403, 200], True, True),
        ([200, 200], True, True),
        ([403, 200], True, True),
        ([403, 403], False, False),
    ]


def test_whoever_is_disabled_is_out_at_once_and_no_token_of_before_revives(counter, chief, mona):
    phone = counter.logged_in(mona.user)

    by_id(chief, mona.user, disabled=True)
    shut = [let_in(mona), let_in(phone), log_in(counter, "mona@example.com").status_code]
    gone = "Mona" not in on_roster(counter)
    by_id(chief, mona.user, disabled=False)

    assert shut == [False, False, 401]
    assert gone
    assert "Mona" in on_roster(counter)
    for each in (mona, phone):
        assert is_problem(each.get(ME), 401)
        assert is_problem(refreshed(counter, each.session), 401)
    assert let_in(counter.logged_in(mona.user))


def test_who_is_disabled_already_stays_so(counter, chief, mona):
    by_id(chief, mona.user, disabled=True)
    before = kept(counter)

    answer = by_id(chief, mona.user, disabled=True)

    assert (answer.status_code, answer.json["disabled"]) == (200, True)
    assert kept(counter) == before


def test_whose_role_is_not_known_is_given_one_by_an_admin(counter, chief, mona):
    counter.change_account(mona, role="superuser")
    assert not let_in(mona)
    assert by_id(chief, mona.user, name="Still Unknown").status_code == 200
    assert not let_in(mona)

    answer = by_id(chief, mona.user, role="moderator")

    assert answer.json["role"] == "moderator"
    assert let_in(mona)


def test_an_admin_logs_somebody_out_of_everything(counter, chief, ada):
    phone = counter.logged_in(ada.user)

    answer = chief.post(f"{USERS}/{ada.user.id}/logout")

    assert (answer.status_code, answer.data) == (204, b"")
    assert not let_in(ada)
    assert not let_in(phone)
    assert let_in(chief)
    assert let_in(counter.logged_in(ada.user))


@WAYS
def test_the_last_admin_stays(counter, chief, change):
    before = kept(counter)

    answers = [
        change(chief, chief.user, **fields)
        for fields in ({"role": "moderator", "skills": ["SQL"]}, {"disabled": True})
    ]

    assert all(is_problem(each, 409) for each in answers)
    assert kept(counter)[1] == before[1]
    assert let_in(chief)


@WAYS
def test_an_account_that_nobody_has_confirmed_is_nobodys_yet(counter, chief, change):
    pending = counter.accounts.new_user("eve@example.com")
    counter.accounts.add_alone(pending, None)

    answer = change(chief, pending, role="admin")

    assert is_problem(answer, 404)
    assert counter.accounts.get(pending.id).role is Role.USER
    assert counter.house.queue.waiting() == 0
