"""An address may hold anything; what no id of ours looks like names nothing."""

import json

import pytest

from helpdesk.user import Role
from tests.unit.api.desk import is_problem

ODD = ["..", "__x__", "a%20b", "%00", "%ed%a0%80", "%C2%B4", "x" * 2000, "'--"]
ASKED = [
    ("DELETE", "/api/auth/sessions/{}"),
    ("GET", "/api/auth/users/{}"),
    ("PATCH", "/api/auth/users/{}"),
    ("POST", "/api/auth/users/{}/logout"),
    ("GET", "/api/ops/parked/{}"),
    ("POST", "/api/ops/parked/{}/redrive"),
    ("GET", "/api/hooks/{}"),
    ("PATCH", "/api/hooks/{}"),
    ("DELETE", "/api/hooks/{}"),
    ("POST", "/api/hooks/{}/rotate-secret"),
    ("POST", "/api/hooks/{}/test"),
    ("GET", "/api/hooks/{}/deliveries"),
    ("GET", "/api/hooks/{}/deliveries/x"),
    ("POST", "/api/hooks/{}/deliveries/x/replay"),
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("method", "path"), ASKED)
def test_an_odd_id_names_nobody_and_no_session(counter, method, path, odd):
    chief = counter.somebody("chief", Role.ADMIN)
    field = "description" if "hooks" in path else "name"
    body = json.dumps({field: "Eve"}) if method == "PATCH" else None

    answer = chief.client.open(
        path.format(odd), method=method, data=body, content_type="application/json",
        headers=chief.headers(),
    )  # fmt: skip

    assert is_problem(answer, 404)
