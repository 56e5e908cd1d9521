"""Assign as a step: the choice is kept with its grounds, and counted once."""

import pytest

from assign.choose import Candidate, winner
from helpdesk.changes import given_back, handed_to
from helpdesk.delivery import Delivered
from helpdesk.errors import ConflictError, EarlyEventError, NobodyToAssignError
from helpdesk.events import EventType
from helpdesk.ticket import Status
from helpdesk.timeline import Action
from helpdesk.users import Load
from tests.builders import a_moderator, a_user, an_admin
from tests.by_hand import changed
from tests.stands import everything

ENTRY = "tickets/T1CKET01/timeline/000003"


def test_a_ticket_goes_to_who_fits_best(line):
    line.staffed(a_user(), a_moderator(skills=("printing", "hardware")), an_admin())
    event = line.run_to("assign")
    line.clock.tick(seconds=3)

    line.deliver("assign", event)

    ticket = line.tickets.get("T1CKET01")
    assert ticket.status is Status.ASSIGNED
    assert (ticket.assignee_id, ticket.assignee_name) == ("mod", "Mod")
    assert ticket.assigned_at == line.clock.now()
    assert line.users.loads(["mod", "admin"]) == {
        "mod": Load(open=1, last_assigned_at=line.clock.now()),
        "admin": Load(),
    }
    told = line.tray.published[-1]
    assert (told.type, told.id) == (EventType.TICKET_ASSIGNED, "T1CKET01.assigned.3")
    assert told.data["assignee_id"] == "mod"
    assert ticket.given_seq == told.data["seq"] == 3


def test_the_ledger_says_who_was_considered_and_who_was_not(line):
    line.staffed(
        a_moderator(id="able", skills=("Printing",)), a_moderator(id="away", available=False)
    )
    event = line.run_to("assign")

    line.deliver("assign", event)

    entry = line.store.get(ENTRY).data
    assert (entry["action"], entry["actor"], entry["actor_id"]) == ("assigned", "rule", "assign-1")
    assert entry["cause"] == event.id
    assert entry["why"]["assignee_id"] == "able"
    assert entry["why"]["fallback"] is False
    assert entry["why"]["excluded"] == {"away": "unavailable"}
    (candidate,) = entry["why"]["candidates"]
    assert candidate == candidate | {"user_id": "able", "capacity": 1.0, "idle": 1.0}


def terms_of(candidate):
    """Return what a kept candidate was scored by, without the sums that are kept for readers."""
    return {name: term for name, term in candidate.items() if name not in {"score", "total"}}


def test_a_kept_ledger_gives_the_same_winner_again(line):
    line.staffed(
        a_user(),
        *(a_moderator(id=f"m{number}", capacity=3 + number) for number in range(5)),
    )
    tickets = [f"T{number}" for number in range(12)]

    for ticket_id in tickets:
        line.open(id=ticket_id, title="Quux", description="Quux")
        line.run_out()
        line.clock.tick(minutes=20)

    for ticket_id in tickets:
        why = line.store.get(f"tickets/{ticket_id}/timeline/000003").data["why"]
        again = winner([recalled(**terms_of(candidate)) for candidate in why["candidates"]])
        assert again.user.id == why["assignee_id"] == line.tickets.get(ticket_id).assignee_id


def test_loads_agree_with_the_tickets(line):
    line.staffed(a_user(), a_moderator(id="m0", capacity=2), a_moderator(id="m1"), an_admin())

    for number in range(9):
        line.open(id=f"T{number}", title="Quux", description="Quux")
        line.run_out()

    held = [line.tickets.get(f"T{number}").assignee_id for number in range(9)]
    loads = line.users.loads(["m0", "m1", "admin"])
    assert {name: load.open for name, load in loads.items()} == {
        name: held.count(name) for name in ("m0", "m1", "admin")
    }
    assert loads["m0"].open <= 2


