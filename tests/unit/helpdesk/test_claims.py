"""Claims: letters whose end nobody saw come to one, by the carrier's word or by time."""

import logging
from contextlib import suppress
from datetime import timedelta

import pytest

from helpdesk import claims as claims_module
from helpdesk import events
from helpdesk.claims import Claims, Word
from helpdesk.documents import Create, Delete, Update
from helpdesk.errors import ConflictError, DuplicateError, OutsideError
from helpdesk.events import EventType
from helpdesk.mail import LEASE, WAIT, Mail, MailState
from helpdesk.outbox import Outbox
from helpdesk.ports import Letter, Outcome, Timer
from tests.builders import NOW, an_event
from tests.stands import Carrier, Faulty, Tray
from tests.unit.helpdesk.alarms import Alarms

EVENT = an_event(id="T1.assigned.3", type=EventType.TICKET_ASSIGNED, subject="T1", data={"seq": 3})
HANDED_OVER, REPLIED = (
    an_event(
        id="T1.updated.4",
        type=EventType.TICKET_UPDATED,
        subject="T1",
        data={"seq": 4, "change": it},
    )
    for it in ("handed_over", "replied")
)
WELCOME = an_event(id="u1.signed-up.1", type=EventType.USER_SIGNED_UP, subject="u1")
LETTER = Letter(id="a1", to="mod@example.com", subject="Printer", text="Hello", ticket_id="T1")
PATH = "mail/a1"
AGE = {MailState.SENDING: LEASE, MailState.UNKNOWN: WAIT}
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def store(documents):
    documents.commit([Create("tickets/T1", {"title": "Printer"})])
    return Faulty(documents)


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def alarms():
    return Alarms()


@pytest.fixture
def claims(store, tray, alarms, clock):
    outbox = Outbox(documents=store, bus=tray, clock=clock)
    return Claims(documents=store, outbox=outbox, clock=clock, timers=alarms)


@pytest.fixture
def claimed(store, clock):
    """Return what leaves a claim behind."""

    def made(state, *, name="a1", event=EVENT, **fields):
        data = {
            "event_id": event.id,
            "kind": event.type.value,
            "envelope": events.encode(event),
            "ticket_id": "T1" if event.subject == "T1" else "",
            "state": state.value,
            "attempts": 1,
            "updated_at": clock.now(),
            **fields,
        }
        store.commit([Create(f"mail/{name}", data)])

    return made


def state(store, name="a1"):
    return store.get(f"mail/{name}").data["state"]


def told(store):
    """Return when somebody was told of which giving."""
    data = store.get("tickets/T1").data
    return {name: at for name, at in data.items() if name != "title"}


def changing(store):
    """Return what changes the claim behind our back."""
    return lambda: store.commit([Update(PATH, {"attempts": 7})])


OPEN = [MailState.SENDING, MailState.FAILED, MailState.UNKNOWN, MailState.GIVEN_UP]


@pytest.mark.parametrize("before", OPEN)
def test_a_letter_the_carrier_has_is_accepted_and_its_ticket_says_so(
    claims, claimed, store, clock, before
):
    claimed(before)
    clock.tick(seconds=30)

    changed = claims.heard("a1", Word.DELIVERED)

    assert changed
    assert state(store) == "accepted"
    assert store.get(PATH).data["updated_at"] == clock.now()
    assert told(store) == {"told_3": clock.now()}


@pytest.mark.parametrize("before", [*OPEN, MailState.ACCEPTED])
def test_a_letter_the_carrier_lost_is_refused_and_told(claims, claimed, store, caplog, before):
    claimed(before)

    changed = claims.heard("a1", Word.LOST)

    assert changed
    assert state(store) == "refused"
    assert told(store) == {}
    (record,) = caplog.records
    assert (record.levelno, record.__dict__["result"]) == (logging.WARNING, "refused")


def test_a_letter_that_hands_a_ticket_over_is_noted_on_it_too(claims, claimed, store, clock):
    claimed(MailState.UNKNOWN, event=HANDED_OVER)

    claims.heard("a1", Word.DELIVERED)

    assert told(store) == {"told_4": clock.now()}


def test_a_letter_that_hands_a_ticket_over_is_sent_once_more(claims, claimed, store, tray, clock):
    claimed(MailState.UNKNOWN, event=HANDED_OVER)
    clock.tick(seconds=WAIT.total_seconds())

    result = claims.settle("a1")

    assert (result, tray.published) == (MailState.FAILED, [HANDED_OVER])
    assert store.get(PATH).data["resent"]


@pytest.mark.parametrize("event", [WELCOME, REPLIED], ids=lambda event: event.id)
def test_a_letter_of_another_kind_changes_no_ticket(claims, claimed, store, event):
    claimed(MailState.UNKNOWN, event=event)

    changed = claims.heard("a1", Word.DELIVERED)

    assert changed
    assert state(store) == "accepted"
    assert told(store) == {}


