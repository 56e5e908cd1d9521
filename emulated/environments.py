"""A virtual environment for each function, with nothing in it but its own requirements."""

import hashlib
import subprocess
import sys
from pathlib import Path

from emulated.archives import SOURCE
from emulated.emulators import MissingError

KEPT = Path(__file__).parents[1] / ".environments"
MAKE_S = 600


def environment(function: str, *, kept: Path = KEPT) -> Path:
    """Return a function's environment, made at the first time, or raise MissingError.

    It is named for what is in it, so other requirements or another Python get another one.
    """
    requirements = SOURCE / function / "requirements.txt"
    version = ".".join(map(str, sys.version_info[:3]))
    named = hashlib.sha256(requirements.read_bytes() + version.encode()).hexdigest()[:12]
    folder = kept / f"{function}-{named}"
    if (folder / "ready").exists():
        return folder
    python = folder / "bin" / "python"
    _uv("venv", "--clear", "--python", sys.executable, str(folder))
    _uv(
        "pip", "install", "--python", str(python), "--compile-bytecode", "--require-hashes",
        "--requirement", str(requirements),
    )  # fmt: skip
    (folder / "ready").touch()
    return folder


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=MAKE_S,
    )
    if done.returncode:
        raise MissingError(f"an environment could not be made: {done.stderr.strip()[-500:]}")
