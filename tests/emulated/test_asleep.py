"""A cloud that sleeps: nothing runs until whoever measures wakes one function."""

import pytest

from helpdesk.settings import without_plugins


@pytest.fixture(scope="module")
def cloud(emulators, tmp_path_factory):
    emulators.check()
    without_plugins()
    # Imported here: whoever has no emulator need not wait for the clients.
    from emulated.cloud import EmulatedCloud  # noqa: PLC0415

    with EmulatedCloud(tmp_path_factory.mktemp("asleep"), asleep=True) as sleeping:
        yield sleeping


def test_no_function_runs(cloud):
    for function in cloud.functions.values():
        with pytest.raises(LookupError):
            assert function.pid


@pytest.mark.parametrize("name", ["api", "assign"])
def test_a_function_that_is_started_finds_its_first_work_and_does_it(cloud, name):
    from bench.asleep import Asleep  # noqa: PLC0415
    from bench.functions import started  # noqa: PLC0415

    function, first = cloud.functions[name], Asleep(cloud).first(name)

    try:
        start = started(function, first)
    finally:
        function.stop()

    assert 0 < start.health_s < start.first_s
    assert start.used.cpu_s > 0
    assert start.used.rss_mib > 0
