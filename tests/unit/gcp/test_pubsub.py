"""What is told to Pub/Sub, and what becomes of a publication that fails."""

import logging
from datetime import timedelta, timezone
from time import monotonic

import grpc
import pytest

from emulated.emulators import free_port
from gcp.pubsub import PUBLISH_S, PubsubBus, attributes
from helpdesk import events
from helpdesk.errors import OutsideError
from helpdesk.events import EventType
from tests.builders import NOW, an_event
from tests.wire.publisher import PublisherServer

PROJECT = "demo-project"
TOPIC = f"projects/{PROJECT}/topics/ticket-created"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BUSY_S = 5.0  # what a busy machine may add


@pytest.fixture
def server():
    with PublisherServer(TOPIC) as started:
        yield started


@pytest.fixture
def connected():
    """Return what connects a bus to an address; it is closed at the end."""
    made = []

    def connect(address):
        made.append(PubsubBus.connect(PROJECT, address))
        return made[-1]

    yield connect
    for bus in made:
        bus._publisher.transport.close()


def test_an_event_is_one_message_on_the_topic_of_its_type(server, connected):
    connected(server.address).publish(an_event())

    ((topic, message),) = server.taken
    assert topic == TOPIC
    assert events.decode(message.data) == an_event()
    assert dict(message.attributes) == attributes(an_event())


def test_the_attributes_say_what_a_subscription_filters_by():
    east = NOW.astimezone(timezone(timedelta(hours=2)))

    named = attributes(an_event(time=east, type=EventType.TICKET_ASSIGNED))

    assert named == {
        "id": "T1CKET01.created.1",
        "type": "ticket-assigned",
        "subject": "T1CKET01",
        "time": "2026-01-31T09:30:00.000000Z",
        "version": "1",
    }
    assert all(type(value) is str for value in named.values())


def test_a_trace_is_an_attribute_where_there_is_one():
    assert attributes(an_event(traceparent=TRACE))["traceparent"] == TRACE


@pytest.mark.parametrize(
    "status",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.CANCELLED,
    ],
)
def test_a_failure_is_left_to_the_outbox_without_the_vendors_words(
    server, connected, caplog, status
):
    caplog.set_level(logging.DEBUG, logger="gcp")
    server.plan(status)

    with pytest.raises(OutsideError, match=r"^the bus did not take the event$"):
        connected(server.address).publish(an_event())

    assert server.calls == 1
    (record,) = caplog.records
    assert record.message == "publishing failed"
    assert "4711" not in str(vars(record))


def test_the_bus_works_again_after_a_failure(server, connected):
    bus = connected(server.address)
    server.plan(grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(OutsideError):
        bus.publish(an_event())

    bus.publish(an_event())

    assert len(server.taken) == 1


def test_a_topic_that_is_not_there_is_a_failure_for_now(server, connected):
    with pytest.raises(OutsideError):
        connected(server.address).publish(an_event(type=EventType.TICKET_UPDATED))


@pytest.mark.emulator
def test_the_emulator_knows_no_topic_that_was_not_made(emulators, connected):
    with pytest.raises(OutsideError):
        connected(emulators.pubsub.address).publish(an_event())


def test_a_server_that_hangs_is_waited_for_two_seconds(server, connected):
    server.plan(None)
    begun = monotonic()

    with pytest.raises(OutsideError):
        connected(server.address).publish(an_event())

    assert monotonic() - begun < PUBLISH_S + BUSY_S


def test_a_server_that_is_gone_is_a_failure_soon(connected):
    begun = monotonic()

    with pytest.raises(OutsideError):
        connected(f"127.0.0.1:{free_port()}").publish(an_event())

    assert monotonic() - begun < PUBLISH_S + BUSY_S


def test_without_credentials_the_bus_is_to_be_had_later(monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")

    with pytest.raises(OutsideError, match="no credentials"):
        PubsubBus.connect(PROJECT)
