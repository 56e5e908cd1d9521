"""The entrance: sign up, log in, and be refused like anybody."""

import pytest

from api.devices import Devices
from api.passwords import BusyError, Passwords
from helpdesk.documents import Update
from helpdesk.settings import Keys
from helpdesk.user import Role
from tests.stands import everything
from tests.unit.api.desk import (
    CROWD,
    PASSWORD,
    SETTINGS,
    Visitor,
    account,
    alike,
    at_once,
    before_next_commit,
    is_problem,
    let_in,
    log_in,
    refreshed,
)
from tests.unit.api.post import letters, linked, reset, subjects, tokens, wanted

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
CHANGE = {"current_password": PASSWORD, "new_password": "another quite private phrase"}
CHOOSE = "Choose a password for your Helpdesk account"
PEPPERS = SETTINGS.peppers
BOTH = Keys("p1", {**PEPPERS.known, "p0": bytes(range(96, 64, -1))})


def test_signing_up_makes_an_account_and_logs_in(counter):
    answer = counter.visitor().post("/api/auth/signup", ADA)

    user = answer.json["user"]
    assert answer.status_code == 201
    assert set(answer.json) == {"user", "access_token", "refresh_token", "expires_in"}
    assert set(user) == {"id", "email", "name", "role", "skills", "created_at"}
    assert (user["email"], user["name"], user["role"]) == ("ada@example.com", "Ada", "user")
    assert Visitor(counter.app.test_client(), answer.json).get("/api/auth/me").json == user


def test_whoever_gives_no_name_is_called_like_the_address(counter):
    answer = counter.visitor().post("/api/auth/signup", {"email": "bo@x.org", "password": PASSWORD})

    assert answer.json["user"]["name"] == "bo"


def test_an_address_is_one_in_any_case_and_with_blanks_around(counter):
    counter.somebody("ada")

    again = counter.visitor().post("/api/auth/signup", {**ADA, "email": " ADA@Example.com "})

    assert is_problem(again, 409)
    assert log_in(counter, " ADA@Example.COM ").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "admin"), ("skills", ["SQL"]), ("id", "x"), ("disabled", False), ("capacity", 1),
        ("created_at", "2026-01-31T09:30:00Z"), ("load", 0), ("__proto__", {}), ("is_admin", True),
    ],
)  # fmt: skip
def test_nobody_signs_up_as_more_than_a_user(counter, field, value):
    answer = counter.visitor().post("/api/auth/signup", {**ADA, field: value})

    assert is_problem(answer, 422)
    assert answer.json["errors"][0]["field"] == field
    assert counter.accounts.ids_of([ADA["email"]]) == [None]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": "a\r\nBcc: x@y.org"}, "email"),
        ({"email": "a@b.org\nBcc: x@y.org"}, "email"),
        ({"email": "x" * 65 + "@example.com"}, "email"),
        ({"password": "short"}, "password"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\u202ekcatta"}, "name"),
        ({"name": "zero\u200bwidth"}, "name"),
        ({"name": "nul\0"}, "name"),
    ],
)
def test_a_bad_sign_up_names_the_field(counter, change, field):
    answer = counter.visitor().post("/api/auth/signup", {**ADA, **change})

    assert is_problem(answer, 422)
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_an_address_is_taken_once_however_many_ask_at_once(counter):
    answers = at_once(8, lambda: counter.visitor().post("/api/auth/signup", ADA))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert log_in(counter).status_code == 200


def test_signing_up_is_told_once_and_knows_no_secret(counter):
    counter.visitor().post("/api/auth/signup", ADA)

    with counter.house.queue._database.reading() as connection:
        [(target, body)] = connection.execute("SELECT target, body FROM messages").fetchall()
    assert target == "notify"
    assert '"user-signed-up"' in body
    assert PASSWORD not in body
    assert "$2b$" not in body


