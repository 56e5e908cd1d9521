"""Any life of a few tickets, held against what docs/tickets.md says of them."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.journey.desk_machine import DeskMachine


def test_any_life_of_a_few_tickets():
    run_state_machine_as_test(
        DeskMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
        ),
    )
