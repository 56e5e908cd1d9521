"""Letters whose end nobody saw: upkeep comes back to them, by a timer or by a sweep."""

import logging

from helpdesk.claims import Claims

log = logging.getLogger(__name__)


def settle_letters(claims: Claims) -> int:
    """Settle every letter whose time has come, and return how many were.

    The timer of a single letter calls `claims.settle`; this finds what no timer came back to.
    """
    settled = claims.sweep()
    if settled:
        log.warning("letters settled", extra={"count": settled})
    return settled
