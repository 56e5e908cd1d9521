"""Letters: all that triage found, and nothing a requester wrote that is more than text."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.comments import Comment, Side
from helpdesk.ticket import Status
from helpdesk.verdict import Category, Priority
from notify.letters import SUBJECT_MOST, assignment, comment, reopened, resolved, welcome
from tests.builders import NOW, a_moderator, a_ticket, a_user, a_verdict
from tests.stands import URL

PIECES = st.sampled_from(
    [
        "\r\nBcc: all@example.com",
        "\n",
        "\r",
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x1b[2J",
        "\0",
        "\u202e",
        "\ud800",
        "<script>alert(1)</script>",
        "<a href='https://evil.example.com'>",
        '" onmouseover="x',
        "&amp;",
        "</div></table>",
        "word ",
    ]
)
HOSTILE = st.lists(PIECES | st.text(st.characters(codec=None), max_size=10)).map("".join)
# What a description may hold, and what the store can keep of a verdict.
KEPT = HOSTILE.map(
    lambda text: "".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff")
)
TAG = re.compile(r"</?(p|table|tr|th|td|h3|div)( align=left| style=\"white-space:pre-wrap\")?>")
HEADINGS = {
    "Summary",
    "Description",
    "Notes (written by a machine, for staff only)",
    "Please check",
}


def letter_for(ticket, *, assignee=None):
    return assignment(ticket, assignee=assignee or a_moderator(), event_id="e1")


def a_reply(text, **changes):
    said = Comment(seq=4, at=NOW, author_id="mod", author_name="Mod", side=Side.STAFF, text=text)
    return replace(said, **changes)


def a_triaged_ticket(**changes):
    return replace(a_ticket().triaged(a_verdict(), now=NOW), **changes)


@st.composite
def hostile_letters(draw):
    verdict = a_verdict(summary=draw(KEPT), notes=draw(KEPT))
    ticket = a_triaged_ticket(
        title=draw(HOSTILE),
        description=draw(KEPT),
        skills=(draw(HOSTILE), draw(HOSTILE)),
        verdict=verdict,
        needs_review=draw(st.booleans()),
        requester_name=draw(HOSTILE),
    )
    return letter_for(ticket, assignee=a_moderator(name=draw(HOSTILE)))


def test_an_assignment_tells_all_that_triage_found():
    letter = letter_for(a_triaged_ticket(), assignee=a_moderator(name="Mo"))

    assert (letter.to, letter.ticket_id) == ("mod@example.com", "T1CKET01")
    assert letter.subject == "[T1CKET01] high: Printer is on fire"
    assert letter.text == (
        "Hello Mo,\n"
        "\n"
        "this ticket is now yours.\n"
        "\n"
        "Ticket:    T1CKET01\n"
        "Title:     Printer is on fire\n"
        "From:      Ann Asker\n"
        "Priority:  high\n"
        "Category:  incident\n"
        "Skills:    Printing\n"
        "\n"
        "Summary\n"
        "  A printer burns\n"
        "\n"
        "Description\n"
        "  It burns on floor two.\n"
        "\n"
        "Notes (written by a machine, for staff only)\n"
        "  Call the fire brigade.\n"
    )


def test_an_assignment_says_how_much_was_said_already():
    letter = letter_for(a_triaged_ticket(replies=2, notes=5), assignee=a_moderator())

    assert "Skills:    Printing\nReplies:   2 so far: read them in the ticket\n" in letter.text


def test_the_html_says_what_the_text_says():
    letter = letter_for(a_triaged_ticket(needs_review=True))

    shown = html.unescape(re.sub(r"<[^>]*>", "\n", letter.html))

    words = re.findall(r"\w+", letter.text)
    assert re.findall(r"\w+", shown) == words


def test_a_ticket_without_a_verdict_can_be_assigned_too():
    letter = letter_for(a_ticket(requester_name=""))

    assert letter.subject == "[T1CKET01] new: Printer is on fire"
    assert "Priority:  not set\nCategory:  not set\nSkills:    none named\n" in letter.text
    assert "From:      unknown\n" in letter.text
    assert "Summary" not in letter.text


def test_what_a_person_set_is_told_rather_than_what_the_model_said():
    letter = letter_for(a_triaged_ticket(priority=Priority.LOW, category=Category.BILLING))

    assert letter.subject.startswith("[T1CKET01] low: ")
    assert "Priority:  low\nCategory:  billing\n" in letter.text


@pytest.mark.parametrize("needed", [True, False])
def test_a_stood_in_verdict_asks_to_be_looked_at(needed):
    letter = letter_for(a_triaged_ticket(needs_review=needed))

    assert ("Please check" in letter.text) is needed
    assert ("Please check" in letter.html) is needed


def test_who_has_no_name_is_called_by_the_address():
    letter = letter_for(a_ticket(), assignee=a_moderator(name=""))
    greeting = welcome(a_user(name=""), event_id="e1", url=URL)

    assert letter.text.startswith("Hello mod@example.com,\n")
    assert greeting.text.startswith("Hello asker@example.com,\n")


def test_a_welcome_says_where_the_desk_is():
    letter = welcome(a_user(), event_id="e1", url=URL)

    assert (letter.to, letter.subject) == ("asker@example.com", "Welcome to Helpdesk")
    assert letter.ticket_id == ""
    assert "Address:   https://desk.example.com\nE-mail:    asker@example.com\n" in letter.text


def test_each_event_and_recipient_has_a_letter_of_its_own():
    one, other = letter_for(a_ticket()), letter_for(a_ticket(), assignee=a_moderator(id="other"))

    assert one.id == letter_for(a_triaged_ticket()).id
    assert one.id != other.id


def test_a_long_title_is_cut_in_the_subject_only():
    letter = letter_for(a_ticket(title="x" * 200))

    assert len(letter.subject) == SUBJECT_MOST
    assert "x" * 200 in letter.text


def test_a_reply_brings_what_was_said():
    ticket = a_triaged_ticket(status=Status.IN_PROGRESS)

    letter = comment(ticket, a_reply("Have you\ntried water?"), reader=a_user(), event_id="e1")

    assert (letter.to, letter.ticket_id) == ("asker@example.com", "T1CKET01")
    assert letter.subject == "[T1CKET01] Printer is on fire"
    assert letter.text == (
        "Hello Asker,\n"
        "\n"
        "there is news of ticket T1CKET01, which is in progress.\n"
        "\n"
        "Mod wrote\n"
        "  Have you\n"
        "  tried water?\n"
    )


def test_a_note_says_that_it_is_for_staff():
    said = a_reply("Do not tell.", internal=True, author_name="")

    letter = comment(a_triaged_ticket(), said, reader=a_moderator(), event_id="e1")

    assert "Somebody noted for staff only\n  Do not tell.\n" in letter.text


def test_a_resolved_ticket_says_how_it_is_opened_again():
    letter = resolved(a_triaged_ticket(), reader=a_user(), event_id="e1")

    assert "your ticket T1CKET01 is resolved.\n" in letter.text
    assert "reply to the ticket" in letter.text


CLOSES_AT = NOW.replace(month=2, day=14)


@pytest.mark.parametrize(
    ("closes_at", "closing"),
    [(CLOSES_AT, "\nOtherwise it closes by itself on 2026-02-14.\n"), (None, "")],
)
def test_a_reply_that_resolves_a_ticket_says_how_it_is_opened_again(closes_at, closing):
    ticket = a_triaged_ticket(status=Status.RESOLVED, closes_at=closes_at)

    letter = comment(ticket, a_reply("Mended."), reader=a_user(), event_id="e1")

    again = "If it is not, reply to the ticket, and it is opened again.\n"
    assert letter.text.endswith(again + closing)


@pytest.mark.parametrize(
    ("status", "reader"),
    [
        (Status.RESOLVED, a_moderator()),
        (Status.WAITING, a_user()),
        (Status.CLOSED, a_user()),
    ],
)
def test_no_other_reply_says_that(status, reader):
    ticket = a_triaged_ticket(status=status, closes_at=CLOSES_AT)

    letter = comment(ticket, a_reply("Mended."), reader=reader, event_id="e1")

    assert "opened again" not in letter.text
    assert "closes by itself" not in letter.text


def test_a_reopened_ticket_says_whose_it_is():
    letter = reopened(a_triaged_ticket(), reader=a_moderator(), event_id="e1")
    unjudged = reopened(a_ticket(), reader=a_moderator(), event_id="e1")

    assert "ticket T1CKET01 was opened again, and it is yours.\n" in letter.text
    assert "Title:     Printer is on fire\nPriority:  high\n" in letter.text
    assert "Priority:  not set\n" in unjudged.text


@pytest.mark.parametrize("write", [resolved, reopened])
def test_what_machines_found_and_staff_noted_is_not_in_news(write):
    letter = write(a_triaged_ticket(), reader=a_user(), event_id="e1")

    assert not any(each in letter.text for each in ("fire brigade", "A printer burns"))


@given(HOSTILE, KEPT, HOSTILE, st.booleans())
def test_nothing_that_people_say_to_one_another_becomes_more_than_text(title, text, name, internal):
    ticket = a_triaged_ticket(title=title)
    said = a_reply(text, author_name=name, internal=internal)

    for letter in (
        comment(ticket, said, reader=a_user(name=name), event_id="e1"),
        resolved(ticket, reader=a_user(name=name), event_id="e1"),
        reopened(ticket, reader=a_user(name=name), event_id="e1"),
    ):
        left = TAG.sub("", letter.html)
        assert not set("<>\"'") & set(left)
        assert "&" not in re.sub(r"&(amp|lt|gt|quot|#x27);", "", left)
        assert len(letter.subject) <= SUBJECT_MOST
        assert letter.subject.isprintable()
        assert letter.text.encode()
        assert len([it for it in letter.text.splitlines() if it.startswith("Hello ")]) == 1


@given(hostile_letters())
def test_no_header_can_be_broken(letter):
    assert len(letter.subject) <= SUBJECT_MOST
    assert letter.subject.isprintable()
    assert letter.subject.encode()
    assert letter.to == "mod@example.com"


@given(hostile_letters())
def test_nothing_a_person_or_a_model_wrote_becomes_markup(letter):
    left = TAG.sub("", letter.html)

    assert not set("<>\"'") & set(left)
    assert "&" not in re.sub(r"&(amp|lt|gt|quot|#x27);", "", left)


@given(hostile_letters())
def test_no_text_can_pass_for_a_part_of_the_letter(letter):
    hello, blank, said, *rest = letter.text.splitlines()

    assert hello.startswith("Hello ")
    assert (blank, said) == ("", "this ticket is now yours.")
    facts, parts = rest[1:7], rest[7:]
    assert [fact.partition(":")[0] for fact in facts] == [
        "Ticket",
        "Title",
        "From",
        "Priority",
        "Category",
        "Skills",
    ]
    at_the_margin = [line for line in parts if line and not line.startswith("  ")]
    assert set(at_the_margin) <= HEADINGS
    assert len(at_the_margin) == len(set(at_the_margin))


@given(hostile_letters())
def test_a_letter_can_be_sent_as_text(letter):
    assert letter.text.encode()
    assert letter.html.encode()
    assert "\r" not in letter.text
    assert "\0" not in letter.text + letter.html


@given(HOSTILE)
def test_a_welcome_greets_hostile_names_safely(name):
    letter = welcome(a_user(name=name), event_id="e1", url=URL)

    assert letter.text.splitlines()[1:3] == [
        "",
        "your account is ready. File a ticket whenever something does not work.",
    ]
    assert not set("<>\"'") & set(TAG.sub("", letter.html))
