"""The adapters that the suite of the Bus port runs over, each with whom it delivers to."""

import threading
import uuid
from datetime import UTC, datetime

from emulated.server import Answer, WireServer
from helpdesk.clock import SystemClock
from helpdesk.events import HOOKS, Event, EventType
from local.bus import QueueBus
from local.queue import Backoff, SqliteQueue

SOON_S = 30.0  # waits end at once when all is well; a busy machine has time
TICKS_S = 0.5  # the emulator pushes every 0.1 s
QUICK = Backoff(first_s=0.01, most_s=0.02, attempts=5)
DEAD_LETTERS = "/dead-letters"


def event(number=1, kind=EventType.TICKET_CREATED):
    return Event(
        id=f"T{number}.created.1",
        type=kind,
        time=datetime(2026, 3, 1, tzinfo=UTC),
        subject=f"T{number}",
        data={"ticket_id": f"T{number}"},
    )


def publish_from_many_threads(bus):
    def publish(thread):
        for number in range(25):
            bus.publish(event(thread * 100 + number))

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Received:
    """A handler that keeps what it was given and fails as often as it is told."""

    def __init__(self, failures=0, unless=None):
        self.bodies = []
        self._failures = failures
        self._unless = unless
        self._changed = threading.Condition()

    def __call__(self, body):
        with self._changed:
            self.bodies.append(body)
            self._changed.notify_all()
            if len(self.bodies) <= self._failures and body != self._unless:
                raise RuntimeError("not this time")

    def wait(self, count=1):
        return self.wait_until(lambda bodies: len(bodies) >= count)

    def wait_until(self, complete):
        with self._changed:
            return self._changed.wait_for(lambda: complete(self.bodies), SOON_S)


class Given:
    """Keeps what the bus gave up."""

    def __init__(self):
        self.up = []
        self._changed = threading.Condition()

    def __call__(self, target, body, attempts):
        with self._changed:
            self.up.append((target, body, attempts))
            self._changed.notify_all()

    def wait(self):
        with self._changed:
            return self._changed.wait_for(lambda: self.up, SOON_S)


class OverQueue:
    """The Bus in a SQLite file; from `start` on it delivers."""

    def __init__(self, folder, _emulators):
        self.queue = SqliteQueue(folder / "bus.db", clock=SystemClock(), backoff=QUICK)
        self.bus = QueueBus(self.queue)

    def start(self, handlers, given, threads=2):
        self.queue.start(handlers, exhausted=given, threads=threads)

    def is_quiet(self):
        return self.queue.idle(SOON_S)

    def close(self):
        self.queue.close()


class OverPubsub:
    """The Bus in an emulated project that nobody has used before; from `start` on it delivers."""

    def __init__(self, _folder, emulators):
        # Imported here: whoever has no Google client needs none for the rest.
        from emulated.topics import lay_out  # noqa: PLC0415
        from gcp.pubsub import PubsubBus  # noqa: PLC0415

        self._address = emulators.pubsub.address
        self._project = f"test-{uuid.uuid4().hex[:12]}"  # noqa: TID251 - a project nobody else has
        self.receiver = Receiver()
        lay_out(
            self._address,
            self._project,
            push_to=lambda step: f"{self.receiver.url}/{step}",
            dead_letters_to=f"{self.receiver.url}{DEAD_LETTERS}",
            min_backoff_s=0,
        )
        self.bus = PubsubBus.connect(self._project, self._address)

    def start(self, handlers, given, **_):
        self.receiver.handlers = {HOOKS: no_webhook, **handlers}
        self.receiver.given = given
        self.receiver.start()

    def is_quiet(self):
        """Wait until nothing has come for some ticks, and say whether that was soon."""
        return self.receiver.is_quiet()

    def close(self):
        self._unsubscribe()  # or its pushes go on, to whoever has the receiver's port next
        self.receiver.stop()
        self.bus._publisher.transport.close()

    def _unsubscribe(self):
        import grpc  # noqa: PLC0415 - as above
        from google import pubsub_v1  # noqa: PLC0415
        from google.pubsub_v1.services.subscriber.transports import (  # noqa: PLC0415
            SubscriberGrpcTransport,
        )

        with grpc.insecure_channel(self._address) as channel:
            transport = SubscriberGrpcTransport(channel=channel)
            client = pubsub_v1.SubscriberClient(transport=transport)
            for each in client.list_subscriptions(project=f"projects/{self._project}"):
                client.delete_subscription(subscription=each.name)


class Receiver(WireServer):
    """Hands what Pub/Sub pushes to the step that the path names; 500 when that fails."""

    def __init__(self):
        super().__init__()
        self.handlers = {}
        self.given = Given()
        self._came = threading.Event()

    def answer(self, request):
        from gcp.push import read_push  # noqa: PLC0415 - as above

        self._came.set()
        pushed = read_push(request.raw)
        if request.path == DEAD_LETTERS:
            self.given(*given_up(pushed))
            return Answer(status=204)
        try:
            self.handlers[request.path.removeprefix("/")](pushed.body)
        except RuntimeError:
            return Answer(status=500)
        return Answer(status=204)

    def is_quiet(self):
        for _ in range(int(SOON_S / TICKS_S)):
            self._came.clear()
            if not self._came.wait(TICKS_S):
                return True
        return False


def no_webhook(_body):
    """Tell nobody, as where no webhook is kept."""


def given_up(pushed):
    """Return whom a dead letter was for, what it says, and how often it was tried."""
    said = pushed.attributes
    subscription = said["CloudPubSubDeadLetterSourceSubscription"]
    attempts = int(said["CloudPubSubDeadLetterSourceDeliveryCount"])
    return subscription.rpartition(".")[2], pushed.body, attempts
