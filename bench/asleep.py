"""The emulated cloud asleep, and the first real request that would wake each of its functions."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.entrance import Visitor
from api.limits import Limits
from api.sessions import Principal
from api.tickets import TicketDesk
from assign.step import assign_ticket
from bench.wired import DESCRIPTION, RULES, TITLE, Tray
from emulated.cloud import EmulatedCloud
from helpdesk import events
from helpdesk.events import Event
from helpdesk.outbox import Outbox
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets
from helpdesk.user import Role
from local.people import PASSWORD
from triage.step import triage_ticket

UNASKED = "triage, model not asked"
VIEWER = "viewer@demo.com"
HEALTH = {"api": "/healthz"}  # the event functions answer it anywhere
PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A request as the cloud would send it, the status it earns, and whether it did its work."""

    method: str
    path: str
    status: int
    done: Callable[[bytes], bool]
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Asleep:
    """Prepares, in the stores of a sleeping cloud, what a function finds at its first request."""

    def __init__(self, cloud: EmulatedCloud) -> None:
        self._cloud, self._tray = cloud, Tray()
        outbox = Outbox(documents=cloud.documents, bus=self._tray, clock=cloud.clock)
        self._tickets = Tickets(documents=cloud.documents, outbox=outbox)
        self._desk = TicketDesk(
            tickets=self._tickets,
            limits=Limits(documents=cloud.documents, clock=cloud.clock),
            per_hour=PAGE * 100,
            clock=cloud.clock,
            ids=cloud.ids,
            seal_key=bytes(32),
        )
        user_id = cloud.desk.accounts.ids_of([VIEWER])[0]
        self._viewer = Principal(
            user_id=user_id or "", name="Vic Viewer", role=Role.USER, session_id=""
        )
        for _ in range(PAGE):
            self._opened()

    def first(self, name: str) -> First:
        """Return the first request of a function; each one finds a ticket of its own."""
        match name:
            case "api":
                return self._list()
            case "triage":
                return self._push(self._opened(), Status.TRIAGED)
            case name if name == UNASKED:
                return self._push(self._triaged_before(), Status.TRIAGED)
            case "assign":
                return self._push(self._triaged(), Status.ASSIGNED)
            case "notify":
                return self._letter()
            case _:
                return First(method="POST", path="/minute", status=204, done=lambda _: True)

    def _list(self) -> First:
        token = self._cloud.desk.entrance.log_in(VIEWER, PASSWORD, Visitor()).session.access_token
        return First(
            method="GET",
            path=f"/api/tickets?limit={PAGE}",
            headers={"Authorization": f"Bearer {token}"},
            status=200,
            done=lambda body: len(json.loads(body)["items"]) == PAGE,
        )

    def _letter(self) -> First:
        event, carrier = self._assigned(), self._cloud.sendgrid
        before = len(carrier.letters)
        return push(event, done=lambda _: len(carrier.letters) == before + 1)

    def _push(self, event: Event, status: Status) -> First:
        return push(event, done=lambda _: self._tickets.get(event.subject).status is status)

    def _opened(self) -> Event:
        self._desk.open_ticket(self._viewer, TITLE, DESCRIPTION)
        return self._tray.published[-1]

    def _triaged(self) -> Event:
        clock, event = self._cloud.clock, self._opened()
        triage_ticket(event, tickets=self._tickets, classifier=RULES, fallback=RULES, clock=clock)
        return self._tray.published[-1]

    def _triaged_before(self) -> Event:
        """Return the event of a ticket that is triaged already."""
        self._triaged()
        return self._tray.published[-2]

    def _assigned(self) -> Event:
        clock, event = self._cloud.clock, self._triaged()
        assign_ticket(event, tickets=self._tickets, users=self._cloud.users, clock=clock)
        return self._tray.published[-1]


def push(event: Event, *, done: Callable[[bytes], bool]) -> First:
    """Return an event as Pub/Sub pushes it."""
    data = base64.b64encode(events.encode(event).encode()).decode()
    message = {"data": data, "messageId": "1", "attributes": {"type": event.type.value}}
    pushed = {"message": message, "subscription": "measured", "deliveryAttempt": 1}
    return First(
        method="POST",
        path="/",
        body=json.dumps(pushed).encode(),
        headers={"Content-Type": "application/json"},
        status=204,
        done=done,
    )