def test_a_crash_between_account_and_profile_is_mended_at_log_in(counter):
    counter.documents.fails = lambda name, _: name == "commit"
    assert is_problem(counter.visitor().post("/api/auth/signup", ADA), 503)
    counter.documents.fails = lambda *_: False
    assert is_problem(counter.visitor().post("/api/auth/signup", ADA), 409)

    answer = log_in(counter)

    assert answer.status_code == 200
    assert answer.json["user"]["name"] == "Ada"
    ada = Visitor(counter.app.test_client(), answer.json)
    assert ada.get("/api/auth/me").status_code == 200
    assert ada.file().status_code == 201
    assert counter.house.queue.waiting() == 2  # the welcome was not lost, and the ticket


def test_many_log_ins_at_once_mend_a_half_made_account_together(counter):
    counter.documents.fails = lambda name, _: name == "commit"
    counter.visitor().post("/api/auth/signup", ADA)
    counter.documents.fails = lambda *_: False
    looked, users = [], counter.users.get_many

    def nobody_yet(user_ids):
        looked.append(user_ids)
        return [None] if len(looked) <= 2 else users(user_ids)

    counter.users.get_many = nobody_yet

    answers = [log_in(counter), log_in(counter)]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_wrong_an_unknown_and_a_disabled_account_are_refused_alike(counter):
    counter.somebody("ada")
    counter.change_account(counter.somebody("dis"), disabled=True)

    wrong = log_in(counter, password="not the password")
    others = [
        log_in(counter, "nobody@example.com"),
        log_in(counter, "dis@example.com"),
        log_in(counter, "dis@example.com", "not the password"),
        log_in(counter, "no address at all"),
        log_in(counter, ""),
        log_in(counter, password=""),
        log_in(counter, password=f"{PASSWORD} "),
    ]

    assert is_problem(wrong, 401)
    assert wrong.json["detail"] == "e-mail or password is wrong"
    assert {str(alike(answer)) for answer in others} == {str(alike(wrong))}


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", PASSWORD),
        ("ada@example.com", "not the password"),
        ("nobody@example.com", PASSWORD),
        ("no address at all", PASSWORD),
        ("dis@example.com", PASSWORD),
        ("damaged@example.com", PASSWORD),
        ("pepperless@example.com", PASSWORD),
    ],
)
def test_every_log_in_costs_one_check(counter, email, password):
    counter.somebody("ada")
    counter.change_account(counter.somebody("dis"), disabled=True)
    counter.change_account(counter.somebody("damaged"), password="p1:$2b$04$damaged")
    counter.change_account(counter.somebody("pepperless"), password="p7:$2b$04$x")
    counter.passwords.checks = 0

    answer = log_in(counter, email, password)

    assert answer.status_code in {200, 401}
    assert counter.passwords.checks == 1


def test_a_damaged_hash_is_a_wrong_password_and_no_fault(counter):
    counter.change_account(counter.somebody("ada"), password="not even a hash")

    assert is_problem(log_in(counter), 401)


def test_a_damaged_hash_is_told_to_the_operator_with_whose_it_is_and_without_what(counter, lines):
    ada = counter.somebody("ada")
    counter.change_account(ada, password="p1:$2b$04$damaged")

    log_in(counter)

    [told] = [line for line in lines() if line["severity"] == "ERROR"]
    assert told["user_id"] == ada.user.id
    assert "$2b" not in str(told)


def test_when_too_many_log_in_at_once_the_surplus_is_asked_to_come_again(counter, lines):
    counter.somebody("ada")
    bo = counter.somebody("bo")
    before = len(counter.auth.asked)
    for _ in range(CROWD):
        counter.passwords._places.acquire()
    counter.passwords.checks = 0

    answers = [
        log_in(counter),
        log_in(counter, "nobody@example.com"),
        counter.visitor().post("/api/auth/signup", {**ADA, "email": "new@example.com"}),
    ]

    assert all(is_problem(answer, 503) for answer in answers)
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}
    assert str(alike(answers[0])) == str(alike(answers[1]))
    assert counter.passwords.checks == 0
    assert "commit" not in counter.auth.asked[before:]
    assert bo.get("/api/auth/me").status_code == 200
    assert not [line for line in lines() if "stack" in line]


