"""The adapters that every contract suite runs over, and what they are given."""

from contextlib import contextmanager

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

ADAPTERS = ("sqlite",)


@contextmanager
def empty_store(adapter, folder):
    """Lend an empty store of one adapter."""
    if adapter != "sqlite":
        raise LookupError(f"there is no adapter {adapter}")
    store = SqliteDocuments(folder / "contract.db", INDEXES)
    try:
        yield store
    finally:
        store.close()
