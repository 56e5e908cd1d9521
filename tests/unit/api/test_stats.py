"""How the desk is doing: figures that agree with what happened, and cost the same however much."""

import json
from datetime import timedelta

import pytest

from helpdesk.days import DAYS_MOST, SHARDS
from helpdesk.ticket import DONE, Status
from helpdesk.user import Role
from helpdesk.verdict import Category, Judged, Priority, Provenance, Source
from tests.builders import FixedClock
from tests.stands import everything
from tests.unit.api.desk import is_problem
from tests.unit.api.served import FRIDAY, closed, later, served
from tests.unit.api.test_openapi import documented

PATH = "/api/stats"
NOTHING: dict[str, object] = {"count": 0, "mean_s": None, "within": {}}
SPANS = dict.fromkeys(("1h", "4h", "1d", "3d", "7d", "later"), 0)
STAND_IN = Provenance(
    source=Source.FALLBACK, model="rules-1", prompt_version="", fallback_reason="refused"
)


@pytest.fixture
def clock():
    return FixedClock(FRIDAY)


def stats(who, query=""):
    answer = who.get(PATH + query)
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.fixture
def told(counter, ada, mona):
    """Tell a story: two tickets of a Friday, one of them resolved; another one of Monday."""
    first, second = served(counter, ada, mona), served(counter, ada, mona, provenance=STAND_IN)
    ada, mona = later(counter, ada, mona, minutes=30)
    mona.post(f"/api/tickets/{first}/comments", {"text": "Have you tried turning it off?"})
    mona.patch(f"/api/tickets/{first}", {"category": "access", "status": "resolved"})
    ada, mona = later(counter, ada, mona, days=3)
    served(counter, ada, mona, priority=Judged(Priority.LOW, 0.9, ""))
    mona.patch(f"/api/tickets/{second}", {"status": "waiting"})
    return mona


# What is told.


def test_the_figures_are_those_of_what_happened(told, counter):
    said = stats(told, "?days=4")

    assert said == {
        "days": [
            day("2026-01-30", filed=2, resolved=1, fallbacks=1, tokens=(300, 40), usd=0.0001),
            day("2026-01-31"),
            day("2026-02-01"),
            day("2026-02-02", filed=1, tokens=(300, 40), usd=0.0001),
        ],
        "open": {"new": 0, "triaged": 0, "assigned": 1, "in_progress": 0, "waiting": 1},
        "filed_by_priority": {"low": 1, "medium": 0, "high": 2},
        "filed_by_category": {
            **{each.value: 0 for each in Category}, "access": 1, "incident": 2
        },
        "verdicts": {"ai": 2, "fallback": 1},
        "fallbacks": {"refused": 1},
        "times": {
            "triage": {"count": 3, "mean_s": 0.0, "within": {}},
            "assignment": {"count": 3, "mean_s": 0.0, "within": {}},
            "first_response": {"count": 1, "mean_s": 1800.0, "within": {**SPANS, "1h": 1}},
            "resolution": {"count": 1, "mean_s": 1800.0, "within": {**SPANS, "1h": 1}},
        },
        "promises": {
            "response": {"in_time": 1, "late": 0, "share": 1.0},
            "resolution": {"in_time": 1, "late": 0, "share": 1.0},
        },
        "accuracy": {
            "priority": {"judged": 1, "agreed": 1, "share": 1.0},
            "category": {"judged": 1, "agreed": 0, "share": 0.0},
            "skills": {"judged": 1, "agreed": 1, "share": 1.0},
        },
        "tokens_in": 600,
        "tokens_out": 80,
        "cost_usd": 0.0002,
        "load": [
            {
                "user": {"id": told.user.id, "name": "Mona"},
                "open": 1,
                "capacity": told.user.capacity,
                "available": True,
            }
        ],
    }  # fmt: skip


def day(date, *, tokens=(0, 0), usd=0.0, **counts):
    numbers = {"filed": 0, "resolved": 0, "reopened": 0, "fallbacks": 0, **counts}
    return {
        "day": date, **numbers, "tokens_in": tokens[0], "tokens_out": tokens[1], "cost_usd": usd,
    }  # fmt: skip


def test_a_desk_where_nothing_has_happened_has_no_means_and_no_shares(chief):
    said = stats(chief)

    assert len(said["days"]) == 30
    assert said["times"] == {
        "triage": NOTHING,
        "assignment": NOTHING,
        "first_response": {**NOTHING, "within": SPANS},
        "resolution": {**NOTHING, "within": SPANS},
    }
    assert {each["share"] for each in said["promises"].values()} == {None}
    assert {each["share"] for each in said["accuracy"].values()} == {None}
    assert (said["fallbacks"], said["cost_usd"]) == ({}, 0.0)
    assert [each["user"]["id"] for each in said["load"]] == [chief.user.id]


