"""What the log tells of every way in: each once, by whom, where and why; and never a secret."""

import logging

import pytest

from helpdesk.log import bind
from helpdesk.user import Role
from tests.canaries import CANARIES
from tests.unit.api.desk import CROWD, PASSWORD, Visitor, log_in, refreshed
from tests.unit.api.post import forgot, letters, linked, reset, tokens, wanted

NEW = "another quite private phrase"
WRONG = "not the password"
LOGIN, ME = "/api/auth/login", "/api/auth/me"
HASH = "$2b$04$" + "N" * 53
SECRET = "Vf3kQ0Rz-8bYtXh_5mJwC1aLpN7sGdEoU2iKyT9xHqM"


def changed(visitor, current=PASSWORD, new=NEW):
    return visitor.post("/api/auth/password", {"current_password": current, "new_password": new})


# the watch


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a kept password", f"p1:{HASH}"),
        ("an access token", "eyJhbGciOiJIUzI1NiJ9.e30.x"),
        ("a token in a header", "Bearer 0123456789abcdef"),
        ("a token in a header", "{'Authorization': 'Basic x'}"),
        ("a token in a header", '{"Authorization": "x"}'),
        ("a token in a header", "authorization: x"),
        ("256 secret bits", SECRET),
        ("256 secret bits", f"token={SECRET}&x=y"),
        ("256 secret bits", f"01ABCDEF.{SECRET}"),
        ("a link", "https://desk.example.com/reset#x"),
        ("a field of a body", '{"refresh_token":"x"}'),
        ("a password", PASSWORD),
        ("a password", NEW),
        ("a key of the mail provider", "SG.0123456789.0123456789"),
        ("the body of a letter", "Hello Ada,"),
    ],
)
@pytest.mark.parametrize("way", ["message", "argument", "fact", "around", "stack"])
def test_the_watch_sees_a_secret_wherever_a_line_may_hold_it(watchman, name, said, way):
    log = logging.getLogger("some.room")

    match way:
        case "message":
            log.info(said)
        case "argument":
            log.info("it is %s", said)
        case "fact":
            log.info("told", extra={"reason": said})
        case "around":
            with bind(reason=said):
                log.info("told")
        case _:
            log.error("failed", exc_info=ValueError(said))

    with pytest.raises(AssertionError) as failed:
        watchman.check()
    told = str(failed.value)
    assert "in a line of some.room" in told
    assert name == told.partition(" in a line")[0]


def test_every_secret_has_a_test_of_its_own_shape():
    marks = test_the_watch_sees_a_secret_wherever_a_line_may_hold_it.pytestmark

    [shapes] = [mark.args[1] for mark in marks if mark.args[0] == ("name", "said")]
    assert {name for name, _ in shapes} == set(CANARIES)


@pytest.mark.parametrize(
    "said",
    [
        "send one Authorization header",
        "the refresh token is not valid",
        "this is not your current password",
        "there is no ticket 7ZZZZZZZ",
        "/pytest-of-somebody/test_a_name_that_has_forty_three_characters",
        "a" * 43,
        "0123456789abcdef" * 4,
    ],
)
def test_the_watch_lets_pass_what_is_no_secret(watchman, said):
    logging.getLogger("some.room").warning(said)

    watchman.check()


def test_what_was_told_once_is_not_told_of_the_next_test(watchman):
    logging.getLogger("some.room").info(PASSWORD)
    with pytest.raises(AssertionError):
        watchman.check()

    watchman.check()


def test_the_watch_reads_lines_of_the_level_of_production(watchman):
    assert logging.getLogger().level == logging.INFO
    assert watchman in logging.getLogger().handlers


# every way in


