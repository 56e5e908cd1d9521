"""Telling kinds of requests apart."""

import pytest

from helpdesk.verdict import Category
from triage.category import UNSURE, judge_category
from triage.passage import Passage


def judge(title, description=""):
    return judge_category(Passage.of(title), Passage.of(description))


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Export crashes with an exception", Category.BUG),
        ("The intranet is down since this morning", Category.INCIDENT),
        ("I am locked out, please reset my password", Category.ACCESS),
        ("Phishing mail asks for passwords", Category.SECURITY),
        ("Invoice shows the old billing address", Category.BILLING),
        ("Please add a calendar view", Category.FEATURE),
        ("Where can I change the language?", Category.QUESTION),
        ("Wie kann ich das Passwort ändern?", Category.QUESTION),
        ("Rechnung fehlt", Category.BILLING),
        ("Le serveur est en panne", Category.INCIDENT),
        ("Login page is blank", Category.BUG),
    ],
)
def test_the_words_of_a_title_tell_what_it_is(title, category):
    assert judge(title).value is category


def test_a_ticket_without_a_sign_is_a_bug_with_little_confidence():
    assert judge("Quux") == judge("")
    assert judge("Quux").value is Category.BUG
    assert (judge("Quux").confidence, judge("Quux").evidence) == (UNSURE, "")


def test_a_question_mark_alone_is_quoted():
    judged = judge("Quux?")

    assert (judged.value, judged.evidence) == (Category.QUESTION, "?")


def test_rivals_lower_the_confidence():
    assert judge("Crash").confidence > judge("Crash, please add a log").confidence
