"""The rounds: every part has its turn, whatever becomes of the one before."""

from datetime import timedelta

import pytest

from helpdesk.claims import Claims
from helpdesk.documents import Create
from helpdesk.errors import InvalidInputError, OutsideError
from helpdesk.parked import Kind
from helpdesk.ports import Timer
from tests.builders import NOW, an_event
from tests.unit.helpdesk.alarms import Alarms
from tests.unit.upkeep.receivers import a_post
from upkeep.rounds import Upkeep


@pytest.fixture
def upkeep(line):
    alarms = Alarms()
    return Upkeep(
        outbox=line.outbox,
        parked=line.parked,
        claims=Claims(
            documents=line.documents, outbox=line.outbox, clock=line.clock, timers=alarms
        ),
        users=line.users,
        tickets=line.tickets,
        hooks=a_post(line.documents, timers=alarms, clock=line.clock),
        timers=alarms,
        clock=line.clock,
    )


def claim(state, **changes):
    return {
        "state": state, "kind": "user-signed-up", "envelope": "", "ticket_id": "", "attempts": 1,
        "updated_at": NOW, **changes,
    }  # fmt: skip


def test_a_minute_sends_settles_and_tries_again(line, upkeep):
    waiting, parked = an_event(id="e1"), an_event(id="e2")
    line.store.commit([line.outbox.kept(waiting), Create("mail/a1", claim("unknown"))])
    line.parked.park(
        line.outbox.kept(parked).data["envelope"],
        event_id="e2", step="triage", kind=Kind.TRANSIENT, reason="gave up",
    )  # fmt: skip
    line.clock.tick(hours=2)

    upkeep.minute()

    assert [event.id for event in line.tray.published] == ["e2", "e1"]
    assert line.store.get("mail/a1").data["state"] == "given_up"
    assert line.store.get("parked/e2.triage") is None


@pytest.mark.parametrize("fault", [OutsideError("the store is down"), KeyError("kind")])
def test_a_part_that_fails_holds_up_no_other_and_is_told(line, upkeep, caplog, fault):
    line.store.commit([line.outbox.kept(an_event())])
    line.clock.tick(hours=2)
    query, failing = line.documents.query, iter([fault])

    def once_down(asked):
        for error in failing:
            raise error
        return query(asked)

    line.documents.query = once_down

    with pytest.raises(OutsideError, match="1 of 5"):
        upkeep.minute()

    assert line.tray.published == [an_event()]
    assert "upkeep failed" in caplog.text


def test_a_night_corrects_the_loads(line, upkeep):
    line.store.commit([Create("load/mod", {"open": 3})])

    upkeep.night()

    assert line.store.get("load/mod").data["open"] == 0


def test_a_timer_settles_the_letter_it_is_about(line, upkeep):
    line.store.commit([Create("mail/a1", claim("unknown"))])
    line.clock.tick(minutes=10)

    upkeep.fire(Timer(name="mail.a1.1", due_at=NOW + timedelta(minutes=10), about="mail:a1"))

    assert line.store.get("mail/a1").data["state"] == "given_up"


def test_a_timer_about_something_else_is_refused(line, upkeep):
    with pytest.raises(InvalidInputError):
        upkeep.fire(Timer(name="x", due_at=NOW, about="nothing:known"))
