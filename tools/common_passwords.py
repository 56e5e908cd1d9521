"""Write functions/api/common_passwords.txt.gz anew: `python tools/common_passwords.py SOURCE...`.

The sources are two lists of passwords, the commonest first, and both are needed:

- a million of SecLists (github.com/danielmiessler/SecLists, MIT), as it was in December 2019:
  `Passwords/Common-Credentials/10-million-password-list-top-1000000.txt`;
- 20,000 of Django 5.2 (BSD-3-Clause): `django/contrib/auth/common-passwords.txt.gz`.

docs/data.md has their notices.
"""

import argparse
import gzip
import hashlib
from pathlib import Path

SOURCES = {  # by the SHA-256 of the text
    "eac6323842b3261da0ef4c180c8e23f4d056522ea97c2925b8687f453b40a2be": "SecLists",
    "29ca0fa5303165f012f3e9775e3e95a3071cdd59f219973ec1cbb308d0214a6f": "Django",
}
PACKED = b"\x1f\x8b"  # how gzip begins
LEASTS = range(8, 65)  # what a house may ask for, in characters
KEPT = 4_000  # of each list, for each of them: a third more than is tested
OUT = Path(__file__).parents[1] / "functions" / "api" / "common_passwords.txt.gz"


def main() -> None:
    """Choose the passwords and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path, nargs=len(SOURCES), help="both lists, in any order")
    parser.add_argument("--out", type=Path, default=OUT, help="where to write (%(default)s)")
    arguments = parser.parse_args()
    contents = {digest(content): content for content in map(read, arguments.sources)}
    if contents.keys() != SOURCES.keys():
        raise SystemExit("these are not the two lists, or not these versions of them")
    passwords = merged([chosen(contents[each].decode().split("\n")) for each in SOURCES])
    write(arguments.out, passwords)
    print(f"{len(passwords)} passwords, {arguments.out.stat().st_size} bytes")


def read(source: Path) -> bytes:
    content = source.read_bytes()
    return gzip.decompress(content) if content.startswith(PACKED) else content


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def chosen(ranked: list[str]) -> dict[str, int]:
    """Return the commonest of every length, casefolded, each with its place in the list."""
    places: dict[str, int] = {}
    for place, password in enumerate(ranked):
        places.setdefault(password.casefold(), place)
    kept: set[str] = set()
    for least in LEASTS:
        kept.update([password for password in places if len(password) >= least][:KEPT])
    return {password: place for password, place in places.items() if password in kept}


def merged(lists: list[dict[str, int]]) -> list[str]:
    """Return the passwords of all lists, by the best place that one has in any."""
    best: dict[str, int] = {}
    for places in lists:
        for password, place in places.items():
            best[password] = min(place, best.get(password, place))
    return sorted(best, key=lambda password: (best[password], password))


def write(out: Path, passwords: list[str]) -> None:
    """Compress with neither a time nor a name: the same on every machine with the same zlib."""
    with (
        out.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
    ):
        packed.write("".join(f"{password}\n" for password in passwords).encode())


if __name__ == "__main__":
    main()
