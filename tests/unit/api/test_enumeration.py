"""Nobody learns who has an account: the same answer and the same work for every address."""

import pytest

from helpdesk.documents import Update
from helpdesk.links import link_token
from helpdesk.user import Role
from tests.stands import everything
from tests.unit.api.desk import CROWD, PASSWORD, SETTINGS, log_in
from tests.unit.api.post import forgot, linked, reset, tokens, wanted

PEOPLE = ("known", "unknown", "disabled", "locked", "unfinished", "unranked", "staff")
WRONG = "not the password"


@pytest.fixture
def peopled(cloud):
    """Return a desk where one of each kind has an address, all but the unknown."""
    for name in ("known", "locked"):
        cloud.somebody(name)
    cloud.change_account(cloud.somebody("disabled"), disabled=True)
    cloud.change_account(cloud.somebody("unranked"), role="superuser")
    cloud.somebody("staff", Role.ADMIN)
    wanted(cloud, "unfinished@example.com")
    lock(cloud, "locked@example.com")
    cloud.clock.tick(seconds=1)
    return cloud


def lock(desk, email):
    """Guess at somebody from many places until nobody is let in any more."""
    for number in range(10):
        assert guess(desk, email, client=f"198.51.100.{number}").status_code == 401


def guess(desk, email, password=WRONG, client="203.0.113.9"):
    body = {"email": email, "password": password}
    return desk.visitor().post("/api/auth/login", body, {"X-Forwarded-For": client})


def told(answer):
    """Return all that an answer tells, but for the number of the request."""
    headers = sorted((name, v) for name, v in answer.headers if name != "X-Request-Id")
    body = answer.get_data(as_text=True).replace(answer.headers["X-Request-Id"], "")
    return answer.status_code, headers, body


def work(desk, ask):
    """Return what was asked of each store, and how often bcrypt was, for one request."""
    desk.auth.asked, desk.documents.asked, desk.passwords.checks = [], [], 0
    answer = ask()
    return told(answer), desk.auth.asked, desk.documents.asked, desk.passwords.checks


def alike(desk, ask, names=PEOPLE):
    """Return the one thing that is told and done for everybody, or fail."""
    seen = {name: work(desk, lambda name=name: ask(f"{name}@example.com")) for name in names}
    first = seen[names[0]]
    assert {name: each for name, each in seen.items() if each != first} == {}
    return first


def of_many(ask):
    """Ask for each address from a place of its own, so that no budget of a place is used up."""
    places = (f"192.0.2.{number}" for number in range(1, 255))
    return lambda email: ask(email, {"X-Forwarded-For": next(places)})


def forgetting(desk):
    return lambda email, headers: forgot(desk, email, headers)


def signing_up(desk):
    return lambda email, headers: desk.visitor().post(
        "/api/auth/signup", {"email": email, "password": PASSWORD}, headers
    )


# the same is told, and the same is done


def test_who_forgot_a_password_learns_of_nobodys_account(peopled):
    (status, _, body), auth, documents, checks = alike(peopled, of_many(forgetting(peopled)))

    assert (status, body, checks) == (202, "", 0)
    assert auth == ["commit", "get", "get", "commit"]  # count, whose, who, keep the link
    assert documents == ["commit", "commit"]  # keep the event; it was sent


def test_who_asks_for_an_account_learns_of_nobodys(peopled):
    (status, _, body), auth, documents, checks = alike(peopled, of_many(signing_up(peopled)))

    assert (status, body, checks) == (202, "", 0)
    assert auth == ["commit", "get", "get", "commit"]
    assert documents == ["commit", "commit"]


@pytest.mark.parametrize("password", [WRONG, "", "x" * 1000])
def test_who_guesses_a_password_learns_of_nobodys_account(peopled, password):
    unlocked = [name for name in PEOPLE if name != "locked"]

    (status, headers, _), auth, documents, checks = alike(
        peopled, lambda email: guess(peopled, email, password), unlocked
    )

    assert status == 401
    assert "Set-Cookie" not in dict(headers)
    assert (auth, documents, checks) == (["commit", "get", "get"], [], 1)


def test_the_right_password_of_who_may_not_come_in_is_as_wrong_as_any(peopled):
    closed = ["disabled", "unranked", "unfinished", "unknown"]

    right = alike(peopled, lambda email: guess(peopled, email, PASSWORD), closed)
    wrong = alike(peopled, lambda email: guess(peopled, email, WRONG), ["known", "staff"])

    assert right == wrong


