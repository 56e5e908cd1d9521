"""Attacks on access tokens: what is not ours to the last bit is refused, in the same words."""

import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from api.tokens import Tokens
from helpdesk.clock import RandomIds
from helpdesk.errors import UnauthenticatedError
from helpdesk.settings import Keys
from tests.builders import FixedClock
from tests.unit.api.desk import alike, is_problem
from tests.unit.api.forger import (
    ATTACKS,
    BEGUN,
    CLAIMS,
    HEADER,
    KEYS,
    OTHER_KEY,
    SAID,
    SECOND,
    WHOLE,
    claiming,
    forged,
    headed,
    part,
    spaced_to,
    text,
)

ME = "/api/auth/me"


def tokens(keys=KEYS, clock=None):
    return Tokens(keys, clock=clock or FixedClock(), ids=RandomIds())


def is_accepted(token, keys=KEYS):
    """Say whether a token lets somebody in; that any other error comes of it fails the test."""
    try:
        tokens(keys).read(token)
    except UnauthenticatedError as refusal:
        assert str(refusal) == "the access token is not valid"  # noqa: PT017 - every refusal is held
        return False
    return True


def test_the_forger_can_make_a_token_that_is_read():
    reader = tokens()

    assert reader.read(WHOLE) == SAID
    assert reader.read(headed(OTHER_KEY, kid="k0")) == SAID
    assert reader.read(forged(json.dumps(CLAIMS, indent=1).encode(), text(HEADER))) == SAID
    assert reader.read(spaced_to(4_096)) == SAID


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_forged_token_is_refused(token):
    assert not is_accepted(token)


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_clock_that_is_a_little_ahead_is_forgiven_and_no_more(name):
    assert is_accepted(claiming(**{name: BEGUN + 5}))
    assert not is_accepted(claiming(**{name: BEGUN + 6}))


def test_no_flipped_bit_is_overlooked():
    token = tokens().issue(SAID).encode()
    flipped = [
        (token[:place] + bytes([token[place] ^ 1 << bit]) + token[place + 1 :]).decode("latin-1")
        for place in range(len(token))
        for bit in range(8)
    ]

    accepted = [each for each in flipped if is_accepted(each)]

    assert len(flipped) > 500
    assert accepted == []


def test_every_part_can_be_spelt_in_one_way_only():
    token = tokens().issue(SAID)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ends = [place - 1 for place, letter in enumerate(f"{token}.") if letter == "."]
    twins = {token[:end] + letter + token[end + 1 :] for end in ends for letter in letters}

    accepted = {twin for twin in twins if is_accepted(twin)}

    assert accepted == {token}


@given(st.text(max_size=80))
def test_no_token_can_be_made_up(token):
    assert not is_accepted(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(JSON | st.dictionaries(st.sampled_from(list(CLAIMS)), JSON))
def test_no_other_claims_are_believed_whoever_signed_them(claims):
    assert not is_accepted(forged(claims))


@given(JSON | st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit"]), JSON))
def test_no_other_header_is_believed_whoever_signed_it(header):
    assert not is_accepted(forged(header=header))


ODD = JSON.filter(lambda value: isinstance(value, bool) or not isinstance(value, str | int))


@given(st.sampled_from(list(CLAIMS)), ODD)
def test_no_claim_of_another_type_is_believed(name, value):
    assert not is_accepted(claiming(**{name: value}))


@pytest.fixture(scope="module")
def public():
    """Return a private key whose public half everybody knows."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def spellings(private):
    """Return every way in which a public key is handed around."""
    public, encoding = private.public_key(), serialization.Encoding
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "PEM": public.public_bytes(encoding.PEM, info),
        "DER": public.public_bytes(encoding.DER, info),
        "PKCS1": public.public_bytes(encoding.PEM, serialization.PublicFormat.PKCS1),
        "SSH": public.public_bytes(encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
        "JWK": RSAAlgorithm.to_jwk(public).encode(),
    }


@pytest.mark.parametrize("spelling", ["PEM", "DER", "PKCS1", "SSH", "JWK"])
@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_a_public_key_is_no_secret(public, spelling, algorithm):
    known = spellings(public)[spelling]

    assert not is_accepted(headed(known, alg=algorithm))
    assert not is_accepted(headed(known, alg=algorithm, jwk=spellings(public)["JWK"].decode()))


def test_a_signature_of_another_kind_is_none(public):
    signed = f"{part({**HEADER, 'alg': 'RS256'})}.{SECOND}"
    signature = public.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())

    assert not is_accepted(f"{signed}.{part(signature)}")


@pytest.mark.parametrize("spelling", ["PEM", "PKCS1", "SSH"])
def test_cve_2022_29217_a_public_key_among_ours_signs_nothing(public, spelling):
    known = spellings(public)[spelling]
    careless = Keys("k1", {"k1": known})

    assert not is_accepted(forged(key=known), careless)


@pytest.mark.parametrize("issuer", ["", "h", "help", "desk", "elpdes", ["help"], ["helpdesk"]])
def test_ghsa_75c5_xw7c_p5pm_a_part_of_the_issuer_is_not_the_issuer(issuer):
    assert not is_accepted(claiming(iss=issuer))


@pytest.mark.parametrize("crit", [["x"], ["exp"], ["b64"], ["kid"], [], "x", [""], [1], None])
def test_ghsa_752w_5fwx_jx9f_what_is_critical_and_unknown_is_refused(crit):
    assert not is_accepted(headed(crit=crit, x=1))
    assert not is_accepted(headed(crit=crit))


def test_a_short_key_signs_nothing():
    short = Keys("k1", {"k1": b"short"})

    assert not is_accepted(forged(key=b"short"), short)


SENT = {
    name: ATTACKS[name]
    for name in (
        "alg 'none' unsigned", "crit unknown", "kid '../../dev/null'", "kid absent",
        "jwk brought along, our key", "exp absent", "exp 1e+30", "sub '/'", "typ 'refresh'",
        "a claim twice", "padded with 1 behind part 3", "one character too long",
    )
}  # fmt: skip


@pytest.mark.parametrize("token", SENT.values(), ids=SENT.keys())
def test_a_forged_token_gets_401_and_no_document_is_read(battered, token):
    before = len(battered.auth.asked), len(battered.documents.asked)

    answer = battered.visitor().get(ME, {"Authorization": f"Bearer {token}"})

    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert alike(answer) == alike(battered.visitor().get(ME, {"Authorization": "Bearer x"}))
    assert (len(battered.auth.asked), len(battered.documents.asked)) == before
