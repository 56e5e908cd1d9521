"""The real main.py as the functions framework serves it, in this process, without a store."""

import base64
import json
import secrets

import pytest
from functions_framework import create_app

from emulated.archives import SOURCE
from tests.unit.api.desk import is_problem

PAGE = "https://console.example.com"
HIDDEN = ("HELPDESK_", "Traceback", ".py", "functions", "Error:", "canary")


def secret():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def keys(name):
    return json.dumps({"signing": name, "known": {name: secret()}})


@pytest.fixture
def served(monkeypatch):
    """Return what serves the function, freshly loaded, with these settings and no others."""

    def client(**settings):
        for name in ("HELPDESK_URL", "HELPDESK_ORIGINS", "HELPDESK_PROJECT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return create_app("api", str(SOURCE / "api" / "main.py")).test_client()

    return client


@pytest.fixture
def whole():
    """Return all that the edge needs to know."""
    return {
        "HELPDESK_URL": "http://127.0.0.1:9",
        "HELPDESK_ORIGINS": PAGE,
        "HELPDESK_TOKEN_KEYS": keys("k1"),
        "HELPDESK_PEPPERS": keys("p1"),
        "HELPDESK_SEAL_KEY": secret(),
        "HELPDESK_LINK_KEY": secret(),
        "HELPDESK_HOOK_KEY": secret(),
    }


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico", "/", "/nothing", "//nothing"])
def test_what_the_framework_would_answer_is_ours(served, path):
    answer = served().get(path)

    assert is_problem(answer, 404)
    assert "Strict-Transport-Security" in answer.headers


@pytest.mark.parametrize("method", ["TRACE", "FOO", "DELETE", "PROPFIND"])
def test_a_method_that_nobody_has_is_refused_and_the_others_are_named(served, method):
    answer = served().open("/healthz", method=method)

    assert is_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD"


def test_without_settings_it_is_healthy_and_lets_no_page_of_others_read(served):
    answer = served().get("/healthz", headers={"Origin": PAGE})

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Strict-Transport-Security" in answer.headers


def test_with_settings_it_is_where_they_say(served, whole):
    answer = served(**whole).get("/healthz", headers={"Origin": PAGE})

    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Strict-Transport-Security" not in answer.headers


def test_without_settings_nothing_works_that_needs_them_and_nobody_is_told_why(served, lines):
    login = {"email": "canary@example.com", "password": "canary canary canary"}

    answer = served().post("/api/auth/login", json=login)

    assert is_problem(answer, 500)
    for hidden in HIDDEN:
        assert hidden not in answer.text
    [fault] = [line for line in lines() if line["severity"] == "ERROR"]
    assert "HELPDESK_PEPPERS" in fault["stack"]
    assert fault["request_id"] == answer.json["request_id"]


def test_when_the_app_cannot_be_made_that_is_a_fault_like_any_other(served, whole, lines):
    client = served(**whole, HELPDESK_SENDGRID_WEBHOOK_KEY="canary")

    answers = [client.get("/healthz"), client.post("/api/tickets", data=b"x" * 100_000)]

    for answer in answers:
        assert is_problem(answer, 500)
        assert "Strict-Transport-Security" in answer.headers
        for hidden in HIDDEN:
            assert hidden not in answer.text
    faults = [line for line in lines() if line["severity"] == "ERROR"]
    assert [line["request_id"] for line in faults] == [each.json["request_id"] for each in answers]
    assert all("no public key" in line["stack"] for line in faults)
    assert "canary" not in json.dumps(lines())
