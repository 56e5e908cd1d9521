"""The timeline: one entry for each change, in the order of the changes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.changes import Edits, edited, handed_to, noted
from helpdesk.documents import Create
from helpdesk.ticket import Status
from helpdesk.timeline import Action, Actor, entry_path, recorded, recorded_from
from tests.builders import NOW, a_moderator, a_ticket, a_verdict, an_entry

LATER = NOW + timedelta(minutes=1)


def test_the_first_entry_tells_what_a_ticket_was_opened_with():
    write = recorded(an_entry(), before=None, after=a_ticket(), now=NOW)

    assert write == Create(
        "tickets/T1CKET01/timeline/000001",
        {
            "seq": 1,
            "at": NOW,
            "action": "created",
            "actor": "human",
            "actor_id": "asker",
            "cause": "",
            "changes": {
                "status": {"before": None, "after": "new"},
                "skills": {"before": None, "after": []},
                "title": {"before": None, "after": "Printer is on fire"},
            },
            "why": {},
        },
    )


def test_an_entry_tells_what_changed_and_nothing_else():
    before = a_ticket().triaged(a_verdict(), now=NOW)
    after = before.assigned_to(a_moderator(), now=LATER)
    entry = an_entry(action="assigned", actor=Actor.RULE, cause="e1", why={"fallback": False})

    write = recorded(entry, before=before, after=after, now=LATER)

    assert write.data["changes"] == {
        "status": {"before": "triaged", "after": "assigned"},
        "assignee_id": {"before": None, "after": "mod"},
    }
    assert (write.data["actor"], write.data["cause"]) == ("rule", "e1")
    assert write.data["why"] == {"fallback": False}


def test_a_change_is_told_in_plain_values():
    before = a_ticket()

    write = recorded(an_entry(), before=before, after=before.triaged(a_verdict(), now=NOW), now=NOW)

    assert write.data["changes"] == {
        "status": {"before": "new", "after": "triaged"},
        "priority": {"before": None, "after": "high"},
        "category": {"before": None, "after": "incident"},
        "skills": {"before": [], "after": ["Printing"]},
    }
    assert type(write.data["changes"]["priority"]["after"]) is str


def test_what_did_not_change_is_not_told():
    ticket = a_ticket()

    write = recorded(an_entry(), before=ticket, after=replace(ticket, seq=2), now=NOW)

    assert write.data["changes"] == {}
    assert ticket.status is Status.NEW


def test_who_had_a_ticket_and_who_has_it_is_told():
    before = a_ticket(status=Status.ASSIGNED, assignee_id="mod", assignee_name="Mod")
    after = handed_to(before, a_moderator(id="other"), now=LATER)

    write = recorded(an_entry(action="handed_over"), before=before, after=after, now=LATER)

    assert write.data["changes"] == {"assignee_id": {"before": "mod", "after": "other"}}
    assert (write.data["seq"], write.data["at"]) == (2, LATER)


def test_words_that_were_changed_are_kept_as_they_were():
    before = a_ticket()
    edits = Edits(title="Printer is out", description="It is wet.")

    after = edited(before, edits, assignee=None, now=LATER)
    write = recorded(an_entry(action="edited"), before=before, after=after, now=LATER)

    assert write.data["changes"] == {
        "title": {"before": "Printer is on fire", "after": "Printer is out"},
        "description": {"before": "It burns on floor two.", "after": "It is wet."},
    }


def test_what_was_said_is_not_told_a_second_time():
    before = a_ticket()

    after = noted(before, now=LATER)
    write = recorded(an_entry(action="noted"), before=before, after=after, now=LATER)

    assert write.data["changes"] == {}
    assert write.path == entry_path("T1CKET01", 2)


@pytest.mark.parametrize("action", Action)
def test_a_change_is_read_as_it_was_kept(action):
    entry = an_entry(action=action.value, cause="c1", why={"reason": "no time"})

    write = recorded(entry, before=None, after=a_ticket(), now=NOW)
    read = recorded_from(write.data)

    assert (read.seq, read.at, read.entry, read.id) == (1, NOW, entry, "000001")
    assert read.changes == write.data["changes"]


@given(st.integers(1, 999_999), st.integers(1, 999_999))
def test_paths_sort_as_the_changes_did(one, other):
    assert (entry_path("T1", one) < entry_path("T1", other)) is (one < other)
