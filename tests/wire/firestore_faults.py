"""A door before the Firestore emulator: passes calls on, and fails the next ones as planned."""

import threading
from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc

STREAMS = frozenset({"BatchGetDocuments", "RunAggregationQuery", "RunQuery"})
SECRET = "customer 4711 of projects/acme"  # what a vendor's text may hold; nobody is shown it
ANY_SIZE = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
HANG_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to one call: it ends with a status, or never when there is none.

    A commit that is `applied` reaches the emulator, and only its answer is lost. Of a read's
    answer, `passing` messages get through first.
    """

    status: grpc.StatusCode | None = grpc.StatusCode.UNAVAILABLE
    applied: bool = False
    passing: int = 0


DOWN = Fault()
LOST = Fault(applied=True)
HANG = Fault(status=None)


class FaultyFirestore(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    """Speaks for an emulator from a free port, until it is left."""

    def __init__(self, emulator):
        self.calls: Counter[str] = Counter()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._channel = grpc.insecure_channel(emulator, options=ANY_SIZE)
        workers = ThreadPoolExecutor(8, thread_name_prefix="faulty")
        self._server = grpc.server(workers, options=ANY_SIZE)
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def plan(self, name, *faults):
        """Let the next calls of a name go wrong, one fault each, after those planned before."""
        with self._lock:
            self._faults[name].extend(faults)

    def service(self, details):
        name = details.method.rpartition("/")[2]
        if name in STREAMS:

            def streamed(request, context):
                return self._streamed(name, details, request, context)

            return grpc.unary_stream_rpc_method_handler(streamed)

        def answered(request, context):
            return self._answered(name, details, request, context)

        return grpc.unary_unary_rpc_method_handler(answered)

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()
        self._channel.close()

    def _next(self, name):
        with self._lock:
            self.calls[name] += 1
            return self._faults[name].popleft() if self._faults[name] else None

    def _answered(self, name, details, request, context):
        fault = self._next(name)
        if fault and not fault.applied:
            fail(fault, context)
        call = self._channel.unary_unary(details.method)
        try:
            answer = call(request, metadata=passed_on(details), timeout=HANG_S)
        except grpc.RpcError as error:
            return context.abort(error.code(), error.details())
        return fail(fault, context) if fault else answer

    def _streamed(self, name, details, request, context):
        fault = self._next(name)
        call = self._channel.unary_stream(details.method)
        messages = call(request, metadata=passed_on(details), timeout=HANG_S)
        try:
            for number, message in enumerate(messages):
                if fault and number == fault.passing:
                    break
                yield message
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        if fault:
            fail(fault, context)


def fail(fault, context):
    """End a call as the fault says."""
    if fault.status is None:
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait(HANG_S)
    context.abort(fault.status or grpc.StatusCode.UNAVAILABLE, SECRET)


def passed_on(details):
    """Return what a client says besides its request: which database it means."""
    kept = {"authorization", "google-cloud-resource-prefix", "x-goog-request-params"}
    return [(name, value) for name, value in details.invocation_metadata if name in kept]
