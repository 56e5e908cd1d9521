"""What limits promise of many instances at once, over every adapter of the Documents port."""

import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api import limits as rules
from api.limits import LOG_IN_ACCOUNT, Budget, Limits, TooManyError
from tests.builders import FixedClock
from tests.contract.adapters import ADAPTERS
from tests.contract.guesses import GUESSED, PATIENCE_S, Tally, guess

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("guesses.py")
MOST = LOG_IN_ACCOUNT[0].most
INSTANCES = 4


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(rules, "TURN_S", PATIENCE_S)


@contextmanager
def instances_of(adapter, place, *, threads):
    """Lend processes that are ready to guess with so many threads each."""
    command = [sys.executable, str(PROGRAM), adapter, place, str(threads)]
    with ExitStack() as running:
        started = []
        for _ in range(INSTANCES):
            pipes = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            running.enter_context(pipes)
            running.callback(pipes.kill)
            started.append(pipes)
        for each in started:
            assert each.stdout
            assert each.stdout.readline() == "ready\n"
        yield started


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_of_fifty_guesses_at_once_in_each_of_four_processes_ten_pass(
    adapter, tmp_path, emulators, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'functions'}:{ROOT}")
    place = str(tmp_path / "limits.db")
    if adapter == "firestore":
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulators.firestore.address)
        place = f"test-{uuid.uuid4().hex[:12]}"  # noqa: TID251 - a project nobody else has

    with instances_of(adapter, place, threads=50) as started, ThreadPoolExecutor(INSTANCES) as pool:
        said = list(pool.map(lambda each: each.communicate("go\n", PATIENCE_S)[0], started))

    told = [[int(word) for word in each.split()] for each in said]
    passed, refused, commits = (sum(column) for column in zip(*told, strict=True))
    assert passed == MOST
    assert refused == INSTANCES * 50 - MOST
    assert commits <= MOST + INSTANCES


def test_a_thousand_guesses_at_one_account_write_its_counts_a_few_times(documents):
    tally = Tally(documents)
    clock = FixedClock()
    instances = [Limits(documents=tally, clock=clock) for _ in range(INSTANCES)]

    # Ten at a time at each instance, every one from another address.
    with ThreadPoolExecutor(10 * INSTANCES) as threads:
        through = threads.map(
            lambda number: guess(instances[number % INSTANCES], f"192.0.2.{number}", 25),
            range(10 * INSTANCES),
        )

    assert sum(through) == MOST
    assert tally.commits <= MOST + INSTANCES
    assert max(tally.written.values()) <= MOST + INSTANCES
    assert refuses_everywhere(instances)


def test_what_is_given_back_in_another_commit_lets_as_many_in_again(documents):
    clock = FixedClock()
    instances = [Limits(documents=documents, clock=clock) for _ in range(INSTANCES)]
    account = Budget(LOG_IN_ACCOUNT[0], GUESSED)

    for number in range(5 * MOST):
        taken = instances[number % INSTANCES].take(account)
        documents.commit(taken.given_back())

    assert sum(guess(each, "192.0.2.1", MOST) for each in instances) == MOST
    assert refuses_everywhere(instances)


def refuses_everywhere(instances):
    account = Budget(LOG_IN_ACCOUNT[0], GUESSED)
    for each in instances:
        with pytest.raises(TooManyError):
            each.take(account)
    return True
