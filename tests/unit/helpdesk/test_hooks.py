"""Webhooks: kept with their rules, and signed as Standard Webhooks says."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.clock import RandomIds
from helpdesk.documents import Set
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError, OutsideError
from helpdesk.events import EventType
from helpdesk.hooks import (
    DESCRIPTION_MOST,
    FAILING_MOST,
    HOOKS_MOST,
    HOOKS_PATH,
    Hook,
    Hooks,
    checked_description,
    secret_of,
    secrets_of,
    signature,
    whsec,
)
from tests.builders import NOW, SequenceIds
from tests.stands import Faulty
from tests.unit.upkeep.receivers import signed_as_the_specification_says

KEY = bytes(range(32))
URL = "https://example.com/hook"


def a_hook(**changes):
    return Hook(**{"id": "H1", "url": URL, "created_at": NOW, "created_by": "admin", **changes})


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def hooks(store, clock):
    return Hooks(documents=store, clock=clock, ids=SequenceIds())


def add(hooks, **changes):
    return hooks.add(**{"url": URL, "created_by": "admin", **changes})


def test_a_new_hook_is_kept_as_it_is_returned(hooks):
    kinds = (EventType.TICKET_CREATED, EventType.USER_SIGNED_UP)

    hook = add(hooks, events=(*kinds, kinds[0]), description="For the wall board")

    assert hooks.get(hook.id) == hook
    assert hook == a_hook(id=hook.id, events=kinds, description="For the wall board")


def test_the_oldest_is_listed_first(hooks, clock):
    made = [add(hooks)]
    clock.tick(seconds=1)
    made.append(add(hooks))

    assert hooks.list() == tuple(made)


def test_there_are_no_more_than_twenty(hooks):
    for _ in range(HOOKS_MOST):
        add(hooks)

    with pytest.raises(InvalidInputError, match="20 hooks already"):
        add(hooks)

    assert len(hooks.list()) == HOOKS_MOST


def test_one_that_is_told_of_what_is_no_business_of_an_integrator_is_refused(hooks):
    kept = add(hooks)

    with pytest.raises(InvalidInputError) as refused:
        add(hooks, events=(EventType.ACCOUNT_NOTICE,))
    with pytest.raises(InvalidInputError):
        hooks.save(replace(kept, events=(EventType.ACCOUNT_NOTICE,)))

    assert refused.value.field == "events"
    assert hooks.list() == (kept,)


def test_a_change_is_kept_under_the_next_version(hooks):
    hook = add(hooks)

    saved = hooks.save(replace(hook, enabled=False))

    assert saved == replace(hook, enabled=False, version=2)
    assert hooks.get(hook.id) == saved


def test_a_change_of_what_somebody_else_changed_is_refused(hooks):
    hook = add(hooks)
    changed = hooks.save(replace(hook, description="first"))

    with pytest.raises(ConflictError):
        hooks.save(replace(hook, description="second"))

    assert hooks.get(hook.id) == changed


def test_a_change_that_is_answered_twice_is_done(hooks):
    hook = add(hooks)

    assert hooks.save(replace(hook, url=f"{URL}/2")) == hooks.save(replace(hook, url=f"{URL}/2"))


def test_a_removed_hook_is_gone(hooks):
    hook = add(hooks)

    hooks.remove(hook.id)

    assert hooks.list() == ()
    for asked in (hooks.get, hooks.remove):
        with pytest.raises(NotFoundError):
            asked(hook.id)
    with pytest.raises(NotFoundError):
        hooks.save(hook)


@pytest.mark.parametrize("kept", [0, 1])
def test_what_others_do_to_other_hooks_meanwhile_is_kept_too(hooks, store, documents, clock, kept):
    mine = [add(hooks) for _ in range(kept)]
    others = Hooks(documents=documents, clock=clock, ids=RandomIds())
    store.interrupt(lambda: add(others))

    mine.append(add(hooks))

    assert {hook.id for hook in mine} < {hook.id for hook in hooks.list()}
    assert len(hooks.list()) == kept + 2


def test_who_never_has_a_turn_is_told_so(hooks, store, documents, clock):
    others = Hooks(documents=documents, clock=clock, ids=SequenceIds())
    hook = add(others)

    class Busy(Faulty):
        """Somebody changes the document before every commit."""

        def commit(self, writes):
            others.change(hook.id, lambda kept: replace(kept, description=kept.description + "!"))
            return documents.commit(writes)

    busy = Hooks(documents=Busy(documents), clock=clock, ids=SequenceIds())

    with pytest.raises(ConflictError):
        busy.remove(hook.id)
    with pytest.raises(ConflictError):
        busy.change(hook.id, lambda kept: replace(kept, url=f"{URL}/2"))

    assert hooks.get(hook.id).url == URL


def test_a_note_is_made_on_the_hook_as_it_is_now(hooks, store, documents, clock):
    hook = add(hooks)
    others = Hooks(documents=documents, clock=clock, ids=SequenceIds())
    store.interrupt(lambda: others.save(replace(hook, url=f"{URL}/2")))

    noted = hooks.change(hook.id, lambda kept: kept.failed(NOW))

    assert (noted.url, noted.failing_since) == (f"{URL}/2", NOW)
    assert hooks.get(hook.id) == noted


def test_a_note_that_changes_nothing_writes_nothing(hooks, store):
    hook = add(hooks)
    store.arm("before", 1)

    assert hooks.change(hook.id, Hook.recovered) == hook


def test_a_store_that_fails_is_told(hooks, store):
    store.arm("before", 1)

    with pytest.raises(OutsideError):
        add(hooks)


def test_what_any_hook_is_told_of_is_known_without_asking_each(hooks):
    assert hooks.wanted() == frozenset()

    only = add(hooks, events=(EventType.TICKET_CREATED,))
    off = add(hooks)
    hooks.save(replace(off, enabled=False))

    assert hooks.wanted() == {EventType.TICKET_CREATED}
    assert not only.wants(EventType.TICKET_UPDATED)
    assert not a_hook().wants(EventType.ACCOUNT_NOTICE)
    assert a_hook().wants(EventType.USER_SIGNED_UP)


def test_one_that_only_fails_for_days_is_switched_off_and_can_be_switched_on():
    failing = a_hook().failed(NOW)

    still = failing.failed(NOW + FAILING_MOST - timedelta(seconds=1), given_up=True)
    tried = failing.failed(NOW + FAILING_MOST)
    off = failing.failed(NOW + FAILING_MOST, given_up=True)

    assert still == tried == a_hook(failing_since=NOW)
    assert (off.enabled, off.disabled_reason) == (False, "it only failed for 5 days")
    assert failing.recovered() == a_hook()
    assert off.enabled_again(NOW) == a_hook(enabled_at=NOW)
    assert (a_hook().since, off.enabled_again(NOW + FAILING_MOST).since) == (
        NOW,
        NOW + FAILING_MOST,
    )


def test_what_a_newer_version_kept_is_read_as_far_as_it_is_known(hooks, documents):
    both, new = add(hooks, events=(EventType.TICKET_CREATED,)), add(hooks)
    rows = documents.get(HOOKS_PATH).data["hooks"]
    rows[both.id] |= {"events": ["ticket-created", "ticket-sung"], "colour": "red"}
    rows[new.id] |= {"events": ["ticket-sung"]}
    documents.commit([Set(HOOKS_PATH, {"hooks": rows})])

    assert hooks.get(both.id) == both
    assert not hooks.get(new.id).enabled
    assert hooks.wanted() == {EventType.TICKET_CREATED}
    hooks.change(both.id, lambda kept: kept.failed(NOW))
    assert documents.get(HOOKS_PATH).data["hooks"][new.id] == rows[new.id]


def test_the_store_holds_no_secret(hooks, documents):
    hook = add(hooks)

    kept = repr(documents.get(HOOKS_PATH).data)

    secret = secret_of(hook.id, 1, key=KEY)
    assert whsec(secret).removeprefix("whsec_") not in kept
    assert repr(secret) not in kept


def test_a_secret_is_shown_as_standard_webhooks_writes_it():
    shown = whsec(secret_of("H1", 1, key=KEY))

    kind, _, text = shown.partition("_")
    assert (kind, len(base64.b64decode(text))) == ("whsec", 32)
    assert shown == whsec(secret_of("H1", 1, key=KEY))
    assert len({secret_of(i, n, key=k) for i in "ab" for n in (1, 2) for k in (KEY, b"k")}) == 8


def test_the_signature_is_that_of_the_published_example():
    # From the documentation of Standard Webhooks' reference libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature(
        '{"test": 2432232314}',
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        secrets=(secret,),
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.text(), timestamp=st.integers(0, 2**33))
def test_a_receiver_verifies_by_the_specification_alone(body, timestamp):
    secret = secret_of("H1", 1, key=KEY)
    signed = signature(body, event_id="e1", timestamp=timestamp, secrets=(secret,))
    headers = {
        "webhook-id": "e1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }

    assert signed_as_the_specification_says(whsec(secret), headers, body.encode())
    assert not signed_as_the_specification_says(whsec(KEY), headers, body.encode())
    assert not signed_as_the_specification_says(whsec(secret), headers, body.encode() + b" ")


def test_for_a_day_after_a_rotation_the_old_secret_signs_too():
    old, new = (secret_of("H1", n, key=KEY) for n in (1, 2))
    rotated = a_hook().rotated(NOW)

    def signs(hook, later):
        return secrets_of(hook, key=KEY, now=NOW + later)

    assert signs(a_hook(), timedelta(0)) == (old,)
    assert signs(a_hook(rotated_at=NOW), timedelta(0)) == (old,)
    assert signs(rotated, timedelta(hours=24, seconds=-1)) == (new, old)
    assert signs(rotated, timedelta(hours=24)) == (new,)


def test_a_description_is_one_printable_line():
    assert checked_description(" a\n wall\tboard ") == "a wall board"
    for text in ("x" * (DESCRIPTION_MOST + 1), "a\x00b", "\u202e"):
        with pytest.raises(InvalidInputError) as refused:
            checked_description(text)
        assert refused.value.field == "description"
