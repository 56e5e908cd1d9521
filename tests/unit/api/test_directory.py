"""The directory over HTTP: what admins change about users, and everybody about themselves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from api.accounts import TRIES
from helpdesk.documents import Delete, Update
from helpdesk.user import Role
from helpdesk.users import assigned
from tests.builders import NOW, FixedClock, a_user
from tests.stands import everything
from tests.unit.api.desk import (
    Counter,
    Visitor,
    before_next_commit,
    is_problem,
    let_in,
    log_in,
    refreshed,
)

ME = "/api/auth/me"
USERS = "/api/auth/users"
OWN = {"id", "email", "name", "role", "skills", "created_at"}
STAFF = OWN | {"capacity", "available", "absent_from", "absent_until"}
SEEN_BY_ADMINS = STAFF | {"disabled", "open_tickets"}
DAY = "2026-02-0{}T09:30:00.000000Z"


def by_id(chief, user, **fields):
    return chief.patch(f"{USERS}/{user.id}", fields)


def by_address(chief, user, **fields):
    return chief.post("/api/auth/update-user", {"email": user.email, **fields})


WAYS = pytest.mark.parametrize("change", [by_id, by_address], ids=["patch", "update-user"])


@pytest.fixture
def chief(counter):
    return counter.somebody("chief", Role.ADMIN)


@pytest.fixture
def ada(counter):
    return counter.somebody("ada")


@pytest.fixture
def mona(counter):
    return counter.somebody("mona", Role.MODERATOR, skills=("SQL",))


def shown(chief, visitor):
    """Return a user as an admin sees them."""
    answer = chief.get(f"{USERS}/{visitor.user.id}")
    assert answer.status_code == 200
    return answer.json


def kept(counter):
    return everything(counter.house.auth), everything(counter.house.documents)


def on_roster(counter):
    return {each.name for each in counter.users.staff()}


def before_next_save(counter, *acts):
    """Let something else happen right before each of the next commits of public sides."""
    left = list(acts)

    def meanwhile(name, _asked):
        if name == "commit" and left:
            left.pop(0)()
        return False

    counter.documents.fails = meanwhile


# What admins see.


def test_an_admin_sees_a_user_whole_and_no_secret(chief, mona, counter):
    counter.house.documents.commit([assigned(mona.user.id, NOW)])

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
        lambda chief: chief.patch(f"{USERS}/nobody", {"name": "Any"}),
        lambda chief: chief.patch(f"{USERS}/nobody", {}),
        lambda chief: chief.post(f"{USERS}/nobody/logout"),
        lambda chief: chief.post(
            "/api/auth/update-user", {"email": "nobody@example.com", "name": "Any"}
        ),
    ],
    ids=["read", "change", "change nothing", "log out", "update-user"],
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
    by_id(chief, ada.user, role="moderator", name="Secret Name", skills=["Hidden"])

    [told] = [each for each in lines() if each["message"] == "user changed"]
    assert told["user_id"] == chief.user.id
    assert told["target_id"] == ada.user.id
    assert (told["role"], told["disabled"]) == ("moderator", False)
    assert "Secret Name" not in str(lines())
    assert "Hidden" not in str(lines())


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


# Who is found.


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


def test_a_cursor_of_users_serves_only_who_got_it_and_what_was_asked(counter, chief):
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


# What one changes oneself.


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


# When something comes in between.


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


def test_what_one_reads_of_oneself_is_what_a_new_log_in_reads(counter, mona):
    mona.patch(ME, {"name": "Mona L", "available": False})

    again = log_in(counter, "mona@example.com").json

    assert again["user"] == mona.get(ME).json
    assert Visitor(counter.app.test_client(), again).get(ME).json == again["user"]
    assert replace(mona.user, name="Mona L", available=False) == replace(
        counter.users.get(mona.user.id), version=None
    )
