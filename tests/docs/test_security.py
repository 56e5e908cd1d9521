"""The page about security says what the code does, and names tests that are there."""

import re
from pathlib import Path

import pytest

from api import limits
from api.passwords import CROWD
from api.policy import Act, Standing, granted
from api.sessions import IDLE_LIFE, SESSION_LIFE
from api.tokens import LIFE
from helpdesk.notices import LINK_LIFE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
STATES = {"met", "not met", "not applicable"}
PERIODS = {300: "5 minutes", 900: "15 minutes", 1800: "30 minutes", 3600: "an hour", 86400: "a day"}
RULES = (
    *limits.LOG_IN_ACCOUNT,
    limits.LOG_IN_IP,
    limits.LOG_IN_DEVICE,
    limits.SIGN_UP_IP,
    *limits.SIGN_UP_ADDRESS,
    *limits.FORGOT_ADDRESS,
    limits.FORGOT_IP,
    *limits.PASSWORD_CHANGE,
    limits.LOG_IN_EVER,
)


def rows():
    """Return the cells of every row of a table."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def requirements():
    return [row for row in rows() if re.match(r"\d+\.\d+\.\d+\b", row[0])]


@pytest.mark.parametrize("act", Act, ids=str)
def test_the_page_grants_what_the_table_grants(act):
    (row,) = [row for row in rows() if row[0] == act.value]

    told = {standing for standing, cell in zip(Standing, row[1:7], strict=True) if cell == "yes"}

    assert told == granted(act)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_page_tells_every_limit(rule):
    told = f"{rule.most} in {PERIODS[int(rule.per.total_seconds())]}"

    assert told in PAGE


def test_the_page_tells_how_long_things_live():
    assert (LIFE.seconds, LINK_LIFE.seconds) == (600, 1800)
    assert (IDLE_LIFE.days, SESSION_LIFE.days, CROWD) == (7, 30, 3)


def test_every_requirement_is_there_once_with_a_state():
    found = [row[0] for row in requirements()]

    assert len(found) == len(set(found)) > 100
    assert {row[2] for row in requirements()} <= STATES
    assert all(len(row) == 5 for row in requirements())


def test_what_is_not_met_says_why():
    assert all(row[3] for row in requirements() if row[2] != "met")


def test_every_test_and_module_that_the_page_names_is_there():
    tests = {name for row in requirements() for name in re.findall(r"`([\w/]+\.py)`", row[4])}
    others = set(re.findall(r"`((?:api|helpdesk|gcp|local)/[\w.]+\.\w+)`", PAGE))

    lacking = {name for name in tests if not (ROOT / folder_of(name) / name).is_file()}
    gone = {
        name
        for name in others
        if not any((ROOT / at / name).is_file() for at in ("functions", "."))
    }

    assert not lacking
    assert not gone


def folder_of(name):
    return "." if name.startswith("tests/") else "tests/unit/api"
