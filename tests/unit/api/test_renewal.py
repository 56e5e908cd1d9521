"""A new password: by the one before it or by a link, and nothing of before lets in any more."""

from datetime import timedelta

import pytest

from api.accounts import TRIES
from api.entrance import UNCONFIRMED_KEPT
from helpdesk.documents import Delete, Update
from helpdesk.links import link_token
from helpdesk.notices import LINK_LIFE
from helpdesk.user import Role
from tests.stands import everything
from tests.unit.api.desk import (
    PASSWORD,
    SETTINGS,
    Visitor,
    account,
    at_once,
    before_next_commit,
    is_problem,
    let_in,
    log_in,
    refreshed,
)
from tests.unit.api.post import forgot, letters, linked, reset, subjects, tokens, wanted

NEW = "another quite private phrase"
WEAK = "short"
ADA = {"email": "ada@example.com", "password": NEW}
CHANGED = "Your Helpdesk password was changed"
CHOOSE = "Choose a new password for Helpdesk"


def changed(visitor, current=PASSWORD, new=NEW):
    return visitor.post("/api/auth/password", {"current_password": current, "new_password": new})


def fields(answer):
    return [error["field"] for error in answer.json["errors"]]


def locked_out(counter):
    """Guess at Ada's password until nobody is let in with it from anywhere."""
    for _ in range(10):
        log_in(counter, password="not the password")
    assert is_problem(log_in(counter), 429)


def renamed(counter, visitor, names):
    """Return what changes an account under the hands of somebody else, again and again."""
    path = f"accounts/{visitor.user.id}"
    return [
        lambda name=name: counter.house.auth.commit([Update(path, {"name": name})])
        for name in names
    ]


# by the one before it


def test_a_password_is_changed_by_whoever_knows_the_one_before_it(counter):
    ada = counter.somebody("ada")

    answer = changed(ada)

    assert answer.status_code == 200
    assert set(answer.json) == {"user", "access_token", "refresh_token", "expires_in"}
    assert is_problem(log_in(counter), 401)
    assert log_in(counter, password=NEW).status_code == 200


def test_a_change_ends_every_other_session_and_the_asker_goes_on_with_a_new_pair(counter):
    phone = counter.somebody("ada")
    laptop, bo = counter.logged_in(phone.user), counter.somebody("bo")

    pair = changed(phone).json

    for old in (phone, laptop):
        assert is_problem(old.get("/api/auth/me"), 401)
        assert is_problem(refreshed(counter, old.session), 401)
    fresh = Visitor(counter.app.test_client(), pair)
    assert [each["current"] for each in fresh.get("/api/auth/sessions").json["items"]] == [True]
    assert refreshed(counter, pair).status_code == 200
    assert let_in(bo)


def test_a_change_makes_the_device_known(counter):
    ada = counter.somebody("ada")
    changed(ada)
    locked_out(counter)

    known = Visitor(ada.client).post("/api/auth/login", ADA)

    assert known.status_code == 200


def test_whose_password_was_changed_is_told_so(counter):
    changed(counter.somebody("ada"))

    [letter] = letters(counter)

    assert (letter.to, letter.subject) == ("ada@example.com", CHANGED)
    assert "Hello Ada," in letter.text
    assert NEW not in letter.text + letter.html
    assert tokens(counter) == []


@pytest.mark.parametrize("current", ["not the password", "", f"{PASSWORD} ", PASSWORD.upper()])
def test_whoever_does_not_know_the_current_password_changes_nothing(counter, current):
    ada = counter.somebody("ada")
    counter.passwords.checks = 0

    answer = changed(ada, current)

    assert is_problem(answer, 422)
    assert fields(answer) == ["current_password"]
    assert counter.passwords.checks == 1
    assert let_in(ada)
    assert log_in(counter).status_code == 200
    assert letters(counter) == []


@pytest.mark.parametrize("new", [PASSWORD, WEAK, "", "ada@example.com 12", "x" * 257])
def test_a_new_password_must_be_another_and_a_good_one(counter, new):
    ada = counter.somebody("ada")

    answer = changed(ada, new=new)

    assert is_problem(answer, 422)
    assert fields(answer) == ["new_password"]
    assert new in {"", PASSWORD} or new not in answer.get_data(as_text=True)
    assert let_in(ada)
    assert log_in(counter).status_code == 200


