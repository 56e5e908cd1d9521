"""Sessions: carried on by one token at a time, ended at once and everywhere."""

from datetime import timedelta

import pytest

from api.sessions import (
    END_TRIES,
    ENDED_KEPT,
    ENDED_MOST,
    IDLE_LIFE,
    SESSION_LIFE,
    SHOWN_MOST,
    Sessions,
)
from api.tokens import LIFE, SKEW_S, Tokens, fingerprint
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import ConflictError, NotFoundError, UnauthenticatedError
from helpdesk.user import Role
from tests.builders import FixedClock
from tests.unit.api.desk import (
    PASSWORD,
    SETTINGS,
    Counter,
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


def asker(counter, visitor):
    return counter.sessions.authenticate(visitor.token)


def device(counter, session):
    return Visitor(counter.app.test_client(), session)


def session_path(counter, visitor):
    return f"sessions/{counter.tokens.read(visitor.token).session_id}"


def elsewhere(counter, *, ahead):
    """Return another instance over the same store, whose clock is some seconds ahead."""
    clock = FixedClock(counter.clock.now() + timedelta(seconds=ahead))
    return Sessions(
        documents=counter.auth,
        users=counter.users,
        tokens=Tokens(SETTINGS.tokens, clock=clock, ids=counter.house.ids),
        clock=clock,
        ids=counter.house.ids,
    )


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
        counter.sessions.end_all(ada.user.id)
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
    weekly = IDLE_LIFE - timedelta(seconds=1)
    weeks, rest = divmod(SESSION_LIFE, weekly)
    for _ in range(weeks):
        counter.clock.tick(seconds=weekly.total_seconds())
        session = refreshed(counter, session).json
        assert "access_token" in session

    counter.clock.tick(seconds=rest.total_seconds())

    assert is_problem(refreshed(counter, session), 401)


def test_a_session_that_nobody_carries_on_for_a_week_is_over(counter):
    ada, bo = counter.somebody("ada"), counter.somebody("bo")

    counter.clock.tick(seconds=IDLE_LIFE.total_seconds() - 1)
    in_time = refreshed(counter, bo.session)
    counter.clock.tick(seconds=1)

    assert in_time.status_code == 200
    assert is_problem(refreshed(counter, ada.session), 401)


def test_ones_sessions_are_listed_and_can_be_ended_one_by_one(counter):
    phone = counter.somebody("ada")
    counter.clock.tick(seconds=60)
    body = {"email": "ada@example.com", "password": PASSWORD}
    agent = {"User-Agent": "Lynx/2.9\u200b" + "x" * 300}
    laptop = device(counter, counter.visitor().post("/api/auth/login", body, agent).json)
    stranger = counter.somebody("bo")

    seen = laptop.get("/api/auth/sessions").json["items"]
    other = next(each for each in seen if not each["current"])
    foreign = stranger.client.delete(
        f"/api/auth/sessions/{other['id']}", headers=stranger.headers()
    )
    ended = laptop.client.delete(f"/api/auth/sessions/{other['id']}", headers=laptop.headers())
    again = laptop.client.delete(f"/api/auth/sessions/{other['id']}", headers=laptop.headers())

    assert [each["current"] for each in seen] == [True, False]
    assert seen[0]["agent"].startswith("Lynx/2.9x")
    assert len(seen[0]["agent"]) < 200
    assert is_problem(foreign, 404)
    assert ended.status_code == 204
    assert is_problem(again, 404)
    assert str(alike(foreign)) == str(alike(again))
    assert (let_in(phone), let_in(laptop)) == (False, True)
    assert len(laptop.get("/api/auth/sessions").json["items"]) == 1


def test_sessions_of_before_a_log_out_everywhere_are_not_listed(counter):
    ada = counter.somebody("ada")
    ada.post("/api/auth/logout-all")

    seen = counter.logged_in(ada.user).get("/api/auth/sessions").json["items"]

    assert [each["current"] for each in seen] == [True]


def test_a_session_of_an_older_version_of_us_is_listed(counter):
    ada = counter.somebody("ada")
    path = session_path(counter, ada)
    older = {k: v for k, v in counter.auth.get(path).data.items() if k not in {"idle_at", "agent"}}
    counter.auth.commit([Delete(path)])
    counter.auth.commit([Create(path, older)])

    [seen] = ada.get("/api/auth/sessions").json["items"]

    assert (seen["current"], seen["agent"]) == (True, "")
    assert refreshed(counter, ada.session).status_code == 200


def test_a_session_that_is_idle_too_long_is_not_listed(counter):
    ada = counter.somebody("ada")
    counter.clock.tick(seconds=IDLE_LIFE.total_seconds())

    seen = counter.logged_in(ada.user).get("/api/auth/sessions").json["items"]

    assert [each["current"] for each in seen] == [True]


def test_no_flood_of_sessions_that_ended_hides_one_that_lasts(counter):
    thief = counter.somebody("ada")
    user = counter.users.get(thief.user.id)
    for _ in range(SHOWN_MOST + 1):
        made = counter.sessions.begin(user, epoch="")
        counter.sessions.end(counter.sessions.authenticate(made.access_token))
    ada = counter.logged_in(thief.user)

    seen = ada.get("/api/auth/sessions").json["items"]

    assert [each["current"] for each in seen].count(False) == 1


def test_whoever_has_no_account_has_no_sessions(counter):
    ada = counter.somebody("ada")

    counter.auth.commit([Delete(f"accounts/{ada.user.id}")])

    assert counter.sessions.of(ada.user.id) == []
    with pytest.raises(NotFoundError, match=f"there is no user {ada.user.id}"):
        counter.sessions.end_all(ada.user.id)


@pytest.mark.parametrize("role", ["superuser", "", "Admin", "admin "])
def test_a_role_that_is_not_known_may_do_nothing(counter, lines, role):
    ada = counter.somebody("ada", Role.ADMIN)
    counter.change_account(ada, role=role)

    answers = [ada.get("/api/auth/me"), ada.get("/api/tickets"), log_in(counter)]

    assert all(is_problem(answer, 401) for answer in answers)
    told = [line for line in lines() if line["severity"] == "ERROR"]
    assert {line["user_id"] for line in told} == {ada.user.id}


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


def test_what_is_not_signed_by_us_or_too_old_reads_nothing(counter):
    ada = counter.somebody("ada")
    counter.clock.tick(seconds=LIFE.total_seconds())
    counter.auth.asked.clear()

    for token in ("a.b.c", ada.token[:-1], ada.token):
        with pytest.raises(UnauthenticatedError):
            counter.sessions.authenticate(token)

    assert counter.auth.asked == []


def test_being_let_in_reads_one_document(counter):
    ada = counter.somebody("ada")
    ada.post("/api/auth/logout-all")
    ada = counter.logged_in(ada.user)
    counter.logged_in(ada.user).post("/api/auth/logout")
    before, counter.auth.asked = counter.auth.read, []

    counter.sessions.authenticate(ada.token)

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
    assert counter.sessions.authenticate(late).user_id == ada.user.id

    counter.sessions.end_all(ada.user.id)

    for sessions in (ahead, counter.sessions):
        for token in (ada.token, late):
            with pytest.raises(UnauthenticatedError):
                sessions.authenticate(token)


def test_a_refresh_under_way_does_not_outlive_a_log_out_everywhere(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    before_next_commit(counter, lambda: counter.sessions.end_all(asking.user_id))

    late = refreshed(counter, ada.session)

    assert late.status_code == 200  # it was too late to be stopped, and is of no use
    assert is_problem(device(counter, late.json).get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, late.json), 401)


def test_a_refresh_under_way_does_not_outlive_a_log_out(counter):
    ada = counter.somebody("ada")
    asking = asker(counter, ada)
    before_next_commit(counter, lambda: counter.sessions.end(asking))

    late = refreshed(counter, ada.session)

    assert late.status_code == 200
    assert is_problem(device(counter, late.json).get("/api/auth/me"), 401)
    assert is_problem(refreshed(counter, late.json), 401)


def test_an_ended_session_is_remembered_until_its_last_token_is_too_old_on_every_clock(counter):
    phone = counter.somebody("ada")
    tablet = counter.logged_in(phone.user)
    ahead = elsewhere(counter, ahead=SKEW_S)
    token = ahead.refresh(phone.session["refresh_token"]).access_token
    counter.sessions.end(counter.sessions.authenticate(token))
    last = LIFE.total_seconds() + SKEW_S - 1  # when the token is still good
    late, later = elsewhere(counter, ahead=last), elsewhere(counter, ahead=last + SKEW_S)

    later.end(asker(counter, tablet))

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
    counter.sessions.end(asking)
    before = account(counter, ada)
    counter.auth.asked.clear()

    counter.sessions.end(asking)

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
    before_next_commit(counter, lambda: counter.sessions.end_all(asking.user_id))

    answer = phone.post("/api/auth/logout")

    assert answer.status_code == 204
    assert not let_in(phone)
    assert not let_in(laptop)
    assert let_in(counter.logged_in(phone.user))


def test_a_log_out_during_a_log_out_everywhere_ends_both(counter):
    phone = counter.somebody("ada")
    laptop = counter.logged_in(phone.user)
    asking = asker(counter, laptop)
    before_next_commit(counter, lambda: counter.sessions.end(asking))

    answer = phone.post("/api/auth/logout-all")

    assert answer.status_code == 204
    assert not let_in(phone)
    assert not let_in(laptop)
    assert is_problem(refreshed(counter, laptop.session), 401)


def test_two_devices_that_log_out_at_once_are_both_out(counter):
    phone = counter.somebody("ada")
    laptop, tablet = counter.logged_in(phone.user), counter.logged_in(phone.user)
    asking = asker(counter, laptop)
    before_next_commit(counter, lambda: counter.sessions.end(asking))

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
        counter.sessions.end(asking)
    assert let_in(ada)

    before_next_commit(counter, *overtaking(END_TRIES - 1))
    counter.sessions.end(asking)
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
