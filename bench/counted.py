"""Counts what a store is asked for, as Firestore bills it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from helpdesk.documents import Delete, Document, Nearest, Neighbour, Query, Write
from helpdesk.ports import Documents

COUNTED_AT_ONCE = 1_000  # index entries that Firestore counts for the price of one read


@dataclass(frozen=True, slots=True)
class Count:
    """What was billed: documents read, written and deleted; and how often the store was asked."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0
    trips: int = 0

    def __add__(self, other: Self) -> "Count":
        return Count(
            self.reads + other.reads,
            self.writes + other.writes,
            self.deletes + other.deletes,
            self.trips + other.trips,
        )

    def times(self, number: int) -> "Count":
        return Count(
            self.reads * number, self.writes * number, self.deletes * number, self.trips * number
        )

    def __str__(self) -> str:
        named = {"read": self.reads, "write": self.writes, "delete": self.deletes}
        told = [f"{n} {name}{'' if n == 1 else 's'}" for name, n in named.items() if n]
        trips = f"in {self.trips} round trip{'' if self.trips == 1 else 's'}"
        return f"{', '.join(told) or 'nothing'} {trips}"


class Tally:
    """The running sum of every store that counts into it."""

    def __init__(self) -> None:
        self._sum = Count()

    def add(self, count: Count) -> None:
        self._sum += count

    def of(self, act: Callable[[], object]) -> Count:
        """Do something, and return what that alone was billed."""
        self._sum = Count()
        act()
        return self._sum


class Counted:
    """The Documents port over another one that counts into a tally.

    A commit that is refused counts in full: nobody promises that it is free.
    """

    def __init__(self, documents: Documents, tally: Tally) -> None:
        self._documents = documents
        self._tally = tally

    def get(self, path: str) -> Document | None:
        return self.get_many([path])[0]

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        if paths:  # nothing is sent for none
            self._tally.add(Count(reads=len(paths), trips=1))
        return self._documents.get_many(paths)

    def query(self, query: Query) -> list[Document]:
        found = self._documents.query(query)
        self._tally.add(Count(reads=max(1, len(found)), trips=1))
        return found

    def count(self, query: Query) -> int:
        found = self._documents.count(query)
        self._tally.add(Count(reads=max(1, -(-found // COUNTED_AT_ONCE)), trips=1))
        return found

    def nearest(self, nearest: Nearest) -> list[Neighbour]:
        found = self._documents.nearest(nearest)
        self._tally.add(Count(reads=len(found), trips=1))
        return found

    def commit(self, writes: Sequence[Write]) -> list[Mapping[str, int]]:
        deletes = sum(isinstance(write, Delete) for write in writes)
        self._tally.add(Count(writes=len(writes) - deletes, deletes=deletes, trips=1))
        return self._documents.commit(writes)
