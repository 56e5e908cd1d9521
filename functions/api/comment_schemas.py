"""What goes over the wire for replies and notes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.comments import CommentPage
from api.schemas import Answer, Query, Strict
from api.ticket_schemas import PersonView
from helpdesk.comments import Comment, Side
from helpdesk.ticket import COMMENT_MOST


class NewComment(Strict):
    """Something to say about a ticket; staff may say along with it where that leaves it."""

    text: Annotated[str, Field(max_length=COMMENT_MOST, examples=["Which browser is it?"])]
    internal: Annotated[
        bool, Field(description="true: a note that only staff sees", examples=[False])
    ] = False
    status: Literal["in_progress", "waiting", "resolved"] | None = None


class ListComments(Query):
    """Which page of what was said."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class CommentView(Answer):
    """A public reply, or a note for staff."""

    seq: Annotated[int, Field(description="the number of the change of the ticket that it was")]
    at: datetime
    author: PersonView
    side: Annotated[Side, Field(description="whose side the author speaks from")]
    text: Annotated[str, Field(examples=["Which browser is it?"])]
    internal: Annotated[bool, Field(examples=[False])]


class CommentPageView(Answer):
    """One page of what was said, oldest first; `next_cursor` is null on the last one."""

    items: list[CommentView]
    next_cursor: str | None


def comment_view(comment: Comment) -> dict[str, Any]:
    """Return a comment in the shape of CommentView."""
    return {
        "seq": comment.seq,
        "at": comment.at,
        "author": {"id": comment.author_id, "name": comment.author_name},
        "side": comment.side,
        "text": comment.text,
        "internal": comment.internal,
    }


def comment_page(page: CommentPage) -> dict[str, Any]:
    """Return a page in the shape of CommentPageView."""
    items = [comment_view(each) for each in page.comments]
    return {"items": items, "next_cursor": page.next_cursor}
