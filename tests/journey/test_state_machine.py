"""Any life of a few tickets, held against what docs/tickets.md says of them.

`--lives=2000` makes more of it, other ones each time; what fails is printed as a program.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.adapters import firestore_documents
from tests.journey.desk_machine import DeskMachine

LIVES, STEPS = 80, 40
EMULATED_LIVES, EMULATED_STEPS = 20, 20  # a round trip each, where SQLite makes a call


def any_life(machine, *, lives, steps, steady=True):
    chosen = settings(
        max_examples=lives,
        stateful_step_count=steps,
        derandomize=steady,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=not steady,
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_any_life_of_a_few_tickets(request):
    lives = request.config.getoption("--lives")

    any_life(DeskMachine, lives=lives or LIVES, steps=STEPS, steady=lives is None)


@pytest.mark.emulator
def test_any_life_of_a_few_tickets_in_firestore(emulators):
    class Emulated(DeskMachine):
        open_store = staticmethod(lambda _folder: firestore_documents(emulators))

    any_life(Emulated, lives=EMULATED_LIVES, steps=EMULATED_STEPS)
