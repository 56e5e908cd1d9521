"""Access tokens: what we issue is read back, for ten minutes, by every instance that may."""

import hashlib
import json
from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest

from api.tokens import (
    AUDIENCE,
    ISSUER,
    LIFE,
    Claims,
    Tokens,
    fingerprint,
    new_secret,
)
from helpdesk.clock import RandomIds
from helpdesk.errors import UnauthenticatedError
from helpdesk.settings import Keys
from tests.builders import NOW, FixedClock
from tests.unit.api.desk import is_problem

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEYS = Keys("k1", {"k0": OLD, "k1": NEW})
SAID = Claims("somebody", "session", "epoch")
ME = "/api/auth/me"


def tokens(keys=KEYS, clock=None):
    return Tokens(keys, clock=clock or FixedClock(), ids=RandomIds())


def is_accepted(reader, token):
    try:
        return reader.read(token) == SAID
    except UnauthenticatedError:
        return False


def test_an_issued_token_says_whose_session_it_is():
    reader = tokens()

    token = reader.issue(SAID)

    assert reader.read(token) == SAID
    assert tokens().read(token) == SAID


def test_a_token_says_what_is_written_down_and_nothing_else():
    token = tokens().issue(SAID)

    header, claims = (json.loads(urlsafe_b64decode(f"{each}==")) for each in token.split(".")[:2])

    begun = int(NOW.timestamp())
    assert header == {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
    assert len(claims.pop("jti")) == 26
    assert claims == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "somebody",
        "sid": "session",
        "ver": "epoch",
        "iat": begun,
        "nbf": begun,
        "exp": begun + 600,
    }


@pytest.mark.parametrize("epoch", ["", "0", "x" * 64, "0123456789ABCDEFGHJKMNPQRS"])
def test_the_epoch_of_an_account_travels_in_the_token(epoch):
    reader = tokens()

    token = reader.issue(Claims("somebody", "session", epoch))

    assert reader.read(token).epoch == epoch


def test_the_longest_claims_fit_into_a_token():
    longest = Claims("u" * 64, "s" * 64, "e" * 64)
    reader = tokens()

    token = reader.issue(longest)

    assert len(token) < 4_096
    assert reader.read(token) == longest


def test_a_token_lives_ten_minutes_by_our_own_clock():
    clock = FixedClock()
    reader = tokens(clock=clock)
    token = reader.issue(SAID)

    clock.tick(seconds=LIFE.total_seconds() - 1)
    reader.read(token)
    clock.tick(seconds=1)

    assert not is_accepted(reader, token)
    assert not is_accepted(tokens(clock=clock), token)


def test_a_clock_that_is_a_little_behind_is_forgiven_and_no_more():
    token = tokens().issue(SAID)

    early = tokens(clock=FixedClock(NOW - timedelta(seconds=5)))
    too_early = tokens(clock=FixedClock(NOW - timedelta(seconds=6)))

    assert is_accepted(early, token)
    assert not is_accepted(too_early, token)


def test_two_tokens_of_one_session_differ():
    issuer = tokens()

    assert issuer.issue(SAID) != issuer.issue(SAID)


# The versions of the secret in the order in which they are put in force.
BEFORE = Keys("k0", {"k0": OLD})
VERIFY = Keys("k0", {"k0": OLD, "k1": NEW})
SIGN = Keys("k1", {"k0": OLD, "k1": NEW})
RETIRE = Keys("k1", {"k1": NEW})


def drill(versions):
    """Put versions in force, at one of two instances after the other; return who was let in.

    At every stage both instances are shown every token that was issued and has not run out. The
    key is retired when the last token it signed is over.
    """
    clock = FixedClock()
    instances = [tokens(BEFORE, clock)] * 2
    issued: list[str] = []
    answers = []
    for version in versions:
        if version is RETIRE:
            clock.tick(seconds=LIFE.total_seconds())
            issued.clear()
        for place in range(2):
            instances[place] = tokens(version, clock)
            issued += [instance.issue(SAID) for instance in instances]
            answers += [is_accepted(each, token) for each in instances for token in issued]
    return answers


def test_keys_are_changed_without_one_refused_request():
    answers = drill([BEFORE, VERIFY, SIGN, RETIRE])

    assert len(answers) == 96
    assert all(answers)


@pytest.mark.parametrize("hurried", [[BEFORE, SIGN, RETIRE], [BEFORE, VERIFY, RETIRE]])
def test_a_change_of_keys_that_skips_a_step_would_be_seen(hurried):
    assert not all(drill(hurried))


def test_a_key_that_is_retired_too_early_shuts_out_its_holders():
    token = tokens(VERIFY).issue(SAID)

    assert is_accepted(tokens(SIGN), token)
    assert not is_accepted(tokens(RETIRE), token)


def test_a_retired_key_opens_nothing_any_more():
    clock = FixedClock()
    clock.tick(seconds=LIFE.total_seconds())
    thief = tokens(BEFORE, clock)

    fresh = thief.issue(SAID)

    assert is_accepted(tokens(SIGN, clock), fresh)
    assert not is_accepted(tokens(RETIRE, clock), fresh)


def test_a_secret_is_long_and_its_fingerprint_does_not_tell_it():
    secret = new_secret()

    assert len(secret) >= 43
    assert secret != new_secret()
    assert secret not in fingerprint(secret)
    assert fingerprint(secret) == hashlib.sha256(secret.encode()).hexdigest()


def test_a_token_in_the_query_is_not_looked_at(battered):
    holder = battered.somebody("query")

    answer = battered.visitor().get(f"{ME}?access_token={holder.token}")

    assert is_problem(answer, 401)


def test_two_authorization_headers_let_nobody_in(battered):
    bearer = f"Bearer {battered.somebody('twice').token}"
    twice = [("Authorization", bearer)] * 2
    joined = [("Authorization", f"{bearer}, {bearer}")]

    answers = [battered.app.test_client().get(ME, headers=each) for each in (twice, joined)]

    assert {answer.status_code for answer in answers} <= {400, 401}


def test_only_a_bearer_is_let_in(battered):
    token = battered.somebody("scheme").token
    headers = ["", "Bearer", "Bearer ", "Basic YTpi", f"Token {token}", f"Basic {token}", token]

    answers = [battered.visitor().get(ME, {"Authorization": header}) for header in headers]

    assert [is_problem(answer, 401) for answer in answers] == [True] * 7


def test_the_word_bearer_may_be_written_in_any_case(battered):
    holder = battered.somebody("case")

    answer = battered.visitor().get(ME, {"Authorization": f"bEARER {holder.token}"})

    assert answer.status_code == 200
