"""One JSON line per log call, in the shape Cloud Logging reads: severity, trace, ticket, event.

A line holds the message, the bound context and the named facts of the call; never a token, a
password or the body of a request, because only the names listed here get through.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TextIO

from helpdesk.clock import moment_of
from helpdesk.wire import time_text

NAMES = frozenset(
    {
        "traceparent", "request_id", "user_id", "ticket_id", "event_id", "event_type", "step",
        "method", "route", "status", "duration_ms", "result", "reason", "attempts", "count",
        "mail_id", "source", "assignee_id", "kind", "database", "target_id", "role",
        "disabled", "hook_id",
    }
)  # fmt: skip

_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def bind(**context: object) -> Iterator[None]:
    """Add names to every line that is logged inside, or raise ValueError for one not listed."""
    if unknown := context.keys() - NAMES:
        raise ValueError(f"not a name that may be logged: {', '.join(sorted(unknown))}")
    token = _bound.set({**_bound.get(), **context})
    try:
        yield
    finally:
        _bound.reset(token)


def traceparent() -> str:
    """Return the trace this work belongs to (W3C Trace Context), or an empty text."""
    return str(_bound.get().get("traceparent", ""))


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, project: str = "") -> None:
        """Name the cloud project whose traces the lines belong to, if there is one."""
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a newline in any text becomes two characters, so a line stays one."""
        line: dict[str, object] = {
            "severity": record.levelname,
            "time": time_text(moment_of(record.created)),
            "message": record.getMessage(),
        }
        line.update(_bound.get())
        line.update({name: record.__dict__[name] for name in NAMES & record.__dict__.keys()})
        _, _, rest = str(line.get("traceparent", "")).partition("-")
        trace, _, span = rest.partition("-")
        if trace and self._project:
            line["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace}"
            line["logging.googleapis.com/spanId"] = span.partition("-")[0]
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(stream: TextIO, *, project: str = "", level: int = logging.INFO) -> logging.Handler:
    """Send every log line of this process to a stream, and return the handler that does."""
    return attach(logging.StreamHandler(stream), project=project, level=level)


def attach(
    handler: logging.Handler, *, project: str = "", level: int = logging.INFO
) -> logging.Handler:
    """Send every log line of this process to a handler, and return it."""
    handler.setFormatter(JsonLine(project))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    return handler
