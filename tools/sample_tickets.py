"""Write local/demo/tickets.jsonl anew: `python tools/sample_tickets.py --data DIR`."""

import argparse
import hashlib
import json
from pathlib import Path

COUNT = 1_000
SEED = "demo-1"
TITLE_MOST = 200
# Their licences let us pass the text on; local/demo/README.md names them.
SOURCES = {
    "priority_jira.jsonl": {"msr15-high-impact-bugs", "gitbugs"},
    "type_area_tawos.jsonl": {"tawos"},
}
OUT = Path(__file__).parents[1] / "local" / "demo" / "tickets.jsonl"


def main() -> None:
    """Sample the tickets and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the triage data")
    parser.add_argument("--out", type=Path, default=OUT, help="where to write (%(default)s)")
    arguments = parser.parse_args()
    tickets = sampled(arguments.data)
    lines = [json.dumps(ticket, ensure_ascii=False) + "\n" for ticket in tickets]
    arguments.out.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{len(lines)} tickets")


def sampled(data: Path) -> list[dict[str, str]]:
    """Return the tickets whose seeded digests come first: the same on every machine."""
    rows = [row for name, sources in SOURCES.items() for row in read(data / name, sources)]
    chosen: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: digest(row["id"])):
        ticket = {"title": row["title"].strip(), "description": row["description"].strip()}
        if ticket["title"] and ticket["description"] and len(ticket["title"]) <= TITLE_MOST:
            chosen.setdefault(normal(ticket["title"]), ticket)
    if len(chosen) < COUNT:
        raise SystemExit(f"only {len(chosen)} tickets to choose from")
    return list(chosen.values())[:COUNT]


def read(path: Path, sources: set[str]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row["source"] in sources]


def normal(text: str) -> str:
    return " ".join(text.casefold().split())


def digest(text: str) -> bytes:
    return hashlib.sha256(f"{SEED}:{text}".encode()).digest()


if __name__ == "__main__":
    main()
