"""Cloud Tasks on one machine: speaks google.cloud.tasks.v2 over gRPC and calls back over HTTP.

Names are remembered for good, where Cloud Tasks forgets them after hours; nothing is on a disk.
"""

import base64
import heapq
import itertools
import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

import grpc
from google.cloud.tasks_v2 import (
    CreateTaskRequest,
    DeleteTaskRequest,
    GetTaskRequest,
    HttpMethod,
    ListTasksRequest,
    ListTasksResponse,
    Task,
)

from helpdesk.clock import SystemClock
from helpdesk.ports import Clock

SERVICE = "google.cloud.tasks.v2.CloudTasks"
REACH = timedelta(days=30)
TASK_MOST = 1024 * 1024  # bytes
DEADLINES = (timedelta(seconds=15), timedelta(minutes=30))
DEADLINE = timedelta(minutes=10)  # of a task that names none
STOP_S = 5.0

_QUEUE = re.compile(r"projects/[^/]+/locations/[^/]+/queues/[A-Za-z0-9-]{1,100}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}")
_OK = range(200, 300)

Untyped: TypeAlias = Any  # grpc comes without types


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How long a queue waits after a failure, doubling each time, and how often it tries."""

    first_s: float = 0.1
    most_s: float = 3600.0
    attempts: int = 100

    def wait(self, attempts: int) -> timedelta:
        """Return the wait after that many failed attempts."""
        return timedelta(seconds=min(self.most_s, self.first_s * 2.0 ** min(attempts - 1, 16)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A task, when it is due, and its attempts; `status` is the last answer's, 0 for none."""

    task: Task
    due_at: datetime
    attempts: int = 0
    answers: int = 0
    status: int = 0

    def tried(self, status: int) -> Self:
        return replace(
            self,
            attempts=self.attempts + 1,
            answers=self.answers + bool(status),
            status=status,
        )

    def shown(self) -> Task:
        """Return the task as the service shows it; a copy, for others may still read this one."""
        task = Task(self.task)
        task.schedule_time = self.due_at
        task.dispatch_count = self.attempts
        task.response_count = self.answers
        return task


class _RefusedError(Exception):
    """What was asked for is refused, with a status of gRPC and a text."""


