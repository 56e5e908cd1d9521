"""Webhooks are told: each event once, again when that fails, and never for ever."""

import logging
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from helpdesk.documents import Delete
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError, OutsideError
from helpdesk.events import EventType
from helpdesk.hook_deliveries import LEASE, OVERDUE, SWEEP_PAGE, State
from helpdesk.hooks import HOOKS_PATH, secret_of, whsec
from tests.builders import NOW, an_event
from tests.stands import Faulty
from tests.unit.helpdesk.alarms import Alarms
from tests.unit.upkeep.receivers import (
    HOOK_KEY,
    Postman,
    a_post,
    an_attempt,
    signed_as_the_specification_says,
)
from upkeep.hook_sender import HookSender
from upkeep.hooks import (
    ASKED_MOST,
    JITTER,
    PLAN,
    SWEEP_EACH,
    HookPost,
    deliver_hook,
    fan_out,
    sweep_hooks,
    wait_after,
)

URL = "https://example.com/hook"


@pytest.fixture
def alarms():
    return Alarms()


@pytest.fixture
def postman():
    return Postman()


@pytest.fixture
def store(documents):
    return Faulty(documents)


@pytest.fixture
def post(store, alarms, clock, postman):
    return a_post(store, timers=alarms, clock=clock, sender=postman)


@pytest.fixture
def hook(post):
    return post.hooks.add(url=URL, created_by="admin")


@pytest.fixture
def delivery(post, hook):
    """Return the one delivery, opened for the one hook."""
    fan_out(an_event(), post=post)
    return post.deliveries.get(hook.id, an_event().id)


def now_is(post, delivery):
    return post.deliveries.get(delivery.hook_id, delivery.event_id)


def fired(post, alarms, clock):
    """Move to the newest timer and do what it is about."""
    timer = alarms.kept[-1]
    clock.tick(seconds=(timer.due_at - clock.now()).total_seconds())
    return deliver_hook(timer.about.removeprefix("hook:"), post=post)


def test_every_hook_that_wants_an_event_gets_a_delivery_and_a_timer(post, alarms):
    wants = post.hooks.add(url=URL, created_by="admin")
    other = post.hooks.add(url=URL, created_by="admin", events=(EventType.USER_SIGNED_UP,))
    off = post.hooks.save(replace(post.hooks.add(url=URL, created_by="admin"), enabled=False))

    fan_out(an_event(), post=post)

    assert [len(post.deliveries.of(each.id, limit=9)) for each in (wants, other, off)] == [1, 0, 0]
    [timer] = alarms.kept
    assert (timer.about, timer.due_at) == (f"hook:{wants.id}.{an_event().id}", NOW)


def test_an_event_that_comes_twice_is_one_delivery(post, alarms, delivery):
    fan_out(an_event(), post=post)

    assert post.deliveries.of(delivery.hook_id, limit=9) == [delivery]
    assert len(alarms.kept) == 1


def test_without_hooks_an_event_costs_one_read(post, alarms):
    fan_out(an_event(), post=post)

    assert alarms.kept == []


def test_what_integrators_do_not_hear_of_is_told_to_nobody(post, hook):
    fan_out(an_event(type=EventType.ACCOUNT_NOTICE), post=post)

    assert post.deliveries.of(hook.id, limit=9) == []


def test_an_event_that_was_stopped_halfway_is_told_to_the_others_when_it_comes_again(post, store):
    hooks = [post.hooks.add(url=URL, created_by="admin") for _ in range(3)]
    store.arm("before", 2)

    with pytest.raises(OutsideError):
        fan_out(an_event(), post=post)
    fan_out(an_event(), post=post)

    assert [len(post.deliveries.of(hook.id, limit=9)) for hook in hooks] == [1, 1, 1]


