"""The relay: what never reached the bus is sent late, and that is told."""

import logging

import pytest

from helpdesk.outbox import Outbox
from tests.builders import an_event
from tests.stands import Tray
from upkeep.relay import PATIENCE, relay_outbox


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def outbox(documents, tray, clock):
    return Outbox(documents=documents, bus=tray, clock=clock)


def test_what_has_waited_long_enough_is_sent_and_told(outbox, documents, tray, clock, caplog):
    documents.commit([outbox.kept(an_event())])
    clock.tick(seconds=PATIENCE.total_seconds())

    sent = relay_outbox(outbox)

    assert sent == 1
    assert tray.published == [an_event()]
    (record,) = caplog.records
    assert (record.levelno, record.__dict__["count"]) == (logging.WARNING, 1)


def test_what_is_on_its_way_is_left_alone(outbox, documents, tray, caplog):
    documents.commit([outbox.kept(an_event())])

    sent = relay_outbox(outbox)

    assert sent == 0
    assert tray.published == []
    assert caplog.records == []


def test_at_a_start_nothing_is_too_young(outbox, documents, tray):
    documents.commit([outbox.kept(an_event())])

    sent = relay_outbox(outbox, older_than=PATIENCE * 0)

    assert sent == 1
    assert tray.published == [an_event()]
