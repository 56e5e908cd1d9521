"""Accounts: one for each address, and a public side that follows."""

import pytest

from api.accounts import TRIES, TakenError
from helpdesk.documents import Update
from helpdesk.errors import ConflictError, NotFoundError
from tests.builders import a_user, an_admin
from tests.unit.api.desk import before_next_commit


def test_an_address_that_is_taken_is_an_error_of_its_own(counter):
    counter.accounts.add(a_user(), "p1:x", greet=False)

    with pytest.raises(TakenError):
        counter.accounts.add(a_user(id="other", email="asker@example.com"), "p1:x", greet=False)
    with pytest.raises(NotFoundError):
        counter.users.get("other")


def joins(counter, name):
    """Return an act that makes somebody an admin right now."""
    return lambda: counter.accounts.add(an_admin(id=name), "p1:x", greet=False)


def test_two_who_become_admins_at_once_both_do(counter):
    counter.accounts.add(an_admin(id="first"), "p1:x", greet=False)
    before_next_commit(counter, joins(counter, "quick"))

    counter.accounts.add(an_admin(id="slow"), "p1:x", greet=False)

    assert counter.auth.get("rosters/admins").data["ids"] == ["first", "quick", "slow"]


def test_who_is_always_overtaken_on_the_way_to_an_admin_is_told_so(counter):
    counter.accounts.add(an_admin(id="first"), "p1:x", greet=False)

    def overtaking(name, _asked):
        if name == "commit":
            ids = counter.auth.get("rosters/admins").data["ids"]
            more = Update("rosters/admins", {"ids": [*ids, f"other {len(ids)}"]})
            counter.house.auth.commit([more])
        return False

    counter.auth.fails = overtaking

    with pytest.raises(ConflictError):
        counter.accounts.add(an_admin(id="slow"), "p1:x", greet=False)
    assert len(counter.auth.get("rosters/admins").data["ids"]) == 1 + TRIES
    assert counter.auth.get("accounts/slow") is None