def test_a_crowd_is_no_trouble_for_whoever_is_logged_in(counter):
    ada = counter.somebody("ada")
    ada.file()
    for _ in range(CROWD):
        counter.passwords._places.acquire()

    refused = [log_in(counter), ada.post("/api/auth/password", CHANGE)]
    answers = [ada.get("/api/tickets"), ada.file(), refreshed(counter, ada.session)]

    assert all(is_problem(answer, 503) for answer in refused)
    assert [answer.status_code for answer in answers] == [200, 201, 200]


def test_what_a_crowd_is_refused_counts_for_nothing(counter):
    counter.somebody("ada")
    for _ in range(CROWD):
        counter.passwords._places.acquire()
    refused = [log_in(counter, password="not the password") for _ in range(30)]

    counter.passwords._places.release()

    assert {answer.status_code for answer in refused} == {503}
    assert log_in(counter).status_code == 200


def test_every_place_is_given_back_whatever_becomes_of_the_request(counter):
    ada = counter.somebody("ada")
    for _ in range(2 * CROWD):
        log_in(counter, "nobody@example.com")
        counter.visitor().post("/api/auth/signup", {**ADA, "email": ada.user.email})
        counter.visitor().post("/api/auth/signup", {**ADA, "email": "no address"})
        reset(counter, "no token", PASSWORD)

    assert log_in(counter).status_code == 200


@pytest.mark.parametrize(
    "older", [Passwords(Keys("p0", BOTH.known), cost=4), Passwords(PEPPERS, cost=5)]
)
def test_a_password_is_hashed_anew_when_its_holder_logs_in(counter, older):
    ada = counter.somebody("ada")
    counter.passwords._peppers = BOTH
    counter.change_account(ada, password=older.hashed(PASSWORD))

    answers = [log_in(counter, password="not the password"), log_in(counter)]

    kept = account(counter, ada).data["password"]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert kept.startswith("p1:$2b$04$")
    assert log_in(counter).status_code == 200
    assert account(counter, ada).data["password"] == kept
    assert let_in(ada)


def test_a_password_that_changes_while_it_is_hashed_anew_stays_changed(counter):
    ada = counter.somebody("ada")
    older, chosen = Passwords(PEPPERS, cost=5), counter.passwords.hashed("another private phrase")
    counter.change_account(ada, password=older.hashed(PASSWORD))
    hashed = counter.passwords.hashed

    def meanwhile(password):
        counter.change_account(ada, password=chosen)
        return hashed(password)

    counter.passwords.hashed = meanwhile
    log_in(counter)

    assert account(counter, ada).data["password"] == chosen


def test_a_password_that_cannot_be_hashed_anew_just_now_lets_its_holder_in(counter, lines):
    ada = counter.somebody("ada")
    older = Passwords(PEPPERS, cost=5).hashed(PASSWORD)
    counter.change_account(ada, password=older)

    def busy(_password):
        raise BusyError("checking passwords takes too long")

    counter.passwords.hashed = busy
    answer = log_in(counter)

    assert answer.status_code == 200
    assert account(counter, ada).data["password"] == older
    [told] = [line for line in lines() if line["message"] == "password not hashed anew"]
    assert (told["severity"], told["user_id"]) == ("WARNING", ada.user.id)


def test_a_log_in_makes_the_device_known_for_the_address_as_it_is_kept(counter):
    counter.somebody("ada")

    answer = log_in(counter, " ADA@Example.com ")

    kept = answer.headers["Set-Cookie"].partition(";")[0]
    known = Devices(key=SETTINGS.seal_key, clock=counter.clock, ids=counter.house.ids, secure=False)
    assert known.device_of(kept, "ada@example.com")
    assert known.device_of(kept, "bo@example.com") is None


# where addresses are confirmed


