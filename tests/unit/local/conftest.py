"""A house to look into."""

import pytest

from local.house import House
from local.queue import Backoff
from tests.unit.api.desk import RULES, SETTINGS, Counter, empty_files


@pytest.fixture
def counter(tmp_path, clock):
    built = Counter(tmp_path / "house", clock=clock)
    yield built
    built.close()


@pytest.fixture
def house(tmp_path):
    """Return a house that is not started, with the real clock."""
    folder = tmp_path / "house"
    folder.mkdir()
    for name, content in empty_files().items():
        (folder / name).write_bytes(content)
    quick = Backoff(first_s=0.05, most_s=0.1)
    built = House(folder, SETTINGS, classifier=RULES, backoff=quick)
    yield built
    built.close()
