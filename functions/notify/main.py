"""Cloud Function `notify`, woken by what people should hear of. Wiring only."""

from functools import partial

import functions_framework
from flask import Request

from gcp.entry import Answer, Room, receive
from gcp.once import once


@once
def room() -> Room:
    """Wire the step once per instance, on its first event."""
    from gcp.cloud import Cloud
    from gcp.timers import CloudTimers
    from helpdesk.mail import Mail
    from helpdesk.outbox import NoBus
    from helpdesk.settings import EventSettings, MailSettings, TimerSettings, read_all
    from notify.sendgrid_mailer import SendGridMailer
    from notify.step import notify_people

    here, post, queue = read_all(
        EventSettings.from_env, MailSettings.from_env, TimerSettings.from_env
    )
    cloud = Cloud(here, bus=NoBus())
    sendgrid = SendGridMailer.connect(
        api_key=post.sendgrid_key, sender=post.sender, url=post.sendgrid_url
    )
    timers = CloudTimers(queue, clock=cloud.clock)
    mail = Mail(documents=cloud.documents, mailer=sendgrid, clock=cloud.clock, timers=timers)
    people = partial(notify_people, tickets=cloud.tickets, users=cloud.users, clock=cloud.clock)
    step = partial(people, mail=mail, timers=timers, url=post.url, link_key=post.link_key)
    return Room(name="notify", step=step, parked=cloud.parked)


@functions_framework.http
def notify(request: Request) -> Answer:
    """Write the letter that one event calls for."""
    return receive(request, room)