class TasksServer:
    """A server with every queue that anybody names, and the workers that call back."""

    def __init__(
        self,
        *,
        port: int = 0,
        workers: int = 16,
        retries: Retries | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take a port of this machine, a free one for 0; serve once entered."""
        self._retries = retries or Retries()
        self._clock = clock or SystemClock()
        self._changed = threading.Condition()
        self._tasks: dict[str, _Kept] = {}
        self._used: set[str] = set()
        self._due: list[tuple[datetime, int, str]] = []
        self._numbers = itertools.count()
        self._stopping = False
        self._workers = [
            threading.Thread(target=self._work, name=f"tasks-{number}", daemon=True)
            for number in range(workers)
        ]
        self._server = grpc.server(ThreadPoolExecutor(8, thread_name_prefix="tasks-rpc"))
        self._server.add_generic_rpc_handlers((self._calls(),))
        self._port: int = self._server.add_insecure_port(f"127.0.0.1:{port}")

    def __enter__(self) -> Self:
        self._server.start()
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(grace=None).wait(STOP_S)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join(STOP_S)

    @property
    def address(self) -> str:
        """Return where the server listens, as host:port."""
        return f"127.0.0.1:{self._port}"

    def waiting(self) -> int:
        """Return how many tasks wait or are under way."""
        with self._changed:
            return len(self._tasks)

    def _calls(self) -> Untyped:
        calls = {
            "CreateTask": self._call(self._create, CreateTaskRequest, Task.serialize),
            "GetTask": self._call(self._get, GetTaskRequest, Task.serialize),
            "ListTasks": self._call(self._list, ListTasksRequest, ListTasksResponse.serialize),
            "DeleteTask": self._call(self._delete, DeleteTaskRequest, bytes),
        }
        return grpc.method_handlers_generic_handler(SERVICE, calls)

    def _call(
        self,
        answer: Callable[[Untyped], object],
        request: Untyped,
        encode: Callable[[Untyped], bytes],
    ) -> Untyped:
        def answered(asked: object, context: Untyped) -> object:
            try:
                with self._changed:
                    return answer(asked)
            except _RefusedError as refused:
                return context.abort(*refused.args)

        return grpc.unary_unary_rpc_method_handler(answered, request.deserialize, encode)

    def _create(self, asked: CreateTaskRequest) -> Task:
        now = self._clock.now()
        task = _checked(asked, now=now)
        if task.name in self._used:
            raise _RefusedError(grpc.StatusCode.ALREADY_EXISTS, "Requested entity already exists")
        self._used.add(task.name)
        return self._put(_Kept(task=task, due_at=task.schedule_time or now)).shown()

    def _get(self, asked: GetTaskRequest) -> Task:
        return self._found(asked.name).shown()

    def _list(self, asked: ListTasksRequest) -> ListTasksResponse:
        mine = [kept for name, kept in self._tasks.items() if _queue_of(name) == asked.parent]
        return ListTasksResponse(tasks=[kept.shown() for kept in mine])

    def _delete(self, asked: DeleteTaskRequest) -> bytes:
        del self._tasks[self._found(asked.name).task.name]
        return b""  # google.protobuf.Empty on the wire

    def _found(self, name: str) -> _Kept:
        if name not in self._tasks:
            raise _RefusedError(grpc.StatusCode.NOT_FOUND, "The task does not exist.")
        return self._tasks[name]

    def _put(self, kept: _Kept) -> _Kept:
        self._tasks[kept.task.name] = kept
        heapq.heappush(self._due, (kept.due_at, next(self._numbers), kept.task.name))
        self._changed.notify()
        return kept

    def _next(self) -> _Kept | None:
        """Wait for a task that is due and return it; None when it is time to stop."""
        with self._changed:
            while not self._stopping:
                now = self._clock.now()
                if self._due and self._due[0][0] <= now:
                    if kept := self._tasks.get(heapq.heappop(self._due)[2]):
                        self._changed.notify()  # somebody else watches what is due next
                        return kept
                    continue  # deleted
                self._changed.wait((self._due[0][0] - now).total_seconds() if self._due else None)
        return None

    def _work(self) -> None:
        while kept := self._next():
            tried = kept.tried(_dispatched(kept, now=self._clock.now()))
            with self._changed:
                self._note(tried)

    def _note(self, tried: _Kept) -> None:
        if self._tasks.pop(tried.task.name, None) is None:
            return  # deleted while it was under way
        if tried.status in _OK or tried.attempts >= self._retries.attempts:
            return
        self._put(replace(tried, due_at=self._clock.now() + self._retries.wait(tried.attempts)))


def _checked(asked: CreateTaskRequest, *, now: datetime) -> Task:
    """Return the task to keep, or raise _RefusedError where Cloud Tasks would refuse it."""
    task = Task(asked.task)
    task.name = task.name or f"{asked.parent}/tasks/{secrets.randbits(64)}"
    task.create_time = now
    if task.http_request.http_method == HttpMethod.HTTP_METHOD_UNSPECIFIED:
        task.http_request.http_method = HttpMethod.POST  # type: ignore[assignment]
    wrong = {
        "the queue's name is not valid": not _QUEUE.fullmatch(asked.parent),
        "Task.name is not QUEUE/tasks/NAME": _queue_of(task.name) != asked.parent
        or not _NAME.fullmatch(task.name.rpartition("/")[2]),
        "HttpRequest.url does not begin with http://": urlsplit(task.http_request.url).scheme
        != "http",
        "dispatch_deadline is not 15 s to 30 min": bool(task.dispatch_deadline)
        and not DEADLINES[0] <= task.dispatch_deadline <= DEADLINES[1],
        "schedule_time is more than 30 days ahead": bool(task.schedule_time)
        and task.schedule_time > now + REACH,
        "the task is larger than 1 MB": len(Task.serialize(task)) > TASK_MOST,
    }
    for text, is_so in wrong.items():
        if is_so:
            raise _RefusedError(grpc.StatusCode.INVALID_ARGUMENT, text)
    return task


def _queue_of(name: str) -> str:
    return name.rpartition("/tasks/")[0]


def _dispatched(kept: _Kept, *, now: datetime) -> int:
    """Make the call of a task and return the answer's status, 0 when there was none."""
    request = kept.task.http_request
    url = urlsplit(request.url)
    deadline = kept.task.dispatch_deadline or DEADLINE
    connection = HTTPConnection(url.netloc, timeout=deadline.total_seconds())
    path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    try:
        connection.request(
            request.http_method.name, path, request.body, dict(_headers(kept, now=now))
        )
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _headers(kept: _Kept, *, now: datetime) -> Mapping[str, str]:
    request, parts = kept.task.http_request, kept.task.name.split("/")
    headers = {
        "User-Agent": "Google-Cloud-Tasks",
        **request.headers,
        "X-CloudTasks-QueueName": parts[5],
        "X-CloudTasks-TaskName": parts[7],
        "X-CloudTasks-TaskRetryCount": str(kept.attempts),
        "X-CloudTasks-TaskExecutionCount": str(kept.answers),
        "X-CloudTasks-TaskETA": f"{kept.due_at.timestamp():.6f}",
    }
    if kept.status:
        headers["X-CloudTasks-TaskPreviousResponse"] = str(kept.status)
    if request.oidc_token.service_account_email:
        token = request.oidc_token
        audience = token.audience or request.url
        bearer = unsigned_token(token.service_account_email, audience=audience, now=now)
        headers["Authorization"] = f"Bearer {bearer}"
    return headers


def unsigned_token(email: str, *, audience: str, now: datetime) -> str:
    """Return an OIDC token as Google's, but for the signature: it has none and proves nothing."""
    issued = int(now.timestamp())
    claims = {
        "iss": "https://accounts.google.com",
        "sub": email,
        "email": email,
        "email_verified": True,
        "aud": audience,
        "iat": issued,
        "exp": issued + 3600,
    }
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    head, body = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{head}.{body}."
