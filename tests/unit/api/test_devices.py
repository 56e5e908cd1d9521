"""Known devices: a cookie makes a device known for one address, and nothing else does."""

import string
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.devices import HEADER_MOST, LIFE, Device, Devices
from helpdesk.clock import RandomIds
from helpdesk.cursor import seal
from tests.builders import NOW, FixedClock, SequenceIds

KEY = bytes(range(32))
ADA = "ada@example.com"
FIRST = Device("1".zfill(26), NOW)


def devices(*, key=KEY, clock=None, ids=None, secure=True):
    return Devices(key=key, clock=clock or FixedClock(), ids=ids or SequenceIds(), secure=secure)


def kept(set_cookie):
    """Return what a browser keeps of a Set-Cookie header and sends back: name=value."""
    return set_cookie.partition(";")[0]


COOKIE = kept(devices().cookie_for(ADA, password_at=NOW))
NAME, _, VALUE = COOKIE.partition("=")


def test_a_device_is_known_by_its_cookie():
    known = devices(ids=RandomIds())

    first, second = (
        known.device_of(kept(known.cookie_for(ADA, password_at=NOW)), ADA) for _ in range(2)
    )

    assert len(first.id) == len(second.id) == 26
    assert first != second


def test_a_cookie_is_good_at_every_instance_for_as_long_as_it_lives():
    clock = FixedClock()
    cookie = kept(devices(clock=clock).cookie_for(ADA, password_at=NOW))

    clock.tick(days=180)
    last = devices(clock=clock).device_of(cookie, ADA)
    clock.tick(microseconds=1)
    late = devices(clock=clock).device_of(cookie, ADA)

    assert last == FIRST
    assert late is None


def test_a_clock_that_is_a_little_behind_is_forgiven():
    behind = devices(clock=FixedClock(NOW - timedelta(seconds=5)))

    assert behind.device_of(COOKIE, ADA) == FIRST


def test_over_https_the_cookie_is_for_this_very_host():
    name_and_value, *attributes = devices().cookie_for(ADA, password_at=NOW).split("; ")

    assert name_and_value.startswith("__Host-device=")
    assert attributes == ["Path=/", "Max-Age=15552000", "HttpOnly", "SameSite=Lax", "Secure"]
    assert timedelta(seconds=15_552_000) == LIFE


def test_over_http_the_cookie_has_a_plain_name():
    name_and_value, *attributes = devices(secure=False).cookie_for(ADA, password_at=NOW).split("; ")

    assert name_and_value.startswith("device=")
    assert attributes == ["Path=/", "Max-Age=15552000", "HttpOnly", "SameSite=Lax"]


def test_a_cookie_needs_no_quotes_and_names_nobody():
    assert set(VALUE) <= set(string.ascii_letters + string.digits + "-_")
    assert len(COOKIE) < 512
    assert "ada" not in devices().cookie_for(ADA, password_at=NOW)


@pytest.mark.parametrize("address", ["bob@example.com", "ada@example.co", "ADA@example.com", ""])
def test_a_device_is_known_for_its_own_address_alone(address):
    assert devices().device_of(COOKIE, address) is None


def test_a_cookie_of_another_key_is_refused():
    foreign = kept(devices(key=bytes(range(1, 33))).cookie_for(ADA, password_at=NOW))

    assert devices().device_of(foreign, ADA) is None


def test_what_the_key_has_sealed_for_something_else_is_no_device():
    hashed = sha256(ADA.encode()).hexdigest()
    values = (hashed, "EVIL", NOW, NOW)

    sealed = {bound: seal(values, key=KEY, bound_to=bound) for bound in ("device", "cursor", "")}

    known = {b: devices().device_of(f"{NAME}={each}", ADA) for b, each in sealed.items()}
    assert known == {"device": Device("EVIL", NOW), "cursor": None, "": None}


def test_the_name_of_the_other_scheme_is_not_looked_at():
    plain = f"device={VALUE}"

    assert devices().device_of(plain, ADA) is None
    assert devices(secure=False).device_of(plain, ADA) == FIRST
    assert devices(secure=False).device_of(COOKIE, ADA) is None


@pytest.mark.parametrize(
    "header",
    ["{}", "a=b; {}", "{}; a=b", "a=b;{};c=d", ";;{};;", " {} ", "\t{}\t", "flag; {}", "a=; {}; =",
     "device=x; {}", "__host-device=x; {}", 'a="b; {}', "x__Host-device=x; {}"],
)  # fmt: skip
def test_the_cookie_is_found_among_others(header):
    assert devices().device_of(header.replace("{}", COOKIE), ADA) == FIRST


@pytest.mark.parametrize(
    "header",
    ["{}; {}", "{}; __Host-device=", "__Host-device; {}", "__Host-device=x; a=b; {}",
     "{}; __Host-device=" + "x" * 1_000],
)  # fmt: skip
def test_of_two_cookies_none_is_believed(header):
    assert devices().device_of(header.replace("{}", COOKIE), ADA) is None


def test_a_cookie_with_one_changed_character_is_refused():
    others = string.printable + "é\udcff"
    tampered = {
        VALUE[:place] + other + VALUE[place + 1 :]
        for place in range(len(VALUE))
        for other in others
    } - {VALUE}

    known = {each for each in tampered if is_known(f"{NAME}={each}")}

    assert known == set()


HOSTILE = {
    "nothing": "",
    "a name alone": NAME,
    "no value": f"{NAME}=",
    "no name": f"={VALUE}",
    "a blank before the sign": f"{NAME} ={VALUE}",
    "a blank behind the sign": f"{NAME}= {VALUE}",
    "quoted": f'{NAME}="{VALUE}"',
    "escaped": f"{NAME}=%{VALUE}",
    "padded": f"{COOKIE}=",
    "a comma": f"a=b, {COOKIE}",
    "another case": f"{NAME.upper()}={VALUE}",
    "no base64": f"{NAME}=!!!!",
    "a half": COOKIE[:100],
    "Latin": f"{NAME}=\xe9\xff",
    "a lone surrogate": f"{NAME}=\udcff",
    "other digits": f"{NAME}=\u0661",
    "a NUL": f"{NAME}=\0",
    "a line break before": f"a=b;\n{COOKIE}",
    "a line break": f"{NAME}={VALUE}\r\nSet-Cookie: a=b",
    "10,000 cookies": "a=b; " * 10_000 + COOKIE,
    "100,000 semicolons": ";" * 100_000,
    "100 KB of value": f"{NAME}={'x' * 100_000}",
    "100 KB behind a good one": f"{COOKIE}; a={'x' * 100_000}",
    "100,000 signs": "=" * 100_000,
}


@pytest.mark.parametrize("header", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_makes_no_device_known(header):
    assert not is_known(header)


def test_a_long_header_is_read_up_to_a_limit():
    longest = f"{COOKIE}; a=".ljust(HEADER_MOST, "x")

    assert is_known(longest)
    assert not is_known(longest + "x")


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_device_cannot_be_made_up(before, value):
    assert not is_known(f"{before}{NAME}={value}")


def is_known(header):
    return devices().device_of(header, ADA) is not None
