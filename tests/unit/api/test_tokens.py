"""Access tokens: what we issue is read back, and whatever else comes is refused alike."""

import base64
import hashlib
import hmac
import json
import random
from datetime import timedelta

import pytest

from api.tokens import AUDIENCE, ISSUER, LIFE, Claims, Tokens, fingerprint, new_secret
from helpdesk.clock import RandomIds
from helpdesk.errors import UnauthenticatedError
from helpdesk.settings import Keys
from tests.builders import NOW, FixedClock
from tests.unit.api.desk import SETTINGS, alike, is_problem

KEY = SETTINGS.tokens.known["k1"]
BEGUN = int(NOW.timestamp())
HEADER = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "somebody",
    "sid": "session",
    "ver": "epoch",
    "iat": BEGUN,
    "nbf": BEGUN,
    "exp": BEGUN + 600,
    "jti": "once",
}
SAID = Claims("somebody", "session", "epoch")


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(claims=CLAIMS, header=HEADER, *, key=KEY, digest=hashlib.sha256):
    """Return a token with any claims and header, signed as somebody with this key would."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), digest).digest())}"


def without(values, name):
    return {key: value for key, value in values.items() if key != name}


def tokens(keys=SETTINGS.tokens, clock=None):
    return Tokens(keys, clock=clock or FixedClock(), ids=RandomIds())


ALGORITHMS = {
    f"alg {name}": forged(header={**HEADER, "alg": name})
    for name in ("none", "None", "nOnE", "", "HS384", "HS512", "RS256", "EdDSA", ["HS256"], None, 1)
} | {
    "alg absent": forged(header=without(HEADER, "alg")),
    "alg none unsigned": ".".join([*forged(header={**HEADER, "alg": "none"}).split(".")[:2], ""]),
    "really HS384": forged(header={**HEADER, "alg": "HS384"}, digest=hashlib.sha384),
    "really HS512": forged(header={**HEADER, "alg": "HS512"}, digest=hashlib.sha512),
    "unknown crit": forged(header={**HEADER, "crit": ["x"], "x": 1}),
    "detached payload": forged(header={**HEADER, "b64": False, "crit": ["b64"]}),
    "a key of their own": forged(key=b"x" * 32),
    "the empty key": forged(key=b""),
}
KEY_IDS = {
    f"kid {str(name)[:20]!r}": forged(header={**HEADER, "kid": name})
    for name in (
        "k2", "", 1, None, ["k1"], {"k1": 1}, "../../dev/null", "' OR 1=1 --", "K1", "k1 ",
        "http://127.0.0.1/key", "k" * 3_000,
    )
} | {"kid absent": forged(header=without(HEADER, "kid"))}  # fmt: skip
ENDS: tuple[object, ...] = (
    BEGUN - 1, BEGUN, 0, -1, "soon", str(BEGUN + 600), BEGUN + 600.0, True, None, 1e30,
    [BEGUN + 600], {}, float("nan"), float("inf"), BEGUN + 3_600, 10**20,
)  # fmt: skip
TIMES = (
    {f"exp {value!r}": forged({**CLAIMS, "exp": value}) for value in ENDS}
    | {f"{name} absent": forged(without(CLAIMS, name)) for name in CLAIMS}
    | {
        "exp 1e400": forged(json.dumps({**CLAIMS, "exp": 0}).replace('": 0', '": 1e400').encode()),
        "nbf in an hour": forged({**CLAIMS, "nbf": BEGUN + 3_600}),
        "nbf as text": forged({**CLAIMS, "nbf": str(BEGUN)}),
        "nbf false": forged({**CLAIMS, "nbf": False}),
        "iat in an hour": forged({**CLAIMS, "iat": BEGUN + 3_600}),
        "iat as text": forged({**CLAIMS, "iat": str(BEGUN)}),
    }
)
ODD_CLAIMS: dict[str, tuple[object, ...]] = {
    "iss": ("", "help", "helpdesk ", "evil", ["helpdesk"], 1, None),
    "aud": ("", "helpdesk", "helpdesk-api2", ["helpdesk-api"], {}, None),
    "sub": (1, {}, [], None, True),
    "sid": (1.5, {}, [], None),
    "ver": (1, 1.5, {}, [], ["epoch"], None, True, "a b", "epoch\n", "\u00e9", "\u0661", "x" * 65),
}
CLAIMED = {
    f"{name} {value!r}": forged({**CLAIMS, name: value})
    for name, values in ODD_CLAIMS.items()
    for value in values
} | {
    f"typ {kind!r}": forged(header={**HEADER, "typ": kind})
    for kind in ("JWT", "refresh", "", "AT+JWT", None, 1)
}
CLAIMED["typ absent"] = forged(header=without(HEADER, "typ"))
WHOLE = forged()
SHAPES = {
    "empty": "",
    "one part": "abc",
    "two parts": "abc.def",
    "four parts": f"{WHOLE}.x",
    "empty parts": "..",
    "padded": f"{WHOLE}=",
    "well padded": WHOLE + "=" * (-len(WHOLE.rpartition(".")[2]) % 4),
    "a newline behind": f"{WHOLE}\n",
    "a blank in it": WHOLE.replace(".", ". ", 1),
    "no JSON in the header": "AAAA." + WHOLE.partition(".")[2],
    "no JSON in the payload": forged(b"not json"),
    "a list as payload": forged([1]),
    "a payload nested deeply": forged(b"[" * 1_000),
    "4,097 bytes": forged({**CLAIMS, "x": "x" * 3_000})[:1] + "a" * 4_094 + ".b",
    "one byte too long": "a" * 4_090 + ".bbb.cc",
    "a megabyte": "a" * 1_000_000 + ".b.c",
    "not ASCII": "ä.ö.ü",
    "other digits": "\u0661.\u0662.\u0663",
}
ATTACKS = ALGORITHMS | KEY_IDS | TIMES | CLAIMED | SHAPES


def test_an_issued_token_says_whose_session_it_is():
    reader = tokens()

    token = reader.issue(SAID)

    assert reader.read(token) == SAID


@pytest.mark.parametrize("epoch", ["", "0", "x" * 64, "0123456789ABCDEFGHJKMNPQRS"])
def test_the_epoch_of_an_account_travels_in_the_token(epoch):
    reader = tokens()

    token = reader.issue(Claims("somebody", "session", epoch))

    assert reader.read(token).epoch == epoch


def test_a_token_forged_with_our_key_is_read():
    assert tokens().read(forged()) == SAID


@pytest.mark.parametrize("token", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_forged_token_is_refused(token):
    with pytest.raises(UnauthenticatedError) as refusal:
        tokens().read(token)

    assert str(refusal.value) == "the access token is not valid"


def test_every_forged_token_gets_the_same_answer_and_reads_nothing(battered):
    before = len(battered.auth.asked)
    sendable = [t for t in ATTACKS.values() if t.isascii() and t and "\n" not in t]

    answers = [
        battered.visitor().get("/api/auth/me", {"Authorization": f"Bearer {token}"})
        for token in sendable
    ]

    assert len({json.dumps(alike(answer)) for answer in answers}) == 1
    assert is_problem(answers[0], 401)
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert len(battered.auth.asked) == before


def test_no_single_flipped_bit_is_overlooked():
    seeded = random.Random(7)
    token = tokens().issue(SAID)
    accepted = []

    for _ in range(500):
        raw = bytearray(token.encode())
        place = seeded.randrange(len(raw))
        raw[place] ^= 1 << seeded.randrange(7)
        try:
            tokens().read(raw.decode())
        except UnauthenticatedError:
            continue
        accepted.append((place, chr(raw[place])))

    assert accepted == []


def test_the_unused_bits_at_the_end_of_a_signature_are_looked_at_too():
    token = tokens().issue(SAID)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    twins = [token[:-1] + letter for letter in letters if letter != token[-1]]

    for twin in twins:
        with pytest.raises(UnauthenticatedError):
            tokens().read(twin)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
@pytest.mark.parametrize("key", [KEY, b"x" * 32])
def test_a_header_that_brings_a_key_is_refused(name, key):
    own = {"kty": "oct", "k": part(b"x" * 32)}

    with pytest.raises(UnauthenticatedError):
        tokens().read(forged(header={**HEADER, name: own}, key=key))


@pytest.mark.parametrize("sub", ["", "/", "a/b", "..", "__x__", "x" * 300])
@pytest.mark.parametrize("name", ["sub", "sid"])
def test_an_id_that_is_none_is_no_session(battered, name, sub):
    token = forged({**CLAIMS, name: sub})

    answer = battered.visitor().get("/api/auth/me", {"Authorization": f"Bearer {token}"})

    assert is_problem(answer, 401)


def test_a_token_lives_ten_minutes_by_our_own_clock():
    clock = FixedClock()
    reader = tokens(clock=clock)
    token = reader.issue(SAID)

    clock.tick(seconds=LIFE.total_seconds() - 1)
    reader.read(token)
    clock.tick(seconds=1)

    with pytest.raises(UnauthenticatedError):
        reader.read(token)


def test_a_clock_that_is_a_little_behind_is_forgiven():
    early = FixedClock(NOW - timedelta(seconds=4))

    assert tokens(clock=early).read(forged()).user_id == "somebody"


def test_a_token_of_a_known_older_key_is_read_until_the_key_is_retired():
    older = tokens(Keys("k0", SETTINGS.tokens.known)).issue(SAID)
    retired = Keys("k1", {"k1": KEY})

    assert tokens().read(older).user_id == "somebody"
    with pytest.raises(UnauthenticatedError):
        tokens(retired).read(older)


def test_two_tokens_of_one_session_differ():
    issuer = tokens()

    assert issuer.issue(SAID) != issuer.issue(SAID)


def test_a_secret_is_long_and_its_fingerprint_does_not_tell_it():
    secret = new_secret()

    assert len(secret) >= 43
    assert secret != new_secret()
    assert secret not in fingerprint(secret)
    assert fingerprint(secret) == hashlib.sha256(secret.encode()).hexdigest()


def test_a_token_in_the_query_is_not_looked_at(battered):
    holder = battered.somebody("query")

    answer = battered.visitor().get(f"/api/auth/me?access_token={holder.token}")

    assert is_problem(answer, 401)


def test_two_authorization_headers_are_none(battered):
    holder = battered.somebody("twice")
    bearer = ("Authorization", f"Bearer {holder.token}")

    answer = battered.app.test_client().get("/api/auth/me", headers=[bearer, bearer])

    assert is_problem(answer, 401)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token {}", "{}"])
def test_only_a_bearer_is_let_in(battered, header):
    token = forged()

    answer = battered.visitor().get("/api/auth/me", {"Authorization": header.replace("{}", token)})

    assert is_problem(answer, 401)


def test_the_word_bearer_may_be_written_in_any_case(battered):
    holder = battered.somebody("case")

    answer = battered.visitor().get("/api/auth/me", {"Authorization": f"bEARER {holder.token}"})

    assert answer.status_code == 200
