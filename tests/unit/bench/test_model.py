"""How often the model is paid for, and what the requests let it think."""

import json

import pytest

from bench.model import DYNAMIC, rows, seen, thinking
from emulated.server import Request
from local.demo.tour import sample


def request(**config):
    body = {"contents": [], "generationConfig": config}
    return Request(method="POST", path="/", headers={}, raw=json.dumps(body).encode(), body=body)


def test_a_ticket_that_fails_comes_twice_at_once_and_again_is_paid_for_once(tmp_path):
    found = seen(tmp_path / "desk", sample(5))

    assert [each.paid for each in found.asked] == [1] * 5
    assert all(each.provenance.tokens_in > 0 for each in found.asked)
    assert found.thinking == 0


def test_every_bar_is_judged(tmp_path):
    judged = rows(seen(tmp_path / "desk", sample(2)))

    assert [row.gate for row in judged] == ["P10"] * 4
    assert all(row.passed is not None for row in judged)


@pytest.mark.parametrize("name", ["thinkingBudget", "thinking_budget"])
def test_a_budget_for_thinking_is_found_under_either_name(name):
    assert thinking(request(thinkingConfig={name: 0})) == 0
    assert thinking(request(thinkingConfig={name: 512})) == 512


@pytest.mark.parametrize("config", [{}, {"thinkingConfig": {"thinkingBudget": -1}}])
def test_a_model_that_is_told_no_budget_may_think_at_length(config):
    assert thinking(request(**config)) == DYNAMIC