def test_a_locked_address_is_told_the_same_whoever_has_it(peopled):
    for name in PEOPLE:
        if name != "locked":
            lock(peopled, f"{name}@example.com")
    for name in PEOPLE:  # the first refusal counts, the next ones do not
        guess(peopled, f"{name}@example.com")

    (status, headers, _), auth, documents, checks = alike(
        peopled, lambda email: guess(peopled, email, PASSWORD)
    )

    assert status == 429
    assert "Retry-After" in dict(headers)
    assert (auth, documents, checks) == ([], [], 0)


def test_the_refusal_that_finds_an_address_locked_is_the_same_as_the_next(peopled):
    first, asked, *_ = work(peopled, lambda: guess(peopled, "locked@example.com"))
    again = told(guess(peopled, "locked@example.com"))

    assert asked == ["commit"]
    assert first == again


def test_a_link_tells_nobody_whose_it_is_or_was(peopled):
    links = [token_for(peopled, email) for email in ("known@example.com", "nobody@example.com")]
    used = linked(peopled, "staff@example.com")
    assert reset(peopled, used, "another quite private phrase").status_code == 204
    disabled = linked(peopled, "locked@example.com")
    [user_id] = peopled.accounts.ids_of(["locked@example.com"])
    peopled.auth.commit([Update(f"accounts/{user_id}", {"disabled": True})])
    kept = tokens(peopled, "unfinished@example.com")[0]
    peopled.clock.tick(minutes=30)

    dead = [*links, used, disabled, kept, "", "x.y", link_token("nothing", key=SETTINGS.link_key)]
    answers = [told(reset(peopled, each, PASSWORD)) for each in dead]

    assert {status for status, *_ in answers} == {422}
    assert len({str(answer) for answer in answers}) == 1


def token_for(desk, email):
    """Have a link made for an address, and return its token, whether a letter goes out or not."""
    before = set(everything(desk.house.auth))
    forgot(desk, email, {"X-Forwarded-For": "192.0.2.77"})
    [path] = [
        path for path in set(everything(desk.house.auth)) - before if path.startswith("links/")
    ]
    return link_token(path.partition("/")[2], key=SETTINGS.link_key)


@pytest.mark.parametrize("asking", [forgetting, signing_up])
def test_who_asks_for_letters_too_often_learns_of_nobodys_account(peopled, asking):
    ask = of_many(asking(peopled))
    for name in PEOPLE:
        for _ in range(6):
            ask(f"{name}@example.com")

    (status, _, _), auth, documents, _ = alike(peopled, ask)

    assert status == 429
    assert (auth, documents) == ([], [])


# bcrypt


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
@pytest.mark.parametrize("name", [name for name in PEOPLE if name != "locked"])
def test_every_log_in_costs_one_check(peopled, name, password):
    *_, checks = work(peopled, lambda: guess(peopled, f"{name}@example.com", password))

    assert checks == 1


@pytest.mark.parametrize("kept", ["p1:$2b$04$damaged", "p7:$2b$04$x", "", "p1:", ":"])
def test_a_log_in_with_a_damaged_password_costs_one_check(peopled, kept):
    [user_id] = peopled.accounts.ids_of(["known@example.com"])
    peopled.auth.commit([Update(f"accounts/{user_id}", {"password": kept})])

    (status, *_), *_, checks = work(peopled, lambda: guess(peopled, "known@example.com", PASSWORD))

    assert (status, checks) == (401, 1)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_log_in_that_a_crowd_is_in_the_way_of_costs_no_check_and_asks_no_store(peopled, name):
    for _ in range(CROWD):
        peopled.passwords._places.acquire()

    (status, *_), auth, documents, checks = work(
        peopled, lambda: guess(peopled, f"{name}@example.com", PASSWORD)
    )

    assert (status, auth, documents, checks) == (503, [], [], 0)


def test_a_place_that_is_shut_is_told_the_same_whomever_it_guesses_at(peopled):
    for number in range(21):
        guess(peopled, f"somebody{number}@example.com", client="192.0.2.200")

    (status, *_), auth, documents, checks = alike(
        peopled,
        lambda email: guess(peopled, email, PASSWORD, client="192.0.2.200"),
        [name for name in PEOPLE if name != "locked"],
    )

    assert (status, auth, documents, checks) == (429, [], [], 0)


def test_who_signs_up_where_nobody_confirms_costs_one_check_and_who_is_refused_none(counter):
    counter.somebody("ada")
    new = {"email": "bo@example.com", "password": PASSWORD}

    made = work(counter, lambda: counter.visitor().post("/api/auth/signup", new))
    weak = work(
        counter, lambda: counter.visitor().post("/api/auth/signup", {**new, "password": "short"})
    )

    assert (made[0][0], made[3]) == (201, 1)
    assert (weak[0][0], weak[3]) == (422, 0)
    assert log_in(counter, "bo@example.com").status_code == 200
