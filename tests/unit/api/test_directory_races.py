"""Changes of users that meet, or break off between the account and its public side."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.accounts import TRIES
from helpdesk.documents import Delete, Update
from helpdesk.user import Role
from tests.unit.api.changes import (
    ME,
    USERS,
    WAYS,
    before_next_save,
    by_id,
    on_roster,
    shown,
)
from tests.unit.api.desk import before_next_commit, is_problem, let_in, log_in, refreshed


def crash_between(counter):
    """Let the account be changed, and no public side."""
    counter.documents.fails = lambda name, _asked: name == "commit"


def mended(counter):
    counter.documents.fails = lambda *_: False


@WAYS
def test_a_crash_before_the_public_side_is_mended_by_asking_again(counter, chief, ada, change):
    wanted = {"name": "Ada B", "role": "moderator", "skills": ["SQL"], "capacity": 3}
    crash_between(counter)
    broken = change(chief, ada.user, **wanted)
    mended(counter)
    half = shown(chief, ada)

    answer = change(chief, ada.user, **wanted)

    assert is_problem(broken, 503)
    assert (half["name"], half["role"]) == ("Ada", "user")
    assert answer.json == {**half, **wanted}
    assert on_roster(counter) == {"Chief", "Ada B"}


def test_a_crash_before_the_public_side_is_mended_by_the_next_log_in(counter, chief, mona):
    crash_between(counter)
    by_id(chief, mona.user, role="user", name="Mona L")
    mended(counter)
    # What decides is the account, which was written first.
    assert is_problem(mona.get("/api/tickets?view=assigned"), 403)
    assert on_roster(counter) == {"Chief", "Mona"}

    answer = log_in(counter, "mona@example.com")

    assert (answer.json["user"]["role"], answer.json["user"]["name"]) == ("user", "Mona L")
    assert on_roster(counter) == {"Chief"}
    assert counter.users.get(mona.user.id).skills == ("SQL",)


def test_whoever_is_shut_out_by_half_is_shut_out(counter, chief, mona):
    crash_between(counter)

    answer = by_id(chief, mona.user, disabled=True)

    mended(counter)
    assert is_problem(answer, 503)
    assert not let_in(mona)
    assert is_problem(refreshed(counter, mona.session), 401)
    by_id(chief, mona.user, disabled=True)
    assert on_roster(counter) == {"Chief"}


def test_a_public_side_that_was_never_made_is_made_by_a_change(counter, chief, ada):
    counter.house.documents.commit([Delete(f"users/{ada.user.id}")])
    assert is_problem(chief.get(f"{USERS}/{ada.user.id}"), 404)

    answer = by_id(chief, ada.user, role="moderator", skills=["SQL"])

    assert (answer.json["name"], answer.json["skills"]) == ("Ada", ["SQL"])
    assert on_roster(counter) == {"Chief", "Ada"}


FIELDS = [
    ({"name": "Ada B"}, {"role": "moderator"}),
    ({"role": "moderator"}, {"disabled": True}),
    ({"skills": ["SQL"]}, {"capacity": 3}),
    ({"skills": ["SQL"]}, {"role": "moderator"}),
    ({"capacity": 3}, {"name": "Ada B"}),
]


@pytest.mark.parametrize(("first", "second"), FIELDS, ids=str)
@pytest.mark.parametrize("hold", ["account", "public side"])
def test_two_changes_that_meet_both_hold(counter, chief, ada, first, second, hold):
    other = counter.somebody("other", Role.ADMIN)
    before = shown(chief, ada)

    def meanwhile():
        assert by_id(other, ada.user, **second).status_code == 200

    if hold == "account" and first.keys() & {"name", "role", "disabled"}:
        before_next_commit(counter, meanwhile)
    else:
        before_next_save(counter, meanwhile)
    answer = by_id(chief, ada.user, **first)

    assert answer.status_code == 200
    assert shown(chief, ada) == {**before, **first, **second}


@pytest.mark.parametrize("ask", ["change", "log in"])
def test_whoever_looks_with_an_account_of_before_undoes_no_later_change(counter, chief, ada, ask):
    acts = [lambda: by_id(chief, ada.user, role="moderator", disabled=True)]

    def meanwhile(name, asked):
        if name == "get_many" and asked == [f"users/{ada.user.id}"] and acts:
            acts.pop()()
        return False

    counter.documents.fails = meanwhile

    answer = by_id(chief, ada.user, name="Ada B") if ask == "change" else log_in(counter)

    assert answer.status_code == 200
    user, account = counter.users.get(ada.user.id), counter.accounts.get(ada.user.id)
    assert user.disabled
    assert account.disabled
    assert (user.role, user.name) == (account.role, account.name)
    assert on_roster(counter) == {"Chief"}


@pytest.mark.parametrize(("first", "second"), FIELDS, ids=str)
def test_two_changes_at_the_same_moment_both_hold(counter, chief, ada, first, second):
    other = counter.somebody("other", Role.ADMIN)
    before = shown(chief, ada)

    with ThreadPoolExecutor(2) as threads:
        asked = [
            threads.submit(by_id, chief, ada.user, **first),
            threads.submit(by_id, other, ada.user, **second),
        ]
        answers = [each.result().status_code for each in asked]

    assert answers == [200, 200]
    assert shown(chief, ada) == {**before, **first, **second}


def test_what_an_admin_and_oneself_change_at_once_both_holds(counter, chief, mona):
    before_next_save(counter, lambda: by_id(chief, mona.user, skills=["Java"], name="Mona L"))

    answer = mona.patch(ME, {"available": False})

    assert answer.status_code == 200
    assert (answer.json["skills"], answer.json["name"]) == (["Java"], "Mona L")
    assert not answer.json["available"]


def test_a_change_of_role_while_one_changes_oneself_is_not_undone(counter, chief, mona):
    before_next_save(counter, lambda: by_id(chief, mona.user, role="user"))

    mona.patch(ME, {"available": False})

    assert counter.users.get(mona.user.id).role is Role.USER
    assert on_roster(counter) == {"Chief"}


def overtaken(counter, path, count, store):
    """Change something else about a document, so many times."""
    return [
        lambda number=number: store.commit([Update(path, {"overtaken": number})])
        for number in range(count)
    ]


@pytest.mark.parametrize(("count", "status"), [(TRIES - 1, 200), (TRIES, 409)])
def test_an_account_that_is_always_changed_first_is_given_up(counter, chief, ada, count, status):
    path = f"accounts/{ada.user.id}"
    before_next_commit(counter, *overtaken(counter, path, count, counter.house.auth))

    answer = by_id(chief, ada.user, name="Ada B")

    assert answer.status_code == status
    assert shown(chief, ada)["name"] == ("Ada B" if status == 200 else "Ada")


@pytest.mark.parametrize("fields", [{"name": "Ada B"}, {"capacity": 3}], ids=str)
@pytest.mark.parametrize(("count", "status"), [(TRIES - 1, 200), (TRIES, 409)])
def test_a_public_side_that_is_always_changed_first_is_given_up(
    counter, chief, ada, fields, count, status
):
    path = f"users/{ada.user.id}"
    before_next_save(counter, *overtaken(counter, path, count, counter.house.documents))

    answer = by_id(chief, ada.user, **fields)

    assert answer.status_code == status
    before_next_save(counter)
    assert by_id(chief, ada.user, **fields).json == {**shown(chief, ada), **fields}


def test_a_user_who_vanishes_meanwhile_is_absent(counter, chief, ada):
    gone = Delete(f"users/{ada.user.id}")
    before_next_save(counter, lambda: counter.house.documents.commit([gone]))

    answer = by_id(chief, ada.user, capacity=3)

    assert is_problem(answer, 404)


def test_a_stranger_to_the_list_of_admins_changes_without_it(counter, ada):
    asked = len(counter.auth.asked)

    ada.patch(ME, {"name": "Ada B"})

    assert counter.auth.asked[asked:].count("query") == 0
