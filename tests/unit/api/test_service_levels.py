"""The service levels over HTTP: read by the staff, replaced by admins, one of two at a time."""

from copy import deepcopy
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.service_schemas import LevelsView, NewLevels, levels_view
from helpdesk.levels import shipped
from helpdesk.service import LEVELS
from tests.unit.api.changes import kept
from tests.unit.api.desk import is_problem
from tests.unit.api.test_openapi import documented

PATH = "/api/service-levels"
SHIPPED = levels_view(shipped())
OTHER = {**SHIPPED, "warn_at": 0.5}
WHOLE = {
    "hours": {
        "zone": "Europe/Berlin",
        "week": {
            **{day: [] for day in SHIPPED["hours"]["week"]},
            "monday": [
                {"opens": "08:00", "closes": "12:00"}, {"opens": "13:30", "closes": "24:00"}
            ],
            "tuesday": [{"opens": "00:00", "closes": "24:00"}],
        },
        "holidays": ["2026-01-01", "2026-12-25"],
    },
    "targets": {
        "high": {"first_response_minutes": 1, "resolution_minutes": 5_760},
        "medium": {"first_response_minutes": None, "resolution_minutes": 60},
        "low": {"first_response_minutes": None, "resolution_minutes": None},
    },
    "warn_at": 0.95,
    "on_breach": {"raise_priority": True, "reassign": True},
    "close_after_minutes": None,
    "reopen_within_minutes": 0,
}  # fmt: skip


def put(who, body, headers=None):
    return who.client.put(PATH, json=body, headers=who.headers(headers))


def tag_of(who):
    return who.get(PATH).headers["ETag"]


def changed(body, place, value):
    """Return a body with another value at a place, as `hours.week.monday.0.opens`."""
    whole = deepcopy(body)
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    inner = whole
    for step in way:
        inner = inner[step]
    inner[last] = value
    return whole


def test_the_staff_read_the_service_levels_and_nobody_else(ada, mona, chief, counter):
    answers = [each.get(PATH) for each in (mona, chief)]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json == answers[1].json == SHIPPED
    assert is_problem(ada.get(PATH), 403)
    assert is_problem(counter.visitor().get(PATH), 401)


def test_what_ships_is_told_in_minutes_and_in_times_of_day(mona):
    levels = mona.get(PATH).json

    assert levels["hours"]["zone"] == "UTC"
    assert levels["hours"]["week"]["friday"] == [{"opens": "09:00", "closes": "17:00"}]
    assert levels["hours"]["week"]["saturday"] == []
    assert levels["targets"]["high"] == {"first_response_minutes": 60, "resolution_minutes": 480}
    assert (levels["close_after_minutes"], levels["reopen_within_minutes"]) == (10_080, 20_160)


