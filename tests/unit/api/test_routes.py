"""The table of routes: whole, without doubles, and each row guarded as it says."""

import pytest

from api.policy import is_public
from api.route import Answered
from api.routes import ROUTES
from tests.unit.api.desk import is_problem

OPEN = {
    ("POST", "/api/auth/signup"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/password/forgot"),
    ("POST", "/api/auth/password/reset"),
    ("GET", "/healthz"),
    ("GET", "/reset"),
    ("GET", "/api/docs"),
}


def test_every_row_is_there_once():
    rows = [(route.method, route.path) for route in ROUTES]
    names = [route.handler.__name__ for route in ROUTES]

    assert len(set(rows)) == len(rows)
    assert len(set(names)) == len(names)


def test_only_these_routes_are_for_anyone():
    assert {(each.method, each.path) for each in ROUTES if is_public(each.act)} == OPEN


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_row_says_what_it_does(route):
    assert route.summary
    assert not route.summary.endswith(".")
    assert route.answer or route.status in {202, 204}
    assert not (route.answer and route.status == 204)
    assert route.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert not (route.method == "GET" and route.body)


@pytest.mark.parametrize(
    "route",
    [each for each in ROUTES if not is_public(each.act)],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_a_guarded_row_lets_nobody_in_without_a_name(battered, route):
    path = route.path.replace("{ticket_id}", "0000000Z")

    answer = battered.visitor().client.open(path, method=route.method)

    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_every_row_is_served_and_nothing_else(battered):
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in battered.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert served == {(each.method, each.path) for each in battered.routes} | {
        ("GET", "/api/openapi.json")
    }


def test_an_answer_has_headers_of_its_own_only_when_it_says_so():
    assert Answered(status=200).headers == {}
    assert Answered(status=200).body is None