def test_whoever_asks_for_an_account_gets_a_letter_and_chooses_the_password_by_its_link(cloud):
    answer = wanted(cloud, " ADA@Example.com ", name="Ada L.")
    early = log_in(cloud, password="the choice of whoever asks")
    [token] = tokens(cloud)

    chosen = reset(cloud, token, PASSWORD)

    assert (answer.status_code, answer.data) == (202, b"")
    assert "Set-Cookie" not in answer.headers
    assert is_problem(early, 401)
    assert (chosen.status_code, chosen.data) == (204, b"")
    entered = log_in(cloud)
    assert entered.status_code == 200
    assert entered.json["user"]["name"] == "Ada L."
    assert entered.json["user"]["role"] == "user"
    assert is_problem(log_in(cloud, password="the choice of whoever asks"), 401)
    assert subjects(cloud, "ada@example.com") == [CHOOSE, "Welcome to Helpdesk"]


def test_before_the_link_is_used_there_is_an_account_and_nobody_to_be_seen(cloud):
    wanted(cloud)
    chief = cloud.somebody("chief", Role.ADMIN)

    [user_id] = cloud.accounts.ids_of(["ada@example.com"])
    seen = chief.get("/api/auth/users").json["items"]

    assert cloud.accounts.get(user_id).password is None
    assert cloud.users.get_many([user_id]) == [None]
    assert [each["email"] for each in seen] == ["chief@example.com"]


def test_the_password_of_whoever_asks_is_judged_and_kept_nowhere(cloud):
    weak = wanted(cloud, password="short")
    wanted(cloud)

    assert is_problem(weak, 422)
    assert [error["field"] for error in weak.json["errors"]] == ["password"]
    kept = str(everything(cloud.house.auth)) + str(everything(cloud.house.documents))
    assert "the choice of whoever asks" not in kept
    assert cloud.passwords.checks == 0


def test_whoever_has_an_account_and_asks_for_one_is_told_so(cloud):
    cloud.somebody("ada")

    answer = wanted(cloud)

    assert (answer.status_code, answer.data) == (202, b"")
    assert subjects(cloud) == ["You have a Helpdesk account already"]
    assert tokens(cloud) == []
    assert log_in(cloud).status_code == 200


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "superuser"}])
def test_whose_account_is_closed_gets_no_link_by_asking_for_one(cloud, change):
    wanted(cloud)
    [user_id] = cloud.accounts.ids_of(["ada@example.com"])
    cloud.auth.commit([Update(f"accounts/{user_id}", change)])

    answer = wanted(cloud)

    assert (answer.status_code, answer.data) == (202, b"")
    assert subjects(cloud) == [CHOOSE, "You have a Helpdesk account already"]


def test_an_account_that_was_not_finished_gets_another_link(cloud):
    wanted(cloud)
    [older] = tokens(cloud)
    cloud.clock.tick(hours=1)

    wanted(cloud)
    newer = tokens(cloud)[-1]

    assert is_problem(reset(cloud, older, PASSWORD), 422)
    assert reset(cloud, newer, PASSWORD).status_code == 204
    assert log_in(cloud).status_code == 200


def test_a_link_for_a_forgotten_password_finishes_an_account_as_well(cloud):
    wanted(cloud, name="Free gifts at example.org")

    token = linked(cloud)

    assert "gifts" not in str(letters(cloud))  # a stranger may have written that name
    assert reset(cloud, token, PASSWORD).status_code == 204
    assert log_in(cloud).status_code == 200


def test_of_two_who_ask_for_the_same_account_at_once_one_makes_it(cloud):
    answers = at_once(5, lambda: wanted(cloud))

    assert {answer.status_code for answer in answers} == {202}
    links = tokens(cloud)
    assert links
    assert len([path for path in everything(cloud.house.auth) if path.startswith("accounts")]) == 1
    assert reset(cloud, links[-1], PASSWORD).status_code == 204
    assert log_in(cloud).status_code == 200


def test_whoever_comes_just_too_late_for_an_account_learns_nothing_of_it(cloud):
    first = cloud.accounts.new_user("ada@example.com")
    before_next_commit(cloud, list, lambda: cloud.accounts.add_alone(first, None))

    answer = wanted(cloud)

    assert (answer.status_code, answer.data) == (202, b"")
    assert letters(cloud) == []
