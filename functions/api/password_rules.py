"""What makes a new password acceptable: long, in no list, and more than what anybody can guess."""

import gzip
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from helpdesk.errors import InvalidInputError

LEAST = 15  # characters, unless the house says otherwise
FLOOR = 8  # no house may ask for fewer
MOST = 256  # beyond it is an attack on the hash, not a passphrase

LEFT = 8  # letters and digits beside the words that everybody would try
PIECE = 4  # letters; a shorter piece of an address or a name is in many a good passphrase
PRODUCT = "helpdesk"


class PasswordRules:
    """Judges new passwords, exactly as they were sent; any mix of characters will do."""

    def __init__(self, *, least: int = LEAST) -> None:
        """Ask for at least so many characters, or raise ValueError when those are too few."""
        if least < FLOOR:
            raise ValueError(f"a password needs at least {FLOOR} characters")
        self._least = least

    def checked(self, password: str, *, email: str, name: str = "") -> str:
        """Return an acceptable password exactly as it came, or raise InvalidInputError."""
        flaw = (
            self._wrong_length(password)
            or _not_text(password)
            or _common(password.casefold())
            or _told_by_account(password, email=email, name=name)
        )
        if flaw:
            raise InvalidInputError(flaw, field="password")
        return password

    def _wrong_length(self, password: str) -> str | None:
        if len(password) < self._least:
            return f"password must have at least {self._least} characters: try a few words in a row"
        if len(password) > MOST:
            return f"password must have at most {MOST} characters"
        return None


@cache
def common_passwords() -> frozenset[str]:
    """Return what attackers try first, casefolded; read from its file when first asked for."""
    packed = Path(__file__).with_name("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split("\n")[:-1])


def _not_text(password: str) -> str | None:
    """Half of a surrogate pair has no bytes that could be hashed."""
    if any("\ud800" <= character <= "\udfff" for character in password):
        return "password must be text: leave out the character that is only half of one"
    return None


def _common(folded: str) -> str | None:
    """Say what is wrong with one that is in the list, or that anybody can spell out."""
    listed = common_passwords()
    if folded in listed:
        return "password is one of those that are tried first: choose one that only you would"
    for length in _periods(folded):
        short = length < LEFT and 2 * length <= len(folded)
        if folded[:length] in listed or (short and folded[:length].isascii()):
            return "password only repeats itself: go on with something else"
    return None


def _periods(text: str) -> Iterator[int]:
    """Yield the length of each beginning that makes the whole text when it is repeated."""
    return (length for length in range(1, len(text)) if text[length:] == text[:-length])


def _told_by_account(password: str, *, email: str, name: str) -> str | None:
    """Say what is wrong with one that is little more than words everybody would try here."""
    plain = _plain(password)
    told = {
        at
        for word in _words(email, name)
        for match in re.finditer(f"(?={word})", plain)
        for at in range(match.start(), match.start() + len(word))
    }
    if told and len(plain) - len(told) < LEFT:
        return "password must hold more than your name, your address or ours: add a few words"
    return None


def _words(email: str, name: str) -> set[str]:
    """Return the words that everybody who knows of the account would try."""
    local, _, domain = email.partition("@")
    pieces = [PRODUCT, local, domain, name, *name.split()]
    pieces += re.split(r"[._+-]", f"{local}.{domain.rpartition('.')[0]}")
    return {word for word in map(_plain, pieces) if len(word) >= PIECE}


def _plain(text: str) -> str:
    """Return the bare letters and digits: neither case, accents nor separators hide a word."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))
