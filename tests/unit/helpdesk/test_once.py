"""Everything happens once: every step, delivered however often and broken off wherever."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from helpdesk.delivery import Delivered
from helpdesk.errors import EarlyEventError, TransientError
from helpdesk.events import EventType
from helpdesk.ticket import Status
from tests.builders import FixedClock, a_moderator, a_user, an_event
from tests.stands import Carrier, Line, everything

STEPS = ("triage", "assign", "notify")
# Triage: the claim, the change, and that it was told. Assign: likewise without a claim. Notify:
# the claim of the letter, and what became of it.
COMMITS = {"triage": 3, "assign": 2, "notify": 2}
THREADS = 8
CRASHES = [
    (name, when, nth)
    for name in STEPS
    for when in ("before", "after")
    for nth in range(1, COMMITS[name] + 1)
]


@pytest.fixture
def staffed(line):
    return line.staffed(a_user(), a_moderator(skills=("Printing",)))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What is kept, and which letters there are, when nothing goes wrong."""
    calm = Line(tmp_path_factory.mktemp("undisturbed"), clock=FixedClock())
    calm.staffed(a_user(), a_moderator(skills=("Printing",)))
    calm.open()
    calm.run_out()
    state = calm.state()
    calm.close()
    return state


def test_an_undisturbed_line_does_each_thing_once(undisturbed):
    kept, letters = undisturbed

    (day,) = (path for path in kept if path.startswith("days/"))
    assert set(kept) == {
        day,
        "load/mod",
        *(path for path in kept if path.startswith("mail/")),
        "rosters/staff",
        "tickets/T1CKET01",
        "tickets/T1CKET01/timeline/000001",
        "tickets/T1CKET01/timeline/000002",
        "tickets/T1CKET01/timeline/000003",
        "users/asker",
        "users/mod",
    }
    assert len(kept) == 10
    assert (kept[day]["filed"], kept[day]["assigned"]) == (1, 1)
    assert kept["load/mod"]["open"] == 1
    assert kept["tickets/T1CKET01"]["status"] == "assigned"
    assert kept["tickets/T1CKET01"]["told_3"] is not None
    assert [received.letter.to for received in letters] == ["mod@example.com"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("times", [2, 3])
def test_a_step_that_is_woken_again_changes_nothing(staffed, undisturbed, name, times):
    event = staffed.run_to(name)

    results = [staffed.deliver(name, event) for _ in range(times)]

    assert results == [Delivered.PROCESSED, *[Delivered.DUPLICATE] * (times - 1)]
    staffed.run_out()
    assert staffed.state() == undisturbed


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_woken_by_many_threads_at_once_is_done_once(staffed, undisturbed, name):
    event = staffed.run_to(name)

    results = by_many(staffed, name, event)

    assert len(results) == THREADS
    assert results.count(Delivered.PROCESSED) == 1
    assert results.count(Delivered.DUPLICATE) == THREADS - 1
    staffed.run_out()
    assert staffed.state() == undisturbed


def test_a_letter_that_many_threads_send_is_handed_over_once(staffed):
    carrier = staffed.mailer = Carrier()
    event = staffed.run_to("notify")

    by_many(staffed, "notify", event)

    assert len(carrier.carried) == 1


def test_two_who_do_the_same_step_at_once_are_told_apart(staffed):
    event = staffed.run_to("assign")
    results = []
    staffed.documents.interrupt(lambda: results.append(staffed.deliver("assign", event)))

    results.append(staffed.deliver("assign", event))

    assert results == [Delivered.PROCESSED, Delivered.DUPLICATE]
    assert everything(staffed.store)["load/mod"]["open"] == 1


@pytest.mark.parametrize("name", STEPS)
def test_every_commit_of_a_step_is_among_the_crashes(staffed, name):
    event = staffed.run_to(name)
    staffed.documents.commits = 0

    staffed.deliver(name, event)

    assert staffed.documents.commits == COMMITS[name]


@pytest.mark.parametrize(("name", "when", "nth"), CRASHES)
def test_a_crash_at_any_commit_changes_nothing_in_the_end(staffed, undisturbed, name, when, nth):
    event = staffed.run_to(name)
    staffed.documents.arm(when, nth)

    staffed.insist(name, event)
    crashed = staffed.documents.commits >= nth
    told = staffed.run_out()

    assert crashed
    assert staffed.state() == undisturbed
    assert {each.type for each in told} == {
        EventType.TICKET_CREATED,
        EventType.TICKET_TRIAGED,
        EventType.TICKET_ASSIGNED,
    }


@pytest.mark.parametrize(("name", "when", "nth"), CRASHES)
def test_a_crash_while_the_bus_is_down_changes_nothing_in_the_end(
    staffed, undisturbed, name, when, nth
):
    event = staffed.run_to(name)
    staffed.tray.down = True
    staffed.documents.arm(when, nth)

    staffed.insist(name, event)
    staffed.tray.down = False
    staffed.run_out()

    assert staffed.state() == undisturbed


@pytest.mark.parametrize("name", ["assign", "notify"])
def test_an_event_that_comes_before_its_time_waits(staffed, undisturbed, name):
    created = staffed.open()
    before = staffed.state()
    early = an_event(id="e1", type=EventType.TICKET_ASSIGNED)

    with pytest.raises(EarlyEventError):
        staffed.deliver(name, early)

    assert staffed.state() == before
    staffed.deliver("triage", created)
    staffed.run_out()
    assert staffed.state() == undisturbed


@pytest.mark.parametrize("name", STEPS)
def test_an_event_of_a_ticket_that_is_not_there_is_parked(staffed, name):
    lost = an_event(id="e1", subject="N0NE0000", type=EventType.TICKET_ASSIGNED)

    result = staffed.deliver(name, lost)

    assert result is Delivered.PARKED
    parked = everything(staffed.store)[f"parked/e1.{name}"]
    assert parked["reason"] == "there is no ticket N0NE0000"
    assert staffed.mailbox.count() == 0


@pytest.mark.parametrize("subject", ["..", "__x__", "-", "x" * 128])
@pytest.mark.parametrize("name", STEPS)
def test_an_event_with_an_odd_subject_is_parked(staffed, name, subject):
    result = staffed.deliver(
        name, an_event(id="e1", subject=subject, type=EventType.TICKET_ASSIGNED)
    )

    assert result is Delivered.PARKED


def test_old_events_do_not_bring_an_old_state_back(staffed):
    staffed.open()
    told = staffed.run_out()
    state = staffed.state()

    for event, name in zip(told, STEPS, strict=True):
        staffed.deliver(name, event)

    assert staffed.state() == state
    assert staffed.tickets.get("T1CKET01").status is Status.ASSIGNED


def by_many(line, name, event):
    """Deliver an event in many threads at once, in each until it is acknowledged."""
    start = Barrier(THREADS)

    def delivered(_):
        start.wait()
        for _ in range(1_000):
            try:
                return line.deliver(name, event)
            except TransientError:
                time.sleep(0.001)
        raise AssertionError("never acknowledged")

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(delivered, range(THREADS)))
