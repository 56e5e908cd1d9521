"""The secrets of a local house: made at its first start, kept readable for its owner alone."""

import base64
import json
import os
import secrets
from pathlib import Path

from helpdesk.errors import OutsideError
from helpdesk.settings import SECRET_LEAST, ApiSettings, SettingsError, keys, secret

HOW_TO_MEND = "restore it from a backup, or start over with --fresh, which forgets everything"


def settings_in(folder: Path, *, url: str) -> ApiSettings:
    """Return the settings of the house in a folder, making its secrets at the first start.

    Raise OutsideError when they cannot be read or written, SettingsError when they are damaged.
    """
    path = folder / "secrets.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _write(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is damaged: {HOW_TO_MEND}") from error
    try:
        return ApiSettings(
            url=url,
            tokens=keys(json.dumps(kept["tokens"])),
            peppers=keys(json.dumps(kept["peppers"])),
            seal_key=secret(kept["seal_key"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is damaged: {HOW_TO_MEND}") from error


def _write(path: Path) -> None:
    def made() -> str:
        return base64.b64encode(secrets.token_bytes(SECRET_LEAST)).decode()

    content = {
        "tokens": {"signing": "k1", "known": {"k1": made()}},
        "peppers": {"signing": "p1", "known": {"p1": made()}},
        "seal_key": made(),
    }
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)  # whole or not at all
