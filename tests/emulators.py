"""The emulators that the tests of one process share: each started when the first asks for it."""

import os
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import pytest

from emulated import emulators

SOURCE = Path(__file__).parents[1] / "functions"


class Emulators:
    """Starts what is asked for; where it is not installed, skips or fails as told."""

    def __init__(self, *, required):
        self._required = required
        self._exits = ExitStack()

    @cached_property
    def firestore(self):
        return self._started(emulators.firestore)

    @cached_property
    def pubsub(self):
        return self._started(emulators.pubsub)

    def check(self):
        """Skip the test, or fail it, where the emulators are not installed."""
        lacking = emulators.missing()
        if lacking and self._required:
            pytest.fail(lacking)
        if lacking:
            pytest.skip(lacking)

    def stop(self):
        self._exits.close()

    @contextmanager
    def pointing_at(self, **addresses):
        """Set the variables that Google's clients read while they are made."""
        before = {name: os.environ.get(name) for name in addresses}  # noqa: TID251 - theirs
        os.environ.update(addresses)  # noqa: TID251
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)  # noqa: TID251
                if value is not None:
                    os.environ[name] = value  # noqa: TID251

    def _started(self, make):
        self.check()
        return self._exits.enter_context(make())
