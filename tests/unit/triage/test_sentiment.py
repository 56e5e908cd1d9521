"""Hearing how a requester sounds."""

import pytest

from helpdesk.verdict import Sentiment
from triage.passage import Passage
from triage.sentiment import judge_sentiment


@pytest.mark.parametrize(
    ("title", "description", "sentiment"),
    [
        ("This is unacceptable", "", Sentiment.NEGATIVE),
        ("Again broken, fix it immediately", "", Sentiment.NEGATIVE),
        ("Sadly it fails!!!", "", Sentiment.NEGATIVE),
        ("Export fails", "Not happy with this", Sentiment.NEUTRAL),
        ("Export fails", "Thanks in advance", Sentiment.NEUTRAL),
        ("Export fails!", "", Sentiment.NEUTRAL),
        ("Great work", "Thank you", Sentiment.POSITIVE),
        ("", "", Sentiment.NEUTRAL),
    ],
)
def test_a_requester_sounds_as_they_write(title, description, sentiment):
    assert judge_sentiment(Passage.of(title), Passage.of(description)) is sentiment
