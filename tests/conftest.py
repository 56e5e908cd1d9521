"""The few fixtures that many tests share."""

import logging

import pytest
from hypothesis import settings

from helpdesk.log import bind
from local.documents import SqliteDocuments
from tests.builders import FixedClock
from tests.canaries import Watchman
from tests.emulators import Emulators
from tests.stands import Line

# A busy machine must not fail a property, and what fails must fail again.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


def pytest_addoption(parser):
    parser.addoption(
        "--emulators",
        choices=("wanted", "required"),
        default="wanted",
        help="where an emulator cannot start, skip its tests or fail them",
    )
    parser.addoption(
        "--lives",
        type=int,
        help="how many lives of tickets the state machine makes up, other ones each time",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Run what somebody chose in this process: it starts at once, and can be looked into."""
    named = config.args_source is config.ArgsSource.ARGS
    # Without its cache pytest knows no --lf.
    chosen = any(config.getoption(each, default=None) for each in ("keyword", "markexpr", "lf"))
    return 0 if named or chosen else None


@pytest.fixture(scope="session")
def emulators(request):
    shared = Emulators(required=request.config.getoption("--emulators") == "required")
    yield shared
    shared.stop()


@pytest.fixture(scope="session")
def watchman():
    """Watch all that is logged in the whole suite, at the level of production."""
    watching, root = Watchman(), logging.getLogger()
    root.addHandler(watching)
    root.setLevel(logging.INFO)
    yield watching
    root.removeHandler(watching)


@pytest.fixture(autouse=True)
def no_secret_is_logged(watchman):
    """Fail the test in which a secret was written to the log."""
    yield
    watchman.check()


@pytest.fixture(autouse=True)
def own_log(watchman):
    """A function sends its log somewhere when it begins; leave no handler to the next test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    with bind():  # what a request inside another one leaves bound ends here
        yield
    root.handlers[:] = [each for each in root.handlers if each in before]
    root.setLevel(level)


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def documents(tmp_path):
    opened = SqliteDocuments(tmp_path / "helpdesk.db", durable=False)
    yield opened
    opened.close()


@pytest.fixture
def line(tmp_path, clock):
    built = Line(tmp_path, clock=clock)
    yield built
    built.close()
