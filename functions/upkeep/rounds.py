"""The rounds of upkeep: what is looked after every minute, and what every night."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from helpdesk.claims import Claims
from helpdesk.errors import OutsideError, TransientError
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ports import Clock, Timer, Timers
from helpdesk.tickets import Tickets
from helpdesk.users import Users
from upkeep.alarms import look_after, sweep_tickets
from upkeep.hooks import HookPost, deliver_hook, sweep_hooks
from upkeep.leavers import give_back_for_leavers
from upkeep.letters import settle_letters
from upkeep.loads import reconcile_loads
from upkeep.parked import redrive_parked
from upkeep.relay import relay_outbox
from upkeep.timers import fire

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """Everything that upkeep looks after, for the cloud's scheduler and the local house alike."""

    outbox: Outbox
    parked: Parked
    claims: Claims
    users: Users
    tickets: Tickets
    hooks: HookPost
    timers: Timers
    clock: Clock

    def minute(self) -> None:
        """Send what waits, settle letters, try events and webhooks again, look after tickets.

        One part that fails holds up no other; then raise OutsideError, for all to come again.
        """
        parts: tuple[Callable[[], int], ...] = (
            partial(settle_letters, self.claims),
            partial(redrive_parked, self.parked, outbox=self.outbox),
            partial(relay_outbox, self.outbox),
            partial(sweep_hooks, post=self.hooks),
            partial(sweep_tickets, tickets=self.tickets, timers=self.timers, clock=self.clock),
        )
        failed = 0
        for part in parts:
            try:
                part()
            except TransientError as error:
                log.warning("upkeep failed", extra={"reason": str(error)})
                failed += 1
            except Exception:
                log.exception("upkeep failed")  # a fault of ours in one part, told with its stack
                failed += 1
        if failed:
            raise OutsideError(f"{failed} of {len(parts)} parts of upkeep failed")

    def night(self) -> None:
        """Give back the tickets of whoever left, and hold every load against the tickets."""
        give_back_for_leavers(tickets=self.tickets, users=self.users, clock=self.clock)
        reconcile_loads(self.users, tickets=self.tickets)

    def fire(self, timer: Timer) -> None:
        """Do what a timer was set for, if it is still to be done."""
        tickets = partial(look_after, tickets=self.tickets, timers=self.timers, clock=self.clock)
        handlers: Mapping[str, Callable[[str], object]] = {
            "mail": self.claims.settle,
            "hook": partial(deliver_hook, post=self.hooks),
            "ticket": tickets,
        }
        fire(timer, handlers=handlers, timers=self.timers, clock=self.clock)
