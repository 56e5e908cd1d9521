"""A row of the table of routes: what comes in, who may ask, what is done, what goes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeAlias

from pydantic import BaseModel

from api.entrance import Visitor
from api.policy import Act
from api.sessions import Principal
from helpdesk.errors import UnauthenticatedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, read and checked."""

    asker: Principal | None
    path: Mapping[str, str]
    headers: Mapping[str, str]
    visitor: Visitor
    body: Any = None
    raw: bytes = b""
    query: Any = None
    table: "Sequence[Route]" = ()  # every row that is served here

    @property
    def principal(self) -> Principal:
        """Return who is asking; raise UnauthenticatedError on a route for anybody."""
        if self.asker is None:
            raise UnauthenticatedError("log in first")
        return self.asker


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer: its status, its JSON (None for no body) or text, and its own headers."""

    status: int
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Any, Asked], Answered]  # the first is a Desk, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that a route reads, or that its answers carry."""

    name: str
    about: str
    kind: str = "string"
    pattern: str | None = None
    on: tuple[int, ...] = ()  # the statuses of the answers that carry it; none named: every one
    always: bool = True  # those answers do carry it


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table. What one may do to a single ticket, its handler asks of the policy."""

    method: str
    path: str
    act: Act
    handler: Handler
    summary: str
    status: int
    answer: type[BaseModel] | UnionType | type[str] | None  # str: text of `mimetype`
    mimetype: str = "text/plain"
    body: type[BaseModel] | None = None
    wired: bool = True  # False: the handler gets no desk, and nothing is connected for it
    raw_most: int = 0  # bytes of a JSON body that the handler gets as it came; 0: no such body
    query: type[BaseModel] | None = None
    also: tuple[int, ...] = ()  # statuses of its own, beside those every such route has
    reads: tuple[Header, ...] = ()
    tells: tuple[Header, ...] = ()  # headers of its own, beside those every such answer has


# What the answers of every route carry.
TOLD_ALWAYS = (
    Header(name="X-Request-Id", about="the number of this request in the log",
           pattern="^[0-9a-f]{16}$"),
    Header(name="WWW-Authenticate", about="how to say who one is (RFC 6750)", on=(401,)),
    Header(name="Retry-After", about="seconds to wait before the next try", kind="integer",
           on=(429, 503)),
)  # fmt: skip
