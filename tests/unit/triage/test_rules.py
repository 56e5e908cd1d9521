"""The whole classifier, on sane and on hostile tickets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.verdict import Category, Priority, Sentiment, Source
from triage.notes import NOTES_MOST, SUMMARY_MOST
from triage.rules import RuleClassifier
from triage.skills import SKILLS_MOST, load_lexicon

CLASSIFIER = RuleClassifier()
ANOTHER = RuleClassifier()
NAMES = {skill.name for skill in load_lexicon()}
PIECES = st.sampled_from(
    [
        "not urgent",
        "outage",
        "Go",
        "C++",
        ".NET",
        "\ud800",
        "\u202e",
        "😀",
        "\n\n",
        "<b>",
        "?",
        "no",
    ]
)
ANY_TEXT = st.text(st.characters(codec=None), max_size=300) | st.lists(PIECES).map(" ".join)
HOSTILE = [
    "a" * 20_000,
    "!" * 19_999 + "x",
    "no " * 6_666,
    "." * 20_000,
    "n't" * 6_666,
    "c++" * 6_666,
    " " * 20_000,
    "😀" * 20_000,
    "\u200b" * 20_000,
    "\ud800" * 20_000,
    "مرحبا " * 3_333,
    "server is down " * 1_333,
    "İ" * 20_000,
    "\x00",
]


def test_a_ticket_gets_a_whole_verdict():
    verdict = CLASSIFIER.classify(
        "Shop is down for everyone", "Since the update of MySQL no customer can order. Help!"
    )

    assert verdict.priority.value is Priority.HIGH
    assert verdict.category.value is Category.INCIDENT
    assert verdict.skills.value == ("MySQL",)
    assert verdict.language == "en"
    assert verdict.sentiment is Sentiment.NEUTRAL
    assert verdict.summary.startswith("Shop is down for everyone: Since the update")


def test_the_verdict_says_that_the_rules_made_it():
    provenance = CLASSIFIER.classify("Quux", "").provenance

    assert provenance.source is Source.FALLBACK
    assert provenance.model == "rules-1"
    assert (provenance.tokens_in, provenance.tokens_out, provenance.latency_ms) == (0, 0, 0)
    assert provenance.prompt_version == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tickets_get_a_verdict_too(text):
    verdict = CLASSIFIER.classify(text[:200], text)

    assert len(verdict.summary) <= SUMMARY_MOST


@given(ANY_TEXT, ANY_TEXT)
def test_evidence_is_literal(title, description):
    verdict = CLASSIFIER.classify(title, description)

    for judged in (verdict.priority, verdict.category, verdict.skills):
        assert judged.evidence in title or judged.evidence in description
        assert 0 <= judged.confidence <= 1


@given(ANY_TEXT, ANY_TEXT)
def test_a_verdict_stays_within_its_lists_and_limits(title, description):
    verdict = CLASSIFIER.classify(title, description)

    assert isinstance(verdict.priority.value, Priority)
    assert isinstance(verdict.category.value, Category)
    assert set(verdict.skills.value) <= NAMES
    assert len(verdict.skills.value) == len(set(verdict.skills.value)) <= SKILLS_MOST
    assert len(verdict.notes) <= NOTES_MOST
    assert (verdict.summary + verdict.notes).encode()


@given(ANY_TEXT, ANY_TEXT)
def test_the_same_ticket_always_gets_the_same_verdict(title, description):
    assert ANOTHER.classify(title, description) == CLASSIFIER.classify(title, description)


@settings(max_examples=15)  # each reads a long ticket twice
@given(ANY_TEXT)
def test_what_follows_the_part_we_read_changes_nothing(text):
    start = "quux " * 2_000

    assert CLASSIFIER.classify("Quux", start + text) == CLASSIFIER.classify("Quux", start)
