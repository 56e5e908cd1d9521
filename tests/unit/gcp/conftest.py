"""Firestore over a wire that fails on command."""

import pytest

from tests.contract.adapters import INDEXES, firestore_documents
from tests.wire.firestore_faults import FaultyFirestore


@pytest.fixture
def hasty(monkeypatch):
    """Let a call that hangs end soon; how long all attempts may take is for the test to say."""

    def hurry(patience_s):
        monkeypatch.setattr("gcp.firestore.CALL_S", 0.5)
        monkeypatch.setattr("gcp.firestore.PATIENCE_S", patience_s)

    return hurry


@pytest.fixture
def wire(emulators):
    with FaultyFirestore(emulators.firestore.address) as between:
        yield between


@pytest.fixture
def store(emulators, wire):
    connected = firestore_documents(emulators, INDEXES, address=wire.address)
    yield connected
    connected._client.close()
