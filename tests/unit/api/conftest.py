"""A fresh desk for each test, and one that a whole module may batter."""

import io
import json
import logging

import pytest

from helpdesk import log
from helpdesk.settings import SignUp
from helpdesk.user import Role
from tests.builders import FixedClock
from tests.unit.api.desk import Counter


@pytest.fixture
def counter(tmp_path, clock):
    built = Counter(tmp_path / "house", clock=clock)
    yield built
    built.close()


@pytest.fixture
def cloud(tmp_path, clock):
    """Return a desk as it is in the cloud: behind one proxy, and addresses are confirmed."""
    built = Counter(tmp_path / "house", clock=clock, proxies=1, sign_up=SignUp.CONFIRMED)
    yield built
    built.close()


@pytest.fixture
def chief(counter):
    return counter.somebody("chief", Role.ADMIN)


@pytest.fixture
def ada(counter):
    return counter.somebody("ada")


@pytest.fixture
def mona(counter):
    return counter.somebody("mona", Role.MODERATOR, skills=("SQL",))


@pytest.fixture
def lines():
    """Collect what is logged, as the lines a log file would hold."""
    stream = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handler = log.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="module")
def battered(tmp_path_factory):
    """Return a desk for many requests that change nothing another test looks at."""
    built = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock())
    yield built
    built.close()
