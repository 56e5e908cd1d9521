"""Comments: replies and notes apart, in the order of the changes they were."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.changes import noted
from helpdesk.comments import Comment, Side, comment_from, document, kept, page, read
from helpdesk.documents import Create
from helpdesk.errors import NotFoundError
from helpdesk.timeline import Action
from local import codec
from tests.builders import NOW, a_ticket, an_entry
from tests.by_hand import changed
from tests.stands import everything

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
COMMENTS = st.builds(
    Comment,
    seq=st.integers(1, 999_999),
    at=st.just(NOW),
    author_id=WORDS,
    author_name=WORDS,
    side=st.sampled_from(Side),
    text=WORDS,
    internal=st.booleans(),
)


def a_comment(seq=2, **changes):
    said = Comment(
        seq=seq,
        at=NOW,
        author_id="mod",
        author_name="Mod",
        side=Side.STAFF,
        text="Have you tried water?",
    )
    return replace(said, **changes)


def keep(documents, *comments, ticket_id="T1CKET01"):
    documents.commit([kept(each, ticket_id=ticket_id) for each in comments])


def numbers(comments):
    return [each.seq for each in comments]


@given(COMMENTS)
def test_a_comment_comes_back_as_it_was_kept(comment):
    assert comment_from(codec.decode(codec.encode(document(comment)))) == comment


def test_a_document_keeps_all_of_a_comment():
    assert set(document(a_comment())) == set(Comment.__dataclass_fields__)


@pytest.mark.parametrize(("internal", "room"), [(False, "comments"), (True, "notes")])
def test_a_reply_and_a_note_are_kept_in_rooms_of_their_own(internal, room):
    comment = a_comment(7, internal=internal)

    write = kept(comment, ticket_id="T1CKET01")

    assert write == Create(f"tickets/T1CKET01/{room}/000007", document(comment))


def test_one_comment_is_found_by_its_number_and_kind(documents):
    keep(documents, a_comment(2), a_comment(3, internal=True))

    assert read(documents, "T1CKET01", 2, internal=False) == a_comment(2)
    assert read(documents, "T1CKET01", 3, internal=True) == a_comment(3, internal=True)
    assert read(documents, "T1CKET01", 3, internal=False) is None
    assert read(documents, "T1CKET01", 2, internal=True) is None


def test_whoever_does_not_ask_for_notes_never_meets_one(documents):
    keep(documents, a_comment(2), a_comment(3, internal=True), a_comment(4))

    assert numbers(page(documents, "T1CKET01", notes=False, limit=9, behind=0)) == [2, 4]
    assert numbers(page(documents, "T1CKET01", notes=True, limit=9, behind=0)) == [2, 3, 4]


def test_a_ticket_has_its_own_comments(documents):
    keep(documents, a_comment(2))
    keep(documents, a_comment(3), ticket_id="T1CKET02")

    assert numbers(page(documents, "T1CKET01", notes=True, limit=9, behind=0)) == [2]
    assert page(documents, "N0NE0000", notes=True, limit=9, behind=0) == []


@given(st.lists(st.booleans(), max_size=12), st.booleans(), st.integers(1, 5))
def test_pages_one_behind_the_other_are_the_whole(kinds, notes, limit):
    comments = [a_comment(seq, internal=it) for seq, it in enumerate(kinds, start=2)]
    shown, behind = [], 0
    store: Any = Shelf(comments)

    while found := page(store, "T1CKET01", notes=notes, limit=limit, behind=behind):
        assert len(found) <= limit
        shown += found
        behind = found[-1].seq

    assert shown == [each for each in comments if notes or not each.internal]


def test_a_comment_is_kept_with_its_change_or_not_at_all(line):
    line.open()

    def note(after):
        return [kept(a_comment(after.seq, internal=True), ticket_id=after.id)]

    changed(line.tickets, noted, Action.NOTED, also=note)

    assert line.tickets.comment("T1CKET01", 2, internal=True).text == "Have you tried water?"
    assert numbers(line.tickets.comments("T1CKET01", notes=True, limit=9, behind=0)) == [2]
    assert line.tickets.get("T1CKET01").notes == 1
    with pytest.raises(NotFoundError):
        line.tickets.comment("T1CKET01", 2, internal=False)


def test_what_is_said_is_in_no_event_and_in_no_timeline(line):
    line.open()

    def note(after):
        return [kept(a_comment(after.seq, internal=True), ticket_id=after.id)]

    changed(line.tickets, noted, Action.NOTED, also=note)

    holding = [path for path, data in everything(line.store).items() if "water" in repr(data)]
    assert holding == ["tickets/T1CKET01/notes/000002"]
    assert "water" not in repr(line.tray.published)
    assert an_entry().why == {}
    assert a_ticket().notes == 0


class Shelf:
    """As much of the Documents port as a page reads, with no file behind it."""

    def __init__(self, comments):
        self._kept = [kept(each, ticket_id="T1CKET01") for each in comments]

    def query(self, query):
        (behind,) = query.after
        inside = [each for each in self._kept if each.path.startswith(f"{query.collection}/")]
        return [each for each in inside if each.path[-6:] > behind][: query.limit]
