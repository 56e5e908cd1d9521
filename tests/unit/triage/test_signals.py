"""Weighing phrases."""

import pytest

from triage.passage import Passage
from triage.signals import STRENGTH_MOST, SignalReader, phrases

READER = SignalReader({"up": {0.9: "urgent; down", 0.3: "soon"}}, ignored="drop down")


def weight(title, description=""):
    return READER.read(Passage.of(title), Passage.of(description)).get("up")


def test_reasons_add_up():
    assert weight("", "soon, urgent").strength > weight("", "urgent").strength
    assert weight("", "soon, urgent").quote == "urgent"


def test_the_title_counts_more_but_is_never_certain():
    assert weight("soon").strength > weight("", "soon").strength
    assert weight("urgent").strength == pytest.approx(STRENGTH_MOST)


def test_saying_it_twice_makes_it_no_truer():
    assert weight("", "soon soon").strength == weight("", "soon").strength


@pytest.mark.parametrize(
    "text", ["not urgent", "It isn't very urgent", "nicht so urgent", "use the drop down", ""]
)
def test_a_negated_or_ignored_phrase_does_not_count(text):
    assert weight(text) is None


@pytest.mark.parametrize("text", ["No. Urgent", "no one can say whether it is urgent"])
def test_a_negation_reaches_three_words_and_no_further_than_its_sentence(text):
    assert weight(text) is not None


def test_empty_phrases_of_a_row_are_dropped():
    assert list(phrases("a; ; b ;")) == ["a", "b"]
