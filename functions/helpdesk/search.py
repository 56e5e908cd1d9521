"""One page of what a walk through an index finds, where some of it must be looked at one by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from helpdesk.documents import Data, Document, Query, Value
from helpdesk.ports import Documents

READ_MOST = 500  # documents that one page of a search may cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some documents, and the place behind which the walk goes on; None at its end."""

    documents: list[Document]
    after: tuple[Value, ...] | None


def page_of(walk: Query, *, documents: Documents, fits: Callable[[Data], bool], limit: int) -> Page:
    """Return up to so many documents that fit, after at most READ_MOST that were read.

    Where few fit, a page may have fewer than asked for, or none, and not be the last.
    """
    found: list[Document] = []
    after = walk.after
    left, size = READ_MOST, limit + 1  # one more than asked for tells whether it goes on
    while left and len(found) < limit:
        size = min(size, left)
        read = documents.query(replace(walk, limit=size, after=after))
        for document in read:
            if fits(document.data):
                if len(found) == limit:
                    return Page(documents=found, after=after)
                found.append(document)
            after = (*(document.data[each.field] for each in walk.order), document.id)
        if len(read) < size:
            return Page(documents=found, after=None)
        left, size = left - size, size * 2
    return Page(documents=found, after=after)