def test_nobody_changes_a_password_without_a_session(counter):
    counter.somebody("ada")

    assert is_problem(changed(counter.visitor()), 401)


def test_five_wrong_current_passwords_shut_the_change_until_the_window_ends(counter):
    ada, bo = counter.somebody("ada"), counter.somebody("bo")
    wrong = [changed(ada, "not the password") for _ in range(5)]
    counter.passwords.checks = 0

    locked = changed(ada)

    assert {answer.status_code for answer in wrong} == {422}
    assert is_problem(locked, 429)
    assert locked.headers["Retry-After"] == str(15 * 60)
    assert counter.passwords.checks == 0
    assert changed(bo).status_code == 200
    assert log_in(counter).status_code == 200
    counter.clock.tick(minutes=10)
    ada = counter.logged_in(ada.user)
    assert changed(ada).headers["Retry-After"] == str(5 * 60)
    counter.clock.tick(minutes=5)
    assert changed(ada).status_code == 200


def test_a_new_password_that_is_no_good_does_not_count(counter):
    ada = counter.somebody("ada")
    for _ in range(8):
        assert is_problem(changed(ada, PASSWORD, WEAK), 422)

    wrong = [changed(ada, "not the password") for _ in range(5)]

    assert {answer.status_code for answer in wrong} == {422}


def test_a_password_is_changed_so_often_and_no_more_for_each_sends_a_letter(counter):
    ada, current = counter.somebody("ada"), PASSWORD
    answers = []
    for number in range(6):
        answers.append(changed(ada, current, f"quite private phrase {number}"))
        if answers[-1].status_code == 200:
            ada = Visitor(counter.app.test_client(), answers[-1].json, ada.user)
            current = f"quite private phrase {number}"

    assert [answer.status_code for answer in answers] == [*[200] * 5, 429]
    assert len(letters(counter)) == 5


def test_a_change_under_way_gives_way_to_another(counter):
    ada = counter.somebody("ada")
    other = counter.passwords.hashed("the phrase of another change")
    path = f"accounts/{ada.user.id}"
    told = {"password": other, "password_at": counter.clock.now() + timedelta(seconds=1)}
    before_next_commit(
        counter,
        list,  # the one that counts
        lambda: counter.house.auth.commit([Update(path, told)]),
    )

    answer = changed(ada)

    assert is_problem(answer, 409)
    assert account(counter, ada).data["password"] == other
    assert letters(counter) == []


# a forgotten one


def test_whoever_forgot_a_password_gets_a_link(counter):
    counter.somebody("ada")

    answer = forgot(counter, " ADA@Example.com")

    assert (answer.status_code, answer.data) == (202, b"")
    [letter] = letters(counter)
    assert (letter.to, letter.subject) == ("ada@example.com", CHOOSE)
    assert "Hello Ada," in letter.text
    [token] = tokens(counter)
    assert f"http://127.0.0.1:8080/reset#{token}" in letter.text


def test_to_have_a_link_sent_changes_nothing_else(counter):
    ada = counter.somebody("ada")
    before = account(counter, ada)

    forgot(counter)

    assert account(counter, ada) == before
    assert let_in(ada)
    assert log_in(counter).status_code == 200


@pytest.mark.parametrize("who", ["unknown", "disabled", "of no known role"])
def test_whoever_may_not_come_in_gets_no_letter_and_the_same_is_done(counter, who):
    counter.somebody("ada")
    if who != "unknown":
        change = {"disabled": True} if who == "disabled" else {"role": "superuser"}
        counter.change_account(counter.somebody("cy"), **change)
    counter.auth.asked, counter.documents.asked = [], []

    known = forgot(counter)
    done = counter.auth.asked, counter.documents.asked
    counter.auth.asked, counter.documents.asked = [], []
    other = forgot(counter, "cy@example.com")

    assert (other.status_code, other.data) == (known.status_code, known.data) == (202, b"")
    assert (counter.auth.asked, counter.documents.asked) == done
    assert [letter.to for letter in letters(counter)] == ["ada@example.com"]


@pytest.mark.parametrize("email", ["", "no address", "a@b", "a@b.org\r\nBcc: c@d.org", "\ud800"])
def test_only_an_address_can_be_asked_for(counter, email):
    answer = forgot(counter, email)

    assert is_problem(answer, 422)
    assert fields(answer) == ["email"]
    assert counter.auth.asked == []


