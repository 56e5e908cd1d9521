"""The Bus over Pub/Sub: an event is a message on the topic of its type."""

import logging

from google import pubsub_v1
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from helpdesk import events
from helpdesk.errors import OutsideError
from helpdesk.events import Event
from helpdesk.wire import time_text

PUBLISH_S = 2.0  # a request waits for this; the client's own default is ten minutes

log = logging.getLogger(__name__)


class PubsubBus:
    """Publishes events, one message each; Pub/Sub delivers them to whoever subscribed."""

    def __init__(self, publisher: pubsub_v1.PublisherClient, project: str) -> None:
        """Publish to the topics of a project."""
        self._publisher = publisher
        self._project = project

    @classmethod
    def connect(cls, project: str, address: str = "") -> "PubsubBus":
        """Return the bus of a project; with an address, the one an emulator holds there.

        Raise OutsideError when Google gives no credentials just now.
        """
        if not address:
            try:
                return cls(pubsub_v1.PublisherClient(), project)
            except GoogleAuthError as error:
                raise OutsideError("Google gave no credentials for the bus") from error
        import grpc  # noqa: PLC0415 - for emulators only

        transport = PublisherGrpcTransport(channel=grpc.insecure_channel(address))
        return cls(pubsub_v1.PublisherClient(transport=transport), project)

    def publish(self, event: Event) -> None:
        """Return once the event is safe with Pub/Sub, or raise OutsideError within two seconds.

        Not tried again here: the event is in the outbox, and upkeep comes back to it.
        """
        message = pubsub_v1.PubsubMessage(
            data=events.encode(event).encode(), attributes=attributes(event)
        )
        try:
            self._publisher.publish(
                topic=f"projects/{self._project}/topics/{event.type.value}",
                messages=[message],
                retry=None,
                timeout=PUBLISH_S,
            )
        except (GoogleAPIError, GoogleAuthError) as error:
            log.warning("publishing failed", extra={"reason": type(error).__name__})
            raise OutsideError("the bus did not take the event") from error


def attributes(event: Event) -> dict[str, str]:
    """Return what a subscription can filter by and a reader can trace without opening the event.

    The names are those of CloudEvents and, for `traceparent`, of W3C Trace Context.
    """
    named = {
        "id": event.id,
        "type": event.type.value,
        "subject": event.subject,
        "time": time_text(event.time),
        "version": str(event.version),
    }
    return named | ({"traceparent": event.traceparent} if event.traceparent else {})
