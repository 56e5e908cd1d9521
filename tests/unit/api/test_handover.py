"""Whose a ticket is, by hand: taken, handed over, given back, and triaged once more."""

import pytest

from api.handover import RETRIAGING
from helpdesk.user import Role
from tests.stands import everything
from tests.unit.api.changes import before_next_save
from tests.unit.api.cycle import (
    PRINTER,
    Chain,
    actions,
    edit,
    give,
    labels,
    loads,
    loads_are_true,
    path_of,
    put,
    read,
    retriage,
    say,
)
from tests.unit.api.desk import alike, is_problem
from tests.unit.api.post import letters


@pytest.fixture
def mod(counter):
    return counter.somebody("mod", Role.MODERATOR, skills=("Printing",))


@pytest.fixture
def mia(counter):
    return counter.somebody("mia", Role.MODERATOR, skills=("SQL",))


@pytest.fixture
def chain(counter):
    return Chain(counter)


@pytest.fixture
def ticket_id(counter, chain, ada, mod):
    """Return a ticket that went all the way to Mod."""
    made = ada.file(*PRINTER).json["id"]
    chain.run()
    return made


def assignment(who, ticket_id):
    return who.get(path_of(ticket_id, "/assignment")).json


def to(counter, name):
    """Return the letters about a ticket to somebody, oldest first."""
    return [each for each in letters(counter, f"{name}@example.com") if each.ticket_id]


def test_a_ticket_is_handed_over_in_one_commit_with_the_loads(counter, chain, mod, mia, ticket_id):
    counter.documents.asked.clear()

    answer = give(mod, ticket_id, mia.user.id, reason=" She knows the driver. ")

    assert answer.status_code == 200
    assert answer.json == {
        "id": ticket_id,
        "status": "assigned",
        "assignee": {"id": mia.user.id, "name": "Mia"},
    }
    # That it counts, the change with the loads, and that its event was sent.
    assert counter.documents.asked.count("commit") == 3
    assert loads(counter) == ({mia.user.id: 1}, {mia.user.id: 1})
    assert is_problem(read(mod, ticket_id), 404)
    chain.run()
    assert len(to(counter, "mia")) == 1
    ticket = read(mia, ticket_id).json
    assert (ticket["status"], bool(ticket["notified_at"])) == ("assigned", True)


def test_why_it_is_ones_own_is_told_after_a_hand_over_too(mod, mia, ada, ticket_id):
    give(mod, ticket_id, mia.user.id, reason=" She knows the driver. ")

    told = assignment(mia, ticket_id)

    assert told["assignee"] == {"id": mia.user.id, "name": "Mia"}
    assert told["by"] == {"id": mod.user.id, "name": "Mod"}
    assert (told["reason"], told["seq"]) == ("She knows the driver.", 4)
    assert (told["fallback"], told["candidates"], told["excluded"]) == (False, [], {})
    assert "driver" not in ada.get(path_of(ticket_id, "/timeline")).text


@pytest.mark.parametrize("blank", ["", "  \n ", None])
def test_a_reason_may_be_left_out(mod, mia, ticket_id, blank):
    assert give(mod, ticket_id, mia.user.id, reason=blank).status_code == 200
    assert assignment(mia, ticket_id)["reason"] == ""


@pytest.mark.parametrize("status", ["assigned", "in_progress", "waiting"])
def test_whatever_was_begun_is_only_assigned_after_a_hand_over(counter, ada, mod, mia, status):
    ticket_id = put(counter, ada, assignee=mod, status=status)

    assert give(mod, ticket_id, mia.user.id).json["status"] == "assigned"
    assert loads_are_true(counter)


def test_it_makes_no_difference_why_somebody_cannot_take_a_ticket(counter, chief, mod, ticket_id):
    ids = {"demoted": Role.MODERATOR, "disabled": Role.MODERATOR, "user": Role.USER}
    people = {name: counter.somebody(name, role) for name, role in ids.items()}
    for name, change in (("demoted", {"role": "user"}), ("disabled", {"disabled": True})):
        assert chief.patch(f"/api/auth/users/{people[name].user.id}", change).status_code == 200
    odd = ["0" * 26, "nobody", "../chief", "", "x" * 40, "\u202e", mod.user.email]
    before = everything(counter.house.documents)

    answers = [give(mod, ticket_id, each.user.id) for each in people.values()]
    answers += [give(mod, ticket_id, each) for each in odd]

    assert all(is_problem(each, 422) for each in answers)
    assert {str(alike(each)) for each in answers} == {str(alike(answers[0]))}
    assert answers[0].json["errors"][0]["field"] == "assignee"
    assert everything(counter.house.documents) == before


