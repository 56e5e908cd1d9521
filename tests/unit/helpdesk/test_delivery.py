"""The edge of every step: what is parked, what is acknowledged, and what is raised."""

import json
import logging

import pytest

from helpdesk import events
from helpdesk.delivery import Delivered, deliver, give_up
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    DuplicateError,
    EarlyEventError,
    HelpdeskError,
    NotFoundError,
    OutsideError,
    PermanentError,
    RefusedError,
    TransientError,
)
from helpdesk.log import JsonLine
from helpdesk.parked import Parked
from tests.builders import an_event
from tests.stands import everything

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BODY = events.encode(an_event())


class Step:
    """A step that notes what it was given, and raises what it is told to."""

    def __init__(self, error=None):
        self._error = error
        self.given = []

    def __call__(self, event):
        self.given.append(event)
        logging.getLogger("step").info("at work")
        if self._error:
            raise self._error


@pytest.fixture
def parked(documents, clock):
    return Parked(documents=documents, clock=clock)


def test_an_event_reaches_its_step(documents, parked):
    step = Step()

    result = deliver(BODY, step, name="triage", parked=parked)

    assert result is Delivered.PROCESSED
    assert step.given == [an_event()]
    assert everything(documents) == {}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "\ud800",
        json.dumps({**json.loads(BODY), "type": "ticket-eaten"}),
        json.dumps({**json.loads(BODY), "version": 2}),
        json.dumps({**json.loads(BODY), "id": "__x__"}),
        json.dumps({**json.loads(BODY), "subject": ".."}),
        json.dumps({"type": "ticket-created"}),
    ],
)
def test_what_is_no_event_of_ours_is_parked_and_reaches_no_step(documents, parked, body):
    step = Step()

    result = deliver(body, step, name="triage", parked=parked)

    assert result is Delivered.PARKED
    assert step.given == []
    ((path, kept),) = everything(documents).items()
    assert path.startswith("parked/malformed-")
    assert kept["envelope"] == body.encode(errors="replace").decode()
    assert kept["reason"]


@pytest.mark.parametrize("error", [PermanentError, NotFoundError, RefusedError])
def test_what_no_retry_can_mend_is_parked_and_acknowledged(documents, parked, error):
    result = deliver(BODY, Step(error("in our words")), name="triage", parked=parked)

    assert result is Delivered.PARKED
    ((path, kept),) = everything(documents).items()
    assert path == "parked/T1CKET01.created.1.triage"
    assert (kept["reason"], kept["kind"]) == ("in our words", "permanent")
    assert events.decode(kept["envelope"]) == an_event()


@pytest.mark.parametrize("error", [DuplicateError, AlreadyExistsError])
def test_what_was_done_before_is_acknowledged(documents, parked, error):
    result = deliver(BODY, Step(error("done")), name="triage", parked=parked)

    assert result is Delivered.DUPLICATE
    assert everything(documents) == {}


@pytest.mark.parametrize("error", [TransientError, OutsideError, ConflictError, EarlyEventError])
def test_what_a_later_delivery_may_mend_is_raised(documents, parked, error):
    raised = error("not now")

    with pytest.raises(error) as told:
        deliver(BODY, Step(raised), name="triage", parked=parked)

    assert told.value is raised
    assert everything(documents) == {}


@pytest.mark.parametrize("error", [ValueError("a fault of ours"), HelpdeskError("of no kind")])
def test_a_fault_of_ours_is_raised_and_never_acknowledged(documents, parked, error):
    with pytest.raises(type(error)):
        deliver(BODY, Step(error), name="triage", parked=parked)

    assert everything(documents) == {}


def test_what_cannot_be_parked_is_not_acknowledged(documents, parked):
    documents.close()
    documents._database.path = documents._database.path / "gone"

    with pytest.raises(OutsideError):
        deliver("not JSON", Step(), name="triage", parked=parked)


@pytest.mark.parametrize(("trace", "logged"), [(TRACE, {"traceparent": TRACE}), ("", {})])
def test_every_line_of_a_delivery_names_its_event(parked, caplog, trace, logged):
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(JsonLine())

    deliver(events.encode(an_event(traceparent=trace)), Step(), name="triage", parked=parked)

    at_work, delivered = map(json.loads, caplog.text.splitlines())
    context = {"event_id": "T1CKET01.created.1", "event_type": "ticket-created", "step": "triage"}
    assert at_work == at_work | context | logged
    assert delivered == delivered | context | logged | {"result": "processed"}
    assert ("traceparent" in at_work) is bool(trace)


def test_a_failed_delivery_is_told(parked, caplog):
    with pytest.raises(OutsideError):
        deliver(BODY, Step(OutsideError("not now")), name="triage", parked=parked)

    (record,) = (each for each in caplog.records if each.levelno == logging.WARNING)
    assert (record.__dict__["result"], record.__dict__["reason"]) == ("retried", "not now")


@pytest.mark.parametrize(
    ("body", "name"),
    [(BODY, "T1CKET01.created.1"), ("not JSON", None), ("\ud800", None)],
)
def test_what_failed_at_every_attempt_is_parked_to_be_sent_again(documents, parked, body, name):
    give_up(body, name="triage", attempts=100, parked=parked)

    ((path, kept),) = everything(documents).items()
    assert path.startswith(f"parked/{name or 'malformed-'}")
    assert (kept["event_id"], kept["step"], kept["kind"]) == (name or "", "triage", "transient")
    assert kept["reason"] == "gave up after 100 attempts"
    assert kept["envelope"] == body.encode(errors="replace").decode()
