"""What the Bus port promises, over every adapter; what only Pub/Sub does comes last.

Where they may differ is written down in differences.md.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from helpdesk import events
from helpdesk.events import WAKES, EventType
from helpdesk.parked import Parked
from local.documents import SqliteDocuments
from tests.contract.buses import (
    DEAD_LETTERS,
    Given,
    OverPubsub,
    OverQueue,
    Received,
    event,
    publish_from_many_threads,
)

STEPS = {step for steps in WAKES.values() for step in steps}
ADAPTERS = (
    pytest.param(OverQueue, id="queue"),
    pytest.param(OverPubsub, id="pubsub", marks=pytest.mark.emulator),
)


def ids(received):
    """Return which events came; a bus may deliver one more than once."""
    return {events.decode(body).id for body in received.bodies}


@pytest.fixture(params=ADAPTERS)
def house(request, tmp_path, emulators):
    built = request.param(tmp_path, emulators)
    yield built
    built.close()


@pytest.fixture
def pubsub(tmp_path, emulators):
    built = OverPubsub(tmp_path, emulators)
    yield built
    built.close()


def test_every_event_reaches_the_steps_it_wakes_and_no_other(house):
    steps = {name: Received() for name in STEPS}
    house.start(steps, Given())

    for number, kind in enumerate(EventType):
        house.bus.publish(event(number, kind))

    woken = {
        name: {f"T{n}.created.1" for n, kind in enumerate(EventType) if name in WAKES[kind]}
        for name in STEPS
    }
    assert all(received.wait(len(woken[name])) for name, received in steps.items())
    assert house.is_quiet()
    assert {name: ids(received) for name, received in steps.items()} == woken


def test_a_step_gets_the_event_as_it_was_published(house):
    triage = Received()
    house.start({"triage": triage}, Given())

    house.bus.publish(event())

    assert triage.wait()
    assert events.decode(triage.bodies[0]) == event()


def test_what_was_published_before_the_start_is_delivered_after_it(house):
    house.bus.publish(event())
    triage = Received()

    house.start({"triage": triage}, Given())

    assert triage.wait()


def test_a_failing_step_gets_the_event_again_until_it_succeeds(house):
    triage, given = Received(failures=2), Given()

    house.start({"triage": triage}, given)
    house.bus.publish(event())

    assert triage.wait(3)
    assert house.is_quiet()
    assert len(set(triage.bodies)) == 1
    assert given.up == []


def test_after_the_last_attempt_the_event_is_given_up_with_its_attempts(house):
    triage, given = Received(failures=99), Given()

    house.start({"triage": triage}, given)
    house.bus.publish(event())

    assert given.wait()
    assert house.is_quiet()
    assert given.up == [("triage", events.encode(event()), 5)]
    assert len(triage.bodies) == 5


def test_a_failing_event_holds_up_no_other(house):
    fine = events.encode(event(2))
    triage = Received(failures=99, unless=fine)
    house.start({"triage": triage}, Given(), threads=1)

    house.bus.publish(event(1))
    assert triage.wait()
    house.bus.publish(event(2))

    assert triage.wait_until(lambda bodies: fine in bodies)


def test_a_step_that_fails_holds_up_no_other(house):
    steps = {"notify": (notify := Received(failures=1)), "triage": (triage := Received())}
    house.start(steps, Given(), threads=1)

    house.bus.publish(event(1, EventType.TICKET_ASSIGNED))
    house.bus.publish(event(2))

    assert triage.wait()
    assert notify.wait(2)
    assert ids(notify) == {event(1).id}


def test_many_threads_publish_and_nothing_is_lost(house):
    triage = Received()
    house.start({"triage": triage}, Given(), threads=4)

    publish_from_many_threads(house.bus)

    assert triage.wait_until(lambda bodies: len(set(bodies)) == 200)


@pytest.mark.emulator
def test_a_push_of_the_emulator_does_not_count_its_attempts(pubsub):
    pubsub.start({"triage": (triage := Received(failures=1))}, Given())

    pubsub.bus.publish(event())

    assert triage.wait(2)
    pushes = [push for push in pubsub.receiver.requests if push.path == "/triage"]
    assert [set(push.body) for push in pushes] == [{"message", "subscription"}] * 2


@pytest.mark.emulator
def test_upkeep_parks_a_dead_letter_under_the_step_that_failed(pubsub, tmp_path, clock):
    from upkeep.calls import answer  # noqa: PLC0415 - it reads pushes, and that needs flask

    store = SqliteDocuments(tmp_path / "parked.db", durable=False)
    upkeep: Any = SimpleNamespace(parked=Parked(documents=store, clock=clock))
    pubsub.start({"triage": Received(failures=99)}, given := Given())
    pubsub.bus.publish(event())
    assert given.wait()
    (letter,) = (each for each in pubsub.receiver.requests if each.path == DEAD_LETTERS)

    assert answer("POST", letter.path, letter.raw, upkeep=lambda: upkeep) == ("", 204)

    kept = upkeep.parked.get(f"{event().id}.triage").data
    store.close()
    assert (kept["kind"], kept["envelope"]) == ("transient", events.encode(event()))
    assert kept["reason"] == "gave up after 5 attempts"


@pytest.mark.emulator
def test_pubsub_takes_no_fewer_than_five_attempts(emulators):
    from google.api_core.exceptions import OutOfRange  # noqa: PLC0415 - as in buses.py

    from emulated.topics import lay_out  # noqa: PLC0415

    with pytest.raises(OutOfRange, match=r"the minimum value is 5"):
        lay_out(
            emulators.pubsub.address,
            "test-few-attempts",
            push_to=lambda step: f"http://127.0.0.1:9/{step}",
            dead_letters_to="http://127.0.0.1:9/dead-letters",
            attempts=4,
        )
