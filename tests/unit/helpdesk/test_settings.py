"""Settings: a process starts with whole ones, or says at once all that is wrong with them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import PermanentError
from helpdesk.settings import SECRET_LEAST, ApiSettings, Keys, SettingsError, keys, secret

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
}
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
        bcrypt_cost=12,
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


@pytest.mark.parametrize("text", BAD_SECRETS.values(), ids=BAD_SECRETS.keys())
def test_a_bad_seal_key_is_refused(text):
    with pytest.raises(SettingsError) as refused:
        ApiSettings.from_env({**WHOLE, "HELPDESK_SEAL_KEY": text})

    assert str(refused.value).startswith("HELPDESK_SEAL_KEY: ")
    assert BAD_SECRETS[str(refused.value).removeprefix("HELPDESK_SEAL_KEY: ")] == text


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


def test_a_secret_is_as_long_as_the_hash_it_keys():
    assert secret(coded(RANDOM)) == RANDOM
    assert keys(RING).signing == "k2"
    assert issubclass(SettingsError, PermanentError)
