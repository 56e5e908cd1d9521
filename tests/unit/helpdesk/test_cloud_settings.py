"""The settings of the deployed functions: whole, or refused with all that is wrong at once."""

import base64

import pytest

from helpdesk.settings import (
    EventSettings,
    HookSettings,
    MailSettings,
    ModelSettings,
    SettingsError,
    TimerSettings,
    _Reader,
    project_name,
    read_all,
    webhook_key,
)

WHOLE = {
    "HELPDESK_PROJECT": "helpdesk-demo",
    "HELPDESK_LOCATION": "europe-west1",
    "HELPDESK_MODEL": "gemini-2.5-flash-lite",
    "HELPDESK_QUEUE": "projects/p/locations/here/queues/timers",
    "HELPDESK_UPKEEP_URL": "https://upkeep.example.com/",
    "HELPDESK_INVOKER": "upkeep@p.iam.gserviceaccount.com",
    "HELPDESK_SENDGRID_KEY": "SG.some-key.of-nobody-at-all",
    "HELPDESK_LINK_KEY": base64.b64encode(bytes(range(32))).decode(),
    "HELPDESK_HOOK_KEY": base64.b64encode(bytes(range(32))).decode(),
    "HELPDESK_SENDER": "desk@example.com",
    "HELPDESK_URL": "https://desk.example.com",
}
READS = {
    EventSettings: ("HELPDESK_PROJECT",),
    ModelSettings: ("HELPDESK_LOCATION", "HELPDESK_MODEL"),
    TimerSettings: ("HELPDESK_QUEUE", "HELPDESK_UPKEEP_URL", "HELPDESK_INVOKER"),
    HookSettings: ("HELPDESK_HOOK_KEY",),
    MailSettings: (
        "HELPDESK_SENDGRID_KEY",
        "HELPDESK_LINK_KEY",
        "HELPDESK_SENDER",
        "HELPDESK_URL",
    ),
}


@pytest.mark.parametrize("kind", READS)
def test_whole_settings_are_read_and_no_emulator_is_guessed(kind):
    settings = kind.from_env(WHOLE)

    wires = [name for name in ("pubsub", "address", "sendgrid_url") if hasattr(settings, name)]
    assert all(getattr(settings, name) == "" for name in wires)


@pytest.mark.parametrize("kind", READS)
def test_everything_that_is_missing_is_named_at_once(kind):
    with pytest.raises(SettingsError) as refusal:
        kind.from_env({})

    assert all(f"{name}: missing" in str(refusal.value) for name in READS[kind])


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in READS.items() for name in names]
)
def test_a_value_that_is_wrong_is_named_and_not_repeated(name, kind):
    with pytest.raises(SettingsError, match=name) as refusal:
        kind.from_env({**WHOLE, name: "no such\nthing §"})

    assert "§" not in str(refusal.value)


def test_several_kinds_are_read_together(monkeypatch):
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)

    here, timers = read_all(EventSettings.from_env, TimerSettings.from_env)

    assert (here.project, timers.target) == ("helpdesk-demo", "https://upkeep.example.com")


def test_what_is_wrong_with_several_kinds_is_said_at_once(monkeypatch):
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError) as refusal:
        read_all(EventSettings.from_env, ModelSettings.from_env, MailSettings.from_env)

    wanted = (*READS[EventSettings], *READS[ModelSettings], *READS[MailSettings])
    assert all(name in str(refusal.value) for name in wanted)


def test_no_key_of_mails_is_shown():
    settings = MailSettings.from_env(WHOLE)

    assert settings.link_key == bytes(range(32))
    assert WHOLE["HELPDESK_SENDGRID_KEY"] not in repr(settings)
    assert repr(settings.link_key) not in repr(settings)


def test_without_a_key_no_webhook_is_believed(monkeypatch):
    monkeypatch.delenv("HELPDESK_SENDGRID_WEBHOOK_KEY", raising=False)

    assert webhook_key() == webhook_key({}) == ""
    assert webhook_key({"HELPDESK_SENDGRID_WEBHOOK_KEY": "k"}) == "k"


def test_log_lines_are_marked_with_the_project_where_it_is_set(monkeypatch):
    monkeypatch.setenv("HELPDESK_PROJECT", "helpdesk-demo")

    assert (project_name(), project_name({})) == ("helpdesk-demo", "")


def test_only_what_points_at_an_emulator_may_be_left_out():
    with pytest.raises(LookupError):
        _Reader(WHOLE).wire("HELPDESK_PROJECT")
