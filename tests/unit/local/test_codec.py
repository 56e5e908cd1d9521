"""Documents as JSON text: what goes in comes out, and sorts in SQLite as the values do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.documents import Vector
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Status
from local.codec import decode, encode, scalar, vector_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TIMES = st.datetimes(timezones=st.just(UTC))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    TIMES,
    st.builds(Vector, st.lists(st.floats(-1e6, 1e6), max_size=4).map(tuple)),
)
KEYS = TEXTS.filter(lambda key: key and not key.startswith(("$", "__")))
# A list holds no list and no vector; it stands in a dict or in none.
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(
        KEYS,
        inner | st.lists(inner.filter(lambda it: not isinstance(it, Vector)), max_size=4),
        max_size=4,
    ),
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_encoded_decodes_to_itself(data):
    assert decode(encode(data)) == data


@given(TIMES, TIMES)
def test_times_sort_as_moments_do(one, other):
    assert (str(scalar(one)) < str(scalar(other))) == (one < other)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_a_vector_reads_back_to_the_last_bit(numbers):
    assert list(vector_of(str(scalar(Vector(tuple(numbers)))))) == numbers


@pytest.mark.parametrize("key", ["$t", "$v", "$", "$anything"])
def test_a_key_that_looks_like_a_wrapper_is_refused(key):
    with pytest.raises(InvalidInputError):
        encode({"deep": [{key: "2026-01-01T00:00:00Z"}]})


def test_an_enum_is_refused_where_its_value_was_meant():

    with pytest.raises(InvalidInputError, match="Status"):
        encode({"status": Status.NEW})


def test_a_year_below_1000_keeps_its_place():
    early = datetime(33, 4, 3, tzinfo=UTC)

    assert str(scalar(early)) < str(scalar(datetime(2026, 1, 1, tzinfo=UTC)))
    assert decode(encode({"at": early})) == {"at": early}