def test_who_has_them_already_is_told_so(mona, chief):
    tag = tag_of(mona)

    unchanged = mona.get(PATH, {"If-None-Match": tag})
    put(chief, WHOLE)
    other = mona.get(PATH, {"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", tag)
    assert other.status_code == 200
    assert other.headers["ETag"] != tag


def test_to_read_them_costs_two_documents(counter, mona):
    read = counter.documents.read + counter.auth.read

    mona.get(PATH)

    assert counter.documents.read + counter.auth.read - read == 2


@pytest.mark.parametrize("body", [WHOLE, SHIPPED], ids=["other ones", "what ships"])
def test_an_admin_replaces_all_of_them(chief, mona, lines, body):
    answer = put(chief, body)

    assert answer.status_code == 200
    assert answer.json == mona.get(PATH).json == body
    assert tag_of(mona) == answer.headers["ETag"]
    [told] = [each for each in lines() if each["message"] == "service levels replaced"]
    assert told["user_id"] == chief.user.id


def test_a_day_and_holidays_may_be_left_out_and_come_in_any_order(chief):
    body = changed(WHOLE, "hours.holidays", ["2026-12-25", "2026-01-01", "2026-12-25"])
    for day in ("wednesday", "thursday", "friday", "saturday", "sunday"):
        del body["hours"]["week"][day]

    assert put(chief, body).json == WHOLE


@pytest.mark.parametrize("who", ["ada", "mona"])
def test_nobody_else_does(request, counter, who):
    asker = request.getfixturevalue(who)
    before = kept(counter)

    assert is_problem(put(asker, WHOLE), 403)
    assert kept(counter) == before


# Two admins at it.


def test_what_another_admin_has_changed_is_not_lost(chief, counter):
    seen = tag_of(chief)
    theirs = put(chief, OTHER, {"If-Match": seen})
    before = kept(counter)

    late = put(chief, WHOLE, {"If-Match": seen})

    assert theirs.status_code == 200
    assert is_problem(late, 412)
    assert kept(counter) == before
    assert put(chief, WHOLE, {"If-Match": tag_of(chief)}).status_code == 200


@pytest.mark.parametrize("first", [None, OTHER], ids=["what ships", "kept ones"])
def test_nor_what_another_one_changes_just_now(counter, chief, first):
    if first:
        put(chief, first)
    theirs = {**SHIPPED, "warn_at": 0.9}
    acts = [lambda: put(chief, theirs)]

    def meanwhile(name, _asked):
        if name == "commit" and acts:
            acts.pop()()
        return False

    seen = tag_of(chief)
    counter.documents.fails = meanwhile

    assert is_problem(put(chief, WHOLE, {"If-Match": seen}), 412)
    assert chief.get(PATH).json == theirs


def test_without_a_version_the_last_one_is_right(chief):
    assert put(chief, OTHER).status_code == put(chief, WHOLE).status_code == 200
    assert chief.get(PATH).json == WHOLE


def test_any_version_is_meant_by_a_star_and_none_by_a_weak_one(chief):
    weak = f"W/{tag_of(chief)}"

    assert is_problem(put(chief, WHOLE, {"If-Match": weak}), 412)
    assert is_problem(put(chief, WHOLE, {"If-Match": ""}), 412)
    assert put(chief, WHOLE, {"If-Match": "*"}).status_code == 200


def test_who_lost_the_answer_may_ask_again(chief):
    seen = tag_of(chief)

    answers = [put(chief, WHOLE, {"If-Match": seen}) for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


# What is refused.

DAY = {"opens": "09:00", "closes": "17:00"}
MONDAY = "hours.week.monday"


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("hours.zone", "Mars/Olympus", "hours.zone"),
        ("hours.zone", "../../etc/passwd", "hours.zone"),
        ("hours.zone", "Europe/Ber\0lin", "hours.zone"),
        ("hours.zone", "A" * 101, "hours.zone"),
        ("hours.week.funday", [DAY], "hours.week.funday"),
        ("hours.week", {}, "hours.week"),
        ("hours.week", None, "hours.week"),
        (MONDAY, None, MONDAY),
        (MONDAY, [DAY] * 7, MONDAY),
        (MONDAY, [DAY, DAY], f"{MONDAY}.1"),
        (MONDAY, [DAY, {"opens": "08:00", "closes": "09:00"}], f"{MONDAY}.1"),
        (MONDAY, [{"opens": "17:00", "closes": "09:00"}], f"{MONDAY}.0"),
        (f"{MONDAY}.1.opens", "24:00", f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.opens", "9:00", f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.opens", "09:60", f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.opens", "\u0660\u0669:\u0660\u0660", f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.opens", "09:00\n", f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.opens", 9, f"{MONDAY}.1.opens"),
        (f"{MONDAY}.1.closes", "00:00", f"{MONDAY}.1.closes"),
        (f"{MONDAY}.1.closes", "17", f"{MONDAY}.1.closes"),
        (f"{MONDAY}.1.note", "", f"{MONDAY}.1.note"),
        ("hours.holidays", ["2026-02-28", "2026-02-29"], "hours.holidays.1"),
        ("hours.holidays", ["20260228"], "hours.holidays.0"),
        ("hours.holidays", ["2026-W01-1"], "hours.holidays.0"),
        ("hours.holidays", ["0000-01-01"], "hours.holidays.0"),
        ("hours.holidays", [20260228], "hours.holidays.0"),
        ("hours.holidays", ["2026-01-01"] * 401, "hours.holidays"),
        ("targets.urgent", {}, "targets.urgent"),
        ("targets.high", {"resolution_minutes": 60}, "targets.high.first_response_minutes"),
        ("targets.high.resolution_minutes", 0, "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", -60, "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", 1.5, "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", True, "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", "60", "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", 129_601, "targets.high.resolution_minutes"),
        ("targets.high.resolution_minutes", 10**30, "targets.high.resolution_minutes"),
        ("warn_at", 0.4, "warn_at"),
        ("warn_at", 1, "warn_at"),
        ("warn_at", "0.75", "warn_at"),
        ("warn_at", None, "warn_at"),
        ("on_breach.raise_priority", "yes", "on_breach.raise_priority"),
        ("on_breach.call", True, "on_breach.call"),
        ("close_after_minutes", 0, "close_after_minutes"),
        ("close_after_minutes", 129_601, "close_after_minutes"),
        ("reopen_within_minutes", None, "reopen_within_minutes"),
        ("reopen_within_minutes", -1, "reopen_within_minutes"),
        ("version", "1", "version"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_name_of_its_field(
    counter, chief, place, value, field
):
    before = kept(counter)

    answer = put(chief, changed(WHOLE, place, value))

    assert is_problem(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert kept(counter) == before


@pytest.mark.parametrize("field", SHIPPED)
def test_nothing_may_be_left_out(chief, field):
    answer = put(chief, {name: value for name, value in SHIPPED.items() if name != field})

    assert is_problem(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == [field]


def test_a_target_that_the_hours_hardly_ever_reach_is_refused_by_its_field(chief):
    body = changed(SHIPPED, "hours.week", {"monday": [{"opens": "09:00", "closes": "09:10"}]})
    for target in body["targets"].values():
        target |= {"first_response_minutes": 1_040, "resolution_minutes": 1_040}

    answer = put(chief, changed(body, "targets.medium.resolution_minutes", 1_041))

    assert is_problem(answer, 422)
    said = "a target takes at most 104 weeks of these hours"
    assert answer.json["errors"] == [{"field": "targets.medium.resolution_minutes", "detail": said}]
    assert put(chief, body).status_code == 200


def test_the_largest_levels_are_far_from_too_large_a_body(chief, counter):
    slots = [f"{number:02}:00" for number in range(12)]
    day = [dict(zip(("opens", "closes"), slots[n : n + 2], strict=True)) for n in range(0, 12, 2)]
    body = changed(SHIPPED, "hours.week", dict.fromkeys(SHIPPED["hours"]["week"], day))
    body["hours"]["holidays"] = [date.fromordinal(739_000 + n).isoformat() for n in range(400)]

    answer = put(chief, body)

    assert (answer.status_code, answer.json) == (200, body)
    assert counter.house.documents.get(LEVELS) is not None


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([
        "hours", "hours.zone", "hours.week", MONDAY, f"{MONDAY}.0", f"{MONDAY}.0.opens",
        f"{MONDAY}.0.closes", "hours.holidays", "targets", "targets.low", "warn_at", "on_breach",
        "targets.low.first_response_minutes", "close_after_minutes",
    ]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=30) | st.from_regex(r"[0-9:Tt.+-]{4,10}", fullmatch=True),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=5,
    ),
)  # fmt: skip
def test_whatever_is_sent_is_refused_or_kept_as_it_was_meant(chief, place, value):
    body = changed(WHOLE, place, value)

    answer = put(chief, body)

    assert answer.status_code == 200 or is_problem(answer, 422)
    if answer.status_code == 200:
        assert put(chief, answer.json).json == answer.json


def test_what_is_answered_is_what_is_documented(counter, chief, ada):
    tag = tag_of(chief)
    asked = [
        ("GET", chief.get(PATH)),
        ("GET", chief.get(PATH, {"If-None-Match": tag})),
        ("GET", ada.get(PATH)),
        ("GET", counter.visitor().get(PATH)),
        ("PUT", put(chief, WHOLE)),
        ("PUT", put(chief, OTHER, {"If-Match": tag})),
        ("PUT", put(ada, WHOLE)),
        ("PUT", put(chief, {})),
    ]

    assert [documented(method, PATH, answer) for method, answer in asked] == [[]] * len(asked)


def test_levels_are_written_in_the_shape_of_their_model():
    levels = NewLevels.model_validate(WHOLE).checked()

    assert LevelsView.model_validate(levels_view(levels)).model_dump() == WHOLE
