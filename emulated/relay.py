"""Between the Pub/Sub emulator and the functions: makes its pushes those of the real Pub/Sub.

The emulator pushes two messages of a subscription at a time, and loses one of the two places for
good when a function is killed under a push: after two kills the subscription stands still. It also
acknowledges by other statuses than Pub/Sub does, and counts no attempts in the push.
"""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

from emulated.server import JSON, Answer, Request, WireServer

PUSH_S = 60.0  # as long as the subscriptions' ack deadline
ACKNOWLEDGES = frozenset({102, 200, 201, 202, 204})  # of the real Pub/Sub; the emulator's differ
AGAIN = 503


class PushRelay(WireServer):
    """Passes each push on to a function, and answers for it when it does not."""

    def __init__(self) -> None:
        """Know no function yet: `routes` names them."""
        super().__init__()
        self.routes: Mapping[str, str] = {}  # the first part of a path, and the URL it stands for
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Pass one push on; what does not answer is a refusal."""
        _, name, *rest = request.path.split("/", 2)
        if name not in self.routes or not isinstance(request.body, dict):
            return Answer(status=404)
        status = _posted(f"{self.routes[name]}/{''.join(rest)}", self._counted(request.body))
        return Answer(status=204 if status in ACKNOWLEDGES else max(status, 400))

    def _counted(self, push: dict[str, object]) -> bytes:
        """Return the push with its attempt, counted from 1 as Pub/Sub counts."""
        message = push.get("message")
        message_id = message.get("messageId") if isinstance(message, dict) else None
        key = (str(push.get("subscription")), str(message_id))
        with self._counting:
            self._attempts[key] += 1
            return json.dumps({**push, "deliveryAttempt": self._attempts[key]}).encode()


def _posted(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PUSH_S)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": JSON})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return AGAIN  # the function is dead just now, or takes too long
    else:
        return answer.status
    finally:
        connection.close()
