"""The secrets of a house: made once, kept for their owner alone, never repeated in an error."""

import json

import pytest

from helpdesk.errors import HelpdeskError, OutsideError
from helpdesk.parsers import SECRET_LEAST
from helpdesk.settings import SettingsError, SignUp
from local.keys import settings_in

URL = "http://127.0.0.1:8080"


def test_the_first_start_makes_secrets_that_nobody_else_can_read(tmp_path):
    folder = tmp_path / "new" / "folder"

    settings = settings_in(folder, url=URL)

    assert settings.url == URL
    assert len(settings.seal_key) >= SECRET_LEAST
    assert len(settings.link_key) >= SECRET_LEAST
    assert settings.tokens.known != settings.peppers.known
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == ["secrets.json"]


def test_the_second_start_finds_the_same(tmp_path):
    assert settings_in(tmp_path, url=URL) == settings_in(tmp_path, url=URL)


def test_two_houses_share_no_secret(tmp_path):
    one, other = settings_in(tmp_path / "a", url=URL), settings_in(tmp_path / "b", url=URL)

    assert one.tokens.known["k1"] != other.tokens.known["k1"]
    assert one.peppers.known["p1"] != other.peppers.known["p1"]
    assert len({one.seal_key, one.link_key, other.seal_key, other.link_key}) == 4


def test_a_house_of_ones_own_has_no_strangers(tmp_path):
    settings = settings_in(tmp_path, url=URL)

    assert (settings.sign_up, settings.proxies, settings.origins) == (SignUp.DIRECT, 0, ())
    assert settings.tickets_per_hour == 1_000_000
    assert settings.password_least == 15


def test_a_draft_that_a_crash_left_is_written_over(tmp_path):
    (tmp_path / "secrets.new").write_text("half a fi")

    assert settings_in(tmp_path, url=URL) == settings_in(tmp_path, url=URL)


def changed(folder, change):
    settings_in(folder, url=URL)
    path = folder / "secrets.json"
    kept = json.loads(path.read_text())
    change(kept)
    path.write_text(json.dumps(kept))
    return kept


CHANGES = {
    "no tokens": lambda kept: kept.pop("tokens"),
    "no peppers": lambda kept: kept.pop("peppers"),
    "no pepper left of an old house": lambda kept: (kept.pop("link_key"), kept.pop("peppers")),
    "a short pepper": lambda kept: kept["peppers"]["known"].update(p1="c2hvcnQ="),
    "a simple key": lambda kept: kept["tokens"]["known"].update(k1="A" * 43 + "="),
    "no base64": lambda kept: kept.update(seal_key="not base64!"),
    "another type": lambda kept: kept.update(seal_key=17),
    "nothing": lambda kept: kept.update(link_key=None),
    "an empty key": lambda kept: kept.update(link_key=""),
    "a list of keys": lambda kept: kept.update(tokens=["k1"]),
    "no signing key": lambda kept: kept["tokens"].update(signing="k9"),
    "an odd signing key": lambda kept: kept["tokens"].update(signing=["k1"]),
    "no known keys": lambda kept: kept["tokens"].update(known={}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_secrets_that_were_changed_are_refused_in_one_line_without_a_value(tmp_path, change):
    kept = changed(tmp_path, change)

    with pytest.raises(SettingsError) as refusal:
        settings_in(tmp_path, url=URL)

    said = str(refusal.value)
    assert "secrets.json is damaged" in said
    assert "backup" in said
    assert "--fresh" in said
    assert "\n" not in said
    assert not any(value in said for value in strings(kept))
    assert json.loads((tmp_path / "secrets.json").read_text()) == kept


OLDER = {
    "without a key for links": lambda kept: kept.pop("link_key"),
    "with a key for cursors alone": lambda kept: (
        kept.update(cursor_key=kept.pop("seal_key")),
        kept.pop("link_key"),
    ),
}


@pytest.mark.parametrize("change", OLDER.values(), ids=OLDER)
def test_an_older_house_gets_the_keys_it_lacks_and_keeps_the_others(tmp_path, change):
    made = settings_in(tmp_path, url=URL)
    before = changed(tmp_path, change)

    settings = settings_in(tmp_path, url=URL)

    after = json.loads((tmp_path / "secrets.json").read_text())
    assert (settings.tokens, settings.peppers) == (made.tokens, made.peppers)
    assert settings.link_key not in {made.link_key, settings.seal_key}
    assert after == {**after, **before}  # an older version of us finds what it looks for
    assert settings_in(tmp_path, url=URL) == settings
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_secrets_that_are_whole_are_not_written_again(tmp_path):
    settings_in(tmp_path, url=URL)
    before = (tmp_path / "secrets.json").stat()

    settings_in(tmp_path, url=URL)

    after = (tmp_path / "secrets.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def strings(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    return [value] if isinstance(value, str) and len(value) > 6 else []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"17", b'"x"', b"\xff\xfe", b"[" * 100_000]
)
def test_a_file_that_holds_no_secrets_is_refused(tmp_path, content):
    (tmp_path / "secrets.json").write_bytes(content)

    with pytest.raises(SettingsError) as refusal:
        settings_in(tmp_path, url=URL)

    assert "backup" in str(refusal.value)
    assert (tmp_path / "secrets.json").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_an_outside_error(tmp_path):
    (tmp_path / "file").write_text("in the way")

    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(OutsideError):
            settings_in(folder, url=URL)


def test_a_folder_in_the_files_place_is_an_outside_error(tmp_path):
    (tmp_path / "secrets.json").mkdir()

    with pytest.raises(HelpdeskError) as refusal:
        settings_in(tmp_path, url=URL)

    assert str(tmp_path) in str(refusal.value)
