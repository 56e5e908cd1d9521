"""What the suites of the Documents port write and ask, in few words."""

from datetime import UTC, datetime

from helpdesk.documents import Create, Order, Query

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
BY_RANK = (Order("rank"),)
NEWEST = (Order("rank", descending=True),)


def names(found):
    return [document.id for document in found]


def fill(documents, **things):
    documents.commit([Create(f"things/{name}", data) for name, data in things.items()])


def pages(documents, query, size=2):
    """Walk a query to its end by cursors and return the ids of each page."""
    walked, after = [], query.after
    while True:
        page = documents.query(Query(query.collection, query.filters, query.order, size, after))
        walked.append(names(page))
        if len(page) < size:
            return walked
        after = (*(page[-1].data[o.field] for o in query.order), page[-1].id)
