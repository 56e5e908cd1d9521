"""What triage says about a ticket: each field with its confidence, evidence and source."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Priority(StrEnum):
    """How urgent a ticket is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Category(StrEnum):
    """What kind of request a ticket is: a closed list."""

    BUG = "bug"
    INCIDENT = "incident"
    ACCESS = "access"
    SECURITY = "security"
    BILLING = "billing"
    FEATURE = "feature"
    QUESTION = "question"


class Sentiment(StrEnum):
    """How the requester sounds."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Source(StrEnum):
    """Who set a value: the model, the built-in classifier, a person, or a rule of the desk."""

    AI = "ai"
    FALLBACK = "fallback"
    HUMAN = "human"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Judged(Generic[T]):
    """One judged field: its value, how sure the judge is (0..1), and the words it rests on.

    `evidence` quotes the ticket literally; it is empty where the value is the default.
    """

    value: T
    confidence: float
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a verdict came about, enough to repeat it."""

    source: Source
    model: str
    prompt_version: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    latency_ms: int = 0
    attempts: int = 1
    fallback_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one reading of a ticket found. `notes` is Markdown for staff, never for requesters."""

    summary: str
    priority: Judged[Priority]
    category: Judged[Category]
    skills: Judged[tuple[str, ...]]
    language: str
    sentiment: Sentiment
    notes: str
    provenance: Provenance