def test_no_way_in_or_out_writes_a_secret_to_the_log(cloud, lines):
    wanted(cloud)
    [token] = tokens(cloud)
    reset(cloud, "no token", NEW)
    reset(cloud, token, PASSWORD)
    ada = Visitor(cloud.app.test_client(), log_in(cloud).json)
    log_in(cloud, password=WRONG)
    changed(ada, WRONG)
    ada = Visitor(cloud.app.test_client(), changed(ada).json)
    ada = Visitor(cloud.app.test_client(), refreshed(cloud, ada.session).json)
    refreshed(cloud, {"refresh_token": "A" * 43})
    forgot(cloud)
    letters(cloud)
    ada.get(f"{ME}?access_token={ada.token}")
    ada.post("/api/auth/logout")
    ada.get(ME)

    secrets = [
        PASSWORD, NEW, WRONG, token, *tokens(cloud), *ada.session.values(), "$2b$", "eyJ",
        *[letter.text for letter in letters(cloud)],
    ]  # fmt: skip
    written = "\n".join(str(line) for line in lines())
    assert "logged in" in written
    assert [each for each in secrets if isinstance(each, str) and each in written] == []


def told(lines):
    """Return what was logged since the last time, but for the lines of every request."""
    seen = len(lines())
    return lambda: [line for line in lines()[seen:] if line["message"] != "answered"]


def only(lines_since, message):
    [line] = [line for line in lines_since() if line["message"] == message]
    return line


def test_a_log_in_is_told_once_with_who_and_where(counter, lines):
    ada = counter.somebody("ada")
    since = told(lines)

    log_in(counter)

    assert [line["message"] for line in since()] == ["logged in"]
    line = only(since, "logged in")
    assert (line["user_id"], line["route"]) == (ada.user.id, LOGIN)


def test_a_sign_up_is_told_once_with_who_and_where(counter, lines):
    since = told(lines)

    answer = wanted(counter)

    line = only(since, "logged in")
    assert (line["user_id"], line["route"]) == (answer.json["user"]["id"], "/api/auth/signup")


def test_a_session_that_is_carried_on_is_told_once_with_whose_it_is(counter, lines):
    ada = counter.somebody("ada")
    since = told(lines)

    refreshed(counter, ada.session)

    assert [line["message"] for line in since()] == ["session carried on"]
    line = only(since, "session carried on")
    assert (line["user_id"], line["route"]) == (ada.user.id, "/api/auth/refresh")


def test_a_password_that_is_changed_is_told_once_with_whose_it_is(counter, lines):
    ada = counter.somebody("ada")
    since = told(lines)

    changed(ada)
    reset(counter, linked(counter), "yet another private phrase")

    passwords = [line for line in since() if line["message"] == "password changed"]
    assert [(line["user_id"], line["route"]) for line in passwords] == [
        (ada.user.id, "/api/auth/password"),
        (ada.user.id, "/api/auth/password/reset"),
    ]


def crowded(counter):
    for _ in range(CROWD):
        counter.passwords._places.acquire()


def ended(counter, ada):
    ada.post("/api/auth/logout")
    return ada


def locked(counter):
    for _ in range(11):
        log_in(counter, password=WRONG)


