"""The list of admins: made when it is first needed, changed with the account, never empty."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.admins import PATH, Admins, LastAdminError
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import ConflictError, OutsideError
from helpdesk.user import Role
from tests.builders import NOW
from tests.unit.api.desk import Watched, is_problem


def an_account(role=Role.ADMIN, *, disabled=False, number=0):
    return {
        "role": role.value,
        "disabled": disabled,
        "password": "p1:x",
        "created_at": NOW + timedelta(seconds=number),
    }


@pytest.fixture
def admins(documents):
    return Admins(documents=documents)


def hold(documents, **accounts):
    documents.commit([Create(f"accounts/{name}", data) for name, data in accounts.items()])


def listed(documents):
    return documents.get(PATH).data["ids"]


def test_the_list_is_made_of_the_accounts_when_it_is_not_there(documents, admins):
    hold(
        documents,
        ann=an_account(),
        bo=an_account(Role.MODERATOR),
        cid=an_account(disabled=True),
        dee=an_account(number=1),
    )

    writes = admins.left_by("dee")

    assert listed(documents) == ["ann", "dee"]
    documents.commit(writes)
    assert listed(documents) == ["ann"]


def test_whoever_joins_is_on_the_list_once(documents, admins):
    documents.commit(admins.joined_by("bo"))
    documents.commit(admins.joined_by("ann"))
    documents.commit(admins.joined_by("bo"))

    assert listed(documents) == ["ann", "bo"]


def test_the_last_one_cannot_leave(documents, admins):
    documents.commit(admins.joined_by("ann"))

    with pytest.raises(LastAdminError, match="the last admin"):
        admins.left_by("ann")

    assert listed(documents) == ["ann"]


def test_nobody_leaves_a_list_that_has_nobody(documents, admins):
    with pytest.raises(LastAdminError):
        admins.left_by("ann")

    assert listed(documents) == []


def test_of_two_who_leave_at_once_one_finds_the_list_changed(documents, admins):
    hold(documents, ann=an_account(), bo=an_account())
    one, other = admins.left_by("ann"), admins.left_by("bo")

    documents.commit(one)

    with pytest.raises(ConflictError):
        documents.commit(other)
    with pytest.raises(LastAdminError):
        admins.left_by("bo")
    assert listed(documents) == ["bo"]


def test_of_two_who_make_the_list_at_once_both_go_on_with_the_first_one(documents):
    hold(documents, ann=an_account(), bo=an_account())
    watched = Watched(documents)

    def meanwhile(name, _asked):
        if name == "commit" and documents.get(PATH) is None:
            documents.commit(Admins(documents=documents).left_by("ann"))
        return False

    watched.fails = meanwhile

    with pytest.raises(LastAdminError):
        Admins(documents=watched).left_by("bo")

    assert listed(documents) == ["bo"]


def test_a_list_that_vanishes_while_it_is_made_is_a_fault_of_the_store(documents):
    watched = Watched(documents)

    def meanwhile(name, _asked):
        if name == "get" and watched.asked.count("get") == 2:
            documents.commit([Delete(PATH)])
        return False

    watched.fails = meanwhile

    with pytest.raises(OutsideError, match="vanished"):
        Admins(documents=watched).joined_by("ann")


# Over HTTP, where accounts and the list change in one commit.


def change(who, user, **fields):
    return who.client.patch(f"/api/auth/users/{user.id}", json=fields, headers=who.headers())


def ids(counter):
    return counter.house.auth.get(PATH).data["ids"]


def test_the_list_follows_every_change_of_an_admin(counter):
    chief, ada = counter.somebody("chief", Role.ADMIN), counter.somebody("ada")
    both = sorted([chief.user.id, ada.user.id])
    steps: list[tuple[dict[str, object], list[str]]] = [
        ({"role": "admin"}, both),
        ({"name": "Ada B"}, both),
        ({"disabled": True}, [chief.user.id]),
        ({"role": "moderator"}, [chief.user.id]),  # joins and leaves nothing while disabled
        ({"role": "admin"}, [chief.user.id]),
        ({"disabled": False}, both),
        ({"role": "moderator"}, [chief.user.id]),
        ({"role": "admin", "disabled": True}, [chief.user.id]),
        ({"role": "user", "disabled": False}, [chief.user.id]),
    ]

    for fields, expected in steps:
        assert change(chief, ada.user, **fields).status_code == 200
        assert ids(counter) == expected, fields


@pytest.mark.parametrize(
    "fields", [{"role": "user"}, {"role": "moderator"}, {"disabled": True}], ids=str
)
def test_the_last_admin_stays_whoever_asks(counter, fields):
    chief, other = counter.somebody("chief", Role.ADMIN), counter.somebody("other", Role.ADMIN)
    assert change(chief, other.user, disabled=True).status_code == 200
    before = counter.house.auth.get(f"accounts/{chief.user.id}")

    answer = change(chief, chief.user, **fields, name="Not Kept Either", skills=["SQL"])

    assert is_problem(answer, 409)
    assert answer.json["detail"] == "this is the last admin: make somebody else one first"
    assert counter.house.auth.get(f"accounts/{chief.user.id}") == before
    assert chief.get("/api/auth/me").json["skills"] == []
    assert chief.get("/api/auth/users").status_code == 200


def test_whoever_is_not_the_last_may_step_back(counter):
    chief, other = counter.somebody("chief", Role.ADMIN), counter.somebody("other", Role.ADMIN)

    answer = change(chief, chief.user, role="user")

    assert answer.status_code == 200
    assert is_problem(chief.get("/api/auth/users"), 403)
    assert is_problem(change(other, other.user, role="user"), 409)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"role": "user"}, {"role": "user"}),
        ({"role": "user"}, {"disabled": True}),
        ({"disabled": True}, {"disabled": True}),
    ],
    ids=str,
)
def test_of_two_who_shut_each_other_out_at_once_one_stays(counter, one, other):
    ann, bo = counter.somebody("ann", Role.ADMIN), counter.somebody("bo", Role.ADMIN)
    acts = [lambda: change(ann, bo.user, **one), lambda: change(bo, ann.user, **other)]

    with ThreadPoolExecutor(2) as threads:
        answers = [each.result() for each in [threads.submit(act) for act in acts]]

    assert len(ids(counter)) == 1
    left = [each for each in (ann, bo) if each.user.id in ids(counter)]
    assert left[0].get("/api/auth/users").status_code == 200
    # Whoever came second is told of the last admin, or is none any more.
    assert {each.status_code for each in answers} <= {200, 401, 403, 409}
    assert sum(each.status_code == 200 for each in answers) == 1


def test_an_admin_by_a_change_of_the_store_counts_once_the_list_is_made_anew(counter):
    chief, ada = counter.somebody("chief", Role.ADMIN), counter.somebody("ada")
    counter.house.auth.commit([Update(f"accounts/{ada.user.id}", {"role": "admin"}), Delete(PATH)])

    answer = change(chief, chief.user, role="user")

    assert answer.status_code == 200
    assert ids(counter) == [ada.user.id]


def test_an_admin_who_has_no_password_yet_keeps_no_house(counter):
    chief = counter.somebody("chief", Role.ADMIN)
    invited = counter.accounts.new_user("next@example.com", role=Role.ADMIN)
    counter.accounts.add_alone(invited, None)
    path = f"/api/auth/users/{chief.user.id}"

    alone = chief.patch(path, {"role": "user"})
    counter.accounts.renew(counter.accounts.get(invited.id), "p1:x")
    together = chief.patch(path, {"role": "user"})

    assert is_problem(alone, 409)
    assert together.status_code == 200
    assert counter.auth.get(PATH).data["ids"] == [invited.id]
