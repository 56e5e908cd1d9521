"""A forger of access tokens, who has our real key, and the tables of what is tried with it.

Where an attack is about what a token says, the signature is good: it must not be what saves us.
The tables follow RFC 8725, OWASP's list for JWT and the advisories of PyJWT.
"""

import base64
import hmac
import json

from api.tokens import AUDIENCE, ISSUER, LIFE, Claims
from helpdesk.settings import Keys
from tests.builders import NOW

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
KEYS = Keys("k1", {"k1": KEY, "k0": OTHER_KEY})
BEGUN = int(NOW.timestamp())
ENDS = BEGUN + int(LIFE.total_seconds())
HEADER = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "somebody",
    "sid": "session",
    "ver": "epoch",
    "iat": BEGUN,
    "nbf": BEGUN,
    "exp": ENDS,
    "jti": "once",
}
SAID = Claims("somebody", "session", "epoch")
OWN_KEY = b"their own, and as long as ours.."


def text(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def part(value):
    return base64.urlsafe_b64encode(text(value)).decode().rstrip("=")


def forged(claims=CLAIMS, header=HEADER, *, key=KEY, digest="sha256"):
    """Return a token that says anything at all, signed as whoever has the key would sign it."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(hmac.digest(key, signed.encode(), digest))}"


def claiming(**claims):
    return forged({**CLAIMS, **claims})


def headed(key=KEY, **header):
    return forged(header={**HEADER, **header}, key=key)


def without(values, name):
    return {key: value for key, value in values.items() if key != name}


def spelt(values, name, raw):
    """Return JSON in which one value is written as no encoder would write it."""
    return text({**values, name: "@"}).replace(b'"@"', raw)


def doubled(values, more):
    return text(values)[:-1] + b", " + more + b"}"


def unsigned(header):
    return f"{part(header)}.{part(CLAIMS)}."


def spaced_to(length):
    """Return a token of ours in every respect but its blanks, of just this many characters."""
    tokens = (
        forged(text(CLAIMS) + b" " * wide, text(HEADER) + b" " * blanks)
        for blanks in range(3)
        for wide in range(length)
    )
    return next(token for token in tokens if len(token) == length)


def detached():
    """Return a token that is signed over a payload it does not carry, as RFC 7797 has it."""
    header = part({**HEADER, "b64": False, "crit": ["b64"]})
    mac = hmac.digest(KEY, header.encode() + b"." + text(CLAIMS), "sha256")
    return f"{header}..{part(mac)}"


WHOLE = forged()
FIRST, SECOND, THIRD = WHOLE.split(".")

T1_ALGORITHM = {
    f"alg {name!r}": headed(alg=name)
    for name in ("none", "None", "nOnE", "", [], ["HS256"], None, 1, True, "hs256", "HS384",
                 "HS512", "RS256", "ES256", "EdDSA")
} | {
    f"alg {name!r} unsigned": unsigned({**HEADER, "alg": name}) for name in ("none", "HS256", "")
} | {
    "alg absent": forged(header=without(HEADER, "alg")),
    "really HS384": forged(header={**HEADER, "alg": "HS384"}, digest="sha384"),
    "really HS512": forged(header={**HEADER, "alg": "HS512"}, digest="sha512"),
    "HS384 called HS256": forged(digest="sha384"),
    "crit unknown": headed(crit=["x"], x=1),
    "crit empty": headed(crit=[]),
    "b64 false": headed(b64=False, crit=["b64"]),
    "b64 false, not critical": headed(b64=False),
    "b64 true": headed(b64=True),
    "payload detached": detached(),
    "a key of their own": forged(key=OWN_KEY),
    "our other key": forged(key=OTHER_KEY),
    "the empty key": forged(key=b""),
}  # fmt: skip
BROUGHT: dict[str, object] = {
    "jwk": {"kty": "oct", "k": part(OWN_KEY), "kid": "k1"},
    "jku": "https://example.com/keys",
    "x5u": "https://example.com/chain",
    "x5c": [base64.b64encode(b"certificate").decode()],
    "x5t": "thumb",
    "cty": "JWT",
    "zip": "DEF",
}
T2_KEY_ID = {
    f"kid {str(name)[:20]!r}": headed(kid=name)
    for name in ("k2", "", 1, None, True, ["k1"], {"k1": 1}, "../../dev/null", "/etc/passwd", "K1",
                 "k1 ", "k1\0", "' OR 1=1 --", "k1' UNION SELECT 'x", "http://127.0.0.1/key")
} | {
    f"{name} brought along, {whose}": headed(key, **{name: value})
    for name, value in BROUGHT.items()
    for whose, key in {"their key": OWN_KEY, "our key": KEY}.items()
} | {
    "kid of 3,000 letters": headed(kid="k" * 3_000),
    "kid of 10 KB": headed(kid="k" * 10_240),
    "kid absent": forged(header=without(HEADER, "kid")),
    "kid twice": forged(header=doubled(HEADER, b'"kid": "k1"')),
    "the key is for the other kid": headed(kid="k0"),
}  # fmt: skip
ODD_ENDS: tuple[object, ...] = (
    BEGUN - 1, BEGUN, 0, -1, "soon", str(ENDS), float(ENDS), True, None, 1e30, [ENDS], {},
    float("nan"), float("inf"), 10**20, ENDS + 6, BEGUN + 3_600,
)  # fmt: skip
ODD_BEGINNINGS: tuple[object, ...] = (
    BEGUN + 6, BEGUN + 3_600, str(BEGUN), float(BEGUN), False, -1, None, [],
)  # fmt: skip
T3_TIME = {
    f"exp {value!r}": claiming(exp=value)
    for value in ODD_ENDS
} | {
    f"exp written {raw.decode()}": forged(spelt(CLAIMS, "exp", raw))
    for raw in (b"1e400", b"-1e400", b"NaN", b"Infinity", b"%d.0" % ENDS, b"%de0" % ENDS,
                b"0%d" % ENDS, b"+%d" % ENDS)
} | {
    f"{name} {value!r}": claiming(**{name: value})
    for name in ("iat", "nbf")
    for value in ODD_BEGINNINGS
} | {
    "a life of eleven minutes": claiming(iat=BEGUN - 60),
    "exp of 2,500 digits": forged(spelt(CLAIMS, "exp", b"1" * 2_500)),
}  # fmt: skip
ODD_CLAIMS: dict[str, tuple[object, ...]] = {
    "iss": ("", "h", "help", "desk", "helpdesk ", "helpdesk2", "HELPDESK", "evil", 1, None, {}),
    "aud": ("", "api", "helpdesk", "helpdesk-api2", "helpdesk-ap", 1, None, {}),
    "sub": ("", "/", "a/b", "..", "a b", "somebody\n", "\u0661", "x" * 65, 1, 1.5, True),
    "sid": ("", "/", "a/b", "..", "a b", "session\n", "\ud800", "x" * 65, 1, 1.5, True),
    "ver": ("/", "a b", "epoch\n", "\u00e9", "\u0661", "x" * 65, 1, 1.5, True),
    "jti": ("", "/", "once\n", "x" * 65, 1, 1.5, True),
}
T4_CLAIM = {
    f"{name} {str(value)[:20]!r}": claiming(**{name: value})
    for name, values in ODD_CLAIMS.items()
    for value in (*values, None, {}, [], [CLAIMS[name]])
} | {
    f"{name} absent": forged(without(CLAIMS, name)) for name in CLAIMS
} | {
    f"typ {kind!r}": headed(typ=kind)
    for kind in ("JWT", "refresh", "", "AT+JWT", "application/at+jwt", "at+jwt ", None, 1)
} | {
    "typ absent": forged(header=without(HEADER, "typ")),
    "a claim too many": claiming(role="admin"),
    "a claim twice": forged(doubled(CLAIMS, b'"sub": "admin"')),
    "a claim twice, alike": forged(doubled(CLAIMS, b'"sub": "somebody"')),
    "a claim twice, once escaped": forged(doubled(CLAIMS, rb'"\u0073ub": "admin"')),
    "a claim twice, deep down": forged(spelt(CLAIMS, "sub", b'{"a": 1, "a": 2}')),
}  # fmt: skip
BLANKS = (" ", "\n", "\t", "\r\n", "\0", "\u00a0", "\u200b")
T5_SHAPE = {
    f"nothing but {token!r}": token for token in ("", ".", "..", "...", "abc", "abc.def", "null")
} | {
    f"padded with {pads} behind part {place}": ".".join(
        each + "=" * pads if at == place else each for at, each in enumerate(WHOLE.split("."), 1)
    )
    for pads in (1, 2, 3)
    for place in (1, 2, 3)
} | {
    f"{blank!r} before": blank + WHOLE for blank in BLANKS
} | {
    f"{blank!r} behind": WHOLE + blank for blank in BLANKS
} | {
    f"{junk!r} within": f"{FIRST[:4]}{junk}{FIRST[4:]}.{SECOND}.{THIRD}"
    for junk in ("!!!!", " ", "\n", "=", "+", "/", "ä", "\udcff")
} | {
    "a part more": f"{WHOLE}.{THIRD}",
    "a part more, empty": f"{WHOLE}.",
    "a part less": f"{FIRST}.{SECOND}",
    "no signature": f"{FIRST}.{SECOND}.",
    "half a signature": f"{FIRST}.{SECOND}.{THIRD[:22]}",
    "a signature of another token": f"{FIRST}.{part({**CLAIMS, 'sub': 'admin'})}.{THIRD}",
    "five parts, as if encrypted": f"{FIRST}.{SECOND}.{THIRD}.{SECOND}.{THIRD}",
    "JSON instead of base64": f"{json.dumps(HEADER)}.{json.dumps(CLAIMS)}.{THIRD}",
    "JSON serialization": json.dumps({"payload": SECOND, "protected": FIRST, "signature": THIRD}),
    "no JSON in the header": forged(header=b"alg=HS256"),
    "no JSON in the payload": forged(b"sub=somebody"),
    "a list as header": forged(header=[HEADER]),
    "a list as payload": forged([CLAIMS]),
    "a text as payload": forged(json.dumps(json.dumps(CLAIMS)).encode()),
    "two payloads": forged(text(CLAIMS) * 2),
    "bad UTF-8": forged(spelt(CLAIMS, "jti", b'"\xff"')),
    "UTF-16": forged(json.dumps(CLAIMS).encode("utf-16")),
    "a byte order mark": forged(b"\xef\xbb\xbf" + text(CLAIMS)),
    "nested a thousand deep": forged(spelt(CLAIMS, "sub", b"[" * 1_000 + b"]" * 1_000)),
    "a header nested a thousand deep": forged(header=b"[" * 1_000),
    "nested 100,000 deep": forged(b"[" * 100_000 + b"]" * 100_000),
    "one character too long": spaced_to(4_097),
    "a megabyte": forged({**CLAIMS, "sub": "x" * 750_000}),
}  # fmt: skip
ATTACKS = T1_ALGORITHM | T2_KEY_ID | T3_TIME | T4_CLAIM | T5_SHAPE
