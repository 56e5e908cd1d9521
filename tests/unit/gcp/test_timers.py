"""Timers of the cloud: the client is made when the first one is set."""

from datetime import timedelta

from emulated.tasks import TasksServer
from gcp.tasks import TasksTimers
from gcp.timers import CloudTimers
from helpdesk.clock import SystemClock
from helpdesk.ports import Timer
from helpdesk.settings import TimerSettings


def test_timers_are_set_and_cancelled_in_the_queue_of_the_settings():
    clock = SystemClock()
    with TasksServer() as server:
        settings = TimerSettings(
            queue="projects/demo/locations/here/queues/timers",
            target="http://127.0.0.1:9",
            invoker="upkeep@example.com",
            address=server.address,
        )
        timers = CloudTimers(settings, clock=clock)

        timers.set(Timer(name="a", due_at=clock.now() + timedelta(hours=1), about="mail:a"))
        waiting = server.waiting()
        timers.cancel("a")

        assert (waiting, server.waiting()) == (1, 0)
        made = timers._timers
        assert isinstance(made, TasksTimers)
        made.close()
