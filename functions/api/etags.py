"""Entity tags: whether one is among those that a request names (RFC 9110, section 13.1)."""

import re

_NAMED = re.compile('(W/)?("[^"]*")')


def quoted(mark: str) -> str:
    """Return the tag of a version."""
    return f'"{mark}"'


def is_had(tags: str, tag: str) -> bool:
    """Say whether If-None-Match names this tag; weak ones count."""
    return tags.strip() == "*" or tag in {named for _, named in _NAMED.findall(tags)}


def is_meant(tags: str, tag: str) -> bool:
    """Say whether If-Match names this tag; weak ones do not count."""
    return tags.strip() == "*" or tag in {named for weak, named in _NAMED.findall(tags) if not weak}
