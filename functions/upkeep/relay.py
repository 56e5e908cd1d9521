"""Relay: what was committed but never reached the bus is sent again."""

import logging
from datetime import timedelta

from helpdesk.outbox import Outbox

# Longer than the inline attempt lasts, so that the two seldom meet; if they do, the second
# delivery is a duplicate like any other.
PATIENCE = timedelta(seconds=30)

log = logging.getLogger(__name__)


def relay_outbox(outbox: Outbox, *, older_than: timedelta = PATIENCE) -> int:
    """Send what has waited in the outbox for that long, and return how many events were sent."""
    sent = outbox.sweep(older_than)
    if sent:
        log.warning("events sent late", extra={"count": sent})
    return sent
