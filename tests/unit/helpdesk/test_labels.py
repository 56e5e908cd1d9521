"""Labels: the last word of a person, beside what the machine had said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.changes import Edits, edited, handed_to, noted
from helpdesk.documents import Set
from helpdesk.labels import labelled
from helpdesk.ticket import JUDGED, Status
from helpdesk.verdict import Category, Priority, Source
from tests.builders import NOW, a_moderator, a_ticket, a_verdict, an_entry
from tests.by_hand import changed
from tests.stands import Scripted, everything

LATER = NOW + timedelta(minutes=1)
BY_MOD = an_entry(action="edited", actor_id="mod")


def triaged():
    return a_ticket().triaged(a_verdict(), now=NOW)


def edit(ticket, **edits):
    return edited(ticket, Edits(**edits), assignee=None, now=LATER)


def labels_of(before, after):
    return labelled(before, after, BY_MOD)


def test_a_label_says_what_both_said_and_who_the_person_was():
    before = triaged()

    (label,) = labels_of(before, edit(before, priority=Priority.LOW))

    assert label == Set(
        "labels/T1CKET01.priority",
        {
            "ticket_id": "T1CKET01",
            "field": "priority",
            "human": "low",
            "machine": "high",
            "confidence": 0.9,
            "source": "ai",
            "model": "gemini-test",
            "prompt_version": "p1",
            "by": "mod",
            "at": LATER,
        },
    )
    assert type(label.data["human"]) is type(label.data["machine"]) is str


def test_each_field_has_a_label_of_its_own():
    before = triaged()

    labels = labels_of(before, edit(before, category=Category.BILLING, skills=("Invoices", "SQL")))

    assert {each.path: (each.data["machine"], each.data["human"]) for each in labels} == {
        "labels/T1CKET01.category": ("incident", "billing"),
        "labels/T1CKET01.skills": (["Printing"], ["Invoices", "SQL"]),
    }


def test_a_value_that_was_confirmed_is_a_label_too():
    before = triaged()

    (label,) = labels_of(before, edit(before, priority=before.priority))

    assert label.data["human"] == label.data["machine"] == "high"


def test_skills_that_were_taken_away_are_a_label():
    before = triaged()

    (label,) = labels_of(before, edit(before, skills=()))

    assert (label.data["human"], label.data["machine"]) == ([], ["Printing"])


def test_what_a_person_said_before_is_not_said_again():
    before = edit(triaged(), priority=Priority.LOW)

    assert labels_of(before, noted(before, now=LATER)) == []
    assert labels_of(before, handed_to(before, a_moderator(), now=LATER)) == []
    assert [it.data["human"] for it in labels_of(before, edit(before, priority="medium"))] == [
        "medium"
    ]


@pytest.mark.parametrize("name", JUDGED)
def test_what_a_machine_says_is_no_label(name):
    before = a_ticket()

    after = before.triaged(a_verdict(), now=NOW)

    assert after.sources[name] is Source.AI
    assert labels_of(before, after) == []


def test_where_no_machine_has_spoken_yet_a_label_holds_the_persons_word():
    (label,) = labels_of(a_ticket(), edit(a_ticket(), priority=Priority.LOW))

    assert label.data["human"] == "low"
    assert {name for name, value in label.data.items() if value is None} == {
        "machine",
        "confidence",
        "source",
        "model",
        "prompt_version",
    }


def test_a_label_is_kept_in_the_commit_of_the_change_and_replaced_by_the_next(line):
    line.classifier = Scripted(a_verdict())
    line.deliver("triage", line.open())

    for priority in (Priority.LOW, Priority.MEDIUM):
        edits = Edits(priority=priority)
        changed(line.tickets, lambda it, now, e=edits: edited(it, e, assignee=None, now=now))

    kept = {path: data for path, data in everything(line.store).items() if path[:6] == "labels"}
    assert {path: data["human"] for path, data in kept.items()} == {
        "labels/T1CKET01.priority": "medium"
    }
    assert kept["labels/T1CKET01.priority"]["by"] == "mod"


def test_where_a_ticket_stands_is_no_label():
    before = triaged()

    after = replace(before, status=Status.RESOLVED, seq=3)

    assert labels_of(before, after) == []
