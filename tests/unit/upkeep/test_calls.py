"""Who calls upkeep is answered: done, or come again. A call that no retry can mend is done."""

import base64
import json
from datetime import timedelta

import pytest

from gcp.push import PUSH_MOST
from helpdesk import events, timers
from helpdesk.claims import Claims
from helpdesk.documents import Create
from helpdesk.errors import OutsideError
from helpdesk.ports import Timer
from helpdesk.settings import SettingsError
from tests.builders import NOW, an_event
from tests.unit.helpdesk.alarms import Alarms
from tests.unit.upkeep.receivers import a_post
from upkeep.calls import answer
from upkeep.rounds import Upkeep


@pytest.fixture
def upkeep(line):
    alarms = Alarms()
    claims = Claims(documents=line.documents, outbox=line.outbox, clock=line.clock, timers=alarms)
    return Upkeep(
        outbox=line.outbox, parked=line.parked, claims=claims, users=line.users,
        tickets=line.tickets, timers=alarms, clock=line.clock,
        hooks=a_post(line.documents, timers=alarms, clock=line.clock),
    )  # fmt: skip


@pytest.fixture
def call(upkeep):
    def called(path, body=b"", method="POST"):
        return answer(method, path, body, upkeep=lambda: upkeep)

    return called


def dead_letter(body, **attributes):
    data = base64.b64encode(body.encode()).decode()
    return json.dumps({"message": {"data": data, "attributes": attributes}}).encode()


def not_wired():
    raise SettingsError("HELPDESK_PROJECT: missing")


def test_a_health_check_wires_nothing():
    assert answer("GET", "/anything", b"", upkeep=not_wired) == ("ok", 200)


def test_settings_that_are_wrong_acknowledge_nothing():
    with pytest.raises(SettingsError):
        answer("POST", "/minute", b"", upkeep=not_wired)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/", b"", 404),
        ("POST", "/minute/", b"", 404),
        ("PUT", "/minute", b"", 405),
        ("POST", "/minute", b"x" * (PUSH_MOST + 1), 413),
    ],
)
def test_what_is_no_call_is_refused(call, method, path, body, status):
    assert call(path, body, method) == ("", status)


def test_the_minute_and_the_night_are_done(line, call):
    line.store.commit([line.outbox.kept(an_event()), Create("load/mod", {"open": 2})])
    line.clock.tick(minutes=1)

    assert [call("/minute"), call("/night")] == [("", 204)] * 2

    assert line.tray.published == [an_event()]
    assert line.store.get("load/mod").data["open"] == 0


def test_what_fails_for_now_comes_again(line, call):
    def down(_query):
        raise OutsideError("the store is down")

    line.documents.query = down

    assert call("/minute") == ("", 503)


@pytest.mark.parametrize("path", ["/timers", "/dead-letters", "/hooks"])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_told_and_done_with(call, caplog, path, body):
    assert call(path, body) == ("", 204)
    assert "call refused" in caplog.text


def test_a_timer_is_fired(line, call):
    claim = {
        "state": "unknown", "kind": "user-signed-up", "envelope": "", "ticket_id": "",
        "attempts": 1, "updated_at": NOW,
    }  # fmt: skip
    line.store.commit([Create("mail/a1", claim)])
    line.clock.tick(minutes=10)
    timer = Timer(name="mail.a1.1", due_at=NOW + timedelta(minutes=10), about="mail:a1")

    assert call("/timers", timers.encode(timer).encode()) == ("", 204)

    assert line.store.get("mail/a1").data["state"] == "given_up"


def test_an_event_is_told_to_the_webhooks_and_a_timer_sends_it(upkeep, call):
    hook = upkeep.hooks.hooks.add(url="https://example.com", created_by="admin")

    assert call("/hooks", dead_letter(events.encode(an_event()))) == ("", 204)

    [timer] = upkeep.timers.kept
    assert timer.about == f"hook:{hook.id}.{an_event().id}"
    assert call("/timers", timers.encode(timer).encode()) == ("", 204)
    assert [url for url, _, _ in upkeep.hooks.sender.sent] == [hook.url]


def test_an_event_for_webhooks_that_nobody_can_read_is_parked(line, call):
    assert call("/hooks", dead_letter("no event")) == ("", 204)

    [parked] = line.parked.newest(limit=9)
    assert parked.step == "hooks"


def test_an_event_for_webhooks_comes_again_when_the_store_is_down(line, upkeep, call):
    upkeep.hooks.hooks.add(url="https://example.com", created_by="admin")
    line.documents.arm("before", 1)

    assert call("/hooks", dead_letter(events.encode(an_event()))) == ("", 503)


@pytest.mark.parametrize(
    ("subscription", "step"),
    [
        ("projects/p/subscriptions/ticket-created.triage", "triage"),
        ("ticket-created.triage", "triage"),
        ("ticket-triaged.again.assign", "assign"),
        ("ticket-created.hooks", "hooks"),
        ("of-somebody-else", "triage"),  # told by the event
        ("", "triage"),
    ],
)
def test_a_dead_letter_is_parked_for_the_step_it_was_for(line, call, subscription, step):
    body = dead_letter(
        events.encode(an_event()),
        CloudPubSubDeadLetterSourceSubscription=subscription,
        CloudPubSubDeadLetterSourceDeliveryCount="100",
    )

    assert call("/dead-letters", body) == ("", 204)

    parked = line.store.get(f"parked/{an_event().id}.{step}").data
    assert (parked["kind"], parked["reason"]) == ("transient", "gave up after 100 attempts")


def test_a_dead_letter_that_nobody_can_read_is_parked_too(line, call):
    assert call("/dead-letters", dead_letter("no event", CloudPubSubDeadLetterSource="x")) == (
        "",
        204,
    )

    (parked,) = line.parked.due(timedelta(0))
    assert (parked.data["step"], parked.data["reason"]) == ("unknown", "gave up after 0 attempts")
