"""Letters: each is sent once, and what nobody can know is not guessed."""

import logging
from datetime import timedelta

import pytest

from helpdesk import events
from helpdesk.documents import Create, Delete, Set, Update
from helpdesk.errors import ConflictError, DuplicateError, NotFoundError, OutsideError
from helpdesk.events import EventType
from helpdesk.mail import LEASE, WAIT, Mail, MailState, mail_id
from helpdesk.ports import Letter, Outcome, Timer
from local.mailbox import Mailbox
from tests.builders import NOW, an_event
from tests.stands import Carrier, Faulty
from tests.unit.helpdesk.alarms import Alarms

LETTER = Letter(
    id="a1", to="mod@example.com", subject="[T1] high: Printer", text="Hello", ticket_id="T1"
)
EVENT = an_event(id="e1", type=EventType.TICKET_ASSIGNED, subject="T1")
PATH = "mail/a1"
THEN = (Set("tickets/T1", {"notified_at": NOW}),)
DOWN = OutsideError("the mail service is down")


@pytest.fixture
def carrier():
    return Carrier()


@pytest.fixture
def mailbox(tmp_path, clock):
    opened = Mailbox(tmp_path / "mailbox.db", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def alarms():
    return Alarms()


@pytest.fixture
def mailing(documents, clock):
    """Return what makes a Mail over the store, or over one that fails."""

    def made(mailer, store=documents, timers=None):
        return Mail(documents=store, mailer=mailer, clock=clock, timers=timers)

    return made


@pytest.fixture
def claimed(documents, clock):
    """Return what leaves a claim behind, as a sender does that crashed or is at work."""

    def made(state):
        fields = {"state": state.value, "attempts": 1, "updated_at": clock.now()}
        documents.commit([Create(PATH, fields)])

    return made


def state(documents):
    return documents.get(PATH).data["state"]


def send(mail):
    """Send the letter, and return what became of it; None where that was known before."""
    try:
        return mail.send(LETTER, event=EVENT, then=THEN)
    except DuplicateError:
        return None


class Hearing(Carrier):
    """A mailer whose carrier tells what became of a letter before the mailer says so itself."""

    def __init__(self, documents, heard, *answers):
        super().__init__(*answers)
        self._documents = documents
        self._heard = heard

    def send(self, letter):
        told = {"state": self._heard.value, "updated_at": NOW}
        self._documents.commit([Update(f"mail/{letter.id}", told)])
        return super().send(letter)


def test_a_letter_is_claimed_sent_and_noted(documents, mailing, carrier):
    result = send(mailing(carrier))

    assert result is MailState.ACCEPTED
    assert carrier.carried == [LETTER]
    assert documents.get(PATH).data == {
        "event_id": "e1",
        "kind": "ticket-assigned",
        "envelope": events.encode(EVENT),
        "ticket_id": "T1",
        "recipient": "mod@example.com",
        "subject": "[T1] high: Printer",
        "state": "accepted",
        "attempts": 1,
        "updated_at": NOW,
        "handed_over": True,
    }
    assert documents.get("tickets/T1").data == {"notified_at": NOW}


def test_of_two_who_hand_over_one_letter_at_once_one_did_it(mailing, mailbox):
    class Overtaken:
        """A mailer that knows its letters, and is overtaken by another delivery."""

        idempotent = True

        def send(self, letter):
            results.append(send(mailing(mailbox)))
            return mailbox.send(letter)

    results = []

    results.append(send(mailing(Overtaken())))

    assert results == [MailState.ACCEPTED, None]
    assert len(mailbox.read(limit=10)) == 1


def test_a_letter_is_claimed_before_it_is_handed_over(documents, mailing):
    seen = []

    class Looking(Carrier):
        def send(self, letter):
            seen.append(state(documents))
            return super().send(letter)

    send(mailing(Looking()))

    assert seen == ["sending"]


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNKNOWN])
def test_what_became_of_a_letter_is_final(documents, mailing, outcome):
    carrier = Carrier(outcome)
    mail = mailing(carrier)

    results = [send(mail), send(mail), send(mail)]

    assert results == [MailState(outcome.value), None, None]
    assert len(carrier.carried) == 1
    assert state(documents) == outcome.value


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN])
def test_only_an_accepted_letter_has_consequences(documents, mailing, outcome):
    send(mailing(Carrier(outcome)))

    assert documents.get("tickets/T1") is None


