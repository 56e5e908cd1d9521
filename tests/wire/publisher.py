"""The half of Pub/Sub that takes messages: keeps them, and fails the next calls as planned."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.pubsub_v1 import PublishRequest, PublishResponse

SERVICE = "google.pubsub.v1.Publisher"
HANG_S = 30.0


class PublisherServer:
    """Takes what is published to topics that are there, from a free port, until it is left."""

    def __init__(self, *topics):
        self.taken = []
        self.calls = 0
        self._topics = topics
        self._faults: deque[grpc.StatusCode | None] = deque()
        self._server = grpc.server(ThreadPoolExecutor(8, thread_name_prefix="publisher"))
        method = grpc.unary_unary_rpc_method_handler(
            self._publish,
            request_deserializer=PublishRequest.deserialize,
            response_serializer=PublishResponse.serialize,
        )
        handlers = grpc.method_handlers_generic_handler(SERVICE, {"Publish": method})
        self._server.add_generic_rpc_handlers((handlers,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def plan(self, *faults):
        """Let the next calls end with these statuses, or never where one is None."""
        self._faults.extend(faults)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()

    def _publish(self, request, context):
        self.calls += 1
        if self._faults:
            return fail(self._faults.popleft(), context)
        if request.topic not in self._topics:
            return context.abort(grpc.StatusCode.NOT_FOUND, f"no such topic: {request.topic}")
        self.taken += [(request.topic, message) for message in request.messages]
        return PublishResponse(message_ids=[str(len(self.taken))])


def fail(status, context):
    """End a call with a status, or not before the caller does."""
    if status is None:
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(HANG_S)
    context.abort(status or grpc.StatusCode.UNAVAILABLE, "customer 4711 of projects/acme")
