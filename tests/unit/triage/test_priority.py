"""Telling how urgent a ticket is."""

import pytest

from helpdesk.verdict import Category, Judged, Priority
from triage.passage import Passage
from triage.priority import UNSURE, judge_priority

BUG = Judged(Category.BUG, 0.8)


def judge(title, description="", category=BUG):
    return judge_priority(Passage.of(title), Passage.of(description), category)


@pytest.mark.parametrize(
    ("title", "description", "priority"),
    [
        ("Shop is down", "No customer can order.", Priority.HIGH),
        ("Customers were charged twice", "", Priority.HIGH),
        ("Import loses data", "We see data loss every night.", Priority.HIGH),
        ("Niemand kann arbeiten", "Ausfall seit heute.", Priority.HIGH),
        ("Export fails", "Sometimes it fails, a restart helps.", Priority.MEDIUM),
        ("Editor crashes", "Only me, I use the workaround for now.", Priority.MEDIUM),
        ("Typo in the footer", "", Priority.LOW),
        ("URGENT!!! Icon is the wrong colour", "Fix ASAP.", Priority.LOW),
        ("Not urgent: wording of the mail", "", Priority.LOW),
        ("Crash of the preview", "No data loss, not in production.", Priority.MEDIUM),
    ],
)
def test_what_is_at_stake_decides(title, description, priority):
    assert judge(title, description).value is priority


@pytest.mark.parametrize(
    ("category", "priority"),
    [
        (Category.INCIDENT, Priority.HIGH),
        (Category.SECURITY, Priority.HIGH),
        (Category.ACCESS, Priority.MEDIUM),
        (Category.BUG, Priority.MEDIUM),
        (Category.BILLING, Priority.MEDIUM),
        (Category.FEATURE, Priority.LOW),
        (Category.QUESTION, Priority.LOW),
    ],
)
def test_without_a_sign_the_category_decides_with_little_confidence(category, priority):
    judged = judge("Quux", category=Judged(category, 0.9))

    assert judged == Judged(priority, UNSURE)


def test_an_alarm_in_a_wish_counts_less():
    wish = Judged(Category.FEATURE, 0.9)

    assert judge("Dark theme for all users", category=wish).value is Priority.LOW


def test_a_way_around_softens_an_alarm():
    assert judge("Everyone is affected").value is Priority.HIGH
    assert judge("Everyone is affected", "Workaround: reload.").value is Priority.MEDIUM
