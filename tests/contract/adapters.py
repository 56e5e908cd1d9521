"""The adapters that every suite of the Documents port runs over, and what they are given."""

import uuid
from contextlib import contextmanager

import pytest

from helpdesk.documents import Order
from helpdesk.indexes import Index
from local.documents import SqliteDocuments

INDEXES = (
    Index("things", (), None, (Order("rank"),)),
    Index("things", (), None, (Order("rank", descending=True), Order("size"))),
    Index("things", ("color",), None, (Order("rank", descending=True),)),
    Index("things", ("color", "shape"), None, (Order("rank"),)),
    Index("things", (), "tags", (Order("rank", descending=True),)),
    Index("things", ("color",), "tags", (Order("rank"),)),
    Index("entries", (), None, (Order("rank"),)),
)

ADAPTERS = ("sqlite", pytest.param("firestore", marks=pytest.mark.emulator))


@contextmanager
def empty_store(adapter, folder, emulators):
    """Lend an empty store of one adapter."""
    match adapter:
        case "sqlite":
            store = SqliteDocuments(folder / "contract.db", INDEXES, durable=False)
            try:
                yield store
            finally:
                store.close()
        case "firestore":
            yield firestore_documents(emulators, INDEXES)
        case _:
            raise LookupError(f"there is no adapter {adapter}")


def firestore_documents(emulators, indexes=None, *, address=None):
    """Return documents in an emulated project that nobody has used before."""
    project = f"test-{uuid.uuid4().hex[:12]}"  # noqa: TID251 - a project nobody else has
    return firestore_in(emulators, project, indexes, address=address)


def firestore_in(emulators, project, indexes=None, *, address=None, database="(default)"):
    """Return the documents of one database of an emulated project."""
    # Imported here: whoever has no emulator needs no client.
    from gcp.firestore import FirestoreDocuments  # noqa: PLC0415

    with emulators.pointing_at(FIRESTORE_EMULATOR_HOST=address or emulators.firestore.address):
        connected = FirestoreDocuments.connect(project, database)
    return connected if indexes is None else FirestoreDocuments(connected._client, indexes)
