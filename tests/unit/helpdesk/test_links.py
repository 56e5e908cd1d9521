"""Links in mails: a token proves its id, and only to whoever has the key."""

import hashlib
import hmac
import re
import string
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import InvalidInputError
from helpdesk.links import link_id_of, link_token

KEY = bytes(range(32))
LETTERS = string.ascii_letters + string.digits
IDS = st.text(LETTERS, min_size=1, max_size=64)
KEYS = st.binary(min_size=32, max_size=64)


def is_accepted(token, key=KEY):
    """Say whether a token opens anything; that any other error comes of it fails the test."""
    try:
        link_id_of(token, key=key)
    except InvalidInputError as refusal:
        assert (str(refusal), refusal.field) == ("the link is not valid", "token")  # noqa: PT017
        return False
    return True


@given(IDS, KEYS)
def test_a_token_gives_back_its_id(link_id, key):
    token = link_token(link_id, key=key)

    assert link_id_of(token, key=key) == link_id


def test_a_token_is_its_id_and_256_bits_that_need_no_escaping():
    token = link_token("L1NK", key=KEY)

    mac = hmac.new(KEY, b"link|L1NK", hashlib.sha256).digest()
    assert token == f"L1NK.{urlsafe_b64encode(mac).decode().rstrip('=')}"
    assert re.fullmatch(r"L1NK\.[A-Za-z0-9_-]{43}", token)


def test_a_token_can_be_made_again_and_is_the_same():
    assert link_token("L1NK", key=KEY) == link_token("L1NK", key=KEY)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "None", "null", "undefined", "0", "false", "None.None", "null.null", "[]", "{}",
     "L1NK", "L1NK.", ".L1NK", "." * 1_000, " ", "\0", "\n"],
)  # fmt: skip
def test_what_is_no_token_opens_nothing(token):
    assert not is_accepted(token)


def test_a_signature_over_no_id_opens_nothing():
    nothing = urlsafe_b64encode(hmac.new(KEY, b"link|", hashlib.sha256).digest()).decode()

    assert not is_accepted(f".{nothing.rstrip('=')}")
    assert not is_accepted(nothing.rstrip("="))


@pytest.mark.parametrize("link_id", ["L", "L1NK01", "0123456789ABCDEFGHJKMNPQRS"])
def test_a_token_with_one_changed_character_is_refused(link_id):
    token = link_token(link_id, key=KEY)
    others = string.printable + "é\u0661\u200b"
    tampered = {
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in others
    } - {token}

    accepted = {each for each in tampered if is_accepted(each)}

    assert accepted == set()


def test_a_token_with_a_character_more_or_less_is_refused():
    token = link_token("L1NK01", key=KEY)
    places = range(len(token) + 1)
    longer = {token[:place] + more + token[place:] for place in places for more in "A1z_=.%\n \0é"}
    shorter = {token[:place] for place in places[:-1]} | {token[place:] for place in places[1:]}

    accepted = {each for each in longer | shorter if is_accepted(each)}

    assert accepted == set()


def test_a_signature_is_for_its_own_id_alone():
    mine, other = link_token("M1NE", key=KEY), link_token("0THER", key=KEY)

    assert not is_accepted(f"0THER.{mine.partition('.')[2]}")
    assert not is_accepted(f"{mine}.{other}")
    assert not is_accepted(f"m1ne.{mine.partition('.')[2]}")


def test_a_token_of_another_key_is_refused():
    token = link_token("L1NK", key=bytes(range(1, 33)))

    assert not is_accepted(token)


@given(st.text(max_size=120))
def test_a_token_cannot_be_made_up(token):
    assert not is_accepted(token)


@pytest.mark.parametrize("token", ["a" * 10**6, "a." + "A" * 10**6, "\udcff.", "٣.", "é" * 10**5])
def test_a_hostile_token_is_refused_like_any_other(token):
    assert not is_accepted(token)


@pytest.mark.parametrize("link_id", ["", " ", "a b", "a.b", "a/b", "..", "L1NK\n", "é", "x" * 65])
def test_no_token_is_made_for_what_is_no_id(link_id):
    with pytest.raises(InvalidInputError) as refused:
        link_token(link_id, key=KEY)

    assert refused.value.field == "link_id"
