"""The server that speaks as SendGrid does: what it refuses, and how it signs what it tells."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from sendgrid import EventWebhook  # type: ignore[import-untyped]

from emulated.sendgrid import KEY, SIGNATURE, TIMESTAMP, SendGridServer
from emulated.server import Answer, Fault, WireServer
from tests.builders import NOW, FixedClock

EVENTS = [{"event": "delivered", "mail_id": "m1", "sg_event_id": "e1", "name": "\u00fcber"}]
SOUND = {
    "personalizations": [{"to": [{"email": "ada@example.com"}]}],
    "from": {"email": "desk@example.com"},
    "subject": "Hello",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


class Webhook(WireServer):
    def answer(self, _request):
        return Answer(status=204)


@pytest.fixture
def server():
    with SendGridServer(clock=FixedClock()) as running:
        yield running


@pytest.fixture
def webhook():
    with Webhook() as running:
        yield running


def posted(server, body, path="/v3/mail/send", method="POST", key=KEY):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers["X-Message-Id"], content and json.loads(content)


def verified(request, server):
    return EventWebhook(server.public_key).verify_signature(
        request.raw.decode(), request.headers[SIGNATURE.lower()], request.headers[TIMESTAMP.lower()]
    )


def test_a_sound_letter_is_taken_and_has_an_id(server):
    status, message_id, content = posted(server, SOUND)

    (carried,) = server.letters
    assert (status, content) == (202, b"")
    assert carried.message_id == message_id
    assert (carried.text, carried.html, carried.about) == ("Hello", "", {})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a b@c"}]}]}, "personalizations.0.to.0.email"),
        ({"from": {"email": "desk"}}, "from.email"),
        ({"from": {}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content"),
    ],
)
def test_what_sendgrid_refuses_is_refused_in_its_words(server, changes, field):
    status, _, content = posted(server, SOUND | changes)

    assert status == 400
    assert [error["field"] for error in content["errors"]] == [field]
    assert server.letters == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"body": []}, 400),
        ({"key": "SG.x"}, 401),
        ({"path": "/v3/x"}, 404),
        ({"method": "PUT"}, 404),
    ],
)
def test_what_is_no_letter_at_all_is_refused(server, changes, expected):
    status, _, content = posted(server, **{"body": SOUND, **changes})

    assert status == expected
    assert content["errors"]


def test_events_are_signed_as_sendgrid_signs_them(server, webhook):
    status = server.post_events(webhook.url + "/hook", EVENTS)

    (request,) = webhook.requests
    assert (status, request.path, request.body) == (204, "/hook", EVENTS)
    assert request.headers[TIMESTAMP.lower()] == str(int(NOW.timestamp()))
    assert verified(request, server)


def test_a_signature_holds_for_its_own_time_and_server_only(server, webhook):
    server.post_events(webhook.url, EVENTS, timestamp="1")

    (request,) = webhook.requests
    assert request.headers[TIMESTAMP.lower()] == "1"
    assert verified(request, server)
    with SendGridServer() as other:
        assert not verified(request, other)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_the_webhook_answers_is_returned(server, webhook, status):
    webhook.plan(Fault(instead=lambda _: Answer(status=status)))

    assert server.post_events(webhook.url, EVENTS) == status
