"""A classifier that is made at its first ticket: no other event waits for what it needs."""

from collections.abc import Callable

from helpdesk.ports import Classifier
from helpdesk.verdict import Verdict


class LateClassifier:
    """The Classifier port over one that is made when it is first asked."""

    def __init__(self, make: Callable[[], Classifier]) -> None:
        """Ask what `make` returns; it is called each time, and so gives the same one."""
        self._make = make

    def classify(self, title: str, description: str) -> Verdict:
        """Return a verdict, or raise OutsideError or RefusedError."""
        return self._make().classify(title, description)
