"""How a push of Pub/Sub is read, whatever somebody put into it."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcp.push import Pushed, read_push
from helpdesk import events
from helpdesk.errors import InvalidInputError
from tests.builders import an_event

BODY = events.encode(an_event())
SUBSCRIPTION = "projects/demo/subscriptions/ticket-created.triage"


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def push(**changes):
    """Return a push as Pub/Sub posts it, from a subscription that counts its attempts."""
    return {
        "message": {
            "data": encoded(BODY),
            "attributes": {"id": "T1CKET01.created.1", "type": "ticket-created"},
            "messageId": "1",
            "message_id": "1",
            "publishTime": "2026-01-31T09:30:00.5Z",
            "publish_time": "2026-01-31T09:30:00.5Z",
            **changes.pop("message", {}),
        },
        "subscription": SUBSCRIPTION,
        "deliveryAttempt": 3,
        **changes,
    }


def read(envelope):
    return read_push(json.dumps(envelope).encode())


def test_a_push_is_read_whole():
    assert read(push()) == Pushed(
        body=BODY,
        subscription=SUBSCRIPTION,
        attempt=3,
        attributes={"id": "T1CKET01.created.1", "type": "ticket-created"},
    )


def test_a_push_without_a_count_of_attempts_has_none():
    envelope = push()
    del envelope["deliveryAttempt"]

    assert read(envelope).attempt is None


def test_the_body_of_an_eventarc_trigger_is_read_likewise():
    # In binary mode a CloudEvent's attributes are headers; the body is this, with its own type.
    envelope = push(message={"@type": "type.googleapis.com/google.pubsub.v1.PubsubMessage"})

    assert read(envelope) == read(push())


def test_a_message_of_attributes_alone_has_an_empty_body():
    envelope = push()
    del envelope["message"]["data"]

    assert read(envelope).body == ""
    assert read(push(message={"data": None})).body == ""


@pytest.mark.parametrize("data", ["%%%", "YQ", "YQ==\n", "ü", "a b c d"])
def test_what_is_no_base64_is_kept_as_it_came(data):
    assert read(push(message={"data": data})).body == data


@pytest.mark.parametrize(("data", "shown"), [(7, "7"), ({"a": 1}, "{'a': 1}"), (["b"], "['b']")])
def test_data_of_another_type_is_kept_readable(data, shown):
    assert read(push(message={"data": data})).body == shown


def test_bytes_that_are_no_text_are_kept_readable():
    data = base64.b64encode(b"caf\xe9").decode()

    assert read(push(message={"data": data})).body == r"caf\xe9"


@pytest.mark.parametrize("attempt", ["3", 3.0, True, None, [3], {}])
def test_an_attempt_that_is_no_whole_number_is_none(attempt):
    assert read(push(deliveryAttempt=attempt)).attempt is None


@pytest.mark.parametrize(("found", "kept"), [(None, ""), ("", ""), (7, "7"), ([], "")])
def test_a_subscription_of_another_type_is_text(found, kept):
    assert read(push(subscription=found)).subscription == kept


@pytest.mark.parametrize("found", [None, [], "a", 7])
def test_attributes_that_are_no_object_are_none(found):
    assert read(push(message={"attributes": found})).attributes == {}


def test_attributes_are_texts():
    found = {"count": 5, "nothing": None}

    assert read(push(message={"attributes": found})).attributes == {"count": "5", "nothing": "None"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b'{"message": {}',
        b"[" * 100_000,
        b'{"message":' * 100_000,
        b"1" * 5_000,
    ],
    ids=["empty", "words", "bytes", "cut off", "deep lists", "deep objects", "long number"],
)
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(InvalidInputError, match=r"^the request is not JSON$"):
        read_push(raw)


@pytest.mark.parametrize(
    "envelope", [[], "text", 7, None, {}, {"message": None}, {"message": "text"}, {"message": []}]
)
def test_what_holds_no_message_is_refused(envelope):
    with pytest.raises(InvalidInputError, match=r"^the request holds no message of Pub/Sub$"):
        read(envelope)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["data", "attributes", "messageId"])


@given(st.dictionaries(FIELDS, JSON), JSON, JSON)
def test_whatever_a_message_holds_it_is_read(message, subscription, attempt):
    found = read({"message": message, "subscription": subscription, "deliveryAttempt": attempt})

    assert isinstance(found.body, str)
    assert isinstance(found.subscription, str)


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_comes_through_as_it_was_published(text):
    assert read(push(message={"data": encoded(text)})).body == text


@given(st.binary())
def test_any_bytes_are_read_or_refused(raw):
    try:
        read_push(raw)
    except InvalidInputError:
        return
