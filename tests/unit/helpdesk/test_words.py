"""How texts are read for a search, and what a ticket is found by."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.words import WORD_MOST, WORDS_MOST, have_all, sought_words, terms_of


def test_a_ticket_is_found_by_its_words_each_kept_once():
    terms = terms_of("Printer is off", "The printer of <Ann@Example.com>. Again.")

    assert terms == [
        "printer", "is", "off", "the", "of", "ann@example.com", "ann", "example", "com", "again",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PRINTER", True),
        ("printer böse", True),
        ("printer bose fire", True),
        ("pri", False),
        ("pr", False),
        ("burn", False),  # words are whole
        ("burns", True),
        ("printers", False),
        ("fire water", False),
        ("ann@example.com", True),
        ("ann", True),
        ("", True),
    ],
)
def test_every_word_that_is_sought_must_be_there(text, found):
    terms = terms_of("Böse Printer", "It burns: fire! (ann@example.com)")

    assert have_all(terms, sought_words(text)) is found


def test_long_words_are_told_apart_by_how_they_begin():
    start = "a" * WORD_MOST

    terms = terms_of("Hash", f"{start}b")

    assert have_all(terms, [f"{start}c"])
    assert not have_all(terms, [f"b{start}"])
    assert max(map(len, terms)) == WORD_MOST


def test_no_more_words_are_kept_than_may_be_and_those_of_the_title_are_among_them():
    title = " ".join(f"t{number}" for number in range(40))
    description = " ".join(f"d{number}" for number in range(3_000))

    terms = terms_of(title, description)

    assert len(terms) == len(set(terms)) == WORDS_MOST
    assert have_all(terms, [*title.split(), "d0", f"d{WORDS_MOST - 41}"])
    assert not have_all(terms, [f"d{WORDS_MOST - 40}"])


def test_the_longest_ticket_has_a_bounded_number_of_terms():
    dice = random.Random(7)
    title = " ".join("".join(dice.choices("abcdefgh", k=9)) for _ in range(20))

    terms = terms_of(title, "\ufdfa " * 10_000)

    assert len(terms) <= WORDS_MOST


WORDS = st.text(st.characters(categories=["L", "N", "M", "P", "Z"]), max_size=30)


@given(WORDS, WORDS)
def test_a_ticket_is_found_by_all_of_its_own_words(title, description):
    terms = terms_of(title, description)

    assert have_all(terms, sought_words(title))
    assert have_all(terms, sought_words(description))
