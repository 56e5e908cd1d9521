"""Parked events that ran out of retries are sent again by themselves; the others by a person."""

import logging
from datetime import timedelta

from helpdesk.errors import InvalidInputError
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked

# Whatever made a hundred attempts fail needs a while to be mended.
PATIENCE = timedelta(hours=1)

log = logging.getLogger(__name__)


def redrive_parked(parked: Parked, *, outbox: Outbox, older_than: timedelta = PATIENCE) -> int:
    """Send again what ran out of retries that long ago, and return how many events went back.

    What a retry cannot help stays parked until a person sends it, and so does what can no longer
    be read.
    """
    sent = 0
    for document in parked.due(older_than):
        try:
            reached = parked.redrive(document, outbox=outbox)
        except InvalidInputError as error:
            parked.leave_to_a_person(document, reason=str(error))
            continue
        sent += 1
        if not reached:
            break  # the bus is down: each further try would only wait for it
    if sent:
        log.warning("parked events sent again", extra={"count": sent})
    return sent
