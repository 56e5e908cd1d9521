"""Wiring happens once, however many first events there are."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gcp.once import once


def test_many_who_ask_at_once_get_the_same_thing():
    start = threading.Barrier(8)
    made = []

    @once
    def thing():
        made.append(threading.get_ident())
        return object()

    def ask(_):
        start.wait()
        return thing()

    with ThreadPoolExecutor(8) as pool:
        things = set(pool.map(ask, range(8)))

    assert len(things) == len(made) == 1


def test_what_failed_is_tried_again():
    tries = iter([ValueError("not yet"), None])

    @once
    def thing():
        if error := next(tries):
            raise error
        return "made"

    with pytest.raises(ValueError, match="not yet"):
        thing()

    assert thing() == "made"
    assert thing() == "made"
