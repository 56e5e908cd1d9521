"""What the door of an event function answers, and what it leaves behind."""

import base64
import json
import logging

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from gcp.entry import Room, receive
from gcp.push import PUSH_MOST
from helpdesk import events
from helpdesk.errors import (
    AlreadyExistsError,
    EarlyEventError,
    InvalidInputError,
    NobodyToAssignError,
    NotFoundError,
    OutsideError,
)
from helpdesk.log import JsonLine
from helpdesk.parked import Parked
from tests.builders import an_event
from tests.stands import Faulty, everything

BODY = events.encode(an_event())


class Step:
    """A step that keeps its events, and raises what it is told to."""

    def __init__(self, error=None):
        self.events = []
        self.line = {}
        self._error = error

    def __call__(self, event):
        self.events.append(event)
        self.line = json.loads(JsonLine().format(logging.makeLogRecord({"msg": "at work"})))
        if self._error:
            raise self._error


@pytest.fixture
def received(documents, clock):
    """Return what gives one push to a step, and answers as the door does."""

    def give(step, envelope, store=documents):
        room = Room(name="triage", step=step, parked=Parked(documents=store, clock=clock))
        return receive(request(json.dumps(envelope).encode()), lambda: room)

    return give


def request(data=b"", method="POST", **headers):
    named = list(headers.items())
    return Request(EnvironBuilder(method=method, data=data, headers=named).get_environ())


def push(body=BODY, **changes):
    data = base64.b64encode(body.encode()).decode()
    return {"message": {"data": data, "messageId": "1"}, "subscription": "any", **changes}


def unwired():
    raise AssertionError("nothing had to be wired")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_health_check_wires_nothing(method):
    assert receive(request(method=method), unwired) == ("ok", 200)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed(method):
    assert receive(request(method=method), unwired) == ("", 405)


def test_a_push_above_the_largest_message_is_not_read():
    large = EnvironBuilder(method="POST").get_environ()
    large["CONTENT_LENGTH"] = str(PUSH_MOST + 1)
    del large["wsgi.input"]

    assert receive(Request(large), unwired) == ("", 413)


def test_a_push_as_large_as_the_largest_message_is_read(received):
    body = BODY.removesuffix("}") + " " * (PUSH_MOST * 3 // 4 - 1_000) + "}"

    assert received(step := Step(), push(body)) == ("", 204)

    assert step.events == [an_event()]


@pytest.mark.parametrize("data", [b"", b"text", b"[]", b'{"message": "text"}'])
def test_what_is_no_push_is_a_bad_request(data, caplog):
    assert receive(request(data), unwired) == ("", 400)

    assert [record.message for record in caplog.records] == ["not a push"]


def test_an_event_that_was_processed_is_acknowledged(received, documents):
    assert received(step := Step(), push()) == ("", 204)

    assert step.events == [an_event()]
    assert everything(documents) == {}


def test_a_cloud_event_in_binary_mode_is_processed_likewise(documents, clock):
    step = Step()
    room = Room(name="triage", step=step, parked=Parked(documents=documents, clock=clock))
    headers = {
        "ce-id": "1",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/demo/topics/ticket-created",
        "ce-specversion": "1.0",
    }

    answer = receive(request(json.dumps(push()).encode(), **headers), lambda: room)

    assert answer == ("", 204)
    assert step.events == [an_event()]


def test_a_duplicate_is_acknowledged(received, documents):
    assert received(Step(AlreadyExistsError("there")), push()) == ("", 204)

    assert everything(documents) == {}


@pytest.mark.parametrize("error", [InvalidInputError("bad data"), NotFoundError("no ticket")])
def test_what_no_retry_can_help_is_parked_and_acknowledged(received, documents, error):
    assert received(Step(error), push()) == ("", 204)

    (kept,) = everything(documents).values()
    assert (kept["event_id"], kept["step"]) == (an_event().id, "triage")
    assert (kept["kind"], kept["reason"]) == ("permanent", str(error))
    assert kept["envelope"] == BODY


@pytest.mark.parametrize(
    "error", [OutsideError("down"), EarlyEventError("early"), NobodyToAssignError("none")]
)
def test_what_a_later_delivery_may_mend_comes_again(received, documents, error):
    assert received(Step(error), push(deliveryAttempt=7)) == ("", 503)

    assert everything(documents) == {}


def test_an_error_nobody_expected_escapes(received, documents):
    # The framework answers 500, and logs it with its stack.
    with pytest.raises(ZeroDivisionError):
        received(Step(ZeroDivisionError()), push())

    assert everything(documents) == {}


def test_a_room_that_cannot_be_wired_escapes():
    def broken():
        raise InvalidInputError("HELPDESK_PROJECT: missing")

    with pytest.raises(InvalidInputError):
        receive(request(json.dumps(push()).encode()), broken)


@pytest.mark.parametrize("body", ["", "not JSON", "{}", BODY.replace("ticket-created", "nothing")])
def test_a_malformed_event_is_parked_and_acknowledged(received, documents, body):
    assert received(step := Step(), push(body)) == ("", 204)

    assert step.events == []
    ((path, kept),) = everything(documents).items()
    assert path.startswith("parked/malformed-")
    assert (kept["kind"], kept["envelope"]) == ("permanent", body)


@pytest.mark.parametrize("message", [{}, {"attributes": {"id": "1"}}])
def test_a_message_without_data_is_parked_and_acknowledged(received, documents, message):
    assert received(Step(), {"message": message}) == ("", 204)

    assert len(everything(documents)) == 1


def test_what_cannot_be_parked_comes_again(received, documents):
    down = Faulty(documents)
    down.arm("before", 1)

    assert received(Step(NotFoundError("no ticket")), push(), store=down) == ("", 503)
    assert received(Step(NotFoundError("no ticket")), push(), store=down) == ("", 204)

    assert len(everything(documents)) == 1


@pytest.mark.parametrize(("told", "logged"), [({"deliveryAttempt": 4}, 4), ({}, None)])
def test_every_line_of_a_delivery_says_whose_it_is_and_which_attempt(received, told, logged):
    received(step := Step(), push(**told))

    assert step.line.get("attempts") == logged
    assert (step.line["step"], step.line["event_id"]) == ("triage", an_event().id)
