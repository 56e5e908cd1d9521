"""The real main.py of every function, fed with what its caller really sends."""

import base64
import json
import re
from datetime import timedelta

import pytest

from helpdesk import events, timers
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.documents import Create, Query, Update
from helpdesk.events import Event, EventType
from helpdesk.hook_deliveries import Deliveries, timer_of
from helpdesk.hooks import Hooks
from helpdesk.notices import Notice, notice
from helpdesk.ports import Timer
from helpdesk.ticket import Status
from helpdesk.tickets import event_of
from helpdesk.verdict import Source
from tests.builders import a_moderator, a_ticket, a_user, an_entry

pytestmark = pytest.mark.emulator

PRINTER = {"title": "Printer is on fire", "description": "It burns on floor two."}


def push(event, *, subscription="projects/p/subscriptions/s", **message):
    """Return what Pub/Sub posts for an event."""
    data = base64.b64encode(events.encode(event).encode()).decode()
    return {
        "subscription": subscription,
        "message": {"data": data, "messageId": "1", "publishTime": "2026-01-01T00:00:00Z"}
        | message,
    }


def filed(store, **changes):
    """Keep a ticket that was filed just now, and return the event that tells of it."""
    now = SystemClock().now()
    ticket = a_ticket(created_at=now, updated_at=now, **changes)
    store.tickets.open(ticket, an_entry(), once=None)
    return event_of(EventType.TICKET_CREATED, ticket, an_entry(), now=now)


def next_event(event, kind, seq):
    name = kind.value.removeprefix("ticket-")
    return Event(
        id=f"{event.subject}.{name}.{seq}", type=kind, time=event.time, subject=event.subject,
        data={"ticket_id": event.subject, "seq": seq},
    )  # fmt: skip


@pytest.mark.parametrize("name", ["triage", "assign", "notify", "upkeep"])
def test_a_health_check_is_answered_before_anything_is_wired(served, monkeypatch, name):
    monkeypatch.delenv("HELPDESK_PROJECT")

    answer = served(name).get("/")

    assert (answer.status_code, answer.text) == (200, "ok")


def test_the_api_is_healthy_before_anything_is_wired(served, monkeypatch):
    monkeypatch.delenv("HELPDESK_PROJECT")

    answer = served("api").get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize("name", ["triage", "assign", "notify"])
def test_a_function_without_its_settings_takes_no_event(served, monkeypatch, name):
    monkeypatch.delenv("HELPDESK_PROJECT")

    answer = served(name).post("/", json=push(filed_nowhere()))

    assert answer.status_code == 500  # and so the event comes again
    assert "HELPDESK" not in answer.text


@pytest.mark.parametrize("path", ["/minute", "/timers", "/dead-letters"])
def test_upkeep_without_its_settings_acknowledges_nothing(served, monkeypatch, path):
    monkeypatch.delenv("HELPDESK_PROJECT")

    answer = served("upkeep").post(path, json=push(filed_nowhere()))

    assert answer.status_code == 500


def filed_nowhere():
    return event_of(EventType.TICKET_CREATED, a_ticket(), an_entry(), now=SystemClock().now())


def confirm_asked(link_id, email):
    kind, now = Notice.CONFIRM_ASKED, SystemClock().now()
    return notice(kind, id=link_id, at=now, email=email, link_id=link_id)


def test_an_account_is_made_by_the_link_in_a_letter(served, store, vendors):
    api, ann = served("api"), {"email": "ann@example.com", "password": "not so secret 17"}

    asked = api.post("/api/auth/signup", json=ann)
    early = api.post("/api/auth/login", json=ann)
    (link,) = store.auth.query(Query("links"))
    told = served("notify").post("/", json=push(confirm_asked(link.id, ann["email"])))
    (letter,) = vendors.sendgrid.letters
    (token,) = re.findall(r"/reset#(\S+)", letter.text)
    chosen = api.post(
        "/api/auth/password/reset", json={"token": token, "password": ann["password"]}
    )
    late = api.post("/api/auth/login", json=ann)

    assert (asked.status_code, asked.text) == (202, "")
    assert [early.status_code, told.status_code, chosen.status_code] == [401, 204, 204]
    assert letter.to == ann["email"]
    assert late.status_code == 200
    assert token not in str(link)


def test_a_ticket_travels_from_the_api_to_a_letter(served, store, vendors, monkeypatch):
    monkeypatch.setenv("HELPDESK_SIGN_UP", "direct")
    store.users.add(a_moderator(skills=("Printing",)))
    api = served("api")
    signed_up = api.post(
        "/api/auth/signup", json={"email": "ann@example.com", "password": "not so secret 17"}
    )
    token = {"Authorization": f"Bearer {signed_up.json['access_token']}"}

    opened = api.post("/api/tickets", json=PRINTER, headers=token)
    ticket = store.tickets.get(opened.json["id"])
    created = event_of(EventType.TICKET_CREATED, ticket, an_entry(), now=ticket.created_at)
    statuses = [
        served("triage").post("/", json=push(created)).status_code,
        served("assign")
        .post("/", json=push(next_event(created, EventType.TICKET_TRIAGED, 2)))
        .status_code,
        served("notify")
        .post("/", json=push(next_event(created, EventType.TICKET_ASSIGNED, 3)))
        .status_code,
    ]

    assert (signed_up.status_code, opened.status_code) == (201, 201)
    assert statuses == [204, 204, 204]
    after = store.tickets.get(ticket.id)
    assert (after.status, after.sources["priority"]) == (Status.ASSIGNED, Source.AI)
    assert after.notified_at is not None
    (letter,) = vendors.sendgrid.letters
    assert letter.to == "mod@example.com"
    assert letter.about["ticket_id"] == ticket.id
    assert vendors.vertex.calls == 1
    seen = api.get(f"/api/tickets/{ticket.id}", headers=token)
    assert seen.json["status"] == "assigned"