@pytest.mark.parametrize("word", Word)
def test_a_word_that_comes_twice_has_one_effect(claims, claimed, store, clock, word):
    claimed(MailState.UNKNOWN)
    claims.heard("a1", word)
    before = store.get(PATH), store.get("tickets/T1")
    clock.tick(seconds=1)

    changed = claims.heard("a1", word)

    assert not changed
    assert (store.get(PATH), store.get("tickets/T1")) == before


@pytest.mark.parametrize("words", [(Word.LOST, Word.DELIVERED), (Word.DELIVERED, Word.LOST)])
def test_a_loss_is_final_in_whatever_order_the_words_come(claims, claimed, store, words):
    claimed(MailState.UNKNOWN)

    for word in words:
        claims.heard("a1", word)

    assert state(store) == "refused"


def test_a_word_of_a_letter_that_is_not_there_changes_nothing(claims, store):
    assert not claims.heard("a1", Word.DELIVERED)
    assert store.get(PATH) is None


def test_a_word_of_a_ticket_that_is_gone_changes_nothing(claims, claimed, store):
    claimed(MailState.UNKNOWN)
    store.commit([Delete("tickets/T1")])

    changed = claims.heard("a1", Word.DELIVERED)

    assert not changed
    assert state(store) == "unknown"


def test_a_late_word_of_an_earlier_giving_is_a_note_of_that_one_alone(claims, claimed, store):
    claimed(MailState.UNKNOWN)
    claimed(MailState.UNKNOWN, name="b1", event=HANDED_OVER)

    claims.heard("b1", Word.DELIVERED)
    claims.heard("a1", Word.DELIVERED)

    assert told(store) == {"told_4": NOW, "told_3": NOW}


def test_a_letter_whose_event_cannot_be_read_is_accepted_and_noted_nowhere(claims, claimed, store):
    claimed(MailState.UNKNOWN, envelope="{")

    assert claims.heard("a1", Word.DELIVERED)
    assert state(store) == "accepted"
    assert told(store) == {}


def test_a_word_is_not_written_over_a_change_it_has_not_seen(claims, claimed, store):
    claimed(MailState.UNKNOWN)
    store.interrupt(changing(store))

    with pytest.raises(ConflictError):
        claims.heard("a1", Word.DELIVERED)

    assert state(store) == "unknown"
    assert told(store) == {}


def test_an_abandoned_letter_is_unknown_and_come_back_to(claims, claimed, store, alarms, clock):
    claimed(MailState.SENDING)
    clock.tick(seconds=LEASE.total_seconds())

    result = claims.settle("a1")

    assert result is MailState.UNKNOWN
    assert state(store) == "unknown"
    assert alarms.kept == [Timer(name="mail.a1.1", due_at=clock.now() + WAIT, about="mail:a1")]


def test_an_unknown_assignment_is_sent_again(claims, claimed, store, tray, clock):
    claimed(MailState.UNKNOWN)
    clock.tick(seconds=WAIT.total_seconds())

    result = claims.settle("a1")

    assert result is MailState.FAILED
    assert tray.published == [EVENT]
    kept = store.get(PATH).data
    assert (kept["state"], kept["resent"], kept["attempts"]) == ("failed", True, 1)


def test_a_letter_sent_again_is_counted(claims, claimed, clock, caplog):
    claimed(MailState.UNKNOWN)
    clock.tick(seconds=WAIT.total_seconds())

    claims.settle("a1")

    (record,) = caplog.records
    assert record.message == "letter sent again"
    assert record.__dict__["result"] == "resent"


def test_a_bus_that_is_down_leaves_the_event_to_the_relay(claims, claimed, store, tray, clock):
    claimed(MailState.UNKNOWN)
    clock.tick(seconds=WAIT.total_seconds())
    tray.down = True

    claims.settle("a1")

    kept = store.get(f"outbox/{EVENT.id}").data
    assert state(store) == "failed"
    assert (kept["envelope"], kept["pending_at"]) == (events.encode(EVENT), clock.now())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_letter_is_freed_and_its_event_put_back_all_or_nothing(
    claims, claimed, store, clock, when
):
    claimed(MailState.UNKNOWN)
    clock.tick(seconds=WAIT.total_seconds())
    store.arm(when, 1)

    with pytest.raises(OutsideError):
        claims.settle("a1")

    assert state(store) == ("failed" if when == "after" else "unknown")
    assert (store.get(f"outbox/{EVENT.id}") is not None) is (when == "after")


@pytest.mark.parametrize(
    "claim",
    [
        {"event": WELCOME},
        {"event": REPLIED},
        {"event": HANDED_OVER, "resent": True},
        {"event": HANDED_OVER, "envelope": "{"},
        {"resent": True},
        {"kind": None},
        {"envelope": "{"},
        {"envelope": "[" * 100_000},
    ],
)
def test_any_other_letter_is_given_up_and_told(claims, claimed, store, tray, clock, caplog, claim):
    claimed(MailState.UNKNOWN, **claim)
    clock.tick(seconds=WAIT.total_seconds())

    result = claims.settle("a1")

    assert result is MailState.GIVEN_UP
    assert state(store) == "given_up"
    assert tray.published == []
    assert caplog.records[-1].levelno == logging.WARNING
    assert caplog.records[-1].__dict__["result"] == "given_up"


