"""What triage writes for people: a one-line summary and notes for staff."""

import unicodedata

from helpdesk.verdict import Category, Judged, Priority
from triage.skills import Finding

SUMMARY_MOST = 200
NOTES_MOST = 1_500
QUOTE_MOST = 60
SENTENCE_LEAST = 20
READ_MOST = 2_000
_PLAIN = frozenset(" '-+#.,%")  # cannot build a tag, a link or an image in Markdown
_FORMAT = "Cf"  # zero-width and direction marks

_FIRST_STEPS: dict[Category, tuple[str, ...]] = {
    Category.BUG: (
        "Reproduce it with the version and the steps of the ticket.",
        "Look for the first error in the log, not the last.",
        "Ask for what is missing: version, browser or system, expected and actual result.",
    ),
    Category.INCIDENT: (
        "Confirm the scope: who is affected, since when, what changed just before.",
        "Restore service first (roll back, fail over, free space), find the cause afterwards.",
        "Tell the people affected, and say when the next update comes.",
    ),
    Category.ACCESS: (
        "Check who asks, and that the owner of the system agrees.",
        "Check that the account is active and not locked before changing a password.",
        "Grant the least that is needed, with an end date where possible.",
    ),
    Category.SECURITY: (
        "Tell the security contact now; keep details out of public comments.",
        "Contain it: revoke leaked credentials, isolate what is affected, keep the logs.",
        "Find out whose data was exposed before closing.",
    ),
    Category.BILLING: (
        "Find the invoice or payment, and compare its amount with the plan.",
        "Never ask for a full card number.",
        "Correct a wrong charge first, then find out why it happened.",
    ),
    Category.FEATURE: (
        "Ask what the requester wants to achieve, not only how.",
        "Look for an earlier wish of the same kind and link the two.",
        "Say whether and when it will be considered; promise no date.",
    ),
    Category.QUESTION: (
        "Look in the documentation and in solved tickets first.",
        "Answer with a link to the page that explains it.",
        "If no page does, note the gap in the documentation.",
    ),
}


def summarize(title: str, description: str) -> str:
    """Return the title and the first sentence that adds to it, on one line."""
    heading = one_line(title)
    sentences = (part.strip() for part in one_line(description).split(". "))
    opening = next((part for part in sentences if len(part) >= SENTENCE_LEAST), "")
    if not heading or not opening:
        return clipped(heading or one_line(description), SUMMARY_MOST)
    return clipped(f"{heading.rstrip('.:')}: {opening}", SUMMARY_MOST)


def write_notes(
    priority: Judged[Priority], category: Judged[Category], findings: tuple[Finding, ...]
) -> str:
    """Return Markdown notes: what was decided, on which words, and what to do first."""
    skills = ", ".join(f"{finding.skill}{_because(finding.quote)}" for finding in findings)
    lines = [
        "*Automatic triage by fixed rules; nobody has read this ticket yet.*",
        "",
        f"- Priority **{priority.value}**{_because(priority.evidence)}",
        f"- Category **{category.value}**{_because(category.evidence)}",
        f"- Skills: {skills or 'none recognised'}",
        "",
        f"First steps ({category.value}):",
        "",
        *(f"{number}. {step}" for number, step in enumerate(_FIRST_STEPS[category.value], 1)),
    ]
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Return the start of a text as one line of printable characters."""
    kept = (
        char if char.isprintable() else " "
        for char in text[:READ_MOST]
        if unicodedata.category(char) != _FORMAT
    )
    return " ".join("".join(kept).split())


def clipped(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut between words where it can be."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def neutral(text: str) -> str:
    """Return words of a ticket so that Markdown sees nothing but text in them."""
    plain = "".join(char if char.isalnum() or char in _PLAIN else " " for char in text)
    # Renderers turn a bare www. into a link.
    return clipped(" ".join(plain.replace("www.", "www ").split()), QUOTE_MOST)


def _because(evidence: str) -> str:
    """Return the words a judgement rests on, or nothing for a default."""
    quoted = neutral(evidence)
    return f" (“{quoted}”)" if quoted else ""
