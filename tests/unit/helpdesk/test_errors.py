"""The tree of errors: the kind of each, and the tree that is drawn in the docstring."""

import inspect

import pytest

from helpdesk import errors
from helpdesk.errors import (
    DuplicateError,
    HelpdeskError,
    InvalidInputError,
    InvalidQueryError,
    PermanentError,
    TransientError,
)

KINDS = (PermanentError, TransientError, DuplicateError)
ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not HelpdeskError])
def test_every_error_is_of_exactly_one_kind(kind):
    assert sum(issubclass(kind, each) for each in KINDS) == 1


@pytest.mark.parametrize("kind", ALL)
def test_every_error_is_drawn_under_its_parent(kind):
    drawn = {}
    parents: list[str] = []
    for row in (errors.__doc__ or "").splitlines():
        name = next((word for word in row.split() if word.endswith("Error")), None)
        if name and (depth := row.index(name) // 4) <= len(parents):
            parents[depth:] = [name]
            drawn[name] = parents[depth - 1] if depth else None

    assert drawn[kind.__name__] == (None if kind is HelpdeskError else kind.__bases__[0].__name__)


def test_an_input_error_may_name_its_field():
    assert InvalidInputError("no").field is None
    assert InvalidQueryError("no", field="limit").field == "limit"
    assert str(InvalidInputError("too long", field="title")) == "too long"
