"""The bill of one life: the arithmetic, held against sums that were made by hand."""

import pytest

from bench.cost import TICKETS, Life, bill
from bench.counted import Count

# The loose estimate the bar was set with.
ESTIMATED = Life(operations=Count(127, 12, 3), requests=15, carried=6_000)


def priced(life, **changes):
    made = bill(life, **changes)
    return {item.what: TICKETS * item.usd for item in (*made.infrastructure, *made.others)}


def test_each_line_is_what_the_list_prices_make_of_it():
    assert priced(ESTIMATED) == {
        "Cloud Run, time": pytest.approx(0.101),
        "Firestore, operations": pytest.approx(0.0492),
        "Firestore, storage": pytest.approx(0.0137, abs=0.0001),
        "Cloud Run, requests": pytest.approx(0.006),
        "Pub/Sub": pytest.approx(0.0002, abs=0.0001),
        "Gemini 2.5 Flash": pytest.approx(1.145),
        "SendGrid": pytest.approx(0.798),
    }


def test_infrastructure_stands_apart_from_model_and_mail():
    made = bill(ESTIMATED)

    assert TICKETS * sum(item.usd for item in made.infrastructure) == pytest.approx(0.17, abs=0.001)
    assert TICKETS * sum(item.usd for item in made.others) == pytest.approx(1.943)


def test_eight_triages_that_wait_in_one_instance_share_its_time():
    shared = priced(ESTIMATED, instance_s=1.5 + 2.5 / 8)

    assert shared["Cloud Run, time"] == pytest.approx(0.0458, abs=0.0001)


def test_a_deletion_costs_a_ninth_of_a_write():
    writes, deletes = (
        priced(Life(operations=operations, requests=0, carried=0))["Firestore, operations"]
        for operations in (Count(writes=1), Count(deletes=9))
    )

    assert writes == pytest.approx(deletes)
