"""One emulated cloud for each module of these suites."""

import pytest


@pytest.fixture(scope="module")
def cloud(emulators, tmp_path_factory):
    emulators.check()
    # Imported here: whoever has no emulator need not wait for the clients.
    from emulated.cloud import EmulatedCloud  # noqa: PLC0415

    with EmulatedCloud(tmp_path_factory.mktemp("cloud"), minute_s=1.0) as started:
        yield started
