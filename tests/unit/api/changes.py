"""How users are changed over HTTP, what is kept of it, and what may come in between."""

import pytest

from tests.stands import everything

ME = "/api/auth/me"
USERS = "/api/auth/users"
OWN = {"id", "email", "name", "role", "skills", "created_at"}
STAFF = OWN | {"capacity", "available", "absent_from", "absent_until"}
SEEN_BY_ADMINS = STAFF | {"disabled", "open_tickets"}


def by_id(chief, user, **fields):
    return chief.patch(f"{USERS}/{user.id}", fields)


def by_address(chief, user, **fields):
    return chief.post("/api/auth/update-user", {"email": user.email, **fields})


WAYS = pytest.mark.parametrize("change", [by_id, by_address], ids=["patch", "update-user"])


def shown(chief, visitor):
    """Return a user as an admin sees them."""
    answer = chief.get(f"{USERS}/{visitor.user.id}")
    assert answer.status_code == 200
    return answer.json


def kept(counter):
    return everything(counter.house.auth), everything(counter.house.documents)


def on_roster(counter):
    return {each.name for each in counter.users.staff()}


def before_next_save(counter, *acts):
    """Let something else happen right before each of the next commits of public sides."""
    left = list(acts)

    def meanwhile(name, _asked):
        if name == "commit" and left:
            left.pop(0)()
        return False

    counter.documents.fails = meanwhile
