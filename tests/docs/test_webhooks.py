"""The page for receivers of webhooks is right: its code verifies, its waits are the plan's."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from helpdesk.hooks import HOOKS_MOST, secret_of, signature, whsec
from upkeep.hooks import PLAN

PAGE = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")
SECRETS = tuple(secret_of("H1", number, key=bytes(32)) for number in (2, 1))
BODY = '{"id":"e1"}'


@pytest.fixture
def verified():
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code.count("\n") <= 15
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code is what is tested
    return names["verified"]


def headers(*, at, secrets=SECRETS):
    return {
        "webhook-id": "e1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(BODY, event_id="e1", timestamp=at, secrets=secrets),
    }


@pytest.mark.parametrize("secret", SECRETS)
def test_the_code_takes_what_we_sign_with_either_secret(verified, secret):
    assert verified(whsec(secret), headers(at=now()), BODY.encode())


def test_the_code_takes_nothing_else(verified):
    shown = whsec(SECRETS[0])

    assert not verified(shown, headers(at=now(), secrets=SECRETS[1:]), BODY.encode())
    assert not verified(shown, headers(at=now()), BODY.encode() + b" ")
    assert not verified(shown, headers(at=now() - 301), BODY.encode())
    assert not verified(shown, headers(at=now() + 400), BODY.encode())


def now():
    return int(time.time())  # noqa: TID251 - the code on the page asks the machine


def test_the_waits_are_those_of_the_plan():
    said = re.search(r"try again after ([^|]*?), a tenth", PAGE)
    units = {"s": 1, "min": 60, "h": 3600}

    assert said
    waits = [int(n) * units[unit] for n, unit in re.findall(r"(\d+) (s|min|h)\b", said[1])]
    assert waits == [wait.total_seconds() for wait in PLAN]


def test_how_many_there_may_be_is_said():
    assert HOOKS_MOST == 20
    assert "twenty webhooks" in PAGE
