"""The real clock and the real ids; tests bring their own."""

import secrets
from datetime import UTC, datetime

# Crockford's base 32: no I, L, O or U, so that nothing is misread or spells a word.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, in UTC."""
        return datetime.now(UTC)


def moment_of(seconds: float) -> datetime:
    """Return the moment that a count of seconds since 1970 names, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class RandomIds:
    """Ids from the machine's random source. Random, because sequential ids make hot spots."""

    def ticket_id(self) -> str:
        """Return 8 random characters (40 bits); a store refuses the rare one that is taken."""
        return _characters(8)

    def unique_id(self) -> str:
        """Return 26 random characters (130 bits)."""
        return _characters(26)


def _characters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
