"""Cutting text into words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.passage import BREAK, READ_MOST, Passage


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C++ and C#", ("c++", "and", "c#")),
        ("ASP.NET", ("asp", "net")),
        ("a .NET app", ("a", ".net", "app")),
        ("example.net", ("example", "net")),
        ("it doesn\u2019t work", ("it", "doesn't", "work")),
        ("Node.js/CSS", ("node", "js", "css")),
        ("Dockerが動かない", ("docker", "が動かない")),
        ("No. Data", ("no", BREAK, "data")),
        ("no, data", ("no", BREAK, "data")),
        ("wait?!", ("wait", BREAK, BREAK)),
        ("far      apart", ("far", BREAK, "apart")),
        ("data\ud800loss", ("data", BREAK, "loss")),
        ("", ()),
    ],
)
def test_a_text_is_cut_into_words_and_breaks(text, words):
    assert Passage.of(text).words == words


@given(st.text())
def test_every_word_is_quoted_as_it_was_written(text):
    passage = Passage.of(text)

    quotes = [passage.quote(at, at + 1) for at in range(len(passage.words))]

    pairs = zip(quotes, passage.raw, strict=True)
    assert all(quote == raw for quote, raw in pairs if raw != BREAK)


@given(st.text())
def test_pieces_follow_each_other(text):
    spans = Passage.of(text).spans

    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_what_comes_after_the_part_we_read_is_not_cut():
    passage = Passage.of("a " * READ_MOST)

    assert len(passage.words) == READ_MOST / 2


def test_neighbours_are_empty_at_the_ends():
    passage = Passage.of("C")

    assert passage.around(0, 1) == ("", "")


def test_a_word_after_a_full_stop_opens_a_sentence():
    passage = Passage.of("One two. Three")

    assert [passage.opens_sentence(at) for at in (0, 1, 3)] == [True, False, True]