def test_neither_store_nor_event_holds_what_a_link_opens_with(counter):
    counter.somebody("ada")

    token = linked(counter)

    mac = token.partition(".")[2]
    events = everything(counter.house.documents)
    with counter.house.queue._database.reading() as connection:
        queued = connection.execute("SELECT body FROM messages").fetchall()
    assert len(mac) == 43
    assert mac not in str(everything(counter.house.auth)) + str(events) + str(queued)


# by a link


def test_a_link_sets_the_password_and_ends_every_session(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)

    answer = reset(counter, linked(counter), NEW)

    assert (answer.status_code, answer.data) == (204, b"")
    for old in (phone, laptop):
        assert is_problem(old.get("/api/auth/me"), 401)
        assert is_problem(refreshed(counter, old.session), 401)
    assert is_problem(log_in(counter), 401)
    assert log_in(counter, password=NEW).status_code == 200
    assert subjects(counter) == [CHOOSE, CHANGED]


def test_a_reset_logs_nobody_in(counter):
    counter.somebody("ada")

    answer = reset(counter, linked(counter), NEW)

    assert answer.data == b""
    assert [name for name, _ in answer.headers if name == "Set-Cookie"] == ["Set-Cookie"]
    assert answer.headers["Set-Cookie"].startswith("device=")


def test_a_link_works_once(counter):
    counter.somebody("ada")
    token = linked(counter)
    reset(counter, token, NEW)

    again = reset(counter, token, "yet another private phrase")

    assert is_problem(again, 422)
    assert fields(again) == ["token"]
    assert log_in(counter, password=NEW).status_code == 200


def test_of_eight_uses_of_a_link_at_once_one_succeeds(counter):
    counter.somebody("ada")
    token = linked(counter)
    phrases = iter([f"quite private phrase {number}" for number in range(8)])

    answers = at_once(8, lambda: reset(counter, token, next(phrases)))

    assert sorted(answer.status_code for answer in answers) == [204, *[422] * 7]
    assert subjects(counter) == [CHOOSE, CHANGED]


def test_a_link_works_for_half_an_hour(counter):
    counter.somebody("ada")
    first, second = linked(counter), linked(counter)

    counter.clock.tick(microseconds=LINK_LIFE / timedelta(microseconds=1) - 1)
    last = reset(counter, first, WEAK)
    counter.clock.tick(microseconds=1)
    late = [reset(counter, each, NEW) for each in (first, second)]

    assert timedelta(minutes=30) == LINK_LIFE
    assert fields(last) == ["password"]
    assert [fields(answer) for answer in late] == [["token"], ["token"]]
    assert log_in(counter).status_code == 200


@pytest.mark.parametrize("way", ["another link", "the password before it"])
def test_a_link_of_before_the_password_was_changed_is_dead(counter, way):
    ada = counter.somebody("ada")
    older, newer = linked(counter), linked(counter)
    counter.clock.tick(seconds=1)

    by_link = way == "another link"
    answer = reset(counter, newer, NEW) if by_link else changed(ada)

    assert answer.status_code in {200, 204}
    for dead in (older, newer):
        assert fields(reset(counter, dead, "yet another private phrase")) == ["token"]
    assert log_in(counter, password=NEW).status_code == 200


def test_a_password_that_is_no_good_leaves_the_link_as_good_as_it_was(counter):
    counter.somebody("ada")
    token = linked(counter)

    weak = [reset(counter, token, new) for new in (WEAK, "", "ada@example.com 12", "x" * 257)]

    assert [fields(answer) for answer in weak] == [["password"]] * 4
    assert reset(counter, token, NEW).status_code == 204


def forged(token, other):
    """Return texts that look like a token and open nothing."""
    link_id, _, mac = token.partition(".")
    foreign = link_token(link_id, key=bytes(range(32)))
    return {
        "empty": "",
        "a point": ".",
        "an id alone": link_id,
        "an id without its proof": f"{link_id}.",
        "a proof alone": f".{mac}",
        "null": "null",
        "None": f"None.{mac}",
        "the proof of another": f"{link_id}.{other.partition('.')[2]}",
        "another key": foreign,
        "a half": token[:-1],
        "more": f"{token}A",
        "padded": f"{token}=",
        "a blank before": f" {token}",
        "a blank behind": f"{token} ",
        "a line": f"{token}\n",
        "other letters": token.swapcase(),
        "doubled": f"{token}.{mac}",
        "a path": f"../links/{link_id}.{mac}",
        "NUL": f"{token}\0",
        "Latin": f"{link_id}.{'é' * 43}",
    }


