"""The page behind the links in letters, on which a password is chosen. Framework-free.

It may run its own script and wear its own style, each allowed by its hash, and load nothing.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from api.policy import Act
from api.route import Answered, Asked, Route

_FILE = Path(__file__).with_name("reset.html")


@cache
def _text() -> str:
    """Return the page, read when somebody first asks for it."""
    return _FILE.read_text(encoding="utf-8")


@cache
def _headers() -> Mapping[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": _hashes("script"),
        "style-src": _hashes("style"),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",  # its script sends what is typed; nothing else ever does
        "frame-ancestors": "'none'",
    }
    return {"Content-Security-Policy": "; ".join(f"{name} {to}" for name, to in policy.items())}


def _hashes(element: str) -> str:
    """Return the sources that allow what stands in every such element, and nothing else."""
    found = re.findall(f"<{element}>(.*?)</{element}>", _text(), re.DOTALL)
    return " ".join(
        f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in found
    )


def reset_page(_desk: None, _asked: Asked) -> Answered:
    """Show the page on which a password is chosen."""
    return Answered(status=200, text=_text(), headers=_headers())


RESET_PAGE = Route(
    method="GET", path="/reset", act=Act.LOOK_IN, handler=reset_page,
    summary="Show the page behind a letter's link, on which a password is chosen",
    status=200, answer=str, mimetype="text/html", wired=False,
)  # fmt: skip
