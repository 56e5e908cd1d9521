"""Settings: a process starts with whole ones, or says at once all that is wrong with them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import PermanentError
from helpdesk.parsers import SECRET_LEAST, secret
from helpdesk.settings import (
    OPTIONAL,
    ApiSettings,
    Keys,
    SettingsError,
    SignUp,
    keys,
)

RANDOM = bytes(range(7, 7 + SECRET_LEAST))
OTHER = bytes(range(99, 99 + SECRET_LEAST))


def coded(value):
    return base64.b64encode(value).decode()


RING = json.dumps({"signing": "k2", "known": {"k1": coded(RANDOM), "k2": coded(OTHER)}})
WHOLE = {
    "HELPDESK_URL": "https://desk.example.com/",
    "HELPDESK_TOKEN_KEYS": RING,
    "HELPDESK_PEPPERS": RING,
    "HELPDESK_SEAL_KEY": coded(RANDOM),
    "HELPDESK_LINK_KEY": coded(OTHER),
    "HELPDESK_HOOK_KEY": coded(OTHER),
}
SECRETS = ("HELPDESK_SEAL_KEY", "HELPDESK_LINK_KEY", "HELPDESK_HOOK_KEY")
RINGS = ("HELPDESK_TOKEN_KEYS", "HELPDESK_PEPPERS")
BAD_SECRETS = {
    "not base64": "no base64 at all!",
    f"shorter than {SECRET_LEAST} bytes": coded(RANDOM[:-1]),
    "a sample value, not a random one": coded(b"secret!" * 5),
}


def ring(signing="k1", **known):
    return json.dumps({"signing": signing, "known": known})


def test_whole_settings_are_read():
    settings = ApiSettings.from_env(WHOLE)

    assert settings == ApiSettings(
        url="https://desk.example.com",
        tokens=Keys("k2", {"k1": RANDOM, "k2": OTHER}),
        peppers=Keys("k2", {"k1": RANDOM, "k2": OTHER}),
        seal_key=RANDOM,
        link_key=OTHER,
        hook_key=OTHER,
        bcrypt_cost=12,
        password_least=15,
        sign_up=SignUp.CONFIRMED,
        origins=(),
        proxies=1,
        tickets_per_hour=30,
    )


def test_settings_come_from_the_environment_of_the_process(monkeypatch):
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)

    assert ApiSettings.from_env() == ApiSettings.from_env(WHOLE)


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_setting_is_named(name):
    environ = {other: value for other, value in WHOLE.items() if other != name}

    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env(environ)

    assert str(refused.value) == f"{name}: missing"


def test_all_that_is_missing_is_named_at_once():
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({})

    assert str(refused.value) == "; ".join(f"{name}: missing" for name in WHOLE)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "desk.example.com",
        "http://desk.example.com",
        "ftp://desk.example.com",
        "https://",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://desk.example.com/a b",
        "https://desk.example.com\nX: y",
    ],
)
def test_only_a_safe_address_is_taken(url):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, "HELPDESK_URL": url})

    assert str(refused.value) == "HELPDESK_URL: not an https address"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://desk.example.com", "https://desk.example.com"),
        ("https://desk.example.com:8443/help/", "https://desk.example.com:8443/help"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_safe_address_is_kept_without_its_last_slash(url, kept):
    assert ApiSettings.from_env({**WHOLE, "HELPDESK_URL": url}).url == kept


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("text", BAD_SECRETS.values(), ids=BAD_SECRETS.keys())
def test_a_bad_secret_is_refused(name, text):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, name: text})

    assert str(refused.value).startswith(f"{name}: ")
    assert BAD_SECRETS[str(refused.value).removeprefix(f"{name}: ")] == text


@pytest.mark.parametrize("name", RINGS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "null",
        "[]",
        '"k1"',
        "{}",
        '{"signing": "k1"}',
        '{"signing": "k1", "known": []}',
        '{"signing": "k1", "known": {}}',
        json.dumps({"signing": ["k1"], "known": {"k1": coded(RANDOM)}}),
        json.dumps({"signing": None, "known": {"k1": coded(RANDOM)}}),
        json.dumps({"signing": "p:1", "known": {"p:1": coded(RANDOM)}}),
        json.dumps({"signing": "", "known": {"": coded(RANDOM)}}),
        json.dumps({"known": {"k1": coded(RANDOM)}}),
        ring("k2", k1=coded(RANDOM)),
        ring(k1=None),
        ring(k1="ä"),
        *(ring(k1=coded(RANDOM), k0=bad) for bad in BAD_SECRETS.values()),
    ],
)
def test_bad_keys_are_refused(name, text):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, name: text})

    assert str(refused.value).startswith(f"{name}: ")


def test_all_that_is_wrong_is_named_at_once_and_no_value_is_repeated():
    environ = {
        "HELPDESK_URL": "http://swordfish.example.com",
        "HELPDESK_TOKEN_KEYS": '{"signing": "swordfish", "known": {}}',
        "HELPDESK_PEPPERS": "{swordfish",
        "HELPDESK_SEAL_KEY": coded(b"swordfish"),
        "HELPDESK_LINK_KEY": "swordfish",
        "HELPDESK_HOOK_KEY": "swordfish",
    }

    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env(environ)

    said = str(refused.value)
    assert [part.partition(":")[0] for part in said.split("; ")] == list(WHOLE)
    assert "swordfish" not in said
    assert not any(value in said for value in environ.values())


@given(st.dictionaries(st.sampled_from(list(WHOLE)), st.text(min_size=5), min_size=1))
def test_garbage_of_every_kind_is_refused_by_name(garbage):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, **garbage})

    said = str(refused.value)
    named = [part.partition(":")[0] for part in said.split("; ")]
    assert named == [name for name in WHOLE if name in garbage]
    assert not any(value in said for value in garbage.values())


FIELDS = {
    "HELPDESK_PASSWORD_LEAST": "password_least",
    "HELPDESK_SIGN_UP": "sign_up",
    "HELPDESK_ORIGINS": "origins",
    "HELPDESK_PROXIES": "proxies",
    "HELPDESK_TICKETS_PER_HOUR": "tickets_per_hour",
}
TAKEN = [
    ("HELPDESK_PASSWORD_LEAST", "8", 8),
    ("HELPDESK_PASSWORD_LEAST", "64", 64),
    ("HELPDESK_SIGN_UP", "confirmed", SignUp.CONFIRMED),
    ("HELPDESK_SIGN_UP", "direct", SignUp.DIRECT),
    ("HELPDESK_ORIGINS", "", ()),
    ("HELPDESK_ORIGINS", "https://a.example.com", ("https://a.example.com",)),
    (
        "HELPDESK_ORIGINS",
        "https://a.example.com:8443,http://localhost,http://127.0.0.1:5173,https://x",
        ("https://a.example.com:8443", "http://localhost", "http://127.0.0.1:5173", "https://x"),
    ),
    ("HELPDESK_PROXIES", "0", 0),
    ("HELPDESK_PROXIES", "5", 5),
    ("HELPDESK_TICKETS_PER_HOUR", "1", 1),
    ("HELPDESK_TICKETS_PER_HOUR", "1000000", 1_000_000),
]
NO_NUMBERS = (
    "", " ", "no", "-1", "+1", "1.0", "1e1", "0x1", "01", " 1", "1\n", "1_0", "\u0661", "\u00b2",
    "None", "9" * 5_000,
)  # fmt: skip
OUTSIDE = {
    "HELPDESK_PASSWORD_LEAST": ("0", "1", "7", "65", "1000"),
    "HELPDESK_PROXIES": ("6", "10"),
    "HELPDESK_TICKETS_PER_HOUR": ("0", "1000001"),
}
GARBAGE = [
    *((name, text) for name in OUTSIDE for text in (*NO_NUMBERS, *OUTSIDE[name])),
    *(
        ("HELPDESK_SIGN_UP", text)
        for text in ("", " ", "open", "DIRECT", "Direct", "direct ", "confirmed\n", "true", "0")
    ),
    *(
        ("HELPDESK_ORIGINS", text)
        for text in (
            " ", "*", "https://*", "https://*.example.com", "null", "http://a.example.com",
            "a.example.com", "https://", "https://a.example.com/", "https://a.example.com/path",
            "https://a.example.com?x", "https://a.example.com#x", "https://u:p@a.example.com",
            "https://A.example.com", "HTTPS://a.example.com", "https://a.example.com:",
            "https://a.example.com:123456", "https://a.example.com,", ",https://a.example.com",
            "https://a.example.com,,https://b.example.com", "https://a.example.com https://b",
            "https://a.example.com, https://b.example.com", "https://a.example.com\n",
            "https://a.example.com,*", "http://localhost.example.com", "http://127.0.0.1.example",
            "http://localhost/", "https://.example.com", "https://ä.example.com",
        )
    ),
]  # fmt: skip


def test_every_setting_that_may_be_left_out_is_tried_here():
    assert set(FIELDS) == OPTIONAL
    assert {name for name, *_ in TAKEN} == {name for name, _ in GARBAGE} == OPTIONAL


@pytest.mark.parametrize(("name", "text", "value"), TAKEN)
def test_a_setting_that_may_be_left_out_is_read_when_it_is_there(name, text, value):
    settings = ApiSettings.from_env({**WHOLE, name: text})

    assert getattr(settings, FIELDS[name]) == value


@pytest.mark.parametrize(("name", "text"), GARBAGE)
def test_garbage_in_a_setting_refuses_the_start_and_is_not_repeated(name, text):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, name: text})

    said = str(refused.value)
    assert said.startswith(f"{name}: not ")
    assert len(said) < 100


@given(st.sampled_from([*OUTSIDE]), st.text() | st.integers().map(str))
def test_a_number_is_read_as_it_is_written_or_not_at_all(name, text):
    try:
        read = ApiSettings.from_env({**WHOLE, name: text})
    except SettingsError:
        return

    assert str(getattr(read, FIELDS[name])) == text


def test_what_is_wrong_with_settings_of_both_kinds_is_named_at_once():
    environ = {**WHOLE, "HELPDESK_PROXIES": "many", "HELPDESK_SIGN_UP": ""}
    del environ["HELPDESK_LINK_KEY"]

    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env(environ)

    assert str(refused.value) == (
        "HELPDESK_LINK_KEY: missing; HELPDESK_SIGN_UP: not one of confirmed, direct;"
        " HELPDESK_PROXIES: not a whole number from 0 to 5"
    )


def test_no_secret_is_shown():
    shown = repr(ApiSettings.from_env(WHOLE))

    assert "k2" in shown
    assert not any(repr(value) in shown for value in (RANDOM, OTHER))


def test_a_secret_is_as_long_as_the_hash_it_keys():
    assert secret(coded(RANDOM)) == RANDOM
    assert keys(RING).signing == "k2"
    assert issubclass(SettingsError, PermanentError)
