"""Accounts: one for each address, and a public side that follows."""

import pytest

from api.accounts import TakenError
from helpdesk.errors import NotFoundError
from tests.builders import a_user


def test_an_address_that_is_taken_is_an_error_of_its_own(counter):
    counter.accounts.add(a_user(), "p1:x", greet=False)

    with pytest.raises(TakenError):
        counter.accounts.add(a_user(id="other", email="asker@example.com"), "p1:x", greet=False)
    with pytest.raises(NotFoundError):
        counter.users.get("other")
