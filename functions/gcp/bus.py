"""The Bus over Pub/Sub, whose client is made at the first event: many requests tell of none."""

from gcp.once import once
from helpdesk.events import Event
from helpdesk.ports import Bus
from helpdesk.settings import EventSettings


class CloudBus:
    """The Bus port."""

    def __init__(self, settings: EventSettings) -> None:
        """Publish to the topics of the project in the settings."""

        def connected() -> Bus:
            from gcp.pubsub import PubsubBus  # noqa: PLC0415

            return PubsubBus.connect(settings.project, settings.pubsub)

        self._connected = once(connected)

    def publish(self, event: Event) -> None:
        """Return once the event is safe with Pub/Sub, or raise OutsideError within two seconds."""
        self._connected().publish(event)
