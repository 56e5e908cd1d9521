"""The few fixtures that many tests share."""

import pytest
from hypothesis import settings

from local.documents import SqliteDocuments
from tests.builders import FixedClock
from tests.stands import Line

# A busy machine must not fail a property, and what fails must fail again.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


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
