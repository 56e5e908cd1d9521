"""What is deployed of one function, by the archive rule.

An archive is `functions/` without the other functions, with this function's `main.py` and
`requirements.txt` lifted to its root. So an import has one name everywhere, and a function cannot
import what is not in its archive.
"""

import shutil
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "functions"
LIFTED = ("main.py", "requirements.txt")


def functions(source: Path = SOURCE) -> tuple[str, ...]:
    """Return the names of all functions: the folders with a main.py."""
    return tuple(sorted(path.parent.name for path in source.glob("*/main.py")))


def lay_out(function: str, folder: Path, *, source: Path = SOURCE) -> Path:
    """Lay out a function's archive in a folder that is not there yet, and return the folder.

    Raise LookupError when there is no such function.
    """
    names = functions(source)
    if function not in names:
        raise LookupError(f"there is no function {function}")
    others = set(names) - {function}
    folder.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        if path.is_dir() and path.name not in others and path.name != "__pycache__":
            shutil.copytree(path, folder / path.name, ignore=_left_out)
    for name in LIFTED:
        (folder / function / name).rename(folder / name)
    return folder


def _left_out(_folder: str, names: list[str]) -> set[str]:
    """Return what is made by tools, or only read by them."""
    return {name for name in names if name in {"__pycache__", "requirements.in"}}