def test_an_admin_takes_what_no_moderator_can(line):
    line.staffed(a_moderator(capacity=0), an_admin())
    event = line.run_to("assign")

    line.deliver("assign", event)

    why = line.store.get(ENTRY).data["why"]
    assert line.tickets.get("T1CKET01").assignee_id == "admin"
    assert (why["fallback"], why["candidates"]) == (True, [])
    assert line.users.loads(["admin"])["admin"].open == 1


def test_whoever_gives_a_ticket_back_does_not_get_it_again(line):
    line.staffed(a_user(), a_moderator(id="m0"), a_moderator(id="m1"), an_admin())
    line.deliver("assign", line.run_to("assign", title="Quux", description="Quux"))
    first = line.tickets.get("T1CKET01").assignee_id

    had = [first]
    for _ in range(2):
        changed(line.tickets, given_back, Action.DECLINED, by=had[-1])
        line.deliver("assign", line.tray.published[-1])
        had.append(line.tickets.get("T1CKET01").assignee_id)

    assert sorted(had[:2]) == ["m0", "m1"]
    assert had[2] == "admin"
    why = line.store.get("tickets/T1CKET01/timeline/000007").data["why"]
    assert why["excluded"] == {"m0": "declined", "m1": "declined"}
    loads = line.users.loads(["m0", "m1", "admin"])
    assert {name: load.open for name, load in loads.items()} == {"m0": 0, "m1": 0, "admin": 1}


def test_a_ticket_that_everybody_gave_back_is_somebodys_all_the_same(line):
    line.staffed(a_moderator())
    line.deliver("assign", line.run_to("assign", title="Quux", description="Quux"))
    changed(line.tickets, given_back, Action.DECLINED)

    line.deliver("assign", line.tray.published[-1])

    ticket = line.tickets.get("T1CKET01")
    assert (ticket.assignee_id, ticket.declined) == ("mod", ("mod",))
    assert line.users.loads(["mod"])["mod"].open == 1


def test_a_ticket_that_a_person_gives_away_at_the_same_moment_is_theirs(line):
    line.staffed(a_moderator(), an_admin())
    event = line.run_to("assign", title="Quux", description="Quux")

    def taken(ticket, *, now):
        return handed_to(ticket, an_admin(), now=now)

    line.documents.interrupt(lambda: changed(line.tickets, taken, Action.ASSIGNED, by="admin"))

    with pytest.raises(ConflictError):
        line.deliver("assign", event)
    result = line.deliver("assign", event)

    assert result is Delivered.DUPLICATE
    assert line.tickets.get("T1CKET01").assignee_id == "admin"
    loads = line.users.loads(["mod", "admin"])
    assert (loads["mod"].open, loads["admin"].open) == (0, 1)


def test_a_ticket_waits_until_somebody_serves(line):
    event = line.run_to("assign")
    before = everything(line.store)

    with pytest.raises(NobodyToAssignError):
        line.deliver("assign", event)

    assert everything(line.store) == before
    line.staffed(an_admin())
    line.deliver("assign", event)
    assert line.tickets.get("T1CKET01").assignee_id == "admin"


def test_a_ticket_that_is_not_triaged_is_too_early(line):
    line.staffed(an_admin())
    event = line.open()
    before = everything(line.store)

    with pytest.raises(EarlyEventError):
        line.deliver("assign", event)

    assert everything(line.store) == before


@pytest.mark.parametrize(
    "status", [status for status in Status if status not in {Status.NEW, Status.TRIAGED}]
)
def test_a_ticket_that_is_past_it_is_left_alone(line, status):
    line.staffed(an_admin())
    event = line.open(status=status)
    before = everything(line.store)

    line.deliver("assign", event)

    assert everything(line.store) == before


def recalled(*, user_id, limit, **terms):
    """Return a candidate as the ledger keeps it: of the person, the id and the capacity."""
    return Candidate(user=a_user(id=user_id, capacity=limit), **terms)
