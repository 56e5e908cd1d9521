"""What a request is remembered by, for as long as its key counts."""

from datetime import timedelta

import pytest

from helpdesk.documents import Create, Document, Update
from helpdesk.errors import MismatchError
from helpdesk.once import REMEMBERED, Once, read_mark, remembered, remembering
from tests.builders import NOW

OURS = Once.of(user_id="asker", route="POST /x", key="k1", body="Printer")
OTHER_BODY = Once.of(user_id="asker", route="POST /x", key="k1", body="Scanner")
MADE = {"made": {"seq": 7}}
SECOND = timedelta(seconds=1)


def left(documents, *, at=NOW):
    """Let a request leave its mark, and return it."""
    documents.commit([remembering(OURS, MADE, now=at, expired=None)])
    return read_mark(documents, OURS)


def test_a_mark_is_kept_under_a_name_of_its_own(documents):
    write = remembering(OURS, MADE, now=NOW, expired=None)

    fields = {"fingerprint": OURS.fingerprint, **MADE, "expires_at": NOW + REMEMBERED}
    assert write == Create(f"idem/{OURS.key}", fields)
    assert read_mark(documents, OURS) is None


@pytest.mark.parametrize("other", ["user_id", "route", "key"])
def test_no_two_requests_share_a_mark(other):
    said = {"user_id": "asker", "route": "POST /x", "key": "k1", "body": "Printer"}

    assert Once.of(**{**said, other: "another"}).path != OURS.path
    assert Once.of(**{**said, "body": "another"}).path == OURS.path


def test_what_was_made_is_remembered_for_a_day(documents):
    mark = left(documents)

    known = remembered(mark, OURS, now=NOW + REMEMBERED - SECOND)
    assert known
    assert known["made"] == {"seq": 7}
    assert remembered(mark, OURS, now=NOW + REMEMBERED) is None


def test_another_request_under_the_key_is_refused_while_it_counts(documents):
    mark = left(documents)

    with pytest.raises(MismatchError):
        remembered(mark, OTHER_BODY, now=NOW)

    assert remembered(mark, OTHER_BODY, now=NOW + REMEMBERED) is None


def test_where_there_is_no_key_or_no_mark_nothing_is_remembered(documents):
    assert read_mark(documents, None) is None
    assert remembered(None, OURS, now=NOW) is None
    assert remembered(left(documents), None, now=NOW) is None


def test_a_mark_that_expired_gives_way_to_the_next_unless_it_was_touched(documents):
    expired = left(documents)
    late = NOW + REMEMBERED

    write = remembering(OTHER_BODY, MADE, now=late, expired=expired)

    assert isinstance(expired, Document)
    assert isinstance(write, Update)
    assert write.unchanged_since == expired.version
    documents.commit([write])
    known = remembered(read_mark(documents, OTHER_BODY), OTHER_BODY, now=late)
    assert known
    assert known["made"] == {"seq": 7}
