"""Letters in doubt: upkeep comes back to those whose time has come, and tells of it."""

import logging

import pytest

from helpdesk.claims import Claims
from helpdesk.documents import Create
from helpdesk.mail import LEASE
from helpdesk.outbox import Outbox
from tests.stands import Tray
from upkeep.letters import settle_letters


@pytest.fixture
def claims(documents, clock):
    left = {"state": "sending", "attempts": 1, "updated_at": clock.now()}
    documents.commit([Create("mail/a1", left)])
    outbox = Outbox(documents=documents, bus=Tray(), clock=clock)
    return Claims(documents=documents, outbox=outbox, clock=clock)


def test_what_has_waited_long_enough_is_settled_and_told(claims, documents, clock, caplog):
    clock.tick(seconds=LEASE.total_seconds())

    settled = settle_letters(claims)

    assert settled == 1
    assert documents.get("mail/a1").data["state"] == "unknown"
    assert (caplog.records[-1].levelno, caplog.records[-1].__dict__["count"]) == (
        logging.WARNING, 1,
    )  # fmt: skip


def test_what_is_on_its_way_is_left_alone(claims, documents, caplog):
    settled = settle_letters(claims)

    assert settled == 0
    assert documents.get("mail/a1").data["state"] == "sending"
    assert caplog.records == []