# What is done before, what is refused, and what the log tells of it: the reason, whose account it
# was about where that is known, and the route.
REFUSED = {
    "a wrong password": (
        None,
        lambda counter, _: log_in(counter, password=WRONG),
        ("wrong password", True, LOGIN),
    ),
    "an unknown address": (
        None,
        lambda counter, _: log_in(counter, "nobody@example.com"),
        ("no such account", False, LOGIN),
    ),
    "a disabled account": (
        lambda counter, ada: counter.change_account(ada, disabled=True),
        lambda counter, _: log_in(counter),
        ("the account is disabled", True, LOGIN),
    ),
    "a shut address": (
        lambda counter, _: locked(counter),
        lambda counter, _: log_in(counter),
        ("too many requests: try again later", False, LOGIN),
    ),
    "a crowd": (
        lambda counter, _: crowded(counter),
        lambda counter, _: log_in(counter),
        ("too many passwords are being checked", False, LOGIN),
    ),
    "no token": (
        None,
        lambda counter, _: counter.visitor().get(ME),
        ("log in first", False, ME),
    ),
    "a made-up token": (
        None,
        lambda counter, _: Visitor(counter.app.test_client(), {"access_token": "a.b.c"}).get(ME),
        ("the access token is not valid", False, ME),
    ),
    "an old token": (
        lambda counter, _: counter.clock.tick(minutes=10),
        lambda _, ada: ada.get(ME),
        ("the access token is not valid", False, ME),
    ),
    "an ended session": (
        ended,
        lambda _, ada: ada.get(ME),
        ("the session has ended", True, ME),
    ),
    "a token of a disabled account": (
        lambda counter, ada: counter.change_account(ada, disabled=True),
        lambda _, ada: ada.get(ME),
        ("the session has ended", True, ME),
    ),
    "an unknown refresh token": (
        None,
        lambda counter, _: refreshed(counter, {"refresh_token": "x"}),
        ("the refresh token is not valid", False, "/api/auth/refresh"),
    ),
    "a refresh token that comes twice": (
        lambda counter, ada: refreshed(counter, ada.session),
        lambda counter, ada: refreshed(counter, ada.session),
        ("the refresh token is not valid", True, "/api/auth/refresh"),
    ),
    "a refresh token of an ended session": (
        ended,
        lambda counter, ada: refreshed(counter, ada.session),
        ("the session has ended", True, "/api/auth/refresh"),
    ),
    "a wrong current password": (
        None,
        lambda _, ada: changed(ada, WRONG),
        ("this is not your current password", True, "/api/auth/password"),
    ),
    "a bad link": (
        None,
        lambda counter, _: reset(counter, "no.token", NEW),
        ("the link is not valid", False, "/api/auth/password/reset"),
    ),
    "a role that is not enough": (
        None,
        lambda _, ada: ada.get("/api/auth/users"),
        ("your role does not allow this", True, "/api/auth/users"),
    ),
    "a list that is not theirs": (
        None,
        lambda _, ada: ada.get("/api/tickets?view=all"),
        ("your role does not allow this list", True, "/api/tickets"),
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_whoever_is_refused_is_told_of_once_with_the_reason(counter, lines, case):
    before, ask, (reason, known, route) = case
    ada = counter.somebody("ada")
    if before:
        before(counter, ada)
    since = told(lines)

    answer = ask(counter, ada)

    assert answer.status_code >= 400
    [line] = [line for line in since() if "reason" in line]
    assert (line["reason"], line["route"]) == (reason, route)
    assert line.get("user_id") == (ada.user.id if known else None)
    assert line["request_id"] == answer.headers["X-Request-Id"]


def test_a_ticket_of_somebody_else_is_denied_and_told_of_with_who_asked(counter, lines):
    ticket = counter.somebody("ada").file().headers["Location"]
    eve = counter.somebody("eve")
    since = told(lines)

    answer = eve.get(ticket)

    assert answer.status_code == 404
    [line] = [line for line in since() if "reason" in line]
    assert (line["user_id"], line["route"]) == (eve.user.id, "/api/tickets/<ticket_id>")


def test_reuse_of_a_refresh_token_is_an_alarm_beside_its_refusal(counter, lines):
    ada = counter.somebody("ada")
    refreshed(counter, ada.session)
    since = told(lines)

    refreshed(counter, ada.session)

    alarm = only(since, "refresh token used twice")
    assert (alarm["severity"], alarm["user_id"]) == ("WARNING", ada.user.id)


def test_a_role_that_is_not_known_is_a_fault_told_once_beside_the_refusal(counter, lines):
    ada = counter.somebody("ada", Role.ADMIN)
    counter.change_account(ada, role="superuser")
    since = told(lines)

    ada.get(ME)

    assert [(line["severity"], line["user_id"]) for line in since()] == [
        ("ERROR", ada.user.id),
        ("INFO", ada.user.id),
    ]


def test_every_answer_is_told_with_who_got_it(counter, lines):
    ada = counter.somebody("ada")

    ada.get(ME)
    counter.visitor().get("/healthz")
    counter.visitor().get("/nothing/here")

    answered = [line for line in lines() if line["message"] == "answered"][-3:]
    assert [(line.get("user_id"), line["route"], line["status"]) for line in answered] == [
        (ada.user.id, ME, 200),
        (None, "/healthz", 200),
        (None, "", 404),
    ]


def test_nothing_of_one_request_is_told_of_the_next(counter, lines):
    ada = counter.somebody("ada")
    ada.get("/api/auth/users")
    since = told(lines)

    counter.visitor().get(ME)

    [line] = since()
    assert "user_id" not in line
