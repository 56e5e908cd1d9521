"""Webhooks as the tests of their routes need them: added, spoiled, looked at."""

from dataclasses import replace

from helpdesk.documents import Update
from helpdesk.hook_deliveries import Deliveries, State
from helpdesk.hooks import Hooks

HOOKS = "/api/hooks"
URL = "https://hooks.example.com/helpdesk"


def added(who, **wanted):
    """Add a webhook and return what was answered."""
    answer = who.post(HOOKS, {"url": URL, **wanted})
    assert answer.status_code == 201
    return answer.json


def patch(who, hook_id, body, headers=None):
    return who.client.patch(f"{HOOKS}/{hook_id}", json=body, headers=who.headers(headers))


def repository(counter):
    """Return where webhooks are kept, past what a test watches."""
    house = counter.house
    return Hooks(documents=house.documents, clock=house.clock, ids=house.ids)


def deliveries(counter):
    """Return where deliveries are kept, past what a test watches."""
    return Deliveries(documents=counter.house.documents, clock=counter.clock)


def kept(counter, hook_id):
    return repository(counter).get(hook_id)


def kept_hooks(counter):
    return repository(counter).list()


def spoiled(counter, hook_id, *, enabled=False):
    """Let a webhook have failed, and so be disabled unless it is said to be enabled still."""

    def fail(hook):
        failed = hook.failed(counter.clock.now())
        return failed if enabled else failed.switched_off("it only failed")

    repository(counter).change(hook_id, fail)


def interrupt(counter, act):
    """Let something else happen right before the next commit of a webhook or a delivery."""
    left = [act]

    def meanwhile(name, _asked):
        if name == "commit" and left:
            left.pop()()
        return False

    counter.documents.fails = meanwhile


def ended(counter, delivery, state=State.DELIVERED, **fields):
    """Let a delivery have ended, and return it."""
    changed = {"state": state.value, "attempts": 1, **fields}
    counter.house.documents.commit([Update(f"deliveries/{delivery.id}", changed)])
    return replace(delivery, state=state)
