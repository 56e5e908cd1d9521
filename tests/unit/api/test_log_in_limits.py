"""Limits as whoever asks meets them: so many tries, told when to come again, and no way around."""

import http.client
import json
import socket

import pytest

from helpdesk.settings import SignUp
from local.server import Server
from tests.unit.api.desk import PASSWORD, Counter, Visitor, at_once, is_problem
from tests.unit.api.post import forgot, letters, linked, reset, wanted

ADA = "ada@example.com"
WRONG = "not the password"
HERE, THERE = "203.0.113.9", "198.51.100.7"


def entering(visitor, email=ADA, password=PASSWORD, client=HERE, **headers):
    sent = {"X-Forwarded-For": client} if client else {}
    body = {"email": email, "password": password}
    return visitor.post("/api/auth/login", body, {**sent, **headers})


def guess(desk, email=ADA, client=HERE, **headers):
    return entering(desk.visitor(), email, WRONG, client, **headers)


def places():
    """Return one address after the other, as of a guesser with a whole network."""
    return (f"10.{number >> 8}.{number & 255}.1" for number in range(1 << 16))


def statuses(answers):
    return [answer.status_code for answer in answers]


def is_shut(answer, *, minutes):
    """Say whether an answer asks to come again in so many minutes."""
    return is_problem(answer, 429) and answer.headers["Retry-After"] == str(round(minutes * 60))


# an account


