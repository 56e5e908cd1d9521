"""Which index a list of tickets walks, and what is looked at on the way."""

from dataclasses import fields
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from helpdesk.documents import Op
from helpdesk.errors import InvalidInputError
from helpdesk.indexes import declared, index_for
from helpdesk.ticket import Status
from helpdesk.verdict import Category, Priority
from helpdesk.wanted import Sort, Wanted
from helpdesk.wire import LISTED_FIELDS
from tests.builders import NOW

ASKED: dict[str, Any] = {
    "requester_id": "ann",
    "assignee_id": "mod",
    "unassigned": True,
    "statuses": (Status.NEW,),
    "priority": Priority.LOW,
    "category": Category.BUG,
    "skill": "SQL",
    "needs_review": True,
    "text": "printer on fire",
    "created_from": NOW,
    "created_until": NOW + timedelta(days=1),
}
UNCHANGED = {"text", "skill", "priority", "category", "needs_review"}
WHOSE: tuple[dict[str, Any], ...] = (
    {},
    {"requester_id": "ann"},
    {"assignee_id": "mod"},
    {"unassigned": True},
)


def walk_of(**asked):
    walk = Wanted(**asked).walk
    assert walk is not None
    return walk


def walked(**asked):
    return {each.field for each in walk_of(**asked).filters}


def test_every_combination_has_an_index():
    names = list(ASKED)

    for chosen in product([False, True], repeat=len(names)):
        asked = {name: ASKED[name] for name, on in zip(names, chosen, strict=True) if on}
        for sort in Sort:
            if {"unassigned", "assignee_id"} <= asked.keys():
                continue
            if sort is not Sort.UPDATED or UNCHANGED.isdisjoint(asked):
                assert index_for(walk_of(**asked, sort=sort), declared())
    assert {*names, "sort"} == {each.name for each in fields(Wanted)}


@pytest.mark.parametrize(
    ("asked", "walks"),
    [
        (("text", "skill", "needs_review", "priority", "category"), "terms"),
        (("skill", "needs_review", "priority", "category"), "skill_keys"),
        (("needs_review", "priority", "category"), "needs_review"),
        (("priority", "category"), "priority"),
        (("category",), "category"),
    ],
)
@pytest.mark.parametrize("whose", WHOSE, ids=str)
def test_the_walk_takes_what_leaves_the_fewest(whose, asked, walks):
    held = walked(**whose, **{name: ASKED[name] for name in asked})

    own = {"requester_id", "assignee_id"}
    seen = {"needs_review": "priority"}.get(walks, walks) if "requester_id" in whose else walks
    assert held - own - {"status"} == {seen}
    assert ("status" in held) == (walks not in {"terms", "skill_keys"})
    assert len(held & own) == bool(whose.keys() & own)


def test_the_longest_word_is_walked_and_the_others_are_looked_at():
    alone, together = walk_of(text="fire"), walk_of(text="on fire")

    (word,) = [each.value for each in together.filters if each.field == "terms"]
    assert word == "fire"
    assert alone.fields == LISTED_FIELDS
    assert together.fields == (*LISTED_FIELDS, "terms")


def test_who_asks_for_no_status_asks_the_index_for_all_of_them():
    walk = walk_of(category=Category.BUG)
    (status,) = [each for each in walk.filters if each.field == "status"]

    assert status.op is Op.IN
    assert set(status.value) == {each.value for each in Status}


def test_in_the_order_of_changes_times_are_looked_at():
    asked = {name: ASKED[name] for name in ("assignee_id", "created_from", "created_until")}

    walk = walk_of(**asked, sort=Sort.UPDATED)

    assert {each.field for each in walk.filters} == {"assignee_id", "status"}
    assert walk.fields == LISTED_FIELDS


@pytest.mark.parametrize("name", sorted(UNCHANGED))
def test_what_has_no_walk_in_the_order_of_changes_is_refused(name):
    for value in (ASKED[name], False) if name == "needs_review" else (ASKED[name],):
        asked: dict[str, Any] = {name: value, "sort": Sort.UPDATED}

        with pytest.raises(InvalidInputError, match="updated sorts a list without q") as caught:
            Wanted(**asked)

        assert caught.value.field == "sort"


@pytest.mark.parametrize(
    "asked",
    [
        {"text": ""},
        {"text": " -- "},
        {"created_from": NOW, "created_until": NOW},
        {"unassigned": True, "assignee_id": "mod"},
        {"unassigned": True, "statuses": (Status.ASSIGNED, Status.WAITING)},
        {"created_from": NOW, "created_until": NOW - timedelta(days=1)},
    ],
)
def test_what_no_ticket_can_be_is_not_asked_of_the_store(asked):
    assert Wanted(**asked).walk is None


DATA = {
    "requester_id": "ann",
    "assignee_id": "mod",
    "status": "new",
    "priority": "low",
    "category": "bug",
    "skills": ["Sql"],
    "needs_review": True,
    "created_at": NOW,
    "terms": ["printer", "on", "fire"],
}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("requester_id", "bob"),
        ("assignee_id", None),
        ("status", "triaged"),
        ("priority", None),
        ("category", "access"),
        ("skills", ["Java"]),
        ("needs_review", False),
        ("needs_review", None),
        ("created_at", NOW - timedelta(microseconds=1)),
        ("created_at", NOW + timedelta(days=1)),
        ("terms", ["printer", "on"]),
        ("terms", None),  # kept before there was a search
    ],
)
def test_whatever_is_asked_for_must_fit(field, other):
    wanted = Wanted(**{**ASKED, "unassigned": False})

    assert wanted.fits(DATA)
    assert not wanted.fits({**DATA, field: other})


def test_what_is_not_asked_for_is_not_looked_at():
    assert Wanted().fits({**DATA, "terms": None})
    assert Wanted(text="off").fits({name: it for name, it in DATA.items() if name != "terms"})
    assert Wanted(needs_review=False).fits({**DATA, "needs_review": None})


def test_what_waits_for_somebody_or_is_done_may_be_nobodys():
    walk = walk_of(unassigned=True, statuses=(Status.TRIAGED, Status.ASSIGNED, Status.CLOSED))

    assert [(each.field, each.value) for each in walk.filters] == [
        ("status", ["triaged", "closed"])
    ]
    for status in ("new", "triaged", "resolved", "closed"):
        assert Wanted(unassigned=True).fits({**DATA, "assignee_id": None, "status": status})
        assert not Wanted(unassigned=True).fits({**DATA, "status": status})
    assert not Wanted(unassigned=True).fits({**DATA, "assignee_id": None, "status": "assigned"})


def test_what_needs_no_review_is_looked_at_for_it_is_nearly_everything():
    assert walked(needs_review=False) == set()
    assert walked(needs_review=False, priority=Priority.LOW) == {"priority", "status"}