def test_by_hand_a_capacity_and_a_skill_may_be_exceeded(counter, mod, ticket_id):
    full = counter.somebody("full", Role.MODERATOR, capacity=0)

    assert give(mod, ticket_id, full.user.id).json["assignee"]["id"] == full.user.id
    assert loads_are_true(counter)


def test_an_admin_takes_a_ticket_and_gets_no_letter_about_it(counter, chain, chief, mod, ticket_id):
    answer = give(chief, ticket_id, chief.user.id)
    chain.run()

    assert answer.json["assignee"]["id"] == chief.user.id
    assert to(counter, "chief") == []
    assert loads_are_true(counter)


def test_an_admin_gives_what_nobody_has_yet(counter, chain, chief, ada, mod):
    ticket_id = put(counter, ada, status="triaged")

    answer = give(chief, ticket_id, mod.user.id)
    chain.run()

    assert answer.json["assignee"]["id"] == mod.user.id
    assert actions(chief, ticket_id)[-1] == "assigned"
    assert assignment(mod, ticket_id)["by"]["id"] == chief.user.id
    assert len(to(counter, "mod")) == 1
    assert loads_are_true(counter)


def test_to_whom_it_is_already_nothing_is_given(counter, mod, ticket_id):
    tag = read(mod, ticket_id).headers["ETag"]

    assert give(mod, ticket_id, mod.user.id).status_code == 200
    assert read(mod, ticket_id).headers["ETag"] == tag
    assert loads_are_true(counter)


def test_whoever_gives_a_ticket_back_does_not_get_it_again(
    counter, chain, chief, ada, mod, ticket_id
):
    twin = counter.somebody("twin", Role.MODERATOR, skills=("Printing",))

    answer = give(mod, ticket_id, None, reason="On leave")

    assert answer.json == {"id": ticket_id, "status": "triaged", "assignee": None}
    assert loads(counter) == ({}, {})
    assert assignment(chief, ticket_id)["assignee"] is None
    chain.run()
    told = assignment(twin, ticket_id)
    assert told["assignee"]["id"] == twin.user.id
    assert told["excluded"] == {mod.user.id: "declined"}
    assert read(twin, ticket_id).json["declined"] == [mod.user.id]
    assert actions(twin, ticket_id)[-2:] == ["declined", "assigned"]
    assert "declined" not in actions(ada, ticket_id)
    assert len(to(counter, "twin")) == 1
    assert loads_are_true(counter)


def test_who_gave_it_back_may_be_given_it_by_hand_again(counter, chain, chief, mod, mia, ticket_id):
    give(mod, ticket_id, None)
    chain.run()

    give(chief, ticket_id, mod.user.id)

    assert read(mod, ticket_id).json["declined"] == []
    assert loads_are_true(counter)


@pytest.mark.parametrize("status", ["new", "triaged", "resolved", "closed"])
def test_what_nobody_works_on_is_neither_given_back_nor_handed_over(
    counter, chief, ada, mod, mia, status
):
    assignee = mod if status in {"resolved", "closed"} else None
    ticket_id = put(counter, ada, assignee=assignee, status=status)

    back = give(chief, ticket_id, None)
    over = give(chief, ticket_id, mia.user.id)

    assert is_problem(back, 422)
    assert is_problem(over, 422) or status == "triaged"
    assert loads_are_true(counter)


def given(who, ticket_id, assignee, meant):
    body = {"assignee": assignee}
    return who.post(path_of(ticket_id, "/assign"), body, {"If-Match": meant})


def test_the_version_that_was_meant_is_given_and_another_one_is_not(
    counter, chief, mod, mia, ticket_id
):
    tag = read(mod, ticket_id).headers["ETag"]

    right = given(mod, ticket_id, mia.user.id, tag)
    before = everything(counter.house.documents)
    stale = [given(chief, ticket_id, to, tag) for to in (mod.user.id, mia.user.id, None)]

    assert right.status_code == 200
    assert right.headers["ETag"] == read(mia, ticket_id).headers["ETag"] != tag
    assert all(is_problem(each, 412) for each in stale)
    assert everything(counter.house.documents) == before
    assert given(chief, ticket_id, None, right.headers["ETag"]).status_code == 200
    assert loads_are_true(counter)


def test_what_somebody_may_not_give_is_refused_before_its_version_is_looked_at(ada, mia, ticket_id):
    assert is_problem(given(mia, ticket_id, mia.user.id, '"1"'), 404)
    assert is_problem(given(ada, ticket_id, mia.user.id, '"1"'), 403)


