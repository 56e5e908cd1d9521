"""The words of the OpenAPI document: true to the policy, whole, and in order."""

import pytest

from api import policy
from api.descriptions import GROUPS, MEANINGS, group_of, introduction, meaning, who_may
from api.policy import Act
from helpdesk.user import Role
from tests.unit.api.test_openapi import DOCUMENT, OPERATIONS

ROLES = {Role.USER: "users", Role.MODERATOR: "moderators", Role.ADMIN: "admins"}


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/api/auth/login", "Sign-in and account"),
        ("/api/auth/users", "Users"),
        ("/api/auth/users/{user_id}", "Users"),
        ("/api/auth/update-user", "Users"),
        ("/api/auth/usersome", "Sign-in and account"),
        ("/api/tickets", "Tickets"),
        ("/api/tickets/{ticket_id}", "Tickets"),
        ("/api/ticketsome", "Operations"),
        ("/api/webhooks/sendgrid", "Operations"),
        ("/api/hooks", "Webhooks"),
        ("/api/hooks/{hook_id}/test", "Webhooks"),
        ("/api/mailbox", "Operations"),
        ("/api/docs", "Health and pages"),
        ("/healthz", "Health and pages"),
        ("/reset", "Health and pages"),
        ("/", "Health and pages"),
    ],
)
def test_a_path_belongs_to_a_group(path, group):
    assert group_of(path) == group


def test_every_group_is_told_in_order():
    assert [each["name"] for each in DOCUMENT["tags"]] == list(GROUPS)
    assert {tag for each in OPERATIONS.values() for tag in each["tags"]} == set(GROUPS)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Act.LOOK_IN, "anybody, without a log-in"),
        (Act.OPEN_TICKET, "everybody who is logged in"),
        (Act.MANAGE_USERS, "admins"),
        (Act.SET_AVAILABILITY, "moderators and admins"),
        (Act.READ_INTERNALS, "admins and whoever it is assigned to (a moderator or an admin)"),
    ],
)
def test_who_may_is_said_in_words(act, words):
    assert who_may(act) == words


def test_what_the_policy_does_not_grant_nobody_may(monkeypatch):
    monkeypatch.setattr(policy, "GRANTS", {})

    assert who_may(Act.MANAGE_USERS) == "nobody"


@pytest.mark.parametrize("act", Act)
def test_the_words_name_just_the_roles_that_are_granted(act):
    general = {role for role in Role if policy.Standing(role.value) in policy.granted(act)}
    words = who_may(act)

    if "log-in" in words or "logged in" in words:
        assert policy.is_public(act) or general == set(Role)
    else:
        assert {role for role, name in ROLES.items() if name in words} == general


def test_every_status_that_is_documented_has_a_meaning_in_our_words():
    statuses = {int(status) for each in OPERATIONS.values() for status in each["responses"]}

    assert statuses <= set(MEANINGS)
    assert meaning(418) == "I'm a Teapot"


def test_the_introduction_tells_the_limits_that_hold():
    told = introduction()

    assert "at most 64 KB" in told
    assert "good for 10 minutes" in told
    assert "10 in 15 minutes, 20 in 60 minutes, 100 in 24 hours for an account" in told
    assert '"request_id": "0123456789abcdef"' in told
    assert told == DOCUMENT["info"]["description"]
