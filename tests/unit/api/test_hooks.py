"""Webhooks over HTTP: added, changed, removed, and a secret that is shown just twice."""

import base64
import hashlib
import hmac

import pytest

from api.hook_schemas import HookSecret, HookView
from api.http import BODY_MOST
from helpdesk.documents import Query
from helpdesk.events import SHAPES, EventType
from helpdesk.hooks import DESCRIPTION_MOST, HOOKS_MOST, secrets_of, signature
from helpdesk.user import Role
from tests.unit.api.desk import SETTINGS, is_problem
from tests.unit.api.hooks import HOOKS, URL, added, interrupt, kept, kept_hooks, patch, spoiled
from tests.unit.api.test_openapi import DOCUMENT, documented


def verifies(secret, header, body, *, event_id, timestamp):
    """Say whether a receiver with this secret believes a signature, as Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}" in header.split(" ")


def signed_now(counter, hook_id):
    """Return what is sent beside the body {} at this moment."""
    hook = kept(counter, hook_id)
    secrets = secrets_of(hook, key=SETTINGS.hook_key, now=counter.clock.now())
    return signature("{}", event_id="e", timestamp=1, secrets=secrets)


def test_an_admin_adds_a_webhook_and_sees_its_secret_this_once(counter, chief):
    wanted = {"url": URL, "events": ["ticket-assigned"], "description": " For  the\twall. "}

    answer = chief.post(HOOKS, wanted)

    made = answer.json
    assert answer.status_code == 201
    assert set(made) == set(HookSecret.model_fields)
    assert made["created_by"] == chief.user.id
    assert (made["url"], made["events"]) == (URL, ["ticket-assigned"])
    assert (made["enabled"], made["description"]) == (True, "For the wall.")
    assert [made[name] for name in ("rotated_at", "failing_since", "disabled_reason")] == [None] * 3
    assert answer.headers["Location"] == f"{HOOKS}/{made['id']}"
    read = chief.get(answer.headers["Location"])
    assert read.json == {name: made[name] for name in HookView.model_fields}
    assert read.headers["ETag"] == answer.headers["ETag"]
    assert chief.get(HOOKS).json == {"items": [read.json]}
    assert made["secret"] not in read.text + chief.get(HOOKS).text


def test_the_secret_verifies_what_is_signed_for_the_webhook(counter, chief):
    one, other = added(chief), added(chief)

    header = signed_now(counter, one["id"])

    assert verifies(one["secret"], header, "{}", event_id="e", timestamp=1)
    assert not verifies(other["secret"], header, "{}", event_id="e", timestamp=1)


def test_the_secret_is_neither_kept_nor_logged(counter, chief, lines):
    made = added(chief)

    rotated = chief.post(f"{HOOKS}/{made['id']}/rotate-secret").json

    documents = str([each.data for each in counter.house.documents.query(Query("hooks"))])
    for secret in (made["secret"], rotated["secret"]):
        assert secret.removeprefix("whsec_") not in documents + str(lines())


@pytest.mark.parametrize("events", [None, []])
def test_without_events_a_webhook_is_told_of_all(counter, chief, events):
    made = added(chief, **({} if events is None else {"events": events}))

    assert made["events"] == []
    assert all(kept(counter, made["id"]).wants(each) for each in SHAPES)


def test_an_event_that_is_named_twice_is_sent_once(chief):
    made = added(chief, events=["user-signed-up", "ticket-created", "user-signed-up"])

    assert made["events"] == ["user-signed-up", "ticket-created"]


@pytest.mark.parametrize("event", [EventType.ACCOUNT_NOTICE.value, "ping", "", "ticket-*"])
def test_what_integrators_are_not_told_of_is_refused(chief, event):
    answer = chief.post(HOOKS, {"url": URL, "events": ["ticket-created", event]})

    assert is_problem(answer, 422)
    assert [each["field"] for each in answer.json["errors"]] == ["events.1"]
    assert chief.get(HOOKS).json == {"items": []}


def test_the_document_names_the_events_that_are_told():
    shapes = DOCUMENT["components"]["schemas"]

    assert shapes["NewHook"]["properties"]["events"]["items"]["$ref"].endswith("/HeardEvent")
    assert shapes["HeardEvent"]["enum"] == [each.value for each in SHAPES]


REFUSED = [
    "http://hooks.example.com/", "https://localhost/", "https://127.0.0.1/", "https://10.0.0.1/x",
    "https://[::1]/", "https://169.254.169.254/latest", "https://a:b@hooks.example.com/",
    "https://hooks.example.com/#x", "https://hooks.example.com:22/", "ftp://hooks.example.com/",
    "javascript:alert(1)", "//hooks.example.com", "hooks.example.com", " ",
    "https://metadata.google.internal/", "https://hooks.example.com/\n",
    f"https://x.de/{'x' * 500}",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_where_no_webhook_may_be_is_refused(counter, chief, url):
    made = added(chief)

    answers = [
        chief.post(HOOKS, {"url": url}),
        patch(chief, made["id"], {"url": url}),
    ]

    for answer in answers:
        assert is_problem(answer, 422)
        assert [each["field"] for each in answer.json["errors"]] == ["url"]
    assert [hook.url for hook in kept_hooks(counter)] == [URL]


def test_on_one_machine_a_webhook_may_be_on_that_machine(counter, chief):
    house = counter.house.app().test_client()

    answer = house.post(HOOKS, json={"url": "http://127.0.0.1:9999/hook"}, headers=chief.headers())

    assert answer.status_code == 201


def test_there_are_so_many_webhooks_and_no_more(counter, chief):
    for _ in range(HOOKS_MOST):
        added(chief)

    answer = chief.post(HOOKS, {"url": URL})

    assert is_problem(answer, 422)
    assert str(HOOKS_MOST) in answer.json["detail"]
    assert len(chief.get(HOOKS).json["items"]) == HOOKS_MOST


@pytest.mark.parametrize("text", ["x" * (DESCRIPTION_MOST + 1), "a\u202eb", "\x00", "zero\u200b"])
def test_a_description_that_cannot_be_shown_is_refused(chief, text):
    made = added(chief)

    answers = [
        chief.post(HOOKS, {"url": URL, "description": text}),
        patch(chief, made["id"], {"description": text}),
    ]

    for answer in answers:
        assert is_problem(answer, 422)
        assert [each["field"] for each in answer.json["errors"]] == ["description"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://elsewhere.example.com:8443/x?y=z"),
        ("events", ["user-signed-up"]),
        ("events", []),
        ("description", "Another one."),
        ("description", ""),
        ("enabled", False),
    ],
)
def test_an_admin_changes_one_thing_and_the_others_stay(chief, field, value):
    made = added(chief, events=["ticket-created"], description="The first.")
    before = chief.get(f"{HOOKS}/{made['id']}")

    answer = patch(chief, made["id"], {field: value})

    assert answer.status_code == 200
    assert answer.json == {**before.json, field: value}
    assert answer.headers["ETag"] != before.headers["ETag"]
    assert chief.get(f"{HOOKS}/{made['id']}").json == answer.json


@pytest.mark.parametrize(
    "body", [{}, {"url": None, "events": None, "description": None, "enabled": None}, {"url": URL}]
)
def test_what_changes_nothing_leaves_everything_as_it_is(chief, body):
    made = added(chief)
    before = chief.get(f"{HOOKS}/{made['id']}")

    answer = patch(chief, made["id"], body)

    assert (answer.json, answer.headers["ETag"]) == (before.json, before.headers["ETag"])


def test_enabled_again_a_webhook_starts_anew(counter, chief):
    made = added(chief)
    spoiled(counter, made["id"])
    before = chief.get(f"{HOOKS}/{made['id']}").json

    answer = patch(chief, made["id"], {"enabled": True})

    assert (before["enabled"], before["disabled_reason"]) == (False, "it only failed")
    assert before["failing_since"] == "2026-01-31T09:30:00.000000Z"
    assert answer.json["enabled"]
    assert (answer.json["failing_since"], answer.json["disabled_reason"]) == (None, None)


def test_enabling_what_is_enabled_forgets_no_failure(counter, chief):
    made = added(chief)
    spoiled(counter, made["id"], enabled=True)

    answer = patch(chief, made["id"], {"enabled": True})

    assert answer.json["failing_since"] == "2026-01-31T09:30:00.000000Z"


def test_a_new_url_has_failed_at_nothing_yet(counter, chief):
    made = added(chief)
    spoiled(counter, made["id"], enabled=True)

    answer = patch(chief, made["id"], {"url": "https://elsewhere.example.com/"})

    assert answer.json["failing_since"] is None


def test_who_has_the_version_of_a_webhook_gets_it_no_second_time(chief):
    made = added(chief)
    place = f"{HOOKS}/{made['id']}"
    tag = chief.get(place).headers["ETag"]

    again = chief.get(place, {"If-None-Match": tag})
    patch(chief, made["id"], {"enabled": False})
    other = chief.get(place, {"If-None-Match": tag})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert other.status_code == 200


def test_a_change_to_another_version_than_was_seen_is_refused(chief):
    made = added(chief)
    tag = chief.get(f"{HOOKS}/{made['id']}").headers["ETag"]
    patch(chief, made["id"], {"enabled": False}, {"If-Match": tag})

    late = patch(chief, made["id"], {"description": "Late."}, {"If-Match": tag})
    again = patch(chief, made["id"], {"enabled": False}, {"If-Match": tag})
    any_one = patch(chief, made["id"], {"description": "Any."}, {"If-Match": "*"})

    assert is_problem(late, 412)
    assert again.status_code == 200  # asked once more, for lack of an answer
    assert (any_one.json["description"], any_one.json["enabled"]) == ("Any.", False)


def test_of_two_who_change_the_version_they_saw_one_is_refused(counter, chief):
    made = added(chief)
    tag = chief.get(f"{HOOKS}/{made['id']}").headers["ETag"]
    interrupt(counter, lambda: spoiled(counter, made["id"], enabled=True))

    answer = patch(chief, made["id"], {"description": "Mine."}, {"If-Match": tag})

    assert is_problem(answer, 412)
    assert kept(counter, made["id"]).description == ""


def test_who_names_no_version_changes_a_webhook_as_it_is_then(counter, chief):
    made = added(chief)
    interrupt(counter, lambda: spoiled(counter, made["id"], enabled=True))

    answer = patch(chief, made["id"], {"description": "Mine."})

    assert answer.json["description"] == "Mine."
    assert answer.json["failing_since"] == "2026-01-31T09:30:00.000000Z"


def test_a_webhook_that_is_removed_is_gone(counter, chief):
    made, other = added(chief), added(chief)
    place = f"{HOOKS}/{made['id']}"

    answer = chief.client.delete(place, headers=chief.headers())

    assert (answer.status_code, answer.data) == (204, b"")
    again = chief.client.delete(place, headers=chief.headers())
    asked = [
        again, chief.get(place), patch(chief, made["id"], {"enabled": True}),
        chief.post(f"{place}/rotate-secret"), chief.post(f"{place}/test"),
        chief.get(f"{place}/deliveries"),
    ]  # fmt: skip
    assert all(is_problem(each, 404) for each in asked)
    assert [hook.id for hook in kept_hooks(counter)] == [other["id"]]


def test_after_a_rotation_both_secrets_sign_for_a_day(counter, chief, clock):
    made = added(chief)

    answer = chief.post(f"{HOOKS}/{made['id']}/rotate-secret")

    assert answer.status_code == 200
    assert answer.json["secret"] != made["secret"]
    assert answer.json["rotated_at"] == "2026-01-31T09:30:00.000000Z"
    secrets = (made["secret"], answer.json["secret"])

    def believed():
        header = signed_now(counter, made["id"])
        return [verifies(each, header, "{}", event_id="e", timestamp=1) for each in secrets]

    clock.tick(hours=23, minutes=59)
    assert believed() == [True, True]
    clock.tick(minutes=1)
    assert believed() == [False, True]


def test_a_rotation_that_is_asked_for_again_with_its_version_is_one(chief):
    made = added(chief)
    place = f"{HOOKS}/{made['id']}"
    seen = {"If-Match": chief.get(place).headers["ETag"]}

    first, again = (chief.post(f"{place}/rotate-secret", headers=seen) for _ in range(2))

    assert first.status_code == 200
    assert is_problem(again, 412)
    assert chief.get(place).headers["ETag"] == first.headers["ETag"]


def test_the_log_says_who_did_what_to_which_webhook(chief, lines):
    made = added(chief)
    place = f"{HOOKS}/{made['id']}"
    patch(chief, made["id"], {"description": "Another."})
    patch(chief, made["id"], {"description": "Another."})
    chief.post(f"{place}/rotate-secret")
    chief.post(f"{place}/test")
    chief.client.delete(place, headers=chief.headers())

    told = [line for line in lines() if line.get("hook_id") == made["id"]]

    assert [line["message"] for line in told] == [
        "webhook added", "webhook changed", "webhook secret rotated", "webhook tested",
        "webhook removed",
    ]  # fmt: skip
    assert {line["user_id"] for line in told} == {chief.user.id}
    assert "hooks.example.com" not in str(lines())


@pytest.mark.parametrize("role", [Role.USER, Role.MODERATOR])
def test_nobody_but_an_admin_learns_of_a_webhook(counter, chief, role):
    who, made = counter.somebody("who", role), added(chief)

    answers = [
        ask(f"{HOOKS}/{each}{more}")
        for each in (made["id"], "0" * 26)
        for ask, more in ((who.get, ""), (who.get, "/deliveries"), (who.post, "/test"))
    ]

    assert all(is_problem(each, 403) for each in [who.get(HOOKS), *answers])


def test_while_the_store_is_down_nothing_is_shown_of_it(counter, chief):
    counter.documents.fails = lambda asked, _: asked == "commit"

    answer = chief.post(HOOKS, {"url": URL})

    assert is_problem(answer, 503)
    assert chief.get(HOOKS).json == {"items": []}


def test_what_is_really_answered_about_webhooks_is_what_is_documented(chief, ada):
    one = "/api/hooks/{hook_id}"
    made = added(chief)
    place = f"{HOOKS}/{made['id']}"
    old = {"If-Match": '"0"'}

    asked = [
        ("GET", HOOKS, chief.get(HOOKS)),
        ("GET", HOOKS, ada.get(HOOKS)),
        ("POST", HOOKS, chief.post(HOOKS, {"url": URL})),
        ("POST", HOOKS, chief.post(HOOKS, {"url": "x"})),
        ("POST", HOOKS, chief.post(HOOKS, b"x" * (BODY_MOST + 1))),
        ("GET", one, chief.get(place)),
        ("GET", one, chief.get(place, {"If-None-Match": "*"})),
        ("GET", one, chief.get(f"{HOOKS}/absent")),
        ("PATCH", one, patch(chief, made["id"], {"enabled": True})),
        ("PATCH", one, patch(chief, made["id"], {"enabled": False}, old)),
        ("PATCH", one, patch(chief, "absent", {})),
        ("POST", f"{one}/rotate-secret", chief.post(f"{place}/rotate-secret")),
        ("POST", f"{one}/rotate-secret", chief.post(f"{place}/rotate-secret", headers=old)),
        ("DELETE", one, chief.client.delete(place, headers=chief.headers())),
        ("DELETE", one, chief.client.delete(place, headers=chief.headers())),
    ]

    assert [answer.status_code for _, _, answer in asked] == [
        200, 403, 201, 422, 413, 200, 304, 404, 200, 412, 404, 200, 412, 204, 404,
    ]  # fmt: skip
    assert [fault for each in asked for fault in documented(*each)] == []
