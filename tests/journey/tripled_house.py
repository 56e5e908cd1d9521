"""The local house with a bus that delivers every event three times, late and out of order.

Run as a program, so that a test can kill it: `python tripled_house.py FOLDER PORT SEED`.
"""

import random
import signal
import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path

from helpdesk import events, log
from helpdesk.clock import SystemClock
from helpdesk.events import WAKES
from local.bus import QueueBus
from local.house import House, locked
from local.keys import settings_in
from local.people import seed
from local.queue import Backoff, Message
from local.server import Server

LATE_S = 0.5
COPIES = 3


class TripledBus(QueueBus):
    """Publishes every event three times, each copy due at a random moment."""

    def __init__(self, queue, chance):
        super().__init__(queue)
        self._late = queue
        self._chance = chance
        self._clock = SystemClock()

    def publish_all(self, committed):
        copies = [
            Message(target=step, body=events.encode(event), due_at=self._soon())
            for event in committed
            for step in WAKES[event.type]
            for _ in range(COPIES)
        ]
        self._chance.shuffle(copies)
        self._late.put_all(copies)

    def _soon(self):
        return self._clock.now() + timedelta(seconds=self._chance.uniform(0, LATE_S))


def main(folder, port, number):
    chance = random.Random(number)
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with listening, locked(folder), (folder / "helpdesk.log").open("a") as lines:
        log.configure(lines)
        house = House(
            folder,
            settings_in(folder, url=f"http://127.0.0.1:{port}"),
            backoff=Backoff(first_s=0.05, most_s=1),
            bus_over=lambda queue: TripledBus(queue, chance),
        )
        try:
            seed(house)
            house.start()
            server = Server(house.app(), listening, threads=8)
            server.start()
            print("ready", flush=True)
            stopped.wait()
            server.stop()
        finally:
            house.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