def test_ten_wrong_passwords_shut_an_account_until_the_window_ends(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(minutes=4)

    wrong = [guess(cloud, client=place) for place, _ in zip(places(), range(10), strict=False)]
    shut = entering(cloud.visitor(), client=THERE)
    cloud.clock.tick(minutes=11, microseconds=-1)
    last = entering(cloud.visitor(), client=THERE)
    cloud.clock.tick(microseconds=1)

    assert statuses(wrong) == [401] * 10
    assert is_shut(shut, minutes=11)
    assert shut.json["detail"] == "too many requests: try again later"
    assert last.headers["Retry-After"] == "1"
    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_nine_wrong_passwords_shut_nothing(cloud):
    cloud.somebody("ada")

    wrong = [guess(cloud) for _ in range(9)]

    assert statuses(wrong) == [401] * 9
    assert entering(cloud.visitor()).status_code == 200


def test_another_account_is_not_shut(cloud):
    cloud.somebody("ada")
    cloud.somebody("bo")
    for _ in range(11):
        guess(cloud)

    assert entering(cloud.visitor(), "bo@example.com").status_code == 200


@pytest.mark.parametrize("email", ["ADA@example.com", " ada@example.com ", "Ada@Example.COM\t"])
def test_an_address_is_counted_as_one_however_it_is_written(cloud, email):
    cloud.somebody("ada")

    wrong = [guess(cloud, email) for _ in range(10)]

    assert statuses(wrong) == [401] * 10
    assert is_shut(entering(cloud.visitor(), client=THERE), minutes=15)


def test_successes_do_not_count(cloud):
    cloud.somebody("ada")
    for _ in range(9):
        guess(cloud)

    entered = [entering(cloud.visitor()) for _ in range(30)]

    assert statuses(entered) == [200] * 30
    assert guess(cloud).status_code == 401
    assert is_shut(entering(cloud.visitor()), minutes=15)


def test_of_many_guesses_at_once_ten_are_looked_at(cloud):
    cloud.somebody("ada")
    cloud.passwords.checks = 0
    place = places()

    answers = at_once(16, lambda: guess(cloud, client=next(place)))

    assert sorted(statuses(answers)) == [401] * 10 + [429] * 6
    assert cloud.passwords.checks == 10


def test_in_an_hour_twenty_wrong_passwords_are_looked_at(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(minutes=30)  # where an hour begins
    place = places()
    for _ in range(2):
        assert statuses(guess(cloud, client=next(place)) for _ in range(10)) == [401] * 10
        cloud.clock.tick(minutes=15)

    shut = entering(cloud.visitor(), client=THERE)
    cloud.clock.tick(minutes=30)

    assert is_shut(shut, minutes=30)
    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_in_a_day_a_hundred_wrong_passwords_are_looked_at(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(hours=14, minutes=30)  # where a day begins
    place = places()
    for _ in range(5):
        for _ in range(2):
            assert statuses(guess(cloud, client=next(place)) for _ in range(10)) == [401] * 10
            cloud.clock.tick(minutes=15)
        cloud.clock.tick(minutes=30)

    shut = entering(cloud.visitor(), client=THERE)
    cloud.clock.tick(hours=19)

    assert is_shut(shut, minutes=19 * 60)
    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_whoever_hammers_all_day_gets_a_hundred_guesses_at_most(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(hours=14, minutes=30)
    cloud.passwords.checks = 0
    place = places()

    for _ in range(24 * 4):
        for _ in range(12):
            guess(cloud, client=next(place))
        cloud.clock.tick(minutes=15)

    assert 90 <= cloud.passwords.checks <= 100


def test_an_instance_writes_one_count_more_than_are_allowed_however_many_guess(cloud):
    cloud.somebody("ada")
    cloud.auth.asked = []
    place = places()

    for _ in range(100):
        guess(cloud, client=next(place))

    assert cloud.auth.asked.count("commit") == 11


def test_an_address_that_nobody_has_is_counted_too(cloud):
    answers = [guess(cloud, "nobody@example.com") for _ in range(11)]

    assert statuses(answers) == [401] * 10 + [429]


# a place


def test_twenty_wrong_passwords_from_one_place_shut_it_for_five_minutes(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(minutes=1)

    wrong = [guess(cloud, f"somebody{number}@example.com") for number in range(20)]

    assert statuses(wrong) == [401] * 20
    assert is_shut(entering(cloud.visitor()), minutes=4)
    assert entering(cloud.visitor(), client=THERE).status_code == 200
    cloud.clock.tick(minutes=4)
    assert entering(cloud.visitor()).status_code == 200


def test_a_household_of_ipv6_is_one_place(cloud):
    cloud.somebody("ada")

    for number in range(20):
        guess(cloud, f"somebody{number}@example.com", client=f"2001:db8:1:2::{number:x}")

    assert is_shut(entering(cloud.visitor(), client="2001:db8:1:2:ffff::1"), minutes=5)
    assert entering(cloud.visitor(), client="2001:db8:1:3::1").status_code == 200


def test_on_one_machine_there_are_no_places(counter):
    counter.somebody("ada")

    wrong = [guess(counter, f"somebody{number}@example.com") for number in range(30)]

    assert statuses(wrong) == [401] * 30
    assert entering(counter.visitor()).status_code == 200


FORGED = {
    "one entry before": {"X-Forwarded-For": "10.9.{n}.1, {here}"},
    "many entries before": {"X-Forwarded-For": "10.9.{n}.1,10.8.{n}.2 , 127.0.0.1, {here}"},
    "an empty entry before": {"X-Forwarded-For": ",{n}, {here}"},
    "no address before": {"X-Forwarded-For": "unknown{n}, {here}"},
    "a name of CloudFlare's": {"X-Forwarded-For": "{here}", "CF-Connecting-IP": "10.9.{n}.1"},
    "the standard": {
        "X-Forwarded-For": "{here}",
        "Forwarded": "for=10.9.{n}.1;proto=https, for=10.9.{n}.2",
    },
    "a name of nginx's": {"X-Forwarded-For": "{here}", "X-Real-IP": "10.9.{n}.1"},
    "a name of Akamai's": {"X-Forwarded-For": "{here}", "True-Client-IP": "10.9.{n}.1"},
    "a name of Apache's": {"X-Forwarded-For": "{here}", "X-Client-IP": "10.9.{n}.1"},
    "a name of Azure's": {"X-Forwarded-For": "{here}", "X-Azure-ClientIP": "10.9.{n}.1"},
    "a name of Google's": {"X-Forwarded-For": "{here}", "X-AppEngine-User-IP": "10.9.{n}.1"},
    "a port of its own": {"X-Forwarded-For": "10.9.{n}.1:{n}, {here}"},
    "written as IPv6": {"X-Forwarded-For": "::ffff:{here}"},
}


@pytest.mark.parametrize("spoofed", FORGED.values(), ids=FORGED.keys())
def test_a_place_cannot_be_made_up(cloud, spoofed):
    cloud.somebody("ada")

    def sent(number):
        return {name: text.format(n=number, here=HERE) for name, text in spoofed.items()}

    wrong = [guess(cloud, f"somebody{n}@example.com", "", **sent(n)) for n in range(20)]

    assert statuses(wrong) == [401] * 20
    assert is_shut(entering(cloud.visitor(), client="", **sent(20)), minutes=5)
    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_another_spelling_of_the_header_does_not_reach_us(cloud):
    # WSGI cannot tell it from ours: the server has to drop it, as gunicorn does in the cloud.
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(cloud.app, listening, threads=1)
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=10)

    def seen(number):
        spoofed = {"X_Forwarded_For": f"10.9.{number}.1", "X-Forwarded_For": f"10.8.{number}.1"}
        login = json.dumps({"email": f"somebody{number}@example.com", "password": WRONG})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": HERE, **spoofed}
        connection.request("POST", "/api/auth/login", login, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    answers = [seen(number) for number in range(21)]
    connection.close()
    server.stop()

    assert answers == [401] * 20 + [429]


def test_nobody_makes_a_place_up_for_somebody_else(cloud):
    cloud.somebody("ada")

    for number in range(25):
        guess(cloud, f"somebody{number}@example.com", f"{THERE}, {HERE}")

    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_without_a_proxy_no_header_makes_a_place(tmp_path, clock):
    bare = Counter(tmp_path / "house", clock=clock, proxies=0)
    bare.somebody("ada")
    peer = {"REMOTE_ADDR": HERE}

    def bare_guess(number):
        return bare.app.test_client().post(
            "/api/auth/login",
            json={"email": f"somebody{number}@example.com", "password": WRONG},
            headers={"X-Forwarded-For": f"10.9.{number}.1"},
            environ_base=peer,
        )

    answers = [bare_guess(number) for number in range(21)]

    assert statuses(answers) == [401] * 20 + [429]
    bare.close()


# a device


def known_device(desk, name="ada"):
    """Return somebody's browser, that was logged in once before."""
    desk.somebody(name)
    browser = Visitor(desk.app.test_client())
    assert entering(browser, f"{name}@example.com").status_code == 200
    return browser


def attacked(desk):
    """Guess at Ada until she is locked out wherever she has not been before."""
    place = places()
    for _ in range(11):
        guess(desk, client=next(place))
    assert is_problem(entering(desk.visitor(), client=THERE), 429)


def test_the_owner_logs_in_from_a_known_device_all_through_the_attack(cloud):
    browser = known_device(cloud)
    attacked(cloud)
    place, entered = places(), []

    for _ in range(20):
        guess(cloud, client=next(place))
        entered.append(entering(browser))

    assert statuses(entered) == [200] * 20


def test_a_known_device_comes_in_from_a_place_that_is_shut(cloud):
    browser = known_device(cloud)
    for number in range(21):
        guess(cloud, f"somebody{number}@example.com")

    assert is_problem(entering(cloud.visitor()), 429)
    assert entering(browser).status_code == 200


def test_what_a_known_device_gets_wrong_is_counted_for_it_alone(cloud):
    here = known_device(cloud)
    there = Visitor(cloud.app.test_client())
    entering(there)

    wrong = [entering(here, password=WRONG) for _ in range(10)]

    assert statuses(wrong) == [401] * 10
    assert is_shut(entering(here), minutes=15)
    assert entering(there).status_code == 200
    assert entering(cloud.visitor(), client=THERE).status_code == 200


def test_a_device_that_is_known_for_somebody_else_is_no_help(cloud):
    browser = known_device(cloud, "mallory")
    cloud.somebody("ada")

    answers = [entering(browser, password=WRONG) for _ in range(11)]

    assert statuses(answers) == [401] * 10 + [429]
    assert is_shut(entering(cloud.visitor(), client=THERE), minutes=15)


def test_a_device_is_known_for_whoever_logged_in_there_last(cloud):
    browser = known_device(cloud)
    cloud.somebody("bo")
    entering(browser, "bo@example.com")
    attacked(cloud)

    assert is_problem(entering(browser), 429)


def test_a_forged_cookie_is_no_help(cloud):
    answer = entering(known_device(cloud))
    good = answer.headers["Set-Cookie"].partition(";")[0]
    attacked(cloud)
    forger = Visitor(cloud.app.test_client(use_cookies=False))

    forged = [good[:-1] + "_", good[:60], "device=", f"{good}; {good}", good.replace("=", "=A", 1),
              f"__Host-{good}", good.upper()]  # fmt: skip
    answers = [entering(forger, Cookie=each) for each in forged]

    assert statuses(answers) == [429] * len(forged)
    assert entering(forger, Cookie=good).status_code == 200


def test_a_device_is_forgotten_after_half_a_year(cloud):
    answer = entering(known_device(cloud))
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    holder = Visitor(cloud.app.test_client(use_cookies=False))

    cloud.clock.tick(days=180)
    attacked(cloud)
    last = entering(holder, Cookie=cookie)
    cloud.clock.tick(seconds=1)
    late = entering(holder, Cookie=cookie)

    assert (last.status_code, late.status_code) == (200, 429)


# everything else


@pytest.mark.parametrize("sign_up", SignUp)
def test_five_may_sign_up_from_one_place_in_half_an_hour(tmp_path, clock, sign_up):
    desk = Counter(tmp_path / "house", clock=clock, proxies=1, sign_up=sign_up)

    def asking(number, client=HERE, **changes):
        body = {"email": f"new{number}@example.com", "password": PASSWORD, **changes}
        return desk.visitor().post("/api/auth/signup", body, {"X-Forwarded-For": client})

    weak = [asking(0, password="short") for _ in range(6)]
    asked = [asking(number) for number in range(5)]

    assert statuses(weak) == [422] * 6
    assert set(statuses(asked)) <= {201, 202}
    assert is_shut(asking(5), minutes=30)
    assert asking(6, THERE).status_code in {201, 202}
    clock.tick(minutes=30)
    assert asking(7).status_code in {201, 202}
    desk.close()


def test_five_letters_about_a_sign_up_go_to_one_address_in_half_an_hour(cloud):
    place = places()

    def asking(email=ADA):
        body = {"email": email, "password": PASSWORD}
        return cloud.visitor().post("/api/auth/signup", body, {"X-Forwarded-For": next(place)})

    asked = [asking() for _ in range(5)]

    assert statuses(asked) == [202] * 5
    assert is_shut(asking(" ADA@example.com"), minutes=30)
    assert asking("bo@example.com").status_code == 202
    assert len(letters(cloud, ADA)) == 5
    cloud.clock.tick(minutes=30)
    assert asking().status_code == 202


def test_on_one_machine_any_number_may_sign_up(counter):
    answers = [wanted(counter, f"new{number}@example.com") for number in range(10)]

    assert statuses(answers) == [201] * 10


def test_five_links_go_to_one_address_in_half_an_hour(cloud):
    cloud.somebody("ada")
    cloud.clock.tick(minutes=10)
    place = places()

    asked = [forgot(cloud, headers={"X-Forwarded-For": next(place)}) for _ in range(5)]

    assert statuses(asked) == [202] * 5
    assert is_shut(forgot(cloud, " ADA@example.com", {"X-Forwarded-For": THERE}), minutes=20)
    cloud.clock.tick(minutes=20)
    assert forgot(cloud, headers={"X-Forwarded-For": THERE}).status_code == 202


def test_five_links_are_asked_for_from_one_place_in_half_an_hour(cloud):
    here, there = {"X-Forwarded-For": HERE}, {"X-Forwarded-For": THERE}

    asked = [forgot(cloud, f"somebody{number}@example.com", here) for number in range(5)]

    assert statuses(asked) == [202] * 5
    assert is_shut(forgot(cloud, headers=here), minutes=30)
    assert forgot(cloud, headers=there).status_code == 202


def test_on_one_machine_links_are_counted_by_address_alone(counter):
    asked = [forgot(counter, f"somebody{number}@example.com") for number in range(10)]
    again = [forgot(counter) for _ in range(6)]

    assert statuses(asked) == [202] * 10
    assert statuses(again) == [202] * 5 + [429]


def test_so_many_tickets_an_hour_are_taken_from_each(tmp_path, clock):
    desk = Counter(tmp_path / "house", clock=clock, tickets_per_hour=3)
    ada, bo = desk.somebody("ada"), desk.somebody("bo")
    clock.tick(minutes=5)

    filed = [ada.file() for _ in range(3)]
    clock.tick(minutes=4)
    shut = ada.file()

    assert statuses(filed) == [201] * 3
    assert is_shut(shut, minutes=21)
    assert len(ada.get("/api/tickets").json["items"]) == 3
    assert bo.file().status_code == 201
    clock.tick(minutes=21)
    assert desk.logged_in(ada.user).file().status_code == 201
    desk.close()


def test_a_ticket_that_is_no_good_or_comes_again_does_not_count(tmp_path, clock):
    desk = Counter(tmp_path / "house", clock=clock, tickets_per_hour=2)
    ada = desk.somebody("ada")

    bad = [ada.file(title="") for _ in range(3)]
    again = [ada.file(headers={"Idempotency-Key": "once"}) for _ in range(3)]

    assert statuses(bad) == [422] * 3
    assert statuses(again) == [201] * 3
    assert ada.file().status_code == 201
    assert is_shut(ada.file(), minutes=30)
    desk.close()


@pytest.mark.parametrize(
    ("later", "wait"),
    [(0, 900), (0.1, 900), (0.999_999, 900), (1, 899), (59.5, 841), (899, 1), (899.999_999, 1)],
)
def test_a_refusal_says_the_seconds_that_are_left_and_never_none(cloud, later, wait):
    for _ in range(10):
        guess(cloud)
    cloud.clock.tick(seconds=later)

    answers = [guess(cloud) for _ in range(2)]

    assert [answer.headers["Retry-After"] for answer in answers] == [str(wait)] * 2


# what the right password does not buy


def test_right_passwords_are_counted_too(cloud):
    cloud.somebody("ada")  # and that was the first log-in

    answers = [
        entering(cloud.visitor(), client=place)
        for place, _ in zip(places(), range(61), strict=False)
    ]

    assert statuses(answers) == [*[200] * 59, *[429] * 2]


def test_on_ones_own_machine_one_comes_as_often_as_one_likes(counter):
    counter.somebody("ada")

    answers = [entering(counter.visitor(), client="") for _ in range(61)]

    assert statuses(answers) == [200] * 61


def test_a_mark_of_the_device_ends_with_the_password_it_was_given_for(cloud):
    insider = cloud.somebody("ada")
    [token] = [linked(cloud)]
    assert reset(cloud, token, "the next quite private phrase").status_code == 204

    guesses = [entering(Visitor(insider.client), password=WRONG, client=place)
               for place, _ in zip(places(), range(11), strict=False)]  # fmt: skip

    assert statuses(guesses) == [*[401] * 10, 429]


def test_who_waits_for_a_core_in_vain_has_not_used_up_a_try(counter, monkeypatch):
    monkeypatch.setattr("api.passwords.WAIT_S", 0.001)
    counter.somebody("ada")
    held = []
    while counter.passwords._slots.acquire(blocking=False):
        held.append(True)

    busy = [entering(counter.visitor(), client="") for _ in range(12)]
    for _ in held:
        counter.passwords._slots.release()

    assert statuses(busy) == [503] * 12
    assert entering(counter.visitor(), client="").status_code == 200