def test_what_happened_before_a_hook_was_added_or_while_it_was_off_is_not_told_to_it(post, clock):
    old = post.hooks.add(url=URL, created_by="admin")
    clock.tick(seconds=1)
    new = post.hooks.add(url=URL, created_by="admin")
    again = post.hooks.save(replace(old, enabled=False).enabled_again(clock.now()))

    fan_out(an_event(), post=post)
    fan_out(an_event(id="later", time=clock.now()), post=post)

    for hook in (new, again):
        assert [each.event_id for each in post.deliveries.of(hook.id, limit=9)] == ["later"]


def test_an_event_that_is_older_than_deliveries_are_kept_is_told_to_nobody(
    post, hook, clock, caplog
):
    clock.tick(days=30)

    fan_out(an_event(), post=post)
    fan_out(an_event(id="younger", time=NOW + timedelta(seconds=1)), post=post)

    assert [each.event_id for each in post.deliveries.of(hook.id, limit=9)] == ["younger"]
    assert "an event is too old for webhooks" in caplog.messages


def test_without_timers_the_sweep_does_it(post, alarms, hook, clock, caplog):
    alarms.down = True
    fan_out(an_event(), post=post)
    assert "no timer is set" in caplog.text
    alarms.down = False
    clock.tick(seconds=OVERDUE.total_seconds())

    assert sweep_hooks(post=post) == 1

    assert [timer.about for timer in alarms.kept] == [f"hook:{hook.id}.{an_event().id}"]
    assert fired(post, alarms, clock) is State.DELIVERED
    assert sweep_hooks(post=post) == 0


def test_a_timer_that_is_lost_again_is_set_again(post, alarms, delivery, clock):
    names = {alarms.kept.pop().name}
    for _ in range(2):
        clock.tick(minutes=1)
        sweep_hooks(post=post)
        names.add(alarms.kept.pop().name)

    assert len(names) == 3
    kept = now_is(post, delivery)
    assert kept == replace(delivery, next_at=clock.now(), version=kept.version)


def test_one_webhook_with_many_hides_no_other_and_gets_some_at_a_time(post, hook, clock, alarms):
    many = SWEEP_PAGE + 1
    for number in range(many):
        post.deliveries.opened(hook, an_event(id=f"e{number}"))
    other = post.hooks.add(url=URL, created_by="admin")
    clock.tick(seconds=1)
    post.deliveries.opened(other, an_event())
    clock.tick(minutes=1)

    assert sweep_hooks(post=post) == SWEEP_EACH + 1
    assert sum(other.id in timer.about for timer in alarms.kept) == 1
    assert sweep_hooks(post=post) == SWEEP_EACH

    assert len({timer.about for timer in alarms.kept}) == 2 * SWEEP_EACH + 1


def test_what_a_sweep_has_taken_up_waits_behind_what_it_has_not(post, hook, clock, alarms):
    names = [f"e{number:02}" for number in range(SWEEP_EACH + 1)]
    for name in names:
        clock.tick(seconds=1)
        post.deliveries.opened(hook, an_event(id=name))
    for _ in range(2):
        clock.tick(minutes=1)
        sweep_hooks(post=post)

    told = [timer.about.partition(".")[2] for timer in alarms.kept]
    assert told == [*names[:-1], names[-1], *names[: SWEEP_EACH - 1]]


def test_what_somebody_takes_or_removes_during_a_sweep_gets_no_timer(
    post, hook, clock, alarms, store, documents
):
    for number in range(3):
        post.deliveries.opened(hook, an_event(id=f"e{number}"))
        clock.tick(seconds=1)
    clock.tick(minutes=1)
    quick = a_post(documents, timers=Alarms(), clock=clock)

    def meanwhile():
        documents.commit([Delete(f"deliveries/{hook.id}.e1")])
        deliver_hook(f"{hook.id}.e0", post=quick)

    store.interrupt(meanwhile)

    assert sweep_hooks(post=post) == 1

    assert [timer.about for timer in alarms.kept] == [f"hook:{hook.id}.e2"]


