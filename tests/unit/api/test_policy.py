"""The policy: who sees which tickets, and how much."""

import pytest

from api.accounts import Principal
from api.policy import check_may_see, is_staff, scope
from helpdesk.errors import NotFoundError
from helpdesk.tickets import Wanted
from helpdesk.user import Role
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
}


@pytest.mark.parametrize(("who", "sees"), SEEN.items(), ids=str)
def test_everybody_sees_what_their_part_in_the_ticket_allows(who, sees):
    principal = asker(*who)

    try:
        check_may_see(principal, TICKET)
        seen = "staff" if is_staff(principal, TICKET) else "requester"
    except NotFoundError:
        seen = "nothing"

    assert seen == sees


def test_a_foreign_ticket_is_refused_in_the_words_of_an_absent_one(line):
    with pytest.raises(NotFoundError) as foreign:
        check_may_see(asker(Role.USER), TICKET)
    with pytest.raises(NotFoundError) as absent:
        line.tickets.get(TICKET.id)

    assert str(foreign.value) == str(absent.value)


def test_nobody_is_assigned_to_an_unassigned_ticket():
    assert not is_staff(asker(Role.MODERATOR, ""), a_ticket(assignee_id=None))


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (Role.ADMIN, Wanted()),
        (Role.MODERATOR, Wanted(assignee_id="somebody")),
        (Role.USER, Wanted(requester_id="somebody")),
    ],
)
def test_a_list_is_as_wide_as_the_role(role, wanted):
    assert scope(asker(role)) == wanted