def test_a_letter_that_was_not_handed_over_is_sent_next_time(documents, mailing):
    carrier = Carrier(DOWN)
    mail = mailing(carrier)

    with pytest.raises(OutsideError):
        send(mail)
    failed = state(documents)
    result = send(mail)

    assert failed == "failed"
    assert result is MailState.ACCEPTED
    assert carrier.carried == [LETTER]
    assert documents.get(PATH).data["attempts"] == 2


def test_a_slow_failure_does_not_undo_what_somebody_else_got_through(documents, mailing):
    with pytest.raises(OutsideError):
        send(mailing(Hearing(documents, MailState.ACCEPTED, DOWN)))

    assert state(documents) == MailState.ACCEPTED


@pytest.mark.parametrize(
    ("heard", "outcome", "result"),
    [
        (MailState.ACCEPTED, Outcome.UNKNOWN, MailState.ACCEPTED),
        (MailState.REFUSED, Outcome.UNKNOWN, MailState.REFUSED),
        (MailState.REFUSED, Outcome.ACCEPTED, MailState.REFUSED),
        (MailState.ACCEPTED, Outcome.REFUSED, MailState.ACCEPTED),
        (MailState.UNKNOWN, Outcome.UNKNOWN, MailState.UNKNOWN),
        (MailState.UNKNOWN, Outcome.ACCEPTED, MailState.ACCEPTED),
        (MailState.GIVEN_UP, Outcome.UNKNOWN, MailState.GIVEN_UP),
        (MailState.GIVEN_UP, Outcome.REFUSED, MailState.REFUSED),
        (MailState.FAILED, Outcome.UNKNOWN, MailState.FAILED),
        (MailState.FAILED, Outcome.ACCEPTED, MailState.ACCEPTED),
    ],
)
def test_what_is_known_by_now_outweighs_what_the_mailer_does_not_know(
    documents, mailing, alarms, heard, outcome, result
):
    sent = send(mailing(Hearing(documents, heard, outcome), timers=alarms))

    assert sent is result
    assert state(documents) == result.value
    assert alarms.kept == []


class Gone(Carrier):
    """A mailer whose letter's claim vanishes while it is sent."""

    def __init__(self, documents, *answers):
        super().__init__(*answers)
        self._documents = documents

    def send(self, letter):
        self._documents.commit([Delete(f"mail/{letter.id}")])
        return super().send(letter)


@pytest.mark.parametrize(
    ("answer", "error"), [(DOWN, OutsideError), (Outcome.ACCEPTED, NotFoundError)]
)
def test_a_claim_that_is_gone_after_the_sending_is_not_made_again(
    documents, mailing, answer, error
):
    with pytest.raises(error):
        send(mailing(Gone(documents, answer)))

    assert documents.get(PATH) is None
    assert documents.get("tickets/T1") is None


def test_an_outcome_is_not_written_over_a_change_it_has_not_seen(documents, mailing, carrier):
    class Race(Faulty):
        """The carrier's word comes between our look at the claim and our commit."""

        def get(self, path):
            found = super().get(path)
            told = Update(path, {"state": "refused", "updated_at": NOW})
            self.interrupt(lambda: documents.commit([told]))
            return found

    mail = mailing(carrier, Race(documents))

    with pytest.raises(ConflictError):
        send(mail)

    assert state(documents) == "refused"
    assert documents.get("tickets/T1") is None


def test_a_letter_that_somebody_is_sending_is_left_to_them(
    documents, mailing, carrier, claimed, clock
):
    claimed(MailState.SENDING)
    clock.tick(seconds=LEASE.total_seconds() - 1)

    with pytest.raises(OutsideError):
        send(mailing(carrier))

    assert carrier.carried == []
    assert state(documents) == "sending"


def test_an_abandoned_letter_is_unknown_and_never_sent_again(
    documents, mailing, carrier, claimed, clock
):
    claimed(MailState.SENDING)
    clock.tick(seconds=LEASE.total_seconds())
    mail = mailing(carrier)

    results = [send(mail), send(mail)]

    assert results == [MailState.UNKNOWN, None]
    assert carrier.carried == []
    assert state(documents) == "unknown"
    assert documents.get("tickets/T1") is None


def test_an_unknown_letter_is_come_back_to(documents, mailing, alarms, clock):
    mail = mailing(Carrier(DOWN, Outcome.UNKNOWN), timers=alarms)
    with pytest.raises(OutsideError):
        send(mail)
    clock.tick(seconds=5)

    result = send(mail)

    assert result is MailState.UNKNOWN
    assert alarms.kept == [Timer(name="mail.a1.2", due_at=clock.now() + WAIT, about="mail:a1")]
    assert documents.get(PATH).data["updated_at"] == clock.now()


