"""Every contract suite runs over every adapter."""

import pytest

from tests.contract.adapters import ADAPTERS, empty_store


@pytest.fixture(params=ADAPTERS)
def documents(request, tmp_path):
    with empty_store(request.param, tmp_path) as store:
        yield store
