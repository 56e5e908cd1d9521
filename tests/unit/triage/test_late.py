"""A classifier that is made late says what the one it makes says."""

from tests.builders import a_verdict
from tests.stands import Scripted
from triage.late import LateClassifier


def test_what_is_made_is_asked_and_not_before():
    made = []

    def make():
        made.append(Scripted(a_verdict()))
        return made[-1]

    late = LateClassifier(make)
    assert made == []

    assert late.classify("Printer", "It burns") == a_verdict()
    assert made[0].read == [("Printer", "It burns")]
