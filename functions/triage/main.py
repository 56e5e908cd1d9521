"""Cloud Function `triage`, woken by ticket-created. Wiring only: the work is in step.py."""

from functools import partial

import functions_framework
from flask import Request

from gcp.entry import Answer, Room, receive
from gcp.once import once


@once
def room() -> Room:
    """Wire the step once per instance, on its first event."""
    from gcp.cloud import Cloud
    from gcp.pubsub import PubsubBus
    from helpdesk.settings import EventSettings, ModelSettings, read_all
    from triage.gemini import GeminiClassifier
    from triage.rules import RuleClassifier
    from triage.step import triage_ticket

    here, model = read_all(EventSettings.from_env, ModelSettings.from_env)
    cloud = Cloud(here, bus=PubsubBus.connect(here.project, here.pubsub))
    gemini = GeminiClassifier.connect(
        project=here.project, location=model.location, model=model.model, url=model.url
    )
    step = partial(
        triage_ticket,
        tickets=cloud.tickets,
        classifier=gemini,
        fallback=RuleClassifier(),
        clock=cloud.clock,
    )
    return Room(name="triage", step=step, parked=cloud.parked)


@functions_framework.http
def triage(request: Request) -> Answer:
    """Triage the ticket that one ticket-created event names."""
    return receive(request, room)
