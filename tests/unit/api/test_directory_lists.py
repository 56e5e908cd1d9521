"""The list of users over HTTP: everybody who fits, page by page, and for admins alone."""

from datetime import timedelta

import pytest

from helpdesk.user import Role
from tests.builders import NOW, FixedClock, a_user
from tests.unit.api.changes import SEEN_BY_ADMINS, USERS
from tests.unit.api.desk import Counter, is_problem

SKILLS = ((), ("SQL",), ("Java", "SQL"), ("C++",))
FIRST, LAST = ("Ann", "Anna", "B\u00e9a", "Cid"), ("Asker", "Baker", "Anders")
CROWD = [
    a_user(
        id=f"u{number:02}",
        name=f"{FIRST[number % 4]} {LAST[number % 3]}",
        email=f"p{number:02}@example.org",
        created_at=NOW + timedelta(seconds=number // 2),  # two at a time
        role=(Role.USER, Role.MODERATOR, Role.ADMIN)[number * 7 % 11 % 3],
        skills=SKILLS[number % 4],
        disabled=number % 9 == 0,
    )
    for number in range(36)
]
BEGINS = {"an": "an", "bea": "b\u00e9a", "BAK": "baker", "p1": "p1"}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Return an admin of a house full of people."""
    counter = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock(NOW - timedelta(days=1)))
    chief = counter.somebody("chief", Role.ADMIN)
    for each in CROWD:
        counter.users.add(each)
    yield chief
    counter.close()


def everybody(chief):
    return [chief.user, *CROWD]


def fits(user, role, skill, text):
    words = [word.lower() for word in (*user.name.split(), *user.email.replace("@", " ").split())]
    known = {each.lower() for each in user.skills}
    return (
        (role is None or user.role.value == role)
        and (skill is None or skill.lower() in known)
        and (text is None or any(word.startswith(BEGINS[text].lower()) for word in words))
    )


def pages(chief, limit, **asked):
    """Return the items of every page of a list."""
    query = {**{k: v for k, v in asked.items() if v is not None}, "limit": limit}
    found, cursor = [], None
    while True:
        given = query if cursor is None else {**query, "cursor": cursor}
        answer = chief.client.get(USERS, query_string=given, headers=chief.headers())
        assert answer.status_code == 200
        assert len(answer.json["items"]) <= limit
        found.append(answer.json["items"])
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("role", [None, "user", "moderator", "admin"])
@pytest.mark.parametrize("skill", [None, "sql", "JAVA", "C++", "COBOL"])
@pytest.mark.parametrize("text", [None, *BEGINS])
@pytest.mark.parametrize("limit", [5, 100])
def test_a_list_finds_everybody_who_fits_and_nobody_else(crowd, role, skill, text, limit):
    newest = sorted(everybody(crowd), key=lambda each: (each.created_at, each.id), reverse=True)

    found = [item for page in pages(crowd, limit, role=role, skill=skill, q=text) for item in page]

    wanted = [each.id for each in newest if fits(each, role, skill, text)]
    assert [item["id"] for item in found] == wanted
    assert all(set(item) == SEEN_BY_ADMINS for item in found)


def test_who_is_disabled_is_listed_as_such(crowd):
    items = pages(crowd, 100)[0]

    assert {item["id"] for item in items if item["disabled"]} == {"u00", "u09", "u18", "u27"}


def test_a_cursor_of_users_serves_only_who_got_it_and_what_was_asked(counter):
    chief = counter.somebody("chief", Role.ADMIN)
    other = counter.somebody("other", Role.ADMIN)
    counter.somebody("third", Role.ADMIN)
    asked = f"{USERS}?limit=1&role=admin"
    cursor = chief.get(asked).json["next_cursor"]

    refused = [
        other.get(f"{asked}&cursor={cursor}"),
        chief.get(f"{USERS}?limit=1&cursor={cursor}"),
        chief.get(f"{USERS}?limit=1&role=user&cursor={cursor}"),
        chief.get(f"{asked}&skill=SQL&cursor={cursor}"),
        chief.get(f"{asked}&q=chief&cursor={cursor}"),
        chief.get(f"{asked}&cursor={cursor[:-1]}"),
        chief.get(f"{asked}&cursor=x"),
        chief.get(f"{asked}&cursor="),
    ]

    assert chief.get(f"{asked}&cursor={cursor}").status_code == 200
    assert chief.get(f"{USERS}?limit=2&role=admin&cursor={cursor}").status_code == 200
    for answer in refused:
        assert is_problem(answer, 422)
        assert answer.json["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    "query",
    [
        "role=superuser", "role=", "limit=0", "limit=101", "limit=x", "q=a", "q=",
        "skill=" + "x" * 51, "q=" + "x" * 101, "email=ada@example.com", "disabled=true",
        "role=user&role=admin", "cursor=" + "x" * 1001, "sort=name", "__proto__=x",
    ],
)  # fmt: skip
def test_a_question_that_is_not_known_is_refused(crowd, query):
    assert is_problem(crowd.get(f"{USERS}?{query}"), 422)
