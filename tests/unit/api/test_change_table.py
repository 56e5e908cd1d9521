"""PATCH to every status, from every status, by everybody: the answers are those of the tables."""

from collections import Counter as Tally
from typing import get_args

import pytest

from api import policy
from api.policy import Act, Standing
from api.ticket_requests import SET_BY_HAND
from helpdesk.changes import ASKED_FOR
from helpdesk.ticket import DONE, MOVES, Status
from helpdesk.user import Role
from tests.builders import FixedClock
from tests.unit.api.cycle import UNASSIGNED, edit, loads_are_true, path_of, put, read, say
from tests.unit.api.desk import Counter, is_problem

# What somebody is to the ticket besides their role, by name.
CAST = {
    "requester": (Role.USER, "requester"),
    "assignee": (Role.MODERATOR, "assignee"),
    "asking moderator": (Role.MODERATOR, "requester"),
    "admin": (Role.ADMIN, None),
    "asking admin": (Role.ADMIN, "requester"),
    "demoted assignee": (Role.USER, "assignee"),
    "stranger": (Role.USER, None),
    "other moderator": (Role.MODERATOR, None),
}
BY_HAND = set(get_args(SET_BY_HAND))


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    counter = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock())
    asker, mod = counter.somebody("ann"), counter.somebody("mia", Role.MODERATOR)
    people = {
        name: counter.somebody(name.replace(" ", "-"), role) for name, (role, _) in CAST.items()
    }
    yield counter, people, asker, mod
    counter.close()


def a_cell(stand, name, status):
    """Return who asks for a ticket that stands somewhere, and their standings to it."""
    counter, people, asker, mod = stand
    (role, part), who = CAST[name], people[name]
    assignee = None if status in UNASSIGNED else who if part == "assignee" else mod
    changes = {"resolved_at": counter.clock.now()} if status in DONE else {}
    changes |= {"closed_at": counter.clock.now()} if status is Status.CLOSED else {}
    requester = who if part == "requester" else asker
    ticket_id = put(counter, requester, assignee=assignee, status=status, **changes)
    mine = {Standing(role.value)} | ({Standing.REQUESTER} if requester is who else set())
    mine |= {Standing.ASSIGNEE} if assignee is who else set()
    return who, ticket_id, mine & policy.REACH[role]


def expected(mine, status, to):
    """Return what the tables answer to who wants a ticket moved."""
    if to not in BY_HAND:
        return 422
    if not policy.granted(Act.CHANGE_TICKET) & mine:
        return 404
    if to is status:
        return 200
    if not policy.MOVERS[to] & mine:
        return 403
    asked_for = to in ASKED_FOR or (to is Status.ASSIGNED and status in DONE)
    return 200 if asked_for and to in MOVES[status] else 422


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("status", Status)
def test_a_move_is_answered_as_the_tables_say(stand, status, to):
    counter = stand[0]

    for name in CAST:
        who, ticket_id, mine = a_cell(stand, name, status)
        before = counter.tickets.get(ticket_id)
        answer = edit(who, ticket_id, status=to.value)

        wanted, after = expected(mine, status, to), counter.tickets.get(ticket_id)
        assert answer.status_code == wanted, name
        assert after.status is (to if wanted == 200 else status)
        assert after.seq == before.seq + (wanted == 200 and to is not status)
        if wanted == 200:
            assert answer.json["status"] == to
        else:
            assert is_problem(answer, wanted)
            assert after == before
    assert loads_are_true(counter)


def test_the_table_of_moves_has_every_answer_and_they_are_these():
    tally = Tally(
        expected({standing}, status, to)
        for standing in policy.INVOLVED
        for status in Status
        for to in Status
    )

    # The same from the code's own tables by another way of counting.
    same = 3 * len(BY_HAND)
    moves = sum(
        len(policy.MOVERS[to])
        for status in Status
        for to in MOVES[status]
        if to in ASKED_FOR or (to is Status.ASSIGNED and status in DONE)
    )
    forbidden = sum(3 - len(movers) for movers in policy.MOVERS.values()) * (len(Status) - 1)
    assert tally == {200: same + moves, 403: forbidden, 422: 3 * 49 - same - moves - forbidden}


@pytest.mark.parametrize("to", [Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED])
@pytest.mark.parametrize("status", Status)
def test_a_reply_moves_a_ticket_where_an_edit_could(stand, status, to):
    for name in CAST:
        who, ticket_id, mine = a_cell(stand, name, status)
        answer = say(who, ticket_id, status=to.value)

        wanted = {200: 201}.get(expected(mine, status, to), expected(mine, status, to))
        asks = Standing.REQUESTER in mine and Standing.ASSIGNEE not in mine
        if asks:
            wanted = 422  # a status is staff's to set along with a reply
        assert answer.status_code == wanted, name
        if wanted == 201:
            assert stand[0].tickets.get(ticket_id).status is to
    assert loads_are_true(stand[0])


def test_every_status_can_be_reached_and_every_move_is_in_the_timeline(stand):
    counter = stand[0]
    who, ticket_id, _ = a_cell(stand, "assignee", Status.ASSIGNED)

    for to in ("in_progress", "waiting", "in_progress", "resolved", "closed", "assigned"):
        assert edit(who, ticket_id, status=to, reason="so it is").status_code == 200
        assert loads_are_true(counter)

    items = who.get(path_of(ticket_id, "/timeline")).json["items"]
    told = [each["action"] for each in items[1:]]
    assert told == ["started", "waiting", "started", "resolved", "closed", "reopened"]
    assert {each["why"]["reason"] for each in items[1:]} == {"so it is"}
    ticket = read(who, ticket_id).json
    assert (ticket["reopenings"], ticket["resolved_at"], ticket["closed_at"]) == (1, None, None)


@pytest.mark.parametrize("to", policy.MOVERS, ids=str)
def test_the_answers_follow_the_table_of_movers_when_it_changes(stand, monkeypatch, to):
    status = Status.RESOLVED if to in {Status.CLOSED, Status.ASSIGNED} else Status.ASSIGNED
    for standing in policy.INVOLVED:
        monkeypatch.setitem(policy.MOVERS, to, frozenset({standing}))

        answers = {}
        for name in CAST:
            who, ticket_id, mine = a_cell(stand, name, status)
            answers[name] = edit(who, ticket_id, status=to.value).status_code
            assert answers[name] == expected(mine, status, to), name

        assert set(answers.values()) == {200, 403, 404}


def test_an_answer_shows_whoever_asks_their_share_after_the_change(stand):
    shown = {}
    for name in ("requester", "assignee", "admin"):
        who, ticket_id, _ = a_cell(stand, name, Status.ASSIGNED)
        shown[name] = edit(who, ticket_id, status="resolved").json
        assert shown[name] == read(who, ticket_id).json

    assert "verdict" not in shown["requester"]
    assert {"verdict", "sources", "notes", "declined"} <= shown["assignee"].keys()
    assert shown["admin"].keys() == shown["assignee"].keys()
