"""Where users are kept, and the roster that must always agree with them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from helpdesk.documents import Create
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError
from helpdesk.events import EventType
from helpdesk.outbox import Outbox
from helpdesk.user import Role
from helpdesk.users import ROSTER, Load, Users
from helpdesk.wire import USER_FIELDS
from tests.builders import NOW, a_load, a_moderator, a_user, an_admin, an_event
from tests.stands import Faulty, Tray, everything

THREADS = 8


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def over(tray, clock):
    """Return what makes Users over a store."""

    def made(store):
        return Users(documents=store, outbox=Outbox(documents=store, bus=tray, clock=clock))

    return made


@pytest.fixture
def users(over, documents):
    return over(documents)


def names(users):
    return {user.id for user in users.staff()}


def until_no_conflict(change):
    while True:
        try:
            return change()
        except ConflictError:
            continue


def at_once(*changes):
    """Make each change in a thread of its own, again while another was first."""
    start = Barrier(len(changes))

    def made(change):
        start.wait()
        return until_no_conflict(change)

    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(made, changes))


def test_a_user_is_read_as_kept(users):
    users.add(a_user(skills=("SQL",)))

    found = users.get("asker")

    assert found.version is not None
    assert replace(found, version=None) == a_user(skills=("SQL",))


def test_a_user_that_is_not_there_is_not_found(users):
    with pytest.raises(NotFoundError):
        users.get("nobody")


def test_several_users_come_in_the_order_asked_for(users):
    users.add(a_user())
    users.add(a_moderator())

    found = users.get_many(["mod", "nobody", "asker"])

    assert [user and user.id for user in found] == ["mod", None, "asker"]


def test_a_user_is_kept_once(users):
    users.add(a_moderator())

    with pytest.raises(AlreadyExistsError):
        users.add(a_moderator(name="Impostor"))

    assert users.get("mod").name == "Mod"
    assert [member.name for member in users.staff()] == ["Mod"]


def test_a_new_user_is_told_of(users, documents, tray):
    event = an_event(id="asker.signed-up.1", type=EventType.USER_SIGNED_UP, subject="asker")

    users.add(a_user(), event)

    assert tray.published == [event]
    assert documents.get("outbox/asker.signed-up.1") is None


def test_a_user_may_be_added_in_silence(users, documents, tray):
    users.add(a_user())

    assert tray.published == []
    assert set(everything(documents)) == {"users/asker"}


def test_the_roster_holds_who_serves(users):
    assert users.staff() == []

    for user in (a_user(), a_moderator(), an_admin(), a_moderator(id="gone", disabled=True)):
        users.add(user)

    assert sorted(users.staff(), key=lambda each: each.id) == [an_admin(), a_moderator()]


@pytest.mark.parametrize(
    "change",
    [
        {"skills": ("SQL",)},
        {"capacity": 3},
        {"available": False},
        {"absent_from": NOW},
        {"role": Role.ADMIN},
    ],
)
def test_the_roster_keeps_in_step_with_a_profile(users, change):
    users.add(a_moderator())
    users.add(an_admin())

    users.save(replace(users.get("mod"), **change))

    member = next(each for each in users.staff() if each.id == "mod")
    assert member == replace(users.get("mod"), version=None) == a_moderator(**change)
    assert names(users) == {"mod", "admin"}


@pytest.mark.parametrize("change", [{"role": Role.USER}, {"disabled": True}])
def test_who_no_longer_serves_leaves_the_roster(users, change):
    users.add(a_moderator())
    users.add(an_admin())

    users.save(replace(users.get("mod"), **change))

    assert names(users) == {"admin"}


def test_who_is_promoted_joins_the_roster(users):
    users.add(a_user())

    users.save(replace(users.get("asker"), role=Role.MODERATOR))

    assert names(users) == {"asker"}


def test_who_serves_again_is_back_on_the_roster(users):
    users.add(a_moderator())
    users.save(replace(users.get("mod"), disabled=True))

    users.save(replace(users.get("mod"), disabled=False))

    assert users.staff() == [a_moderator()]


def test_who_is_disabled_joins_no_roster_when_promoted(users):
    users.add(an_admin())
    users.add(a_user(disabled=True))

    users.save(replace(users.get("asker"), role=Role.ADMIN))

    assert names(users) == {"admin"}


def test_the_roster_repeats_nothing_that_only_a_search_needs(users, documents):
    users.add(a_moderator(skills=("SQL",)))
    users.save(replace(users.get("mod"), capacity=3))

    (member,) = documents.get(ROSTER).data["members"].values()

    assert set(member) == set(USER_FIELDS)


def test_of_many_who_change_one_user_at_once_each_is_told_or_kept(users):
    users.add(an_admin())
    users.add(a_user())
    read = users.get("asker")
    changes = [{"role": Role.ADMIN}, {"role": Role.MODERATOR}, {"disabled": True}, {"name": "Ann"}]

    def tried(change):
        try:
            users.save(replace(read, **change))
        except ConflictError:
            return None
        return change

    with ThreadPoolExecutor(len(changes)) as pool:
        (kept,) = filter(None, pool.map(tried, changes))

    found = replace(users.get("asker"), version=None)
    assert found == a_user(**kept)
    serving = {found.id} if found.role is not Role.USER else set()
    assert names(users) == {"admin", *serving}


def test_a_profile_outside_the_roster_leaves_it_alone(users, documents):
    users.add(an_admin())
    users.add(a_user())
    before = documents.get(ROSTER)

    users.save(replace(users.get("asker"), name="Ann"))

    assert users.get("asker").name == "Ann"
    assert documents.get(ROSTER) == before


def test_of_two_who_change_a_profile_the_later_is_told(users):
    users.add(a_moderator())
    one, other = users.get("mod"), users.get("mod")
    users.save(replace(one, capacity=3))

    with pytest.raises(ConflictError):
        users.save(replace(other, capacity=4))

    assert users.get("mod").capacity == 3
    assert [member.capacity for member in users.staff()] == [3]


def test_a_roster_that_changed_meanwhile_is_not_overwritten(over, documents):
    store = Faulty(documents)
    users, others = over(store), over(documents)
    others.add(an_admin())
    store.interrupt(lambda: others.add(a_moderator(id="other")))

    with pytest.raises(ConflictError):
        users.add(a_moderator())

    assert users.get_many(["mod"]) == [None]
    assert names(users) == {"admin", "other"}


def test_the_first_two_moderators_may_come_at_once(over, documents):
    store = Faulty(documents)
    users, others = over(store), over(documents)
    store.interrupt(lambda: others.add(a_moderator(id="other")))

    until_no_conflict(lambda: users.add(a_moderator()))

    assert names(users) == {"mod", "other"}


def test_no_member_is_lost_when_many_join_at_once(users):
    joining = [a_moderator(id=f"mod-{number}") for number in range(THREADS)]

    at_once(*(lambda user=user: users.add(user) for user in joining))

    assert names(users) == {user.id for user in joining}
    assert all(users.get_many([user.id for user in joining]))


def test_the_roster_agrees_with_the_profiles_after_many_changes_at_once(users):
    there = [f"mod-{number}" for number in range(THREADS)]
    for name in there:
        users.add(a_moderator(id=name))

    def changed(name, **change):
        return lambda: users.save(replace(users.get(name), **change))

    at_once(
        *(changed(name, role=Role.USER) for name in there[:4]),
        *(changed(name, capacity=7) for name in there[4:]),
    )

    assert {(member.id, member.capacity) for member in users.staff()} == {
        (name, 7) for name in there[4:]
    }


def test_a_load_counts_what_was_assigned(users, documents):
    documents.commit([a_load("mod")])
    documents.commit([a_load("mod")])

    loads = users.loads(["mod", "idle"])

    assert loads == {"mod": Load(open=2, last_assigned_at=NOW), "idle": Load()}


def test_a_load_may_lack_its_last_moment(users, documents):
    documents.commit([Create("load/mod", {"open": 3})])

    assert users.loads(["mod"]) == {"mod": Load(open=3, last_assigned_at=None)}


def test_who_was_read_off_the_roster_cannot_be_saved(users):
    users.add(a_moderator())

    (listed,) = users.staff()

    with pytest.raises(ValueError, match="own document"):
        users.save(listed)
