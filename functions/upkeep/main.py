"""Function `upkeep`, called by Cloud Scheduler, Cloud Tasks and Pub/Sub. Wiring only."""

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
    from helpdesk.settings import EventSettings, HookSettings, TimerSettings, read_all
    from upkeep.hooks import HookPost

    here, queue, ours = read_all(
        EventSettings.from_env, TimerSettings.from_env, HookSettings.from_env
    )
    cloud = Cloud(here, bus=CloudBus(here))
    outbox, clock, kept = cloud.outbox, cloud.clock, cloud.documents
    timers = CloudTimers(queue, clock=clock)
    return Upkeep(
        claims=Claims(documents=kept, outbox=outbox, clock=clock, timers=timers),
        hooks=HookPost.connect(documents=kept, timers=timers, clock=clock, key=ours.hook_key),
        outbox=outbox, parked=cloud.parked, users=cloud.users, tickets=cloud.tickets,
        timers=timers, clock=clock,
    )  # fmt: skip


@functions_framework.http
def upkeep(request: Request) -> Answer:
    """Do what one caller asks for."""
    return answer(request.method, request.path, request.get_data(), upkeep=rounds)
