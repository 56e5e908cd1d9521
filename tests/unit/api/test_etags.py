"""Entity tags, as RFC 9110 compares them: weakly for a copy, strongly for a change."""

import pytest

from api.etags import is_had, is_meant, quoted

TAG = quoted("a1")


@pytest.mark.parametrize(
    ("tags", "had", "meant"),
    [
        ('"a1"', True, True),
        (' "a1" ', True, True),
        ('"b2", "a1"', True, True),
        ('"b2","a1"', True, True),
        ("*", True, True),
        (" * ", True, True),
        ('W/"a1"', True, False),
        ('W/"a1", "b2"', True, False),
        ('W/"a1", "a1"', True, True),
        ('"b2"', False, False),
        ("", False, False),
        ("a1", False, False),
        ('"a1', False, False),
        ('"A1"', False, False),
        ('"a"', False, False),
        ('"b2", *', False, False),
    ],
)
def test_a_tag_is_named_as_a_whole(tags, had, meant):
    assert is_had(tags, TAG) is had
    assert is_meant(tags, TAG) is meant
