"""Whom a search of users finds, where it goes on, and what it reads for that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.counted import Counted, Tally
from helpdesk.documents import Create
from helpdesk.outbox import Outbox
from helpdesk.search import READ_MOST
from helpdesk.user import TERM_MOST, Role
from helpdesk.users import Found, Searched, Users
from helpdesk.wire import searchable_document, user_document
from tests.builders import NOW, a_moderator, a_user, an_admin
from tests.stands import Tray

EVERYBODY = Searched()


@pytest.fixture
def tally():
    return Tally()


@pytest.fixture
def users(documents, tally, clock):
    counted = Counted(documents, tally)
    return Users(documents=counted, outbox=Outbox(documents=counted, bus=Tray(), clock=clock))


@pytest.fixture
def fill(documents):
    """Return what keeps users as they are, without a roster."""

    def filled(*people):
        for start in range(0, len(people), 500):
            part = people[start : start + 500]
            documents.commit([Create(f"users/{one.id}", searchable_document(one)) for one in part])

    return filled


def ids(found):
    return [user.id for user in found.users]


def crowd(count, **changes):
    """Return so many users, the first the newest."""
    return [
        a_user(**{"id": f"u{n:04}", "created_at": NOW - timedelta(seconds=n), **changes})
        for n in range(count)
    ]


def test_nobody_is_found_where_nobody_is(users):
    assert users.find(EVERYBODY, limit=20) == Found(users=[], after=None)


def test_the_newest_come_first_and_who_came_at_once_by_id(users, fill):
    late = NOW + timedelta(microseconds=1)
    fill(a_user(id="a"), a_user(id="c"), a_user(id="b"), a_user(id="d", created_at=late))

    first = users.find(EVERYBODY, limit=2)
    second = users.find(EVERYBODY, limit=2, after=first.after)

    assert ids(first) == ["d", "c"]
    assert first.after == (NOW, "c")
    assert ids(second) == ["b", "a"]
    assert second.after is None


@pytest.mark.parametrize("extra", [0, 1])
def test_a_page_says_whether_the_list_goes_on(users, fill, tally, extra):
    fill(*crowd(3 + extra))

    billed = tally.of(lambda: users.find(EVERYBODY, limit=3))
    found = users.find(EVERYBODY, limit=3)

    assert len(found.users) == 3
    assert (found.after is not None) is bool(extra)
    assert billed.reads == 3 + extra
    assert billed.trips == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (EVERYBODY, {"asker", "mod", "admin", "other"}),
        (Searched(role=Role.USER), {"asker"}),
        (Searched(role=Role.MODERATOR), {"mod", "other"}),
        (Searched(skill="SQL"), {"mod", "admin"}),
        (Searched(skill=" sql "), {"mod", "admin"}),
        (Searched(skill="SQ"), set()),
        (Searched(skill="sql", role=Role.ADMIN), {"admin"}),
        (Searched(text="mod"), {"mod", "other"}),
        (Searched(text="smith mod"), {"other"}),
        (Searched(text="mod", skill="SQL"), {"mod"}),
        (Searched(text="mod smith", skill="java", role=Role.MODERATOR), {"other"}),
        (Searched(text="mod", role=Role.ADMIN), set()),
        (Searched(text="other@example.com"), {"other"}),
        (Searched(text="", skill=""), {"asker", "mod", "admin", "other"}),
        (Searched(text=" - "), set()),
        (Searched(skill=" "), set()),
        (Searched(role=Role.ADMIN, text="!"), set()),
    ],
)
def test_everything_that_is_asked_for_must_match(users, fill, wanted, expected):
    fill(
        a_user(),
        a_moderator(skills=("SQL", "Java")),
        a_moderator(id="other", name="Modest Smith", skills=("Java",)),
        an_admin(skills=("sql",)),
    )

    found = users.find(wanted, limit=20)

    assert set(ids(found)) == expected
    assert found.after is None


def test_a_word_that_is_longer_than_a_term_is_looked_at_to_its_end(users, fill):
    start = "a" * TERM_MOST
    fill(a_user(id="one", name=f"{start}bc"), a_user(id="two", name=f"{start}bd"))

    assert ids(users.find(Searched(text=f"{start}b"), limit=20)) == ["two", "one"]
    assert ids(users.find(Searched(text=f"{start}BC"), limit=20)) == ["one"]


def test_who_is_rare_among_many_is_found_in_a_few_growing_reads(users, fill, tally):
    people = crowd(300, name="Ann Asker")
    people[250] = replace(people[250], name="Ann Zorn")
    fill(*people)
    found = []

    billed = tally.of(lambda: found.append(users.find(Searched(text="zo ann"), limit=9)))

    assert [ids(each) for each in found] == [["u0250"]]
    assert found[0].after is None
    assert billed.reads == 300
    assert billed.trips == 5  # 10, 20, 40, 80, then the rest


def test_a_page_ends_after_the_most_that_may_be_read_and_the_next_goes_on(users, fill, tally):
    people = crowd(READ_MOST + 2, name="Ann Asker")
    people[3] = replace(people[3], skills=("SQL",))
    people[-1] = replace(people[-1], skills=("SQL",))
    fill(*people)
    wanted = Searched(text="ann", skill="SQL")

    billed = tally.of(lambda: users.find(wanted, limit=20))
    first = users.find(wanted, limit=20)
    second = users.find(wanted, limit=20, after=first.after)

    assert ids(first) == ["u0003"]
    assert first.after == (people[READ_MOST - 1].created_at, people[READ_MOST - 1].id)
    assert billed.reads == READ_MOST
    assert ids(second) == [people[-1].id]
    assert second.after is None


def test_a_full_page_reads_no_further_to_see_whether_more_follows(users, fill, tally):
    people = crowd(300, name="Ann Asker")
    people[0] = replace(people[0], skills=("SQL",))
    people[2] = replace(people[2], skills=("SQL",))
    fill(*people)
    wanted = Searched(text="ann", skill="SQL")

    billed = tally.of(lambda: users.find(wanted, limit=2))
    first = users.find(wanted, limit=2)
    second = users.find(wanted, limit=2, after=first.after)

    assert ids(first) == ["u0000", "u0002"]
    assert billed.reads == 3
    assert second == Found(users=[], after=None)


def test_a_page_goes_on_right_before_the_next_who_matches(users, fill):
    people = crowd(5, name="Ann Asker", skills=("SQL",))
    people[1] = replace(people[1], skills=())
    fill(*people)
    wanted = Searched(text="ann", skill="SQL")

    first = users.find(wanted, limit=1)
    second = users.find(wanted, limit=3, after=first.after)

    assert ids(first) == ["u0000"]
    assert ids(second) == ["u0002", "u0003", "u0004"]
    assert second.after is None


def test_whoever_changes_is_found_as_they_are_now(users):
    users.add(a_user(skills=("SQL",)))

    users.save(replace(users.get("asker"), name="Zoe", skills=("Java",), role=Role.ADMIN))

    assert ids(users.find(Searched(text="zoe", role=Role.ADMIN), limit=5)) == ["asker"]
    assert ids(users.find(Searched(skill="java", role=Role.ADMIN), limit=5)) == ["asker"]
    assert ids(users.find(Searched(skill="SQL"), limit=5)) == []
    assert ids(users.find(Searched(role=Role.USER), limit=5)) == []


def test_who_is_disabled_is_still_found(users):
    users.add(a_moderator(skills=("SQL",)))

    users.save(replace(users.get("mod"), disabled=True))

    assert users.find(Searched(skill="sql"), limit=5).users == [users.get("mod")]


def test_who_was_kept_before_there_was_a_search_is_found_by_role_and_once_changed_by_all(
    users, documents
):
    old = a_moderator(skills=("SQL",))
    documents.commit([Create("users/mod", user_document(old))])
    found = users.find(Searched(role=Role.MODERATOR), limit=5).users
    unfound = users.find(Searched(text="mod"), limit=5).users

    users.save(users.get("mod"))

    assert found == [replace(old, version=found[0].version)]
    assert unfound == []
    assert users.find(Searched(text="mod"), limit=5).users == [users.get("mod")]
    assert users.find(Searched(skill="sql"), limit=5).users == [users.get("mod")]
