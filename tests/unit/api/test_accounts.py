"""Accounts and sessions: made once, proven with a password, ended at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.accounts import (
    END_TRIES,
    ENDED_KEPT,
    ENDED_MOST,
    SESSION_LIFE,
    Accounts,
    TakenError,
)
from api.tokens import LIFE, SKEW_S, Tokens, fingerprint
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import ConflictError, NotFoundError, UnauthenticatedError
from helpdesk.user import Role
from tests.builders import FixedClock, a_user
from tests.unit.api.desk import CROWD, PASSWORD, SETTINGS, Counter, Visitor, alike, is_problem

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}


def log_in(counter, email="ada@example.com", password=PASSWORD):
    return counter.visitor().post("/api/auth/login", {"email": email, "password": password})


def refreshed(counter, session):
    return counter.visitor().post("/api/auth/refresh", {"refresh_token": session["refresh_token"]})


def at_once(count, ask):
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: ask(), range(count)))


def asker(counter, visitor):
    return counter.accounts.authenticate(visitor.token)


def device(counter, session):
    return Visitor(counter.app.test_client(), session)


def let_in(visitor):
    return visitor.get("/api/auth/me").status_code == 200


def account(counter, visitor):
    return counter.auth.get(f"accounts/{visitor.user.id}")


def session_path(counter, visitor):
    return f"sessions/{counter.tokens.read(visitor.token).session_id}"


def before_next_commit(counter, *acts):
    """Let something else happen right before each of the next commits to the accounts."""
    left = list(acts)

    def meanwhile(name, _asked):
        if name == "commit" and left:
            left.pop(0)()
        return False

    counter.auth.fails = meanwhile


def elsewhere(counter, *, ahead):
    """Return another instance over the same store, whose clock is some seconds ahead."""
    clock = FixedClock(counter.clock.now() + timedelta(seconds=ahead))
    return Accounts(
        documents=counter.auth,
        users=counter.users,
        passwords=counter.passwords,
        tokens=Tokens(SETTINGS.tokens, clock=clock, ids=counter.house.ids),
        clock=clock,
        ids=counter.house.ids,
    )


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
        assert counter.passwords._places.acquire(blocking=False)
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


def test_a_refresh_token_is_traded_for_a_new_pair(counter):
    ada = counter.somebody("ada")

    answer = refreshed(counter, ada.session)

    assert answer.status_code == 200
    assert answer.json["refresh_token"] != ada.session["refresh_token"]
    assert answer.json["user"] == ada.session["user"]
    assert Visitor(counter.app.test_client(), answer.json).get("/api/auth/me").status_code == 200
    assert refreshed(counter, answer.json).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_the_session_for_both(counter):
    ada = counter.somebody("ada")
    thief = refreshed(counter, ada.session).json

    again = refreshed(counter, ada.session)

    assert is_problem(again, 401)
    assert is_problem(refreshed(counter, thief), 401)
    assert is_problem(ada.get("/api/auth/me"), 401)
    assert is_problem(Visitor(counter.app.test_client(), thief).get("/api/auth/me"), 401)


def test_of_eight_uses_at_once_one_succeeds_at_most_and_the_session_is_over(counter):
    ada = counter.somebody("ada")

    answers = at_once(8, lambda: refreshed(counter, ada.session))

    lucky = [answer for answer in answers if answer.status_code == 200]
    assert len(lucky) <= 1
    assert {answer.status_code for answer in answers} <= {200, 401}
    for answer in lucky:
        assert is_problem(refreshed(counter, answer.json), 401)
    assert is_problem(ada.get("/api/auth/me"), 401)


def test_the_end_of_one_session_leaves_the_others(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)

    assert phone.post("/api/auth/logout").status_code == 204

    assert laptop.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\u00e4" * 43, "../../x", "' OR 1=1"])
def test_an_unknown_refresh_token_is_refused(counter, token):
    answer = counter.visitor().post("/api/auth/refresh", {"refresh_token": token})

    assert is_problem(answer, 401)
    assert answer.json["detail"] == "the refresh token is not valid"


def test_an_access_token_does_not_refresh(counter):
    ada = counter.somebody("ada")

    assert counter.visitor().post(
        "/api/auth/refresh", {"refresh_token": ada.token[:200]}
    ).status_code == 401  # fmt: skip


def test_no_token_and_no_password_is_kept_as_it_is(counter):
    ada = counter.somebody("ada")

    with counter.house.auth._database.reading() as connection:
        kept = str(connection.execute("SELECT * FROM documents").fetchall())
    assert PASSWORD not in kept
    assert ada.session["refresh_token"] not in kept
    assert ada.token not in kept


def test_logging_out_acts_at_once(counter):
    ada = counter.somebody("ada")

    answer = ada.post("/api/auth/logout")

    assert (answer.status_code, answer.data) == (204, b"")
    assert is_problem(ada.get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, ada.session), 401)
    assert is_problem(ada.post("/api/auth/logout"), 401)


def test_logging_out_everywhere_ends_every_session_of_ones_own_at_once(counter):
    phone, eve = counter.somebody("ada"), counter.somebody("eve")
    laptop = counter.logged_in(phone.user)
    tablet = Visitor(counter.app.test_client(), refreshed(counter, laptop.session).json)

    answer = phone.post("/api/auth/logout-all")

    assert (answer.status_code, answer.data) == (204, b"")
    for device in (phone, laptop, tablet):
        assert is_problem(device.get("/api/auth/me"), 401)
        assert is_problem(device.post("/api/auth/logout-all"), 401)
        assert is_problem(refreshed(counter, device.session), 401)
    assert eve.get("/api/auth/me").status_code == 200


def test_after_logging_out_everywhere_one_can_log_in_again_and_out_again(counter):
    ada = counter.somebody("ada")
    for _ in range(2):
        ada.post("/api/auth/logout-all")

        ada = counter.logged_in(ada.user)  # in the very same moment of a clock that stands still

        assert ada.get("/api/auth/me").status_code == 200
        assert refreshed(counter, ada.session).status_code == 200
    assert is_problem(counter.visitor().post("/api/auth/logout-all"), 401)


def test_a_log_in_that_was_under_way_does_not_outlive_a_log_out_everywhere(counter):
    ada = counter.somebody("ada")
    matches = counter.passwords.matches

    def meanwhile(*arguments):
        counter.accounts.log_out_everywhere(counter.accounts.authenticate(ada.token))
        return matches(*arguments)

    counter.passwords.matches = meanwhile
    late = counter.logged_in(ada.user)

    assert is_problem(late.get("/api/auth/me"), 401)


def test_a_disabled_account_is_out_from_the_next_request_on(counter):
    ada = counter.somebody("ada")

    counter.change_account(ada, disabled=True)

    assert is_problem(ada.get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, ada.session), 401)


def test_a_demoted_admin_sees_less_from_the_next_request_on(counter):
    ticket = counter.somebody("ada").file().json
    chief = counter.somebody("chief", Role.ADMIN)
    assert chief.get(f"/api/tickets/{ticket['id']}").status_code == 200

    counter.change_account(chief, role="user")

    assert is_problem(chief.get(f"/api/tickets/{ticket['id']}"), 404)
    assert chief.get("/api/tickets").json["items"] == []


def test_a_deleted_account_is_nobody(counter):
    ada = counter.somebody("ada")

    counter.auth.commit([Delete(f"accounts/{ada.user.id}")])

    assert is_problem(ada.get("/api/auth/me"), 401)


def test_a_refresh_token_that_names_a_session_of_somebody_else_is_refused(counter):
    ada, eve = counter.somebody("ada"), counter.somebody("eve")
    kept = counter.auth.get(f"refresh/{fingerprint(eve.session['refresh_token'])}")
    other = counter.tokens.read(ada.token).session_id

    counter.auth.commit([Update(kept.path, {"session_id": other})])

    assert is_problem(refreshed(counter, eve.session), 401)
    assert let_in(ada)
    assert refreshed(counter, ada.session).status_code == 200


def test_a_session_that_is_not_there_is_not_refreshed(counter):
    ada = counter.somebody("ada")

    counter.auth.commit([Delete(session_path(counter, ada))])

    assert is_problem(refreshed(counter, ada.session), 401)


def test_a_session_ends_after_thirty_days_however_often_it_was_refreshed(counter):
    session = counter.somebody("ada").session
    counter.clock.tick(seconds=(SESSION_LIFE - timedelta(days=1)).total_seconds())
    session = refreshed(counter, session).json
    assert "access_token" in session

    counter.clock.tick(days=1)

    assert is_problem(refreshed(counter, session), 401)


def test_a_refresh_token_of_thirty_days_is_too_old(counter):
    ada = counter.somebody("ada")

    counter.clock.tick(seconds=SESSION_LIFE.total_seconds())

    assert is_problem(refreshed(counter, ada.session), 401)


def test_an_access_token_of_ten_minutes_is_too_old_and_a_refresh_mends_it(counter):
    ada = counter.somebody("ada")

    counter.clock.tick(minutes=10)

    assert is_problem(ada.get("/api/auth/me"), 401)
    newer = refreshed(counter, ada.session).json
    assert Visitor(counter.app.test_client(), newer).get("/api/auth/me").status_code == 200


def test_sessions_outlive_a_restart(tmp_path, clock):
    before = Counter(tmp_path / "house", clock=clock)
    ada = before.somebody("ada")
    before.close()

    after = Counter(tmp_path / "house", clock=clock)

    assert Visitor(after.app.test_client(), ada.session).get("/api/auth/me").status_code == 200
    after.close()


def test_an_address_that_is_taken_is_an_error_of_its_own(counter):
    counter.accounts.add(a_user(), "p1:x", greet=False)

    with pytest.raises(TakenError):
        counter.accounts.add(a_user(id="other", email="asker@example.com"), "p1:x", greet=False)
    with pytest.raises(NotFoundError):
        counter.users.get("other")


def test_what_is_not_signed_by_us_or_too_old_reads_nothing(counter):
    ada = counter.somebody("ada")
    counter.clock.tick(seconds=LIFE.total_seconds())
    counter.auth.asked.clear()

    for token in ("a.b.c", ada.token[:-1], ada.token):
        with pytest.raises(UnauthenticatedError):
            counter.accounts.authenticate(token)

    assert counter.auth.asked == []


def test_being_let_in_reads_one_document(counter):
    ada = counter.somebody("ada")
    ada.post("/api/auth/logout-all")
    ada = counter.logged_in(ada.user)
    counter.logged_in(ada.user).post("/api/auth/logout")
    before, counter.auth.asked = counter.auth.read, []

    counter.accounts.authenticate(ada.token)

    assert counter.auth.asked == ["get"]
    assert counter.auth.read == before + 1


def test_a_list_of_twenty_tickets_reads_twenty_two_documents(counter):
    ada = counter.somebody("ada")
    for _ in range(22):
        ada.file()
    counter.auth.read = counter.documents.read = 0

    answer = ada.get("/api/tickets?limit=20")

    assert len(answer.json["items"]) == 20
    assert counter.auth.read + counter.documents.read == 22


def test_a_token_of_a_moment_before_a_log_out_everywhere_is_refused_by_every_instance(counter):
    ada = counter.somebody("ada")
    ahead = elsewhere(counter, ahead=SKEW_S)
    late = ahead.refresh(ada.session["refresh_token"]).access_token
    assert counter.accounts.authenticate(late).user_id == ada.user.id

    counter.accounts.log_out_everywhere(asker(counter, ada))

    for accounts in (ahead, counter.accounts):
        for token in (ada.token, late):
            with pytest.raises(UnauthenticatedError):
                accounts.authenticate(token)


def test_a_refresh_under_way_does_not_outlive_a_log_out_everywhere(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    before_next_commit(counter, lambda: counter.accounts.log_out_everywhere(asking))

    late = refreshed(counter, ada.session)

    assert late.status_code == 200  # it was too late to be stopped, and is of no use
    assert is_problem(device(counter, late.json).get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, late.json), 401)


def test_a_refresh_under_way_does_not_outlive_a_log_out(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    before_next_commit(counter, lambda: counter.accounts.log_out(asking))

    late = refreshed(counter, ada.session)

    assert late.status_code == 200
    assert is_problem(device(counter, late.json).get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, late.json), 401)


def test_an_ended_session_is_remembered_until_its_last_token_is_too_old_on_every_clock(counter):
    phone = counter.somebody("ada")
    tablet = counter.logged_in(phone.user)
    ahead = elsewhere(counter, ahead=SKEW_S)
    token = ahead.refresh(phone.session["refresh_token"]).access_token
    counter.accounts.log_out(counter.accounts.authenticate(token))
    last = LIFE.total_seconds() + SKEW_S - 1  # when the token is still good
    late, later = elsewhere(counter, ahead=last), elsewhere(counter, ahead=last + SKEW_S)

    later.log_out(asker(counter, tablet))

    with pytest.raises(UnauthenticatedError, match="the session has ended"):
        late.authenticate(token)


def test_an_ended_session_is_forgotten_when_none_of_its_tokens_can_live(counter):
    phone = counter.somebody("ada")
    phone.post("/api/auth/logout")
    counter.clock.tick(seconds=ENDED_KEPT.total_seconds())
    laptop = counter.logged_in(phone.user)
    session_id = asker(counter, laptop).session_id

    laptop.post("/api/auth/logout")

    assert account(counter, laptop).data["ended"] == {session_id: counter.clock.now()}
    assert is_problem(refreshed(counter, phone.session), 401)


def test_more_ended_sessions_than_an_account_can_remember_end_them_all(counter, lines):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)
    crowd = {f"s{number}": counter.clock.now() for number in range(ENDED_MOST - 1)}
    counter.change_account(phone, ended=crowd)

    phone.post("/api/auth/logout")
    remembered, stays = account(counter, phone).data["ended"], let_in(laptop)
    tablet = counter.logged_in(phone.user)
    tablet.post("/api/auth/logout")

    assert (len(remembered), stays) == (ENDED_MOST, True)
    assert account(counter, phone).data["ended"] == {}
    for gone in (phone, laptop, tablet):
        assert not let_in(gone)
        assert is_problem(refreshed(counter, gone.session), 401)
    assert let_in(counter.logged_in(phone.user))
    [told] = [line for line in lines() if "all end" in line["message"]]
    assert told["user_id"] == phone.user.id


def test_the_end_of_an_ended_session_changes_nothing(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    counter.accounts.log_out(asking)
    before = account(counter, ada)
    counter.auth.asked.clear()

    counter.accounts.log_out(asking)

    assert "commit" not in counter.auth.asked
    assert account(counter, ada) == before


def test_a_refresh_token_that_comes_ever_again_is_written_down_once(counter):
    ada = counter.somebody("ada")
    refreshed(counter, ada.session)
    assert is_problem(refreshed(counter, ada.session), 401)
    before = account(counter, ada)

    assert is_problem(refreshed(counter, ada.session), 401)

    assert account(counter, ada) == before


def test_reuse_of_a_refresh_token_ends_no_other_session(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)
    refreshed(counter, phone.session)

    refreshed(counter, phone.session)

    assert not let_in(phone)
    assert let_in(laptop)


def test_a_session_that_expired_and_is_gone_can_still_be_ended(counter):
    ada = counter.somebody("ada")
    counter.auth.commit([Delete(session_path(counter, ada))])

    answer = ada.post("/api/auth/logout")

    assert answer.status_code == 204
    assert not let_in(ada)


def test_a_session_that_expires_while_it_is_ended_is_ended(counter):
    ada = counter.somebody("ada")
    gone = Delete(session_path(counter, ada))
    before_next_commit(counter, lambda: counter.house.auth.commit([gone]))

    answer = ada.post("/api/auth/logout")

    assert answer.status_code == 204
    assert not let_in(ada)


def test_an_account_that_is_deleted_while_it_logs_out_is_nobody(counter):
    ada = counter.somebody("ada")
    gone = Delete(f"accounts/{ada.user.id}")
    before_next_commit(counter, lambda: counter.house.auth.commit([gone]))

    answer = ada.post("/api/auth/logout")

    assert answer.status_code == 204
    assert account(counter, ada) is None


def test_a_log_out_everywhere_during_a_log_out_ends_both(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)
    asking = asker(counter, laptop)
    before_next_commit(counter, lambda: counter.accounts.log_out_everywhere(asking))

    answer = phone.post("/api/auth/logout")

    assert answer.status_code == 204
    assert not let_in(phone)
    assert not let_in(laptop)
    assert let_in(counter.logged_in(phone.user))


def test_a_log_out_during_a_log_out_everywhere_ends_both(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)
    asking = asker(counter, laptop)
    before_next_commit(counter, lambda: counter.accounts.log_out(asking))

    answer = phone.post("/api/auth/logout-all")

    assert answer.status_code == 204
    assert not let_in(phone)
    assert not let_in(laptop)
    assert is_problem(refreshed(counter, laptop.session), 401)


def test_two_devices_that_log_out_at_once_are_both_out(counter):
    phone = counter.somebody("ada")
    laptop, tablet = counter.logged_in(phone.user), counter.logged_in(phone.user)
    asking = asker(counter, laptop)
    before_next_commit(counter, lambda: counter.accounts.log_out(asking))

    answer = phone.post("/api/auth/logout")

    assert answer.status_code == 204
    assert [let_in(each) for each in (phone, laptop, tablet)] == [False, False, True]


def test_a_log_out_that_is_always_overtaken_says_so_and_ends_nothing(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    path = f"accounts/{ada.user.id}"

    def overtaking(count):
        return [
            lambda name=name: counter.house.auth.commit([Update(path, {"name": name})])
            for name in map(str, range(count))
        ]

    before_next_commit(counter, *overtaking(END_TRIES))
    with pytest.raises(ConflictError):
        counter.accounts.log_out(asking)
    assert let_in(ada)

    before_next_commit(counter, *overtaking(END_TRIES - 1))
    counter.accounts.log_out(asking)
    assert not let_in(ada)


def test_an_account_of_an_older_version_of_us_is_as_good_as_any(counter):
    ada = counter.somebody("ada")
    data = account(counter, ada).data
    older = {name: value for name, value in data.items() if name not in {"ended", "epoch"}}
    path = f"accounts/{ada.user.id}"
    counter.auth.commit([Delete(path)])
    counter.auth.commit([Create(path, older)])

    seen = [let_in(ada), refreshed(counter, ada.session).status_code]
    ada.post("/api/auth/logout")

    assert seen == [True, 200]
    assert not let_in(ada)
