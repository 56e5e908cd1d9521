"""Function `upkeep`, called by Cloud Scheduler, Cloud Tasks and dead letters. Wiring only."""

import functions_framework
from flask import Request

from gcp.entry import Answer
from gcp.once import once
from upkeep.calls import answer
from upkeep.rounds import Upkeep


@once
def rounds() -> Upkeep:
    """Wire upkeep once per instance, on its first call."""
    from gcp.bus import CloudBus
    from gcp.cloud import Cloud
    from gcp.timers import CloudTimers
    from helpdesk.claims import Claims
    from helpdesk.settings import EventSettings, TimerSettings, read_all

    here, queue = read_all(EventSettings.from_env, TimerSettings.from_env)
    cloud = Cloud(here, bus=CloudBus(here))
    outbox, clock = cloud.outbox, cloud.clock
    timers = CloudTimers(queue, clock=clock)
    return Upkeep(
        claims=Claims(documents=cloud.documents, outbox=outbox, clock=clock, timers=timers),
        outbox=outbox,
        parked=cloud.parked,
        users=cloud.users,
        tickets=cloud.tickets,
        timers=timers,
        clock=clock,
    )


@functions_framework.http
def upkeep(request: Request) -> Answer:
    """Do what one caller asks for."""
    return answer(request.method, request.path, request.get_data(), upkeep=rounds)
