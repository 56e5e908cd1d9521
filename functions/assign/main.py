"""Cloud Function `assign`, woken by ticket-triaged. Wiring only: the work is in step.py."""

from functools import partial

import functions_framework
from flask import Request

from gcp.entry import Answer, Room, receive
from gcp.once import once


@once
def room() -> Room:
    """Wire the step once per instance, on its first event."""
    from assign.step import assign_ticket
    from gcp.bus import CloudBus
    from gcp.cloud import Cloud
    from helpdesk.settings import EventSettings

    here = EventSettings.from_env()
    cloud = Cloud(here, bus=CloudBus(here))
    step = partial(assign_ticket, tickets=cloud.tickets, users=cloud.users, clock=cloud.clock)
    return Room(name="assign", step=step, parked=cloud.parked)


@functions_framework.http
def assign(request: Request) -> Answer:
    """Assign the ticket that one ticket-triaged event names."""
    return receive(request, room)
