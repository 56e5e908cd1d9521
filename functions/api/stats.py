"""How the desk is doing: what the days counted, what is open, and who has how much. Framework-free.

Nothing here walks over tickets: days are read as they were counted, and what is open is counted by
the store.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from helpdesk import days
from helpdesk.days import Day
from helpdesk.ports import Clock, Documents
from helpdesk.ticket import DONE, Status
from helpdesk.tickets import Tickets
from helpdesk.user import User
from helpdesk.users import Load, Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Figures of some days, and of this moment."""

    days: Sequence[Day]
    totals: Mapping[str, int]
    open: Mapping[Status, int]
    staff: Sequence[tuple[User, Load]]


class StatsDesk:
    """Tells how the desk is doing."""

    def __init__(
        self, *, documents: Documents, tickets: Tickets, users: Users, clock: Clock
    ) -> None:
        """Read what was counted in `documents`."""
        self._documents = documents
        self._tickets = tickets
        self._users = users
        self._clock = clock

    def read(self, *, over: int) -> Stats:
        """Return the figures of the last so many days, today among them, and of this moment."""
        until = self._clock.now().date()
        told = days.read(self._documents, since=until - timedelta(days=over - 1), until=until)
        totals: Counter[str] = Counter()
        for day in told:
            totals.update(day.counts)
        staff = sorted(self._users.staff(), key=lambda each: (each.name, each.id))
        loads = self._users.loads([each.id for each in staff]) if staff else {}
        return Stats(
            days=told,
            totals=totals,
            open={each: self._tickets.count(each) for each in Status if each not in DONE},
            staff=[(each, loads[each.id]) for each in staff],
        )
