"""Timers over Cloud Tasks, whose client is made at the first one: most instances set none."""

from functools import cached_property

from helpdesk.ports import Clock, Timer, Timers
from helpdesk.settings import TimerSettings


class CloudTimers:
    """The Timers port."""

    def __init__(self, settings: TimerSettings, *, clock: Clock) -> None:
        """Set timers in the queue of the settings."""
        self._settings = settings
        self._clock = clock

    def set(self, timer: Timer) -> None:
        """Keep a timer, or raise OutsideError; setting a name again changes nothing."""
        self._timers.set(timer)

    def cancel(self, name: str) -> None:
        """Drop a timer, there or not, or raise OutsideError."""
        self._timers.cancel(name)

    @cached_property
    def _timers(self) -> Timers:
        from gcp.tasks import TasksTimers  # noqa: PLC0415

        return TasksTimers.connect(
            queue=self._settings.queue,
            target=self._settings.target,
            invoker=self._settings.invoker,
            clock=self._clock,
            address=self._settings.address,
        )