def test_what_is_not_the_whole_token_opens_nothing_and_reads_nothing(counter):
    counter.somebody("ada")
    counter.somebody("bo")
    token, other = linked(counter), linked(counter, "bo@example.com")
    counter.auth.asked, counter.passwords.checks = [], 0

    answers = {name: reset(counter, text, NEW) for name, text in forged(token, other).items()}

    assert {name: fields(answer) for name, answer in answers.items() if fields(answer) != [
        "token"
    ]} == {}  # fmt: skip
    assert {answer.json["detail"] for answer in answers.values()} == {"the link is not valid"}
    assert (counter.auth.asked, counter.passwords.checks) == ([], 0)
    assert reset(counter, token, NEW).status_code == 204


@pytest.mark.parametrize("token", [None, 0, True, [], {}, [""], {"$ne": ""}])
def test_what_is_no_text_is_no_token(counter, token):
    answer = reset(counter, token, NEW)

    assert is_problem(answer, 422)
    assert fields(answer) == ["token"]


@pytest.mark.parametrize("who", ["disabled", "of no known role", "deleted"])
def test_a_link_of_whoever_may_not_come_in_is_not_valid(counter, who):
    ada = counter.somebody("ada")
    token = linked(counter)
    match who:
        case "disabled":
            counter.change_account(ada, disabled=True)
        case "of no known role":
            counter.change_account(ada, role="superuser")
        case _:
            counter.auth.commit([Delete(f"accounts/{ada.user.id}")])

    answer = reset(counter, token, NEW)

    assert is_problem(answer, 422)
    assert (fields(answer), answer.json["detail"]) == (["token"], "the link is not valid")


def test_a_link_that_leads_nowhere_is_as_invalid_as_any(counter):
    forgot(counter, "nobody@example.com")
    [path] = [each for each in everything(counter.house.auth) if each.startswith("links/")]

    token = link_token(path.partition("/")[2], key=SETTINGS.link_key)

    assert fields(reset(counter, token, NEW)) == ["token"]


def test_whoever_was_locked_out_comes_in_again_by_a_link(counter):
    counter.somebody("ada")
    locked_out(counter)
    here = counter.visitor()

    here.post("/api/auth/password/reset", {"token": linked(counter), "password": NEW})
    entered = here.post("/api/auth/login", ADA)
    elsewhere = log_in(counter, password=NEW)

    assert entered.status_code == 200
    assert is_problem(elsewhere, 429)


def test_a_reset_beside_another_change_of_the_account_holds_with_it(counter):
    ada = counter.somebody("ada")
    token = linked(counter)
    before_next_commit(counter, *renamed(counter, ada, ["Ada L."] * 1))

    answer = reset(counter, token, NEW)

    kept = account(counter, ada).data
    assert answer.status_code == 204
    assert kept["name"] == "Ada L."
    assert log_in(counter, password=NEW).status_code == 200


def test_a_reset_that_is_always_overtaken_says_so_and_leaves_the_link_good(counter):
    ada = counter.somebody("ada")
    token = linked(counter)
    before_next_commit(counter, *renamed(counter, ada, map(str, range(TRIES * TRIES))))

    overtaken = reset(counter, token, NEW)

    assert is_problem(overtaken, 409)
    assert log_in(counter).status_code == 200
    assert reset(counter, token, NEW).status_code == 204


def test_a_crash_after_an_account_was_finished_is_mended_by_the_log_in(cloud):
    wanted(cloud)
    [token] = tokens(cloud)
    cloud.documents.fails = lambda name, _: name == "commit"
    chosen = reset(cloud, token, NEW)
    cloud.documents.fails = lambda *_: False

    answer = log_in(cloud, password=NEW)

    assert chosen.status_code == 204  # what is done is done
    assert answer.status_code == 200
    assert Visitor(cloud.app.test_client(), answer.json).file().status_code == 201
    assert subjects(cloud)[-1] == "Welcome to Helpdesk"


# what goes wrong on the way


class Repeating:
    """A store whose next commit is made, answered with an error, and made again by its client."""

    def __init__(self, counter):
        self._commit = counter.auth.commit
        counter.auth.commit = self

    def __call__(self, writes):
        done = self._commit(writes)
        if "password" in str(writes[0]):
            self._commit(writes)  # and so it comes too late for itself
        return done


