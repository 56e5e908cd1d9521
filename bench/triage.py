"""Measure the built-in classifier on labelled tickets: `python bench/triage.py --data DIR`."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "functions"))

from helpdesk.verdict import Priority, Verdict
from triage.rules import RuleClassifier
from triage.skills import load_lexicon

LENGTH_USUAL = 900
HOSTILE = ("a ", "!", "no ", "c++", ".net", "n't", "server is down ", "sql ", "\ud800", " ", "🙂")
HOSTILE_LENGTH = 20_000


def main() -> None:
    """Print what the rules get right, beside always answering the most frequent value."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tickets")
    data = parser.parse_args().data
    begun = perf_counter()
    classifier = RuleClassifier()
    print(f"loading            {(perf_counter() - begun) * 1000:8.1f} ms")
    names = {skill.name for skill in load_lexicon()}
    print(f"skills known       {len(names):8}")
    for name in ("probe_tickets", "priority_jira"):
        rows = read(data / f"{name}.jsonl")
        verdicts = judge(classifier, rows, name)
        print_priority(rows, verdicts)
        if "category" in rows[0]:
            print_category(rows, verdicts)
            print_skills(rows, verdicts, names)
    rows = read(data / "skills_so.jsonl")
    labels = {skill for row in rows for skill in row["skills"]}
    print_skills(rows, judge(classifier, rows, "skills_so"), names & labels)
    print_hostile(classifier)


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def judge(classifier: RuleClassifier, rows: list[dict[str, Any]], name: str) -> list[Verdict]:
    begun = perf_counter()
    verdicts = [classifier.classify(row["title"], row["description"]) for row in rows]
    each = (perf_counter() - begun) / len(rows) * 1000
    length = sum(len(row["title"] + row["description"]) for row in rows) / len(rows)
    print(f"\n{name}: {len(rows)} tickets, {length:.0f} characters and {each:.2f} ms each")
    return verdicts


def print_priority(rows: list[dict[str, Any]], verdicts: list[Verdict]) -> None:
    wanted = [row["priority"] for row in rows]
    given = [verdict.priority.value.value for verdict in verdicts]
    usual = Counter(wanted).most_common(1)[0][0]
    for who, answers in (("rules", given), (f"always {usual}", [usual] * len(wanted))):
        scores = [scored(wanted, answers, level.value) for level in Priority]
        macro = sum(f1 for _, _, f1 in scores) / len(scores)
        high = scored(wanted, answers, Priority.HIGH.value)
        print(f"  priority  {who:15} macro-F1 {macro:.3f}  high P {high[0]:.3f} R {high[1]:.3f}")


def print_category(rows: list[dict[str, Any]], verdicts: list[Verdict]) -> None:
    wanted = [row["category"] for row in rows]
    usual, most = Counter(wanted).most_common(1)[0]
    right = sum(
        label == verdict.category.value for label, verdict in zip(wanted, verdicts, strict=True)
    )
    print(f"  category  {'rules':15} accuracy {right / len(rows):.3f}")
    print(f"  category  {f'always {usual}':15} accuracy {most / len(rows):.3f}")


def print_skills(rows: list[dict[str, Any]], verdicts: list[Verdict], names: set[str]) -> None:
    wanted = [set(row["skills"]) & names for row in rows]
    usual = Counter(skill for skills in wanted for skill in skills).most_common(1)[0][0]
    given = [set(verdict.skills.value) & names for verdict in verdicts]
    for who, answers in (("rules", given), (f"always {usual}", [{usual}] * len(rows))):
        hits = sum(len(a & b) for a, b in zip(wanted, answers, strict=True))
        precision = hits / max(sum(map(len, answers)), 1)
        recall = hits / max(sum(map(len, wanted)), 1)
        print(f"  skills    {who:15} precision {precision:.3f}  recall {recall:.3f}")


def scored(wanted: list[str], given: list[str], value: str) -> tuple[float, float, float]:
    hits = sum(a == b == value for a, b in zip(wanted, given, strict=True))
    precision = hits / max(given.count(value), 1)
    recall = hits / max(wanted.count(value), 1)
    return precision, recall, 2 * hits / max(given.count(value) + wanted.count(value), 1)


def print_hostile(classifier: RuleClassifier) -> None:
    print(f"\nhostile tickets of {HOSTILE_LENGTH} characters")
    for piece in HOSTILE:
        text = (piece * HOSTILE_LENGTH)[:HOSTILE_LENGTH]
        begun = perf_counter()
        classifier.classify(text[:LENGTH_USUAL], text + "x")
        print(f"  {piece!a:18} {(perf_counter() - begun) * 1000:8.1f} ms")


if __name__ == "__main__":
    main()
