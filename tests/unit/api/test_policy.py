"""The policy: one table, who may do what to which ticket, and which lists follow from it."""

import pytest

from api.policy import (
    GRANTS,
    INVOLVED,
    MOVERS,
    REACH,
    VIEWS,
    Act,
    Standing,
    View,
    check,
    check_may,
    check_move,
    granted,
    is_public,
    may,
    scope,
    shows_internals,
    views,
)
from api.sessions import Principal
from helpdesk.changes import ASKED_FOR
from helpdesk.errors import ForbiddenError, NotFoundError
from helpdesk.ticket import DONE, MOVES, Status
from helpdesk.user import Role
from helpdesk.wanted import Wanted
from tests.builders import a_ticket


def asker(role, user_id="somebody"):
    return Principal(user_id=user_id, name="Ann", role=role, session_id="s")


TICKET = a_ticket(requester_id="asker", assignee_id="mod")
SEEN = {
    (Role.USER, "asker"): "requester",
    (Role.USER, "stranger"): "nothing",
    (Role.USER, "mod"): "nothing",  # was a moderator when it was assigned
    (Role.MODERATOR, "mod"): "staff",
    (Role.MODERATOR, "other"): "nothing",
    (Role.MODERATOR, "asker"): "requester",
    (Role.ADMIN, "anybody"): "staff",
    (Role.ADMIN, "asker"): "staff",
    (Role.ADMIN, "mod"): "staff",
}


@pytest.mark.parametrize(("who", "sees"), SEEN.items(), ids=str)
def test_everybody_sees_what_their_part_in_the_ticket_allows(who, sees):
    principal = asker(*who)

    reads = may(principal, Act.READ_TICKET, TICKET)
    seen = "staff" if may(principal, Act.READ_INTERNALS, TICKET) else "requester"

    assert (seen if reads else "nothing") == sees


def test_a_foreign_ticket_is_refused_in_the_words_of_an_absent_one(line):
    with pytest.raises(NotFoundError) as foreign:
        check_may(asker(Role.USER), Act.READ_TICKET, TICKET)
    with pytest.raises(NotFoundError) as absent:
        line.tickets.get(TICKET.id)

    assert str(foreign.value) == str(absent.value)


def test_what_one_may_not_do_to_a_ticket_one_may_read_is_forbidden():
    with pytest.raises(ForbiddenError):
        check_may(asker(Role.USER, "asker"), Act.READ_INTERNALS, TICKET)
    check_may(asker(Role.MODERATOR, "mod"), Act.READ_INTERNALS, TICKET)


def test_what_the_table_does_not_grant_is_denied_to_everybody(monkeypatch):
    monkeypatch.setattr("api.policy.GRANTS", {})

    for role in Role:
        assert not may(asker(role, "asker"), Act.READ_TICKET, TICKET)
        for act in Act:
            assert not is_public(act)
            with pytest.raises(ForbiddenError):
                check(asker(role), act)
        assert views(role) == ()
        with pytest.raises(ForbiddenError):
            scope(asker(role), View.FILED)


def test_the_table_has_a_row_for_every_act_and_every_row_says_somebody():
    assert set(GRANTS) == set(Act)
    assert all(granted(act) for act in Act)
    assert set(REACH) == set(Role)
    assert set(VIEWS) == set(View)


def test_nobody_has_a_standing_that_their_role_does_not_reach():
    for role, reach in REACH.items():
        assert Standing(role.value) in reach
        assert not {Standing(other.value) for other in Role if other is not role} & reach


LISTS = {
    (Role.ADMIN, None): Wanted(),
    (Role.ADMIN, View.ALL): Wanted(),
    (Role.ADMIN, View.ASSIGNED): Wanted(assignee_id="me"),
    (Role.ADMIN, View.FILED): Wanted(requester_id="me"),
    (Role.MODERATOR, None): Wanted(assignee_id="me"),
    (Role.MODERATOR, View.ALL): None,
    (Role.MODERATOR, View.ASSIGNED): Wanted(assignee_id="me"),
    (Role.MODERATOR, View.FILED): Wanted(requester_id="me"),
    (Role.USER, None): Wanted(requester_id="me"),
    (Role.USER, View.ALL): None,
    (Role.USER, View.ASSIGNED): None,
    (Role.USER, View.FILED): Wanted(requester_id="me"),
}


@pytest.mark.parametrize(("who", "wanted"), LISTS.items(), ids=str)
def test_a_list_is_cut_by_what_its_reader_may_read(who, wanted):
    role, view = who

    if wanted is None:
        with pytest.raises(ForbiddenError):
            scope(asker(role, "me"), view)
    else:
        assert scope(asker(role, "me"), view) == wanted


@pytest.mark.parametrize(
    ("role", "view", "shown"),
    [
        (Role.ADMIN, None, True),
        (Role.ADMIN, View.FILED, True),
        (Role.MODERATOR, None, True),
        (Role.MODERATOR, View.ASSIGNED, True),
        (Role.MODERATOR, View.FILED, False),
        (Role.USER, None, False),
        (Role.USER, View.FILED, False),
    ],
)
def test_a_list_shows_internals_where_one_may_read_them_of_every_ticket_in_it(role, view, shown):
    assert shows_internals(asker(role), view) is shown


MOVE = {
    (Role.USER, "asker"): {"assigned", "resolved", "closed"},
    (Role.USER, "stranger"): set(),
    (Role.USER, "mod"): set(),
    (Role.MODERATOR, "mod"): {"assigned", "in_progress", "waiting", "resolved", "closed"},
    (Role.MODERATOR, "asker"): {"assigned", "resolved", "closed"},
    (Role.MODERATOR, "other"): set(),
    (Role.ADMIN, "anybody"): {"assigned", "in_progress", "waiting", "resolved", "closed"},
}


@pytest.mark.parametrize(("who", "moves"), MOVE.items(), ids=lambda it: "-".join(sorted(it)))
def test_who_may_make_which_move_follows_from_their_part_in_the_ticket(who, moves):
    def may_move(to):
        try:
            check_move(asker(*who), TICKET, to)
        except ForbiddenError:
            return False
        return True

    assert {to.value for to in Status if may_move(to)} == moves


def test_the_movers_are_of_every_move_by_hand_and_may_change_tickets_at_all():
    assert set(MOVERS) == ASKED_FOR | {Status.ASSIGNED}
    assert all(MOVES[done] >= {Status.ASSIGNED} for done in DONE)
    assert all(movers and movers <= INVOLVED for movers in MOVERS.values())
    assert granted(Act.CHANGE_TICKET) >= INVOLVED


def test_a_move_that_the_table_does_not_grant_is_nobodys(monkeypatch):
    monkeypatch.setattr("api.policy.MOVERS", {})

    for to in Status:
        with pytest.raises(ForbiddenError):
            check_move(asker(Role.ADMIN), TICKET, to)


def test_only_staff_of_a_ticket_overrules_triage_and_gives_the_ticket_away():
    for act in (
        Act.EDIT_TRIAGE, Act.ASSIGN_TICKET, Act.RETRIAGE, Act.COMMENT_INTERNALLY,
        Act.READ_INTERNALS, Act.READ_ASSIGNMENT,
    ):  # fmt: skip
        assert granted(act) == {Standing.ASSIGNEE, Standing.ADMIN}
