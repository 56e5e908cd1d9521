"""Loads: what each one's load counts is held against the tickets, and put right."""

import logging
from dataclasses import dataclass

from helpdesk.errors import ConflictError
from helpdesk.tickets import Tickets
from helpdesk.users import Users

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A load that did not count what is there."""

    user_id: str
    counted: int
    truth: int


def reconcile_loads(users: Users, *, tickets: Tickets) -> list[Drift]:
    """Correct every load that is not the number of its owner's open tickets; return those."""
    everybody = dict.fromkeys([*users.loaded(), *(user.id for user in users.staff())])
    drifts = [_corrected(user_id, users, tickets) for user_id in everybody]
    return [drift for drift in drifts if drift]


def _corrected(user_id: str, users: Users, tickets: Tickets) -> Drift | None:
    """Correct one load; None when it is right, or moved while it was looked at."""
    before = users.counted(user_id)
    truth = tickets.open_count(user_id)
    # A ticket and its assignee's load change in one commit. So the two numbers belong together
    # when the load was the same before and after the count; if not, the next round looks again.
    if truth == before.open or users.counted(user_id).version != before.version:
        return None
    try:
        users.recount(user_id, truth, before=before)
    except ConflictError:
        return None
    log.warning(
        "load corrected",
        extra={"user_id": user_id, "count": truth, "reason": f"it said {before.open}"},
    )
    return Drift(user_id=user_id, counted=before.open, truth=truth)
