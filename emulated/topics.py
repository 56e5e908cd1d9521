"""The topics and push subscriptions of one project in the Pub/Sub emulator, as Terraform's are."""

from collections.abc import Callable
from datetime import timedelta

import grpc
from google import pubsub_v1
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from helpdesk.events import HEARD, HOOKS, WAKES

DEAD_LETTERS = "dead-letters"
ATTEMPTS_LEAST = 5  # Pub/Sub takes no fewer
CALL_S = 10.0


def lay_out(
    address: str,
    project: str,
    *,
    push_to: Callable[[str], str],
    dead_letters_to: str,
    attempts: int = ATTEMPTS_LEAST,
    min_backoff_s: float = 1.0,
    max_backoff_s: float = 10.0,
    ack_deadline_s: int = 60,
) -> None:
    """Make a topic for each event and a subscription `{topic}.{step}` for each step it wakes.

    What webhooks are told of has one more, `{topic}.hooks`.

    A step's events are pushed to the URL that `push_to` gives for it; what failed at every attempt
    goes to the topic of dead letters, and from there to `dead_letters_to`. Once for each project.
    With a `min_backoff_s` of 0 the emulator tries again each second; else it waits 3 s and more.
    """
    retries = None
    if min_backoff_s:
        retries = pubsub_v1.RetryPolicy(
            minimum_backoff=timedelta(seconds=min_backoff_s),
            maximum_backoff=timedelta(seconds=max_backoff_s),
        )
    giving_up = pubsub_v1.DeadLetterPolicy(
        dead_letter_topic=topic_name(project, DEAD_LETTERS), max_delivery_attempts=attempts
    )

    def subscription(topic: str, step: str, url: str) -> pubsub_v1.Subscription:
        return pubsub_v1.Subscription(
            name=f"projects/{project}/subscriptions/{topic}.{step}",
            topic=topic_name(project, topic),
            push_config=pubsub_v1.PushConfig(push_endpoint=url),
            retry_policy=retries,
            ack_deadline_seconds=ack_deadline_s,
        )

    # Nobody else looks at a dead letter: it is pushed until upkeep has parked it.
    wanted = [subscription(DEAD_LETTERS, "upkeep", dead_letters_to)]
    for kind, steps in WAKES.items():
        for step in (*steps, *((HOOKS,) if kind in HEARD else ())):
            wanted.append(subscription(kind.value, step, push_to(step)))
            wanted[-1].dead_letter_policy = giving_up
    with grpc.insecure_channel(address) as channel:
        publisher = pubsub_v1.PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        for topic in (DEAD_LETTERS, *WAKES):
            publisher.create_topic(name=topic_name(project, topic), retry=None, timeout=CALL_S)
        subscriber = pubsub_v1.SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
        for each in wanted:
            subscriber.create_subscription(each, retry=None, timeout=CALL_S)


def topic_name(project: str, topic: str) -> str:
    """Return a topic's full name."""
    return f"projects/{project}/topics/{topic}"