def test_a_delivery_is_sent_signed_and_noted(post, postman, hook, delivery, caplog):
    caplog.set_level(logging.INFO)

    assert deliver_hook(delivery.id, post=post) is State.DELIVERED

    [(url, body, headers)] = postman.sent
    assert (url, body) == (URL, delivery.body)
    assert headers["webhook-id"] == delivery.event_id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    shown = whsec(secret_of(hook.id, 1, key=HOOK_KEY))
    assert signed_as_the_specification_says(shown, headers, body.encode())
    kept = now_is(post, delivery)
    assert (kept.state, kept.attempts, kept.claimed_at) == (State.DELIVERED, 1, None)
    assert [(t.status, t.ms, t.reason) for t in kept.history] == [(204, 7, "answered 204")]
    [told] = [record for record in caplog.records if record.message == "webhook tried"]
    assert (told.levelno, told.__dict__["result"]) == (logging.INFO, "delivered")


def test_after_a_rotation_both_secrets_verify(post, postman, hook, delivery, clock):
    post.hooks.save(hook.rotated(clock.now()))

    deliver_hook(delivery.id, post=post)

    [(_, body, headers)] = postman.sent
    assert all(
        signed_as_the_specification_says(
            whsec(secret_of(hook.id, generation, key=HOOK_KEY)), headers, body.encode()
        )
        for generation in (1, 2)
    )


def test_what_has_ended_is_not_sent_again(post, postman, delivery):
    deliver_hook(delivery.id, post=post)

    assert deliver_hook(delivery.id, post=post) is None

    assert len(postman.sent) == 1


@pytest.mark.parametrize("name", ["nothing", "H1.nothing", "", ".", "../x"])
def test_what_is_gone_is_not_sent(post, postman, name):
    assert deliver_hook(name, post=post) is None
    assert postman.sent == []


def test_of_two_timers_at_the_same_moment_one_sends(post, postman, delivery, store, clock):
    again = partial(deliver_hook, delivery.id, post=post)
    postman.meanwhile = again  # while the first waits for its answer

    assert again() is State.DELIVERED
    assert len(postman.sent) == 1


def test_who_is_second_at_the_claim_sends_nothing(post, postman, delivery, store, documents):
    quick = a_post(documents, timers=Alarms(), clock=post.clock, sender=postman)
    store.interrupt(lambda: deliver_hook(delivery.id, post=quick))

    assert deliver_hook(delivery.id, post=post) is None

    assert len(postman.sent) == 1


def test_a_kill_between_claim_and_note_is_followed_by_another_attempt(
    post, postman, delivery, store, clock, alarms
):
    store.arm("before", 2)
    with pytest.raises(OutsideError):
        deliver_hook(delivery.id, post=post)
    clock.tick(seconds=LEASE.total_seconds() - 1)
    assert deliver_hook(delivery.id, post=post) is None
    clock.tick(minutes=2)

    assert sweep_hooks(post=post) == 1
    assert fired(post, alarms, clock) is State.DELIVERED

    assert [headers["webhook-id"] for _, _, headers in postman.sent] == [delivery.event_id] * 2
    kept = now_is(post, delivery)
    assert [t.reason for t in kept.history] == ["nobody saw how it ended", "answered 204"]
    assert kept.attempts == 2


def test_failures_are_followed_by_the_plan_and_then_by_the_end(
    post, postman, delivery, alarms, clock
):
    postman.plan(*[500] * 99)
    waits = []
    while (before := clock.now()) and fired(post, alarms, clock) is State.PENDING:
        waits.append(clock.now() - before)
    waits = [*waits[1:], clock.now() - before]

    assert len(postman.sent) == len(PLAN) + 1
    for wait, planned in zip(waits, PLAN, strict=True):
        assert planned * (1 - JITTER) <= wait <= planned * (1 + JITTER)
    kept = now_is(post, delivery)
    assert (kept.state, kept.attempts) == (State.FAILED, 10)
    assert [t.status for t in kept.history] == [500] * 10
    assert post.hooks.get(delivery.hook_id).enabled  # three days are not five


