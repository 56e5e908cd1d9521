"""The matrix: every served route, asked by everybody, about what is theirs, foreign and absent.

What is expected follows from the policy's tables alone; what is answered, from the whole house.
"""

import json
import re

import pytest

from api import policy
from api.policy import Act, Standing
from api.route import Answered, Route
from api.routes import ROUTES
from api.ticket_routes import read_ticket
from api.ticket_schemas import TicketView, ticket_view
from helpdesk.user import Role
from local.pages import pages
from tests.unit.api.desk import Counter, is_problem
from tests.unit.api.samples import PARTS, SAMPLES, WHOSE, Stage, named_in, sample

ROWS = [f"{each.method} {each.path}{each.query}" for each in SAMPLES]


@pytest.fixture
def stage(counter):
    """Return a stage of a test's own: each moderator makes the list of them longer to write."""
    return Stage(counter)


def served(app):
    """Return every route of the document that an app serves."""
    paths = app.test_client().get("/api/openapi.json").json["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def unmatched(app, samples):
    """Return the routes that no sample asks for, and the samples that ask for no route."""
    return served(app) ^ {each.row for each in samples}


def cells(one, parts):
    """Return who asks for a route, about whose thing."""
    kind = named_in(one.path)
    return [
        (name, whose)
        for name in parts
        for whose in (WHOSE[kind] if kind else (None,))
        if PARTS[name].was or whose not in {"own", "served"}
    ]


def reach_of(part):
    return policy.REACH[part.now] | {Standing.ANYBODY}


def standings(part, whose):
    """Return what somebody is to a ticket."""
    general = {Standing.ANYBODY, Standing(part.now.value)}
    to_it = {"own": {Standing.REQUESTER}, "served": {Standing.ASSIGNEE}}.get(whose, set())
    return (general | to_it) & reach_of(part)


def shown(view):
    """Return whose tickets a list may show; without a view, the widest that there is."""
    return {policy.VIEWS[view]} if view else set(policy.VIEWS.values())


def expected(one, act, part, whose):
    """Return the status that the tables give to one cell."""
    if Standing.ANYBODY in policy.granted(act):
        return one.status
    if part.now is None:
        return 401
    reach, reads = reach_of(part), policy.granted(Act.READ_TICKET)
    # What a change of a ticket takes beside the route's act is asked when the ticket is known.
    asked = (act,) if named_in(one.path) == "ticket_id" else (act, *one.needs)
    if not all(policy.granted(each) & reach for each in asked):
        return 403
    if act is Act.LIST_TICKETS and not shown(one.view) & reads & reach:
        return 403
    return one.status if whose is None else of_thing(one, act, part, whose)


def of_thing(one, act, part, whose):
    """Return the status when somebody of this role may do it to some such thing."""
    there = whose != "absent"
    match named_in(one.path):
        case "ticket_id":
            mine = standings(part, whose)
            if there and policy.granted(Act.READ_TICKET) & mine:
                allowed = all(policy.granted(each) & mine for each in (act, *one.needs))
                return one.status if allowed else 403
            there = False
        case "session_id":
            there = whose == "own"
        case "number":
            everybodys = policy.granted(Act.READ_LETTERS) & reach_of(part)
            there = whose == "own" or (there and everybodys)
        case _:
            pass
    return one.status if there else 404


def answered(stage, one, name, whose):
    """Send a request and return its answer, and the id that was in its path."""
    who, kind = stage.player(PARTS[name]), named_in(one.path)
    thing = stage.thing(kind, whose, who) if kind else ""
    path = stage.filled(one.path, thing) + one.query
    body = None if one.body is None else one.body(stage)
    answer = who.client.open(path, method=one.method, json=body, headers=who.headers())
    return answer, thing


def statuses(stage, one, parts=tuple(PARTS)):
    """Return what is expected of every cell of a route."""
    [act] = [each.act for each in stage.counter.routes if (each.method, each.path) == one.row]
    return {cell: expected(one, act, PARTS[cell[0]], cell[1]) for cell in cells(one, parts)}


def differing(stage, one, parts=tuple(PARTS)):
    """Return the cells that are answered otherwise than expected: what came, and what should."""
    found = {}
    for (name, whose), wanted in statuses(stage, one, parts).items():
        answer, _ = answered(stage, one, name, whose)
        if answer.status_code != wanted or (wanted >= 400 and not is_problem(answer, wanted)):
            found[name, whose] = (answer.status_code, wanted)
    return found


def told(answer, thing):
    """Return all that an answer says, but for what names the one request."""
    body = {**answer.json, "instance": "", "request_id": ""}
    headers = {name: it for name, it in answer.headers if name not in {"X-Request-Id", "Date"}}
    headers.pop("Content-Length")  # the path is in the body, and its ids differ in length
    said = json.dumps(body)
    if thing:  # as a word: the number of a letter may be a part of a status
        said = re.sub(rf"\b{re.escape(thing)}\b", "the id", said)
    return answer.status_code, said, headers


def test_every_served_route_has_a_sample_and_every_sample_a_route(stage):
    house = stage.counter.house.app()

    assert served(stage.counter.app) == served(house)
    assert not unmatched(house, SAMPLES)


@pytest.mark.parametrize("one", SAMPLES, ids=ROWS)
def test_everybody_gets_what_the_tables_say(stage, one):
    assert differing(stage, one) == {}


@pytest.mark.parametrize(
    "one", [each for each in SAMPLES if named_in(each.path)], ids=lambda each: " ".join(each.row)
)
@pytest.mark.parametrize("name", PARTS)
def test_what_is_foreign_looks_as_if_it_were_not_there(stage, one, name):
    foreign, absent = (answered(stage, one, name, whose) for whose in ("foreign", "absent"))

    if foreign[0].status_code >= 400:
        assert told(*foreign) == told(*absent)
    else:
        assert name == "admin"
        assert is_problem(absent[0], 404)


def test_whose_address_is_known_only_an_admin_learns(stage):
    known, unknown = (each for each in SAMPLES if each.path == "/api/auth/update-user")

    for name in PARTS:
        one, other = (answered(stage, each, name, None) for each in (known, unknown))
        assert (told(*one) == told(*other)) is (name != "admin")


def test_nobody_gets_more_by_a_token_from_before(stage):
    moderator, was_admin = stage.player(PARTS["user"]), stage.player(PARTS["demoted admin"])
    served_once = stage.ticket(stage.person().user, was_admin.user)

    answers = [
        was_admin.get("/api/auth/users"),
        was_admin.get(f"/api/tickets/{served_once}"),
        was_admin.get("/api/tickets?view=assigned"),
    ]

    assert [each.status_code for each in answers] == [403, 404, 403]
    assert was_admin.get("/api/auth/me").json.keys() == moderator.get("/api/auth/me").json.keys()


FOR_STAFF = {
    ("GET", "/api/tickets/{ticket_id}/assignment"),
    ("POST", "/api/tickets/{ticket_id}/assign"),
    ("POST", "/api/tickets/{ticket_id}/retriage"),
}
FOR_ALL_STAFF = {("GET", "/api/service-levels"), ("GET", "/api/stats")}
FOR_ADMINS = {
    ("PUT", "/api/skills"),
    ("PUT", "/api/service-levels"),
    ("GET", "/api/auth/users"),
    ("GET", "/api/auth/users/{user_id}"),
    ("PATCH", "/api/auth/users/{user_id}"),
    ("POST", "/api/auth/users/{user_id}/logout"),
    ("POST", "/api/auth/update-user"),
    ("GET", "/api/ops/parked"),
    ("GET", "/api/ops/parked/{parked_id}"),
    ("POST", "/api/ops/parked/{parked_id}/redrive"),
    *(each.row for each in SAMPLES if each.path.startswith("/api/hooks")),
}


def test_only_these_routes_are_for_admins_alone(stage):
    def refused(one, name):
        whose = "own" if named_in(one.path) else None
        return answered(stage, one, name, whose)[0].status_code == 403

    plain = [each for each in SAMPLES if not each.needs and not each.view]

    for_others = FOR_ADMINS | FOR_STAFF | FOR_ALL_STAFF
    assert {each.row for each in plain if refused(each, "user")} == for_others
    # One's own ticket is not for oneself to work on.
    assert {each.row for each in plain if refused(each, "moderator")} == FOR_ADMINS | FOR_STAFF
    assert not [each for each in SAMPLES if refused(each, "admin")]


# Whether the matrix can fail.

NOTES = "/api/tickets/{ticket_id}/notes"


def an_extra(path, act, handler):
    return Route(
        method="GET", path=path, act=act, handler=handler, summary="x", status=200,
        answer=TicketView,
    )  # fmt: skip


def unasked(desk, asked):
    """Show a ticket to whoever asks."""
    ticket = desk.tickets._tickets.get(asked.path["ticket_id"])
    return Answered(status=200, body=ticket_view(ticket, staff=False))


def hard_coded(desk, asked):
    """Show a ticket to admins, whatever the table says, and to others as the table says."""
    if asked.principal.role is Role.ADMIN:
        return unasked(desk, asked)
    return read_ticket(desk, asked)


@pytest.fixture
def planted(tmp_path, clock):
    """Return a way to the stage of a house that serves one more route."""
    built = []

    def plant(extra):
        counter = Counter(tmp_path / "house", clock=clock)
        built.append(counter)
        routes = (*ROUTES, *pages(counter.house.mailbox), extra)
        built.append(Counter(tmp_path / "house", clock=clock, routes=routes))
        return Stage(built[-1])

    yield plant
    for each in built:
        each.close()


def test_a_route_without_a_sample_is_seen_and_a_sample_without_a_route(planted):
    extra = an_extra(NOTES, Act.READ_TICKET, unasked)

    stage = planted(extra)

    assert unmatched(stage.counter.app, SAMPLES) == {("GET", extra.path)}
    assert unmatched(stage.counter.app, (*SAMPLES, sample("GET", extra.path, 200))) == set()
    gone = sample("GET", "/api/gone", 200)
    assert unmatched(stage.counter.house.app(), (*SAMPLES, gone)) == {gone.row}


def test_a_handler_that_does_not_ask_the_policy_is_seen(planted):
    stage = planted(an_extra(NOTES, Act.READ_TICKET, unasked))

    found = differing(stage, sample("GET", NOTES, 200))

    assert set(found.values()) == {(200, 404)}
    assert set(found) == {
        (name, whose)
        for name in ("user", "moderator", "demoted moderator", "demoted admin")
        for whose in ("served", "foreign")
    } - {("moderator", "served")} | {("demoted to moderator", "foreign")}


def test_a_handler_that_knows_the_answer_by_heart_is_seen_when_the_table_changes(
    planted, monkeypatch
):
    stage, one = planted(an_extra(NOTES, Act.READ_TICKET, hard_coded)), sample("GET", NOTES, 200)
    before = differing(stage, one)
    theirs = policy.GRANTS[Act.READ_TICKET] - {Standing.ADMIN}
    monkeypatch.setitem(policy.GRANTS, Act.READ_TICKET, theirs)

    found = differing(stage, one)

    assert before == {}
    assert found == {("admin", "foreign"): (200, 404)}


SEEN = [each for each in Act if each is not Act.READ_INTERNALS]  # which decides on fields alone
CHANGES = [
    *({act: frozenset()} for act in SEEN if not policy.is_public(act)),
    {Act.ENTER: frozenset({Standing.ADMIN})},
    {Act.MANAGE_USERS: frozenset({Standing.MODERATOR})},
    {Act.READ_LETTERS: policy.SIGNED_IN},
    {Act.READ_TICKET: policy.STAFF},
    {Act.SET_AVAILABILITY: policy.SIGNED_IN},
]


def told_of(change):
    """Return a change in words that do not depend on the order of a set."""
    said = (f"{act.value}: {', '.join(sorted(granted))}" for act, granted in change.items())
    return "; ".join(said)


@pytest.mark.parametrize("change", CHANGES, ids=told_of)
def test_every_answer_follows_the_tables_when_they_change(stage, monkeypatch, change):
    before = {one: statuses(stage, one) for one in SAMPLES}
    for act, standings_granted in change.items():
        monkeypatch.setitem(policy.GRANTS, act, standings_granted)

    changed = [one for one in SAMPLES if statuses(stage, one) != before[one]]

    assert changed
    for one in changed:
        assert differing(stage, one, ("user", "moderator", "admin")) == {}
