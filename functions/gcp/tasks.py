"""The Timers port over Cloud Tasks: a timer is a task that calls the upkeep function."""

import hashlib
from datetime import timedelta
from typing import Self

import grpc
from google.api_core.exceptions import (
    AlreadyExists,
    GoogleAPIError,
    NotFound,
    ServiceUnavailable,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud.tasks_v2 import CloudTasksClient, HttpMethod, HttpRequest, OidcToken, Task
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from helpdesk.errors import OutsideError
from helpdesk.ports import Clock, Timer
from helpdesk.timers import encode

REACH = timedelta(days=29)  # Cloud Tasks takes 30 days at most
TIMEOUT_S = 5.0

# A task's name makes a second try harmless.
_RETRY = Retry(
    predicate=if_exception_type(ServiceUnavailable), initial=0.1, maximum=1.0, timeout=2.0
)


class TasksTimers:
    """The Timers port: who is called back too early sets the timer again.

    So cancelling reaches only a timer that has not been set again, and whoever is called back
    looks at what is still true, as for every timer.
    """

    def __init__(
        self, client: CloudTasksClient, *, queue: str, target: str, invoker: str, clock: Clock
    ) -> None:
        """Set tasks in `queue` that call `target` in the name of `invoker`."""
        self._client = client
        self._queue = queue
        self._target = target
        self._invoker = invoker
        self._clock = clock

    @classmethod
    def connect(
        cls, *, queue: str, target: str, invoker: str, clock: Clock, address: str = ""
    ) -> Self:
        """Return the timers of a queue of Cloud Tasks, or of a server that speaks like it."""
        channel = grpc.insecure_channel(address) if address else None
        transport = CloudTasksGrpcTransport(channel=channel) if channel else None
        try:
            client = CloudTasksClient(transport=transport)
        except GoogleAuthError as error:
            raise OutsideError("Google gave no credentials for timers") from error
        return cls(client, queue=queue, target=target, invoker=invoker, clock=clock)

    def set(self, timer: Timer) -> None:
        """Keep a timer, or raise OutsideError; setting a name again changes nothing."""
        try:
            self._client.create_task(
                parent=self._queue, task=self._task(timer), retry=_RETRY, timeout=TIMEOUT_S
            )
        except AlreadyExists:
            return
        except (GoogleAPIError, GoogleAuthError) as error:
            raise OutsideError(_said(error)) from error

    def cancel(self, name: str) -> None:
        """Drop a timer, there or not, or raise OutsideError."""
        try:
            self._client.delete_task(name=self._path(name), retry=_RETRY, timeout=TIMEOUT_S)
        except NotFound:
            return
        except (GoogleAPIError, GoogleAuthError) as error:
            raise OutsideError(_said(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()  # type: ignore[no-untyped-call]

    def _task(self, timer: Timer) -> Task:
        return Task(
            name=self._path(timer.name),
            schedule_time=min(timer.due_at, self._clock.now() + REACH),
            http_request=HttpRequest(
                url=f"{self._target}/timers",
                http_method=HttpMethod.POST,
                headers={"Content-Type": "application/json"},
                body=encode(timer).encode(),
                oidc_token=OidcToken(service_account_email=self._invoker, audience=self._target),
            ),
        )

    def _path(self, name: str) -> str:
        # Hashed, because names that follow one another slow a queue down.
        return f"{self._queue}/tasks/{hashlib.sha256(name.encode()).hexdigest()}"


def _said(error: Exception) -> str:
    return f"Cloud Tasks failed: {type(error).__name__}"
