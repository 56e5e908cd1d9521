"""The wire form of a timer: JSON text, made where one is set and read where it calls back."""

import json
import re
from collections.abc import Mapping
from typing import Any

from helpdesk.errors import InvalidInputError
from helpdesk.ports import Timer
from helpdesk.wire import moment, time_text

_TEXT = re.compile("[^\0-\x1f\x7f\ud800-\udfff]{1,500}")  # one line, and no halves of a pair


def encode(timer: Timer) -> str:
    """Return a timer as JSON text, the same bytes for the same timer."""
    form = {"name": timer.name, "due_at": time_text(timer.due_at), "about": timer.about}
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


def decode(text: str | bytes) -> Timer:
    """Return the timer in a body, or raise InvalidInputError: whatever comes in is hostile."""
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the timer is not JSON") from error
    if not isinstance(form, dict):
        raise InvalidInputError("the timer is not a JSON object")
    return Timer(
        name=_line(form, "name"), due_at=moment(form.get("due_at")), about=_line(form, "about")
    )


def _line(form: Mapping[str, Any], field: str) -> str:
    value = form.get(field)
    if not isinstance(value, str) or not _TEXT.fullmatch(value):
        raise InvalidInputError(f"the timer's {field} is not valid", field=field)
    return value
