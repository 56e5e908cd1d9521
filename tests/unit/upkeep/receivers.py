"""Receivers of webhooks: one that only says how it went, and one that is a server on 127.0.0.1."""

import base64
import hashlib
import hmac

from emulated.server import Answer, WireServer
from helpdesk.hook_deliveries import Deliveries
from helpdesk.hooks import Hooks
from tests.builders import SequenceIds
from upkeep.hook_sender import Attempt
from upkeep.hooks import HookPost

HOOK_KEY = bytes(range(160, 192))


class Postman:
    """The Sender port: keeps what was sent and answers as planned, 204 without a plan."""

    def __init__(self):
        self.sent = []
        self.planned = []
        self.meanwhile = None

    def plan(self, *statuses, retry_after=""):
        self.planned += [an_attempt(status, retry_after=retry_after) for status in statuses]

    def post(self, url, *, body, headers):
        self.sent.append((url, body, headers))
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return self.planned.pop(0) if self.planned else an_attempt(204)


class Receiver(WireServer):
    """Somebody's server: answers these statuses one by one, and 204 from then on."""

    def __init__(self, *statuses):
        super().__init__()
        self._statuses = list(statuses)

    def answer(self, _request):
        return Answer(status=self._statuses.pop(0) if self._statuses else 204)


def an_attempt(status, *, retry_after=""):
    reason = f"answered {status}" if status else "timed out"
    return Attempt(status=status, ms=7, reason=reason, retry_after=retry_after)


def a_post(documents, *, timers, clock, sender=None):
    return HookPost(
        hooks=Hooks(documents=documents, clock=clock, ids=SequenceIds()),
        deliveries=Deliveries(documents=documents, clock=clock),
        sender=sender or Postman(),
        timers=timers,
        clock=clock,
        key=HOOK_KEY,
    )


def signed_as_the_specification_says(shown, headers, body):
    """Return whether a request is signed with a secret as it was shown: `whsec_...`.

    Written after the text of Standard Webhooks, without a line of ours.
    """
    secret = base64.b64decode(shown.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    given = [each.partition(",") for each in headers["webhook-signature"].split(" ")]
    return ("v1", ",", wanted) in given
