"""Writing for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.verdict import Category, Judged, Priority
from triage.notes import (
    NOTES_MOST,
    QUOTE_MOST,
    SUMMARY_MOST,
    clipped,
    neutral,
    summarize,
    write_notes,
)
from triage.skills import Finding

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("title", "description", "summary"),
    [
        (
            "Printer.",
            "Hi. The printer on floor two is off. Bye",
            "Printer: The printer on floor two is off",
        ),
        ("Printer", "off", "Printer"),
        ("", "The printer\n is off", "The printer is off"),
        ("\u202eabc\u200bdef\ud800", "", "abcdef"),
        ("", "", ""),
    ],
)
def test_the_summary_is_the_title_and_what_adds_to_it(title, description, summary):
    assert summarize(title, description) == summary


@given(ANY_TEXT, ANY_TEXT)
def test_the_summary_is_one_short_printable_line(title, description):
    summary = summarize(title, description)

    assert len(summary) <= SUMMARY_MOST
    assert summary.isprintable()


@pytest.mark.parametrize(
    ("text", "short"),
    [("short", "short"), ("one two three", "one two…"), ("x" * 20, "x" * 9 + "…")],
)
def test_a_long_text_is_cut_between_words(text, short):
    assert clipped(text, 10) == short


@given(ANY_TEXT)
def test_quoted_words_cannot_become_markup(text):
    quoted = neutral(text)

    assert len(quoted) <= QUOTE_MOST
    assert not set("<>[]()!*_`|\\~&@:/\n\r") & set(quoted)
    assert "www." not in quoted


@pytest.mark.parametrize("category", list(Category))
def test_the_notes_say_what_was_decided_why_and_what_to_do(category):
    findings = tuple(Finding(f"Skill {at}", 1.0, "q" * 99, certain=True) for at in range(5))

    notes = write_notes(
        Judged(Priority.HIGH, 0.9, "<b>outage</b>"), Judged(category, 0.3), findings
    )

    assert len(notes) <= NOTES_MOST
    assert "Automatic triage by fixed rules" in notes
    assert "**high** (“b outage b”)" in notes
    assert f"Category **{category}**\n" in notes
    assert "1. " in notes


def test_the_notes_admit_that_no_skill_was_recognised():
    notes = write_notes(Judged(Priority.LOW, 0.3), Judged(Category.BUG, 0.3), ())

    assert "Skills: none recognised" in notes
