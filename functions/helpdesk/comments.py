"""Comments: what people say to one another about a ticket.

Public replies and internal notes are two collections: whoever reads for a requester never names
the second, so no filter can be forgotten. A comment's number is that of the change it was.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from helpdesk.documents import Create, Data, Query
from helpdesk.ports import Documents


class Side(StrEnum):
    """Whose side an author speaks from."""

    REQUESTER = "requester"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One public reply or internal note. The author's name is kept as it was then."""

    seq: int
    at: datetime
    author_id: str
    author_name: str
    side: Side
    text: str
    internal: bool = False


def kept(comment: Comment, *, ticket_id: str) -> Create:
    """Return the write that keeps a comment; it belongs into the commit of its change."""
    return Create(
        f"{_collection(ticket_id, comment.internal)}/{comment.seq:06d}", document(comment)
    )


def document(comment: Comment) -> Data:
    """Return the document that keeps a comment."""
    return {
        "seq": comment.seq,
        "at": comment.at,
        "author_id": comment.author_id,
        "author_name": comment.author_name,
        "side": comment.side.value,
        "text": comment.text,
        "internal": comment.internal,
    }


def comment_from(data: Data) -> Comment:
    """Return the comment that a document keeps."""
    return Comment(**{**data, "side": Side(data["side"])})


def read(documents: Documents, ticket_id: str, seq: int, *, internal: bool) -> Comment | None:
    """Return one comment, or None when there is none of that number and kind."""
    found = documents.get(f"{_collection(ticket_id, internal)}/{seq:06d}")
    return comment_from(found.data) if found else None


def page(
    documents: Documents, ticket_id: str, *, notes: bool, limit: int, behind: int
) -> list[Comment]:
    """Return up to so many comments behind a number, oldest first; notes only where asked for."""
    found = [
        comment_from(each.data)
        for internal in ((False, True) if notes else (False,))
        for each in documents.query(
            Query(_collection(ticket_id, internal), limit=limit, after=(f"{behind:06d}",))
        )
    ]
    return sorted(found, key=lambda each: each.seq)[:limit]


def _collection(ticket_id: str, internal: bool) -> str:  # noqa: FBT001
    return f"tickets/{ticket_id}/{'notes' if internal else 'comments'}"
