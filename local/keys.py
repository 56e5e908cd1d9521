"""The secrets of a local house: made at its first start, kept readable for its owner alone."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpdesk.errors import OutsideError
from helpdesk.parsers import SECRET_LEAST, secret
from helpdesk.settings import ApiSettings, SettingsError, SignUp, keys

HOW_TO_MEND = "restore it from a backup, or start over with --fresh, which forgets everything"
# These seal what can be had again: places in lists, known devices, links that live for minutes. A
# house from before there was such a key gets one. Without a pepper, though, nobody could log in.
ADDED_LATER = ("seal_key", "link_key", "hook_key")
TICKETS_PER_HOUR = 1_000_000  # a house of one's own has no strangers to hold off


def settings_in(folder: Path, *, url: str) -> ApiSettings:
    """Return the settings of the house in a folder, making its secrets at the first start.

    Raise OutsideError when they cannot be read or written, SettingsError when they are damaged.
    """
    path = folder / "secrets.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _write(path, _made())
        kept = json.loads(path.read_text(encoding="utf-8"))
        whole = {**{name: _secret() for name in ADDED_LATER}, **kept}
        settings = _settings(whole, url=url)
        if whole != kept:
            _write(path, whole)
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is damaged: {HOW_TO_MEND}") from error
    return settings


def _settings(kept: Mapping[str, Any], *, url: str) -> ApiSettings:
    return ApiSettings(
        url=url,
        tokens=keys(json.dumps(kept["tokens"])),
        peppers=keys(json.dumps(kept["peppers"])),
        seal_key=secret(kept["seal_key"]),
        link_key=secret(kept["link_key"]),
        hook_key=secret(kept["hook_key"]),
        sign_up=SignUp.DIRECT,
        proxies=0,
        tickets_per_hour=TICKETS_PER_HOUR,
    )


def _made() -> dict[str, Any]:
    return {
        "tokens": {"signing": "k1", "known": {"k1": _secret()}},
        "peppers": {"signing": "p1", "known": {"p1": _secret()}},
        **{name: _secret() for name in ADDED_LATER},
    }


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(SECRET_LEAST)).decode()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)  # whole or not at all
