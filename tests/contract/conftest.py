"""Every contract suite runs over every adapter."""

import pytest

from tests.contract.adapters import ADAPTERS, empty_store


@pytest.fixture(params=ADAPTERS)
def documents(request, tmp_path, emulators):
    with empty_store(request.param, tmp_path, emulators) as store:
        yield store
