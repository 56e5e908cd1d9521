"""The built-in classifier: reads a ticket by a lexicon and rules, without a network."""

from helpdesk.verdict import Provenance, Source, Verdict
from triage.category import judge_category
from triage.language import detect_language
from triage.notes import summarize, write_notes
from triage.passage import Passage
from triage.priority import judge_priority
from triage.sentiment import judge_sentiment
from triage.skills import SkillReader, judged_skills, load_lexicon

MODEL = "rules-1"


class RuleClassifier:
    """Classifies tickets by fixed rules: the same ticket always gets the same verdict."""

    def __init__(self) -> None:
        self._skills = SkillReader(load_lexicon())

    def classify(self, title: str, description: str) -> Verdict:
        """Return a verdict on any text whatever."""
        heading, body = Passage.of(title), Passage.of(description)
        findings = self._skills.read(heading, body)
        category = judge_category(heading, body)
        priority = judge_priority(heading, body, category)
        return Verdict(
            summary=summarize(title, description),
            priority=priority,
            category=category,
            skills=judged_skills(findings),
            language=detect_language(heading, body),
            sentiment=judge_sentiment(heading, body),
            notes=write_notes(priority, category, findings),
            provenance=Provenance(source=Source.FALLBACK, model=MODEL),
        )
