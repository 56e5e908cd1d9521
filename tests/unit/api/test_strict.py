"""JSON read strictly: deep nesting and double meanings are refused, the rest is taken."""

import json

import pytest
from hypothesis import given

from api.strict import DEPTH_MOST, BadRequestError, strict_json
from tests.unit.api.test_http import JSON


def test_a_hundred_thousand_levels_are_no_way_to_the_stack():
    with pytest.raises(BadRequestError):
        strict_json(b"[" * 100_000)
    with pytest.raises(BadRequestError):
        strict_json(b'{"a":' * 100_000)


@pytest.mark.parametrize("around", [("[", "]"), ('{"a":', "}")])
def test_as_deep_as_allowed_is_read(around):
    opening, closing = around

    assert strict_json((opening * DEPTH_MOST + "1" + closing * DEPTH_MOST).encode())
    with pytest.raises(BadRequestError):
        strict_json((opening * (DEPTH_MOST + 1) + "1" + closing * (DEPTH_MOST + 1)).encode())


@pytest.mark.parametrize("raw", [b"1e400", b"-1e400", b"[1E999]", b'{"a": 1.5e309}'])
def test_a_number_that_some_readers_take_for_infinite_is_refused(raw):
    with pytest.raises(BadRequestError):
        strict_json(raw)


def test_a_large_number_that_all_can_read_is_read():
    assert strict_json(b"[1e308, -1e308, 1e-400, 0.1]") == [1e308, -1e308, 0.0, 0.1]


@given(JSON)
def test_what_is_good_json_reads_as_everywhere(value):
    text = json.dumps(value)
    if "NaN" in text or "Infinity" in text:
        return

    assert strict_json(text.encode()) == json.loads(text)