def test_a_desk_without_staff_has_no_load(counter):
    assert counter.desk.stats.read(over=1).staff == []


def test_a_ticket_that_is_opened_again_is_not_resolved(counter, ada, mona):
    ticket_id = served(counter, ada, mona)
    mona.patch(f"/api/tickets/{ticket_id}", {"status": "resolved"})
    closed(counter, ticket_id)
    ada, mona = later(counter, ada, mona, days=1)

    ada.patch(f"/api/tickets/{ticket_id}", {"status": "assigned"})

    friday, saturday = stats(mona, "?days=2")["days"]
    assert (friday["resolved"], friday["reopened"]) == (0, 0)
    assert (saturday["resolved"], saturday["reopened"]) == (0, 1)


def test_who_was_answered_is_told_of_though_their_ticket_is_never_resolved(counter, ada, mona):
    ticket_id = served(counter, ada, mona)
    _, mona = later(counter, ada, mona, minutes=30)

    mona.post(f"/api/tickets/{ticket_id}/comments", {"text": "We look into it."})

    said = stats(mona)
    assert said["times"]["first_response"] == {
        "count": 1, "mean_s": 1800.0, "within": {**SPANS, "1h": 1},
    }  # fmt: skip
    assert said["promises"] == {
        "response": {"in_time": 1, "late": 0, "share": 1.0},
        "resolution": {"in_time": 0, "late": 0, "share": None},
    }
    assert said["times"]["resolution"]["count"] == 0


def test_a_promise_that_was_not_kept_is_told(counter, ada, mona):
    ticket_id = served(counter, ada, mona)
    _, mona = later(counter, ada, mona, days=30)

    mona.patch(f"/api/tickets/{ticket_id}", {"status": "resolved"})

    assert stats(mona)["promises"] == {
        "response": {"in_time": 0, "late": 1, "share": 0.0},
        "resolution": {"in_time": 0, "late": 1, "share": 0.0},
    }


@pytest.mark.parametrize("days", [1, 7, DAYS_MOST])
def test_today_is_the_last_of_the_days(told, counter, days):
    said = stats(told, f"?days={days}")

    dates = [each["day"] for each in said["days"]]
    today = counter.clock.now().date()
    assert dates[0] == (today - timedelta(days=days - 1)).isoformat()
    assert dates[-1] == today.isoformat()
    assert len(set(dates)) == days


def test_every_open_status_is_counted_and_no_other(told):
    assert set(stats(told)["open"]) == {each.value for each in Status if each not in DONE}


# Who may, and what is refused.


def test_requesters_do_not_learn_how_the_desk_is_doing(told, ada, counter):
    assert is_problem(counter.logged_in(ada.user).get(PATH), 403)
    assert is_problem(counter.visitor().get(PATH), 401)
    assert stats(counter.somebody("boss", Role.ADMIN)) == stats(told)


@pytest.mark.parametrize("query", ["0", "-1", str(DAYS_MOST + 1), "x", "1.5", "", "1&days=2"])
def test_a_number_of_days_that_makes_no_sense_is_refused(mona, query):
    assert mona.get(f"{PATH}?days={query}").status_code in {400, 422}


def test_what_is_answered_is_what_is_documented(told, ada):
    asked = [told.get(PATH), told.get(f"{PATH}?days=4"), ada.get(PATH), told.get(f"{PATH}?days=0")]

    assert [documented("GET", PATH, answer) for answer in asked] == [[]] * len(asked)


def test_no_title_no_words_and_no_address_are_in_it(told):
    text = json.dumps(stats(told))

    assert "@" not in text
    assert "Cannot log in" not in text


# What it costs.


def test_what_is_read_does_not_grow_with_the_tickets(counter, ada, mona):
    def read():
        counter.documents.read, counter.documents.asked = 0, []
        stats(mona)
        return counter.documents.read, len(counter.documents.asked)

    def parts():
        return sum(path.startswith("days/") for path in everything(counter.house.documents))

    while parts() < SHARDS:  # so that each part of the day has its share
        served(counter, ada, mona)
    few = read()

    for _ in range(40):
        served(counter, ada, mona)

    assert read() == few


def test_a_store_that_is_down_is_told_as_such(told, counter):
    counter.documents.fails = lambda name, _asked: name == "query"

    assert is_problem(told.get(PATH), 503)