def test_what_failed_together_does_not_come_back_together(delivery):
    claimed = replace(delivery, attempts=4)
    others = [replace(claimed, event_id=f"e{number}") for number in range(50)]

    waits = {wait_after(each, an_attempt(500), now=NOW) for each in others}

    assert len(waits) == 50
    assert wait_after(claimed, an_attempt(500), now=NOW) == wait_after(
        claimed, an_attempt(500), now=NOW
    )


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("99999999999999999999", ASKED_MOST),
        (format_datetime(NOW + timedelta(minutes=7), usegmt=True), timedelta(minutes=7)),
        (format_datetime(NOW + timedelta(days=7), usegmt=True), ASKED_MOST),
    ],
)
def test_a_receiver_may_ask_for_a_longer_wait_up_to_an_hour(delivery, asked, wait):
    attempt = an_attempt(503, retry_after=asked)

    assert wait_after(replace(delivery, attempts=1), attempt, now=NOW) == wait


@pytest.mark.parametrize(
    "asked",
    ["", "0", "1", "-5", "soon", "1.5", "٣", "²", "Sat, 31 Jan 2026 09:00:00 GMT", "Fri, 99 Foo",
     "Sat, 31 Jan 2026 10:00:00 -0000", "Sat, 31 Jan 0001 00:00:00 +2359"],
)  # fmt: skip
def test_a_shorter_wait_and_what_is_none_change_nothing(delivery, asked):
    claimed = replace(delivery, attempts=1)

    wait = wait_after(claimed, an_attempt(503, retry_after=asked), now=NOW)

    assert wait == wait_after(claimed, an_attempt(503), now=NOW)


def test_a_hook_that_is_gone_or_switched_off_gets_nothing(post, postman, hook, delivery):
    post.hooks.remove(hook.id)

    assert deliver_hook(delivery.id, post=post) is State.FAILED

    assert postman.sent == []
    assert [t.reason for t in now_is(post, delivery).history] == ["the webhook is disabled or gone"]


def test_a_receiver_that_is_gone_switches_its_hook_off(post, postman, delivery, caplog):
    postman.plan(410)

    assert deliver_hook(delivery.id, post=post) is State.FAILED

    hook = post.hooks.get(delivery.hook_id)
    assert (hook.enabled, hook.disabled_reason) == (False, "its receiver answered 410")
    assert "webhook disabled" in caplog.text


def run_out(post, hook, alarms, clock, name):
    """Tell a hook of an event, and try until that has ended."""
    fan_out(an_event(id=name, time=clock.now()), post=post)
    while fired(post, alarms, clock) is State.PENDING:
        pass


def test_a_hook_that_has_only_failed_for_five_days_is_switched_off(
    post, postman, hook, clock, alarms, caplog
):
    postman.plan(*[500] * 20)
    run_out(post, hook, alarms, clock, "e0")
    failing = post.hooks.get(hook.id)
    run_out(post, hook, alarms, clock, "e1")

    off = post.hooks.get(hook.id)
    assert (failing.enabled, off.enabled) == (True, False)
    assert NOW < off.failing_since == failing.failing_since < NOW + timedelta(minutes=10)
    assert "it only failed for 5 days" in caplog.text + off.disabled_reason
    fan_out(an_event(id="e3", time=clock.now()), post=post)
    assert len(post.deliveries.of(hook.id, limit=9)) == 2


def test_one_failure_long_after_another_switches_no_hook_off(post, postman, hook, clock, alarms):
    postman.plan(*[500] * 11)
    run_out(post, hook, alarms, clock, "e0")
    clock.tick(days=40)
    fan_out(an_event(id="e1", time=clock.now()), post=post)

    assert fired(post, alarms, clock) is State.PENDING
    assert post.hooks.get(hook.id).enabled
    assert fired(post, alarms, clock) is State.DELIVERED
    assert post.hooks.get(hook.id).failing_since is None


