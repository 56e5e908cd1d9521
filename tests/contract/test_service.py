"""The service levels, and the goals of a ticket, over every store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from threading import Barrier

import pytest

from bench.counted import Counted, Tally
from helpdesk import goals
from helpdesk.documents import Create
from helpdesk.errors import StaleError
from helpdesk.hours import DAYS, HOLIDAYS_MOST, INTERVALS_MOST, Hours
from helpdesk.levels import shipped
from helpdesk.service import LEVELS, CachedService, Service
from helpdesk.verdict import Priority
from tests.builders import NOW

AT_ONCE = 8
KEPT = pytest.mark.parametrize("first", [None, shipped()], ids=["none kept", "some kept"])


@KEPT
def test_of_many_who_saw_the_same_exactly_one_replaces_them(documents, first):
    if first:
        Service(documents).replace(first)
    ready = Barrier(AT_ONCE)

    def replaced(number):
        service = Service(documents)
        levels = replace(shipped(), warn_at=0.5 + number / 100)
        before = service.read()
        ready.wait(timeout=30)
        try:
            service.replace(levels, before=before)
        except StaleError:
            return None
        return levels

    with ThreadPoolExecutor(AT_ONCE) as threads:
        done = [each for each in threads.map(replaced, range(AT_ONCE)) if each]

    [winner] = done
    assert Service(documents).read().tag == winner.tag


def test_the_largest_levels_are_read_as_they_were_kept(documents):
    day = tuple((time(n), time((n + 4) % 24)) for n in range(0, 4 * INTERVALS_MOST, 4))
    hours = Hours(
        zone="America/Argentina/Buenos_Aires",
        week=dict.fromkeys(range(len(DAYS)), day),
        holidays=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(HOLIDAYS_MOST)),
    )
    full = replace(shipped(), hours=hours, close_after=None)

    Service(documents).replace(full)

    kept = Service(documents).read()
    assert (kept.hours, kept.targets, kept.close_after) == (hours, full.targets, None)
    assert (kept.tag, kept.version) == (full.tag, documents.get(LEVELS).version)


def test_to_know_them_is_one_read_and_to_replace_them_one_read_and_one_write(documents):
    tally = Tally()
    service = Service(Counted(documents, tally))
    cached = CachedService(service)

    known = tally.of(lambda: [cached.get(NOW) for _ in range(100)])
    replaced = tally.of(lambda: service.replace(shipped(), before=service.read()))

    assert (known.reads, known.writes) == (1, 0)
    assert (replaced.reads, replaced.writes, replaced.deletes) == (1, 1, 0)


def test_goals_go_on_from_where_they_were_kept(documents):
    levels, later = shipped(), NOW + timedelta(hours=5, microseconds=7)
    begun = goals.begun(Priority.HIGH, created_at=NOW, levels=levels)
    waiting = goals.told(goals.paused(begun, now=NOW), goals.due(begun, now=later))
    documents.commit([Create("tickets/t1", {"goals": goals.to_document(waiting)})])

    kept = goals.from_document(documents.get("tickets/t1").data["goals"])

    assert kept == waiting
    assert goals.resumed(kept, now=later, levels=levels) == goals.resumed(
        waiting, now=later, levels=levels
    )
