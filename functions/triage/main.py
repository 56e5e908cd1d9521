"""Cloud Function `triage`, woken by ticket-created. Wiring only: the work is in step.py."""

from dataclasses import asdict
from functools import partial

import functions_framework
from flask import Request

from gcp.entry import Answer, Room, receive
from gcp.once import once


@once
def room() -> Room:
    """Wire the step once per instance, on its first event."""
    from gcp.bus import CloudBus
    from gcp.cloud import Cloud
    from helpdesk.settings import EventSettings, ModelSettings, read_all
    from triage.gemini import GeminiClassifier
    from triage.late import LateClassifier
    from triage.rules import RuleClassifier
    from triage.step import triage_ticket

    here, model = read_all(EventSettings.from_env, ModelSettings.from_env)
    cloud = Cloud(here, bus=CloudBus(here))
    gemini = once(partial(GeminiClassifier.connect, project=here.project, **asdict(model)))
    step = partial(
        triage_ticket,
        tickets=cloud.tickets,
        classifier=LateClassifier(gemini),
        fallback=LateClassifier(once(RuleClassifier)),
        clock=cloud.clock,
    )
    return Room(name="triage", step=step, parked=cloud.parked)


@functions_framework.http
def triage(request: Request) -> Answer:
    """Triage the ticket that one ticket-created event names."""
    return receive(request, room)