def test_a_second_delivery_is_acknowledged_and_changes_nothing(served, store, vendors):
    event = filed(store)
    triage = served("triage")

    statuses = [triage.post("/", json=push(event)).status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert vendors.vertex.calls == 1


def test_the_form_of_eventarc_is_taken_as_well(served, store):
    event = filed(store)
    headers = {
        "ce-id": "1", "ce-source": "//pubsub.googleapis.com/projects/p/topics/ticket-created",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished", "ce-specversion": "1.0",
    }  # fmt: skip

    answer = served("triage").post("/", json=push(event), headers=headers)

    assert answer.status_code == 204
    assert store.tickets.get(event.subject).status is Status.TRIAGED


def test_an_event_before_its_time_is_refused_and_comes_again(served, store):
    event = filed(store)

    answer = served("assign").post("/", json=push(next_event(event, EventType.TICKET_TRIAGED, 2)))

    assert answer.status_code == 503


def test_what_no_retry_can_mend_is_parked(served, store):
    answer = served("triage").post(
        "/", json={"message": {"attributes": {"only": "these"}, "messageId": "1"}}
    )

    assert answer.status_code == 204
    (parked,) = store.documents.query(Query("parked"))
    assert (parked.data["step"], parked.data["kind"]) == ("triage", "permanent")


def test_what_never_reached_the_bus_is_sent_by_the_minute(served, store):
    event = filed(store)  # by somebody whose bus was down
    older = {"pending_at": event.time - timedelta(minutes=1)}
    store.documents.commit([Update(f"outbox/{event.id}", older)])

    answer = served("upkeep").post("/minute")

    assert answer.status_code == 204
    assert store.documents.get(f"outbox/{event.id}") is None


def test_the_night_corrects_a_load(served, store):
    store.documents.commit([Create("load/mod", {"open": 5})])

    answer = served("upkeep").post("/night")

    assert answer.status_code == 204
    assert store.documents.get("load/mod").data["open"] == 0


def test_a_dead_letter_is_parked_for_the_step_it_was_for(served, store):
    event = filed(store)
    source = {
        "CloudPubSubDeadLetterSourceSubscription": "ticket-created.triage",
        "CloudPubSubDeadLetterSourceDeliveryCount": "100",
    }

    answer = served("upkeep").post("/dead-letters", json=push(event, attributes=source))

    assert answer.status_code == 204
    parked = store.documents.get(f"parked/{event.id}.triage").data
    assert (parked["kind"], parked["reason"]) == ("transient", "gave up after 100 attempts")


def test_an_event_becomes_a_delivery_and_a_timer_that_never_sends_into_our_own_network(
    served, store, vendors
):
    hooks = Hooks(documents=store.documents, clock=SystemClock(), ids=RandomIds())
    deliveries = Deliveries(documents=store.documents, clock=SystemClock())
    hook = hooks.add(url="https://127.0.0.1", created_by="admin")  # as another house keeps it
    event = filed(store)

    heard = served("upkeep").post("/hooks", json=push(event))
    due = timers.encode(timer_of(deliveries.get(hook.id, event.id)))
    answer = served("upkeep").post("/timers", data=due)

    assert (heard.status_code, answer.status_code) == (204, 204)
    assert vendors.tasks.waiting() >= 1
    [tried] = deliveries.get(hook.id, event.id).history
    assert (tried.status, tried.reason) == (None, "refused: not a URL we send to")


def test_a_timer_settles_its_letter(served, store):
    now = SystemClock().now()
    letter_id = "a" * 64
    store.documents.commit(
        [
            Create(
                f"mail/{letter_id}",
                {
                    "state": "unknown", "kind": "user-signed-up", "envelope": "", "attempts": 1,
                    "ticket_id": "", "updated_at": now - timedelta(minutes=11),
                },
            )
        ]
    )  # fmt: skip
    timer = Timer(name="mail", due_at=now, about=f"mail:{letter_id}")

    answer = served("upkeep").post("/timers", data=timers.encode(timer))

    assert answer.status_code == 204
    assert store.documents.get(f"mail/{letter_id}").data["state"] == "given_up"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/elsewhere", b"", 404),
        ("PUT", "/minute", b"", 405),
        ("POST", "/timers", b"{}", 204),  # said in the log, and not again
        ("POST", "/dead-letters", b"no push", 204),
    ],
)
def test_upkeep_refuses_what_it_does_not_know(served, method, path, body, status):
    answer = served("upkeep").open(path, method=method, data=body)

    assert answer.status_code == status


def test_the_carriers_word_reaches_the_claim(served, store, vendors):
    letter_id = "b" * 64
    store.users.add(a_user())
    store.documents.commit(
        [
            Create(
                f"mail/{letter_id}",
                {
                    "state": "unknown", "kind": "user-signed-up", "envelope": "", "attempts": 1,
                    "ticket_id": "", "updated_at": SystemClock().now(),
                },
            )
        ]
    )  # fmt: skip
    body = json.dumps([{"event": "delivered", "mail_id": letter_id}]).encode()
    now = str(int(SystemClock().now().timestamp()))
    headers = {"Content-Type": "application/json", **vendors.sendgrid.signed(body, timestamp=now)}

    answer = served("api").post("/api/webhooks/sendgrid", data=body, headers=headers)

    assert answer.status_code == 204
    assert store.documents.get(f"mail/{letter_id}").data["state"] == "accepted"
