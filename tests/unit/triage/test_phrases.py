"""Finding phrases."""

from triage.passage import Passage
from triage.phrases import PhraseBook


def found(book, text):
    return [(hit.quote, hit.senses) for hit in book.hits(Passage.of(text))]


def test_the_longest_phrase_wins():
    book = PhraseBook([("sql", "SQL"), ("sql server", "SQL Server")])

    assert found(book, "SQL Server, sql") == [("SQL Server", ("SQL Server",)), ("sql", ("SQL",))]


def test_one_phrase_may_mean_several_things():
    book = PhraseBook([("key", 1), ("key", 2)])

    assert found(book, "key") == [("key", (1, 2))]


def test_a_phrase_without_a_sense_hides_what_is_in_it():
    book = PhraseBook([("go", "Go"), ("go to", None)])

    assert found(book, "go to go") == [("go", ("Go",))]


def test_a_phrase_does_not_reach_across_a_sentence():
    book = PhraseBook([("no data", 1)])

    assert found(book, "No. Data") == []


def test_a_version_may_stick_to_a_name_but_not_to_a_short_one():
    book = PhraseBook([("python", 1), ("s", 2)])

    assert found(book, "Python3 S3") == [("Python3", (1,))]


def test_a_phrase_that_only_begins_is_not_found():
    book = PhraseBook([("sql server", 1)])

    assert found(book, "a sql") == []
