"""One instance of the api that is asked to log in by many at once: says how many it lets through.

Run as a program, so that several share nothing but the store:
`python guesses.py sqlite FILE THREADS` or `python guesses.py firestore PROJECT THREADS`.
It says `ready`, waits for a line, and answers with what passed, was refused, and was committed.
"""

import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api import limits as rules
from api.limits import LOG_IN_ACCOUNT, LOG_IN_IP, Budget, Limits, TooManyError
from local.documents import SqliteDocuments
from tests.builders import FixedClock
from tests.stands import Faulty

GUESSED = "sam@example.com"
PATIENCE_S = 60.0  # a busy machine must not fail a test


class Tally(Faulty):
    """The Documents port over another one: it counts what is written."""

    def __init__(self, documents):
        super().__init__(documents)
        self._lock = threading.Lock()
        self.written: Counter[str] = Counter()

    def commit(self, writes):
        with self._lock:
            self.commits += 1
            self.written.update(write.path for write in writes)
        return self._documents.commit(writes)


def budgets(address):
    """Return what a log-in from an address is counted in."""
    return [*(Budget(rule, GUESSED) for rule in LOG_IN_ACCOUNT), Budget(LOG_IN_IP, address)]


def guess(limits, address, times):
    """Return how many of so many guesses, one after the other, are let through."""
    through = 0
    for _ in range(times):
        try:
            limits.take(*budgets(address))
        except TooManyError:
            continue
        through += 1
    return through


def opened(adapter, place):
    if adapter == "sqlite":
        return SqliteDocuments(Path(place))
    from gcp.firestore import FirestoreDocuments  # noqa: PLC0415 - only where it is installed

    return FirestoreDocuments.connect(place)


def main(adapter, place, threads):
    rules.TURN_S = PATIENCE_S
    tally = Tally(opened(adapter, place))
    limits = Limits(documents=tally, clock=FixedClock())
    begin = threading.Barrier(threads + 1)

    def one(number):
        begin.wait(PATIENCE_S)
        return guess(limits, f"192.0.2.{number}", 1)

    with ThreadPoolExecutor(threads) as pool:
        through = [pool.submit(one, number) for number in range(threads)]
        print("ready", flush=True)
        sys.stdin.readline()
        begin.wait(PATIENCE_S)
        passed = sum(each.result() for each in through)
    print(passed, threads - passed, tally.commits, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
