"""Webhooks and their deliveries, over every store: of many at once, each thing is done once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier

import pytest

from bench.counted import Counted, Tally
from helpdesk.clock import RandomIds
from helpdesk.errors import ConflictError, InvalidInputError
from helpdesk.hook_deliveries import OVERDUE, Deliveries, State, Tried
from helpdesk.hooks import HOOKS_MOST, Hooks
from local.documents import SqliteDocuments
from tests.builders import NOW, FixedClock, SequenceIds, an_event
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.unit.upkeep.receivers import Postman, a_post
from upkeep.hooks import deliver_hook, fan_out

AT_ONCE = 8
URL = "https://example.com/hook"


@pytest.fixture(params=ADAPTERS)
def documents(request, tmp_path, emulators):
    """Lend an empty store of one adapter, with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "helpdesk.db", durable=False)) as opened:
            yield opened
    else:
        yield firestore_documents(emulators)


def at_once(work):
    ready = Barrier(AT_ONCE)

    def done(number):
        ready.wait(timeout=30)
        try:
            return work(number)
        except ConflictError:
            return None

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [each for each in threads.map(done, range(AT_ONCE)) if each is not None]


def a_kept_hook(documents):
    return Hooks(documents=documents, clock=FixedClock(), ids=SequenceIds()).add(
        url=URL, created_by="admin", description="ü" * 200
    )


def test_hooks_that_are_added_at_once_are_all_kept_or_refused(documents):
    def add(_number):
        hooks = Hooks(documents=documents, clock=FixedClock(), ids=RandomIds())
        return hooks.add(url=URL, created_by="admin")

    kept = at_once(add)

    hooks = Hooks(documents=documents, clock=FixedClock(), ids=SequenceIds())
    assert kept
    assert sorted(hooks.list(), key=lambda hook: hook.id) == sorted(kept, key=lambda hook: hook.id)


def test_twenty_hooks_are_read_as_they_were_kept(documents):
    hooks = Hooks(documents=documents, clock=FixedClock(), ids=SequenceIds())
    kept = [hooks.add(url=f"{URL}/{number}", created_by="admin") for number in range(HOOKS_MOST)]

    assert hooks.list() == tuple(kept)
    with pytest.raises(InvalidInputError):
        hooks.add(url=URL, created_by="admin")


def test_an_event_that_comes_many_times_at_once_is_one_delivery(documents):
    hook = a_kept_hook(documents)

    def opened(_number):
        return Deliveries(documents=documents, clock=FixedClock()).opened(hook, an_event())

    assert len(at_once(opened)) == 1


def test_of_many_timers_at_once_one_sends(documents):
    hook = a_kept_hook(documents)
    postman = Postman()
    posts = [a_post(documents, timers=Drawer(), clock=FixedClock(), sender=postman)] * AT_ONCE
    fan_out(an_event(), post=posts[0])

    sent = at_once(lambda number: deliver_hook(f"{hook.id}.{an_event().id}", post=posts[number]))

    assert sent == [State.DELIVERED]
    assert len(postman.sent) == 1


def test_a_delivery_is_read_as_it_was_kept_and_found_by_what_it_is(documents):
    clock = FixedClock()
    hook, deliveries = a_kept_hook(documents), Deliveries(documents=documents, clock=clock)
    names = [f"e{number}" for number in range(3)]
    for name in names:
        deliveries.opened(hook, an_event(id=name))
        clock.tick(milliseconds=1)
    claimed = deliveries.claim(deliveries.get(hook.id, "e1"))
    tried = Tried(at=NOW, status=None, ms=10_000, reason="timed out")
    deliveries.note(claimed, tried, state=State.FAILED)

    found = deliveries.of(hook.id, limit=2)
    rest = deliveries.of(hook.id, limit=2, after=(found[-1].created_at, found[-1].id))

    assert [each.event_id for each in [*found, *rest]] == names[::-1]
    assert found[1].history == (tried,)
    assert deliveries.of(hook.id, state=State.FAILED, limit=9) == [found[1]]
    due = deliveries.due(clock.now() + OVERDUE + timedelta(seconds=1))
    assert [each.event_id for each in due] == ["e0", "e2"]


def test_a_sweep_reads_on_where_a_page_ends(documents, monkeypatch):
    monkeypatch.setattr("helpdesk.hook_deliveries.SWEEP_PAGE", 2)
    clock = FixedClock()
    deliveries, hook = Deliveries(documents=documents, clock=clock), a_kept_hook(documents)
    names = [f"e{number}" for number in range(5)]
    for name in names:
        deliveries.opened(hook, an_event(id=name))
    clock.tick(seconds=OVERDUE.total_seconds())

    found = []
    for each in deliveries.due(clock.now()):
        found.append(each.event_id)
        deliveries.taken_up(each, clock.now())

    assert found == names
    assert list(deliveries.due(clock.now())) == []


def test_what_it_costs_is_counted(documents):
    tally = Tally()
    counted = Counted(documents, tally)
    post = a_post(counted, timers=Drawer(), clock=FixedClock())

    nobody = tally.of(lambda: fan_out(an_event(), post=post))
    hook = a_kept_hook(documents)
    opened = tally.of(lambda: fan_out(an_event(), post=post))
    sent = tally.of(lambda: deliver_hook(f"{hook.id}.{an_event().id}", post=post))

    assert (nobody.reads, nobody.writes) == (1, 0)
    assert (opened.reads, opened.writes) == (1, 1)
    assert (sent.reads, sent.writes) == (3, 2)


class Drawer:
    """The Timers port: what was set lies here, and nobody looks."""

    def set(self, timer):
        """Keep nothing."""

    def cancel(self, name):
        """Drop nothing."""
