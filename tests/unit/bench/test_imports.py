"""What is imported: grouped by package, its cost as a ratio, and the tables of the page."""

import pytest

from bench.imports import (
    FRAMEWORK,
    OURS,
    Cost,
    Imported,
    cost_table,
    costed,
    grouped,
    loaded_table,
    rows,
)

ONE = Cost(cpu_ms=80, wall_ms=90, ratio=1.0)


def test_a_package_is_imported_where_it_is_used_and_nowhere_else(tmp_path):
    for name in ("helpdesk", "notify"):
        (tmp_path / name).mkdir()
    modules = ["flask", "functions_framework", "helpdesk.mail", "json", "notify.step", "sendgrid"]

    groups = grouped(modules, tmp_path)

    assert groups == {
        FRAMEWORK: ["functions_framework", "flask"],
        "sendgrid": ["sendgrid"],
        OURS: ["main", "helpdesk.mail", "notify.step"],
    }


def test_a_cost_is_the_median_of_its_rounds_and_of_the_ratios_within_them():
    rounds = [[(0.1, 0.2), (0.3, 0.3)], [(0.2, 0.2), (0.2, 0.4)], [(0.1, 0.3), (0.2, 0.5)]]

    costs = costed([FRAMEWORK, OURS], rounds)

    assert (costs[FRAMEWORK].cpu_ms, costs[FRAMEWORK].wall_ms) == pytest.approx((100, 200))
    assert (costs[OURS].cpu_ms, costs[OURS].wall_ms) == pytest.approx((200, 400))
    assert (costs[FRAMEWORK].ratio, costs[OURS].ratio) == pytest.approx((1, 2))
    assert costs["all of it"].cpu_ms == pytest.approx(400)


def test_the_table_of_costs_has_a_column_for_each_function():
    seen = {
        "api": Imported(loaded=[], costs={FRAMEWORK: ONE}),
        "ear": Imported(loaded=[], costs={}),
    }

    lines = cost_table(seen).splitlines()

    assert lines[0].endswith("| api | ear |")
    assert lines[2] == f"| {FRAMEWORK} | 1.00x (80 / 90) | - |"


def test_each_moment_tells_what_it_adds():
    seen = {"ear": Imported(loaded=[[], ["pydantic"], ["bcrypt", "pydantic"]], costs={})}

    assert loaded_table(seen).splitlines()[2] == "| ear | - | `pydantic` | `bcrypt` |"


@pytest.mark.parametrize(("early", "passed"), [([], True), (["sendgrid"], False)])
def test_what_is_loaded_while_a_function_starts_is_judged(early, passed):
    seen = {"ear": Imported(loaded=[early, early], costs={})}

    assert [row.passed for row in rows(seen)] == [passed, None]
