"""The mailbox: every letter once, found by who it is for and what it is about."""

import pytest

from helpdesk.ports import Letter, Outcome
from local.mailbox import Mailbox
from tests.builders import NOW


def letter(number, to="ada@example.com", ticket_id="T1"):
    return Letter(
        id=f"letter-{number}",
        to=to,
        subject=f"Subject {number}",
        text="Hello,\n\nthis is \u00fcber.\n",
        html="<p>Hello</p>",
        ticket_id=ticket_id,
    )


@pytest.fixture
def mailbox(tmp_path, clock):
    opened = Mailbox(tmp_path / "mailbox.db", clock=clock)
    yield opened
    opened.close()


def numbers(received):
    return [each.number for each in received]


def test_a_letter_is_kept_whole(mailbox):
    assert mailbox.send(letter(1)) is Outcome.ACCEPTED

    [received] = mailbox.read()
    assert received.letter == letter(1)
    assert (received.number, received.at) == (1, NOW)


def test_a_letter_that_is_sent_again_arrives_once(mailbox):
    assert mailbox.idempotent

    outcomes = [mailbox.send(letter(1)) for _ in range(3)]

    assert outcomes == [Outcome.ACCEPTED] * 3
    assert mailbox.count() == 1


def test_letters_come_newest_first_and_a_few_at_a_time(mailbox):
    for number in range(30):
        mailbox.send(letter(number))

    assert numbers(mailbox.read()) == list(range(30, 10, -1))
    assert numbers(mailbox.read(limit=2)) == [30, 29]
    assert numbers(mailbox.read(before=3)) == [2, 1]
    assert numbers(mailbox.read(before=29, limit=1)) == [28]
    assert mailbox.read(before=1) == []


def test_letters_are_found_by_recipient_and_by_ticket(mailbox):
    mailbox.send(letter(1))
    mailbox.send(letter(2, to="bo@example.com"))
    mailbox.send(letter(3, ticket_id="T2"))

    assert numbers(mailbox.read(recipient="ada@example.com")) == [3, 1]
    assert numbers(mailbox.read(ticket_id="T1")) == [2, 1]
    assert numbers(mailbox.read(recipient="ada@example.com", ticket_id="T1")) == [1]
    assert mailbox.read(recipient="' OR 1=1 --") == []
    assert mailbox.read(ticket_id="") == []


def test_letters_outlive_a_restart(tmp_path, clock, mailbox):
    mailbox.send(letter(1))
    mailbox.close()

    again = Mailbox(tmp_path / "mailbox.db", clock=clock)

    assert again.send(letter(1)) is Outcome.ACCEPTED
    assert numbers(again.read()) == [1]
    again.close()