def test_one_success_between_the_failures_keeps_a_hook(post, postman, hook, clock, alarms):
    postman.plan(*[500] * 10, 204, *[500] * 10)
    for number in range(3):
        run_out(post, hook, alarms, clock, f"e{number}")
        clock.tick(days=3)

    kept = post.hooks.get(hook.id)
    assert kept.enabled
    assert kept.failing_since > NOW + timedelta(days=6)


def test_a_receiver_that_fails_now_and_then_is_not_noted_of_its_hook(
    post, postman, hook, alarms, clock
):
    postman.plan(*[500, 503, 204] * 5)

    for number in range(5):
        run_out(post, hook, alarms, clock, f"e{number}")

    assert len(postman.sent) == 15
    assert post.hooks.get(hook.id) == hook


def test_a_hook_that_an_admin_switches_off_meanwhile_keeps_their_reason(
    post, postman, hook, delivery
):
    postman.plan(410)
    off = replace(hook, enabled=False, disabled_reason="by hand")
    postman.meanwhile = lambda: post.hooks.save(off)

    deliver_hook(delivery.id, post=post)

    assert post.hooks.get(hook.id).disabled_reason == "by hand"


@pytest.mark.parametrize("status", [204, 410, 500])
def test_what_was_sent_to_another_url_says_nothing_of_the_new_one(
    post, postman, hook, delivery, status
):
    postman.plan(status)
    moved = replace(hook, url="https://elsewhere.example.com/", failing_since=NOW)
    postman.meanwhile = lambda: post.hooks.save(moved)

    deliver_hook(delivery.id, post=post)

    assert post.hooks.get(hook.id) == replace(moved, version=2)


@pytest.mark.parametrize("status", [204, 410, 500])
def test_what_was_sent_before_a_hook_was_switched_on_again_says_nothing_of_it(
    post, postman, hook, delivery, clock, status
):
    postman.plan(status)

    def off_and_on():
        clock.tick(seconds=1)
        post.hooks.change(hook.id, lambda kept: kept.switched_off(""))
        post.hooks.change(hook.id, lambda kept: kept.enabled_again(clock.now()))

    postman.meanwhile = off_and_on

    deliver_hook(delivery.id, post=post)

    kept = post.hooks.get(hook.id)
    assert (kept.version, kept.enabled, kept.failing_since) == (3, True, None)


@pytest.mark.parametrize("fate", [ConflictError("busy"), NotFoundError("gone")])
def test_a_note_on_a_hook_that_moves_is_left_for_the_next_attempt(
    post, postman, delivery, fate, monkeypatch
):
    postman.plan(410)

    def change(*_):
        raise fate

    monkeypatch.setattr(post.hooks, "change", change)

    assert deliver_hook(delivery.id, post=post) is State.FAILED

    assert now_is(post, delivery).history[0].status == 410


def test_a_failure_that_came_too_late_plans_nothing(post, postman, delivery, clock, alarms):
    postman.plan(500)

    def another_has_taken_over():
        clock.tick(minutes=2)
        deliver_hook(delivery.id, post=post)

    postman.planned.insert(0, an_attempt(503))
    postman.meanwhile = another_has_taken_over
    before = len(alarms.kept)

    deliver_hook(delivery.id, post=post)

    assert [t.status for t in now_is(post, delivery).history] == [None, 503]
    assert len(alarms.kept) == before + 1


def test_only_what_a_hook_is_told_of_is_read_of_it(post, documents, hook):
    assert documents.get(HOOKS_PATH).data["hooks"].keys() == {hook.id}
    assert "key" not in repr(post)


def test_the_post_of_a_function_sends_to_the_internet_alone(documents, alarms, clock):
    here = partial(HookPost.connect, documents=documents, timers=alarms, clock=clock, key=HOOK_KEY)

    assert here().sender == HookSender(private=False)
    assert here(private=True).sender == HookSender(private=True)
    with pytest.raises(InvalidInputError):
        here().deliveries.again(replace_pending(here()))


def replace_pending(post):
    """Return a delivery that is on its way."""
    hook = post.hooks.add(url=URL, created_by="admin")
    return post.deliveries.opened(hook, an_event())
