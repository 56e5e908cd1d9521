"""The Classifier port of the local house: the built-in rules, loaded at the first ticket."""

from functools import cached_property

from helpdesk.ports import Classifier
from helpdesk.verdict import Verdict


class RulesOnDemand:
    """The built-in classifier, whose lexicon no start has to wait for."""

    def classify(self, title: str, description: str) -> Verdict:
        """Return a verdict on any text whatever."""
        return self._rules.classify(title, description)

    @cached_property
    def _rules(self) -> Classifier:
        from triage.rules import RuleClassifier  # noqa: PLC0415

        return RuleClassifier()