def test_whose_it_is_not_gives_nothing(counter, ada, mia, mod, ticket_id):
    assert is_problem(give(mia, ticket_id, mia.user.id), 404)
    assert is_problem(give(ada, ticket_id, mia.user.id), 403)
    assert is_problem(retriage(mia, ticket_id), 404)
    assert is_problem(retriage(ada, ticket_id), 403)


def test_two_who_give_it_away_at_once_give_it_away_once(counter, chief, mod, mia, ticket_id):
    before_next_save(counter, lambda: give(chief, ticket_id, mia.user.id))

    answer = give(mod, ticket_id, None)

    assert is_problem(answer, 404)  # by then it was no longer Mod's
    assert read(mia, ticket_id).json["status"] == "assigned"
    assert loads_are_true(counter)


def test_loads_are_those_of_the_tickets_after_every_request(counter, chain, chief, ada, mod, mia):
    ticket_id = put(counter, ada, assignee=mod)
    asks = [
        lambda: edit(mod, ticket_id, status="in_progress"),
        lambda: edit(mod, ticket_id, status="waiting"),
        lambda: say(ada, ticket_id, "The second."),
        lambda: say(mod, ticket_id, "Which one?", status="waiting"),
        lambda: give(chief, ticket_id, mia.user.id),
        lambda: retriage(mia, ticket_id),
        lambda: give(mia, ticket_id, None),
        chain.run,
        lambda: say(chief, ticket_id, "Mended.", status="resolved"),
        lambda: say(ada, ticket_id, "It is not."),
        lambda: edit(chief, ticket_id, status="resolved"),
        lambda: edit(ada, ticket_id, status="closed"),
        lambda: edit(ada, ticket_id, status="assigned"),
        lambda: edit(chief, ticket_id, status="resolved"),
        chain.run,
    ]

    for ask in asks:
        answer = ask()
        assert answer is None or answer.status_code < 300
        assert loads_are_true(counter)

    assert loads(counter) == ({}, {})


def test_a_ticket_is_triaged_once_more(counter, chain, ada, mod, ticket_id):
    edit(mod, ticket_id, category="question")
    edit(ada, ticket_id, title="The printer smokes", description="Please help with the printer.")

    answer = retriage(mod, ticket_id)
    again = retriage(mod, ticket_id)
    chain.run()

    assert (answer.status_code, again.status_code) == (202, 202)
    assert answer.json["triage_asked_at"] == again.json["triage_asked_at"]
    ticket = read(mod, ticket_id).json
    assert (ticket["category"], ticket["sources"]["category"]) == ("question", "human")
    assert ticket["verdict"]["summary"] != answer.json["verdict"]["summary"]
    assert ticket["triage_asked_at"] is None
    assert (ticket["status"], ticket["assignee"]["id"]) == ("assigned", mod.user.id)
    assert labels(counter, ticket_id)["category"]["human"] == "question"
    assert actions(mod, ticket_id)[-2:] == ["triage_asked", "triaged_again"]
    assert actions(ada, ticket_id)[-1] == "triaged_again"


def test_what_is_being_triaged_for_the_first_time_is_not_triaged_again(counter, chief, ada):
    ticket_id = ada.file().json["id"]

    answer = retriage(chief, ticket_id)

    assert is_problem(answer, 422)
    assert "just now" in answer.json["detail"]


def test_what_is_closed_is_not_triaged_again_before_it_is_opened(counter, ada, mod):
    ticket_id = put(counter, ada, assignee=mod, status="closed", closed_at=counter.clock.now())

    closed = retriage(mod, ticket_id)
    edit(mod, ticket_id, status="assigned")
    opened = retriage(mod, ticket_id)

    assert is_problem(closed, 422)
    assert "closed" in closed.json["detail"]
    assert opened.status_code == 202


def test_too_many_triages_within_an_hour_are_refused(counter, chief, ada, mod):
    tickets = [put(counter, ada, assignee=mod) for _ in range(RETRIAGING.most + 1)]
    for each in tickets[:-1]:
        assert retriage(mod, each).status_code == 202

    known = retriage(mod, tickets[0])
    refused = retriage(mod, tickets[-1])

    assert known.status_code == 202  # it is asked for already, which costs nothing
    assert is_problem(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= RETRIAGING.per.total_seconds()
    assert edit(mod, tickets[-1], title="Still").status_code == 200
    assert retriage(chief, tickets[-1]).status_code == 202