def test_an_abandoned_letter_is_come_back_to(mailing, carrier, alarms, claimed, clock):
    claimed(MailState.SENDING)
    clock.tick(seconds=LEASE.total_seconds())

    result = send(mailing(carrier, timers=alarms))

    assert result is MailState.UNKNOWN
    assert alarms.kept == [Timer(name="mail.a1.1", due_at=clock.now() + WAIT, about="mail:a1")]


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.REFUSED])
def test_nobody_comes_back_to_a_letter_whose_end_is_known(mailing, alarms, outcome):
    send(mailing(Carrier(outcome), timers=alarms))

    assert alarms.kept == []


def test_a_timer_that_cannot_be_set_is_told_and_fails_nothing(documents, mailing, alarms, caplog):
    alarms.down = True

    with caplog.at_level(logging.WARNING):
        result = send(mailing(Carrier(Outcome.UNKNOWN), timers=alarms))

    assert result is MailState.UNKNOWN
    assert state(documents) == "unknown"
    (record,) = caplog.records
    assert (record.message, record.__dict__["mail_id"]) == ("no timer is set", "a1")


@pytest.mark.parametrize("left", [MailState.UNKNOWN, MailState.GIVEN_UP])
def test_only_a_mailer_that_knows_its_letters_gets_an_unknown_one_again(
    documents, mailing, mailbox, carrier, claimed, left
):
    claimed(left)
    mailbox.send(LETTER)

    results = [send(mailing(carrier)), send(mailing(mailbox))]

    assert results == [None, MailState.ACCEPTED]
    assert carrier.carried == []
    assert [received.letter for received in mailbox.read()] == [LETTER]
    assert state(documents) == "accepted"


@pytest.mark.parametrize("end", [MailState.ACCEPTED, MailState.REFUSED])
def test_even_a_mailer_that_knows_its_letters_gets_none_whose_end_is_known(
    documents, mailing, mailbox, claimed, end
):
    claimed(end)

    result = send(mailing(mailbox))

    assert result is None
    assert mailbox.count() == 0
    assert documents.get(PATH).data["attempts"] == 1


@pytest.mark.parametrize("age", [timedelta(0), LEASE])
def test_a_mailer_that_knows_its_letters_gets_an_abandoned_one_again(
    documents, mailing, mailbox, claimed, clock, age
):
    claimed(MailState.SENDING)
    mailbox.send(LETTER)
    clock.tick(seconds=age.total_seconds())

    result = send(mailing(mailbox))

    assert result is MailState.ACCEPTED
    assert [received.letter for received in mailbox.read()] == [LETTER]
    assert state(documents) == "accepted"


def test_of_two_who_try_a_failed_letter_again_one_sends_it(documents, mailing, carrier, claimed):
    claimed(MailState.FAILED)
    other = mailing(carrier)

    class Race(Faulty):
        """The other one takes the claim between our look at it and our commit."""

        def get(self, path):
            found = super().get(path)
            self.interrupt(lambda: send(other))
            return found

    mine = mailing(carrier, Race(documents))

    with pytest.raises(ConflictError):
        send(mine)

    assert carrier.carried == [LETTER]
    assert state(documents) == "accepted"


def test_a_claim_that_vanishes_is_tried_again(documents, mailing, carrier, claimed):
    class Forgetful(Faulty):
        """The claim is deleted as soon as it was in the way."""

        def get(self, path):
            documents.commit([Delete(path)])
            return super().get(path)

    claimed(MailState.ACCEPTED)

    with pytest.raises(OutsideError):
        send(mailing(carrier, Forgetful(documents)))

    assert send(mailing(carrier)) is MailState.ACCEPTED
    assert carrier.carried == [LETTER]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_behind_the_sending_sends_no_second_letter(documents, mailing, clock, when):
    store, carrier = Faulty(documents), Carrier()
    mail = mailing(carrier, store)
    store.arm(when, 2)

    with pytest.raises(OutsideError):
        send(mail)
    clock.tick(seconds=LEASE.total_seconds())
    result = send(mail)

    assert result is (MailState.UNKNOWN if when == "before" else None)
    assert carrier.carried == [LETTER]


def test_a_letter_has_one_id_for_each_event_and_recipient():
    names = {
        mail_id(subject=subject, event_id=event, recipient=to)
        for subject in ("T1", "T2")
        for event in ("e1", "e2")
        for to in ("a@example.com", "b@example.com")
    }

    assert len(names) == 8
    assert mail_id(subject="T1", event_id="e1", recipient="a@example.com") in names
    assert all(len(name) == 64 for name in names)