def test_a_claim_from_before_there_were_kinds_is_given_up(claims, store, clock):
    old = {"state": "unknown", "attempts": 1, "updated_at": clock.now()}
    store.commit([Create(PATH, old)])
    clock.tick(seconds=WAIT.total_seconds())

    assert claims.settle("a1") is MailState.GIVEN_UP
    assert claims.heard("a1", Word.DELIVERED)


@pytest.mark.parametrize("young", AGE)
def test_a_letter_whose_time_has_not_come_is_left_alone(claims, claimed, store, clock, young):
    claimed(young)
    clock.tick(seconds=(AGE[young] - INSTANT).total_seconds())
    before = store.get(PATH)

    assert claims.settle("a1") is None
    assert claims.sweep() == 0
    assert store.get(PATH) == before


@pytest.mark.parametrize("ended", sorted(set(MailState) - set(AGE)))
def test_a_letter_that_is_not_in_doubt_is_left_alone(claims, claimed, store, clock, ended):
    claimed(ended)
    clock.tick(days=9)
    before = store.get(PATH)

    assert claims.settle("a1") is None
    assert claims.sweep() == 0
    assert store.get(PATH) == before


def test_a_letter_that_is_not_there_is_not_settled(claims):
    assert claims.settle("a1") is None


def test_a_letter_that_somebody_changes_meanwhile_is_not_settled(claims, claimed, store, clock):
    claimed(MailState.UNKNOWN)
    clock.tick(seconds=WAIT.total_seconds())
    store.interrupt(changing(store))

    with pytest.raises(ConflictError):
        claims.settle("a1")

    assert state(store) == "unknown"


def test_a_sweep_settles_all_whose_time_has_come(claims, claimed, store, tray, clock):
    claimed(MailState.UNKNOWN, name="resent")
    claimed(MailState.UNKNOWN, name="greeting", event=WELCOME)
    clock.tick(seconds=(WAIT - LEASE).total_seconds())
    claimed(MailState.SENDING, name="left")
    clock.tick(seconds=LEASE.total_seconds())
    claimed(MailState.SENDING, name="young")

    settled = claims.sweep()

    states = {name: state(store, name) for name in ("resent", "greeting", "left", "young")}
    assert settled == 3
    assert states == {
        "resent": "failed", "greeting": "given_up", "left": "unknown", "young": "sending",
    }  # fmt: skip
    assert tray.published == [EVENT]


@pytest.mark.parametrize("spread", [0, 1], ids=["all at once", "one by one"])
def test_a_sweep_goes_through_every_page_once(claims, claimed, store, clock, monkeypatch, spread):
    monkeypatch.setattr(claims_module, "PAGE", 3)
    for number in range(7):
        claimed(MailState.UNKNOWN, name=f"a{number}")
        clock.tick(seconds=spread)
    clock.tick(seconds=WAIT.total_seconds())

    settled = claims.sweep()

    assert settled == 7
    assert {state(store, f"a{number}") for number in range(7)} == {"failed"}


@pytest.mark.parametrize("meanwhile", [Update(PATH, {"attempts": 7}), Delete(PATH)])
def test_a_sweep_goes_on_behind_a_letter_that_cannot_be_settled(
    claims, claimed, store, clock, monkeypatch, meanwhile
):
    monkeypatch.setattr(claims_module, "PAGE", 1)
    claimed(MailState.UNKNOWN)
    claimed(MailState.UNKNOWN, name="b1")
    clock.tick(seconds=WAIT.total_seconds())
    store.interrupt(lambda: store.commit([meanwhile]))

    settled = claims.sweep()

    assert settled == 1
    assert state(store, "b1") == "failed"
    assert store.get(PATH) is None or state(store) == "unknown"


def test_a_letter_is_sent_twice_at_most(claims, store, alarms, clock):
    carrier = Carrier(*[Outcome.UNKNOWN] * 9)
    mail = Mail(documents=store, mailer=carrier, clock=clock, timers=alarms)
    ends = []

    for _ in range(4):
        with suppress(DuplicateError):
            mail.send(LETTER, event=EVENT)
        clock.tick(seconds=WAIT.total_seconds())
        ends.append(claims.settle("a1"))

    assert ends == [MailState.FAILED, MailState.GIVEN_UP, None, None]
    assert len(carrier.carried) == 2
    assert [timer.name for timer in alarms.kept] == ["mail.a1.1", "mail.a1.2"]


def test_a_word_that_comes_before_the_second_letter_saves_it(claims, store, clock):
    carrier = Carrier(Outcome.UNKNOWN)
    mail = Mail(documents=store, mailer=carrier, clock=clock)
    mail.send(LETTER, event=EVENT)
    clock.tick(seconds=WAIT.total_seconds())
    claims.settle("a1")

    claims.heard("a1", Word.DELIVERED)

    with pytest.raises(DuplicateError, match="accepted"):
        mail.send(LETTER, event=EVENT)
    assert len(carrier.carried) == 1
    assert told(store) == {"told_3": NOW + WAIT}