def test_a_change_whose_answer_was_lost_is_a_change(counter):
    ada = counter.somebody("ada")
    Repeating(counter)

    answer = changed(ada)

    assert answer.status_code == 200
    assert let_in(Visitor(counter.app.test_client(), answer.json))
    assert log_in(counter, password=NEW).status_code == 200
    assert subjects(counter) == [CHANGED]


def test_a_reset_whose_answer_was_lost_is_a_reset(counter):
    counter.somebody("ada")
    token = linked(counter)
    Repeating(counter)

    answer = reset(counter, token, NEW)

    assert answer.status_code == 204
    assert log_in(counter, password=NEW).status_code == 200
    assert subjects(counter) == [CHOOSE, CHANGED]


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_holds_though_nobody_can_be_told(counter, lines, way):
    ada, token = counter.somebody("ada"), linked(counter)
    counter.documents.fails = lambda *_: True

    answer = changed(ada) if way == "change" else reset(counter, token, NEW)
    counter.documents.fails = lambda *_: False

    assert answer.status_code == (200 if way == "change" else 204)
    assert log_in(counter, password=NEW).status_code == 200
    [told] = [line for line in lines() if line["message"] == "nobody is told of a new password"]
    assert (told["severity"], told["user_id"]) == ("ERROR", ada.user.id)


def test_log_outs_of_others_do_not_break_a_change(counter):
    ada = counter.somebody("ada")
    others = [counter.logged_in(ada.user) for _ in range(3)]
    asking = [counter.sessions.authenticate(each.token) for each in others]
    before_next_commit(counter, list, *(lambda it=it: counter.sessions.end(it) for it in asking))

    answer = changed(ada)

    assert answer.status_code == 200
    assert log_in(counter, password=NEW).status_code == 200


def test_an_account_that_changes_at_every_try_keeps_its_password(counter):
    ada = counter.somebody("ada")
    before_next_commit(counter, list, *renamed(counter, ada, map(str, range(TRIES))))

    answer = changed(ada)

    assert is_problem(answer, 409)
    assert answer.json["detail"] == "somebody else changed this just now: try again"
    assert log_in(counter).status_code == 200


def test_a_link_does_not_revive_with_its_account(counter):
    ada = counter.somebody("ada")
    chief = counter.somebody("chief", Role.ADMIN)
    token = linked(counter)

    for disabled in (True, False):
        chief.patch(f"/api/auth/users/{ada.user.id}", {"disabled": disabled})

    assert is_problem(reset(counter, token, NEW), 422)


# an account that was asked for


def test_whoever_confirms_an_account_says_what_they_are_called(cloud):
    wanted(cloud, name="Ada, your account is locked: see evil.example")
    wanted(cloud, name="Vera")
    token = tokens(cloud)[-1]

    assert reset(cloud, token, NEW).status_code == 204

    answer = log_in(cloud, password=NEW)
    assert answer.json["user"]["name"] == "Vera"
    assert "evil.example" not in letters(cloud)[-1].text


def test_an_account_that_nobody_confirms_goes_and_frees_its_address(cloud):
    wanted(cloud)
    [token] = tokens(cloud)
    before = everything(cloud.house.auth)

    cloud.clock.tick(seconds=UNCONFIRMED_KEPT.total_seconds())
    late = reset(cloud, token, NEW)
    wanted(cloud)  # though the store has not forgotten it yet
    again = reset(cloud, tokens(cloud)[-1], NEW)
    cloud.clock.tick(days=400)
    cloud.house.auth.forget(cloud.clock.now())

    assert {path for path, data in before.items() if not data.get("expires_at", True)} == set()
    assert is_problem(late, 422)
    assert again.status_code == 204
    assert log_in(cloud, password=NEW).status_code == 200
    kept = [path for path in everything(cloud.house.auth) if path.startswith("accounts/")]
    assert len(kept) == 1


def test_an_address_that_is_freed_is_taken_once(counter):
    user = counter.accounts.new_user("ada@example.com")
    counter.accounts.add_alone(user, None, expires_at=counter.clock.now())

    answers = at_once(4, lambda: counter.visitor().post("/api/auth/signup", ADA))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert log_in(counter, password=NEW).status_code == 200
