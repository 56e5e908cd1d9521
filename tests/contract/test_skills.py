"""The catalogue of skills, over every store: of all who replace it at once, one does."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bench.counted import Counted, Tally
from helpdesk.errors import ConflictError
from helpdesk.skills import (
    ALIASES_MOST,
    CATALOGUE,
    CATALOGUE_MOST,
    Catalogue,
    Skill,
    Skills,
    checked_catalogue,
    shipped,
)
from tests.builders import FixedClock

AT_ONCE = 8
KEPT = pytest.mark.parametrize("first", [None, shipped()], ids=["none kept", "one kept"])


def an_instance(documents):
    """Return the catalogue as one instance of the function has it."""
    return Skills(documents=documents, clock=FixedClock())


def named(name):
    return Catalogue((Skill(name=name, aliases=("an alias",), description="Of one alone."),))


@KEPT
def test_of_many_who_saw_the_same_exactly_one_replaces_it(documents, first):
    if first:
        an_instance(documents).replace(first)
    ready = Barrier(AT_ONCE)

    def replaced(number):
        skills = an_instance(documents)
        before = skills.read()
        ready.wait(timeout=30)
        try:
            skills.replace(named(f"skill {number}"), before=before)
        except ConflictError:
            return None
        return number

    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = [each for each in threads.map(replaced, range(AT_ONCE)) if each is not None]

    [winner] = done
    assert an_instance(documents).read().skills == named(f"skill {winner}").skills


def test_a_full_catalogue_is_read_as_it_was_kept(documents):
    full = checked_catalogue(
        [
            Skill(
                name=f"skill {number}",
                aliases=tuple(f"alias {number}.{n}" for n in range(ALIASES_MOST)),
                description="d" * 300,
            )
            for number in range(CATALOGUE_MOST)
        ]
    )

    an_instance(documents).replace(full)

    kept = an_instance(documents).read()
    assert (kept.skills, kept.tag) == (full.skills, full.tag)


def test_to_know_it_is_one_read_and_to_replace_it_one_read_and_one_write(documents):
    tally = Tally()
    skills = an_instance(Counted(documents, tally))

    known = tally.of(lambda: [skills.get() for _ in range(100)])
    replaced = tally.of(lambda: skills.replace(named("Go"), before=skills.read()))

    assert (known.reads, known.writes) == (1, 0)
    assert (replaced.reads, replaced.writes, replaced.deletes) == (1, 1, 0)
    assert documents.get(CATALOGUE).data == {
        "skills": [{"name": "Go", "aliases": ["an alias"], "description": "Of one alone."}]
    }
