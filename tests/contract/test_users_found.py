"""What finds users, over every adapter with the indexes that ship: one walk each, page by page."""

from contextlib import closing
from datetime import timedelta
from itertools import product

import pytest

from bench.counted import Counted, Tally
from helpdesk.documents import Create
from helpdesk.outbox import Outbox
from helpdesk.search import READ_MOST
from helpdesk.user import Role
from helpdesk.users import Searched, Users
from helpdesk.wire import searchable_document
from local.documents import SqliteDocuments
from tests.builders import NOW, FixedClock, a_user
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray

ROLES = (Role.USER, Role.MODERATOR, Role.ADMIN)
SKILLS = ((), ("SQL",), ("Java", "SQL"), ("java",), ("C++",))
FIRST = ("Ann", "Anna", "Béa", "Cid")
LAST = ("Asker", "Baker", "Andersson-Very-Long-Name-Indeed")
PEOPLE = [
    a_user(
        id=f"u{number:02}",
        name=f"{FIRST[number % 4]} {LAST[number % 3]}",
        email=f"{FIRST[number % 4][0].lower()}.{number:02}@example{number % 2}.com",
        created_at=NOW + timedelta(seconds=number // 4),  # four at a time
        role=ROLES[number * 7 % 13 % 3],
        skills=SKILLS[number % 5],
    )
    for number in range(40)
]


@pytest.fixture(scope="module", params=ADAPTERS)
def house(request, tmp_path_factory, emulators):
    """Lend everybody, kept in one adapter, and the tally of what is read of them."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("users") / "users.db"
        with closing(SqliteDocuments(file, durable=False)) as store:
            yield peopled(store)
    else:
        yield peopled(firestore_documents(emulators))


def peopled(store):
    store.commit([Create(f"users/{each.id}", searchable_document(each)) for each in PEOPLE])
    tally = Tally()
    counted = Counted(store, tally)
    outbox = Outbox(documents=counted, bus=Tray(), clock=FixedClock())
    return Users(documents=counted, outbox=outbox), tally


def walked(users, wanted, size):
    """Return the ids of every page, and check that no page is too long."""
    pages, after = [], None
    while True:
        found = users.find(wanted, limit=size, after=after)
        pages.append([each.id for each in found.users])
        assert len(pages[-1]) <= size
        after = found.after
        if after is None:
            return pages


def there(*, role, skill, text):
    """Return the ids of who should be found, newest first, by looking at everybody."""
    newest = sorted(PEOPLE, key=lambda each: (each.created_at, each.id), reverse=True)
    return [
        each.id
        for each in newest
        if role in {None, each.role}
        and (not skill or skill.lower() in {name.lower() for name in each.skills})
        and (not text or text(each))
    ]


def called(*beginnings):
    def fits(user):
        plain = f"{user.name} {user.email}".lower().replace("é", "e")
        words = [user.email, *plain.replace("-", " ").replace("@", " ").replace(".", " ").split()]
        return all(any(word.startswith(each) for word in words) for each in beginnings)

    return fits


TEXTS = {
    None: None,
    "an": called("an"),
    "BEA": called("bea"),
    "ann, aSk": called("ann", "ask"),
    "a.08@example0": called("a.08@example0"),
    "andersson indeed cid": called("andersson", "indeed", "cid"),
    "nobody": called("nobody"),
}
ASKED = list(product([None, *ROLES], [None, "sql", "JAVA", "COBOL"], TEXTS))


@pytest.mark.parametrize("size", [4, 100])
def test_every_question_finds_whom_it_should_without_gap_or_double(house, size):
    users, _ = house

    for role, skill, text in ASKED:
        pages = walked(users, Searched(role=role, skill=skill, text=text), size)

        expected = there(role=role, skill=skill, text=TEXTS[text])
        assert [name for page in pages for name in page] == expected, (role, skill, text)


@pytest.mark.parametrize("size", [1, 20])
def test_a_page_reads_one_document_more_than_it_shows(house, size):
    users, tally = house
    plain = [(role, skill, text) for role, skill, text in ASKED if not (skill and text)]

    for role, skill, text in plain:
        if text in {None, "an", "BEA", "nobody"}:  # one word, which the store compares
            wanted = Searched(role=role, skill=skill, text=text)
            billed = tally.of(lambda wanted=wanted: users.find(wanted, limit=size))

            assert billed.reads <= size + 1
            assert billed.trips == 1


def test_what_is_looked_at_in_code_reads_no_more_than_the_most(house):
    users, tally = house
    wanted = Searched(skill="COBOL", text="an")

    billed = tally.of(lambda: users.find(wanted, limit=2))

    matched = len(there(role=None, skill=None, text=called("an")))
    assert matched <= billed.reads <= READ_MOST
    assert billed.trips == 4  # 3, 6, 12, 24: each read is twice the one before


def test_who_is_found_comes_as_kept(house):
    users, _ = house

    (found,) = users.find(Searched(text="a.08@"), limit=5).users

    assert found == users.get(found.id)
    assert found.version is not None
