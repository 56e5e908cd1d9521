"""Which tickets a list shows: the one walk that finds them, and what is looked at on the way.

Indexes serve whose tickets they are together with the status and one thing more, or with a word
or a skill alone. The walk takes what leaves the fewest, and everything is looked at again. What
tickets are found by besides their status and requester they have from triage on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from helpdesk.documents import Filter, Op, Order, Query, Value
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Status
from helpdesk.user import skill_key
from helpdesk.verdict import Category, Priority
from helpdesk.wire import LISTED_FIELDS
from helpdesk.words import WORD_MOST, have_all, sought_words

SETTLED = frozenset({Status.RESOLVED, Status.CLOSED})
# What is done may have had nobody: its requester closed it first.
UNASSIGNED = SETTLED | {Status.NEW, Status.TRIAGED}


class Sort(StrEnum):
    """Which tickets come first."""

    CREATED = "created"  # the newest
    OLDEST = "-created"
    UPDATED = "updated"  # changed last


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tickets a list shows: everything that is asked for must match.

    `statuses` are any of these; none at all asks for every one. `skill` is one whole name in any
    case. `text` is words: each is one of the ticket's. The times are half-open: from the first to
    right before the second.
    """

    requester_id: str | None = None
    assignee_id: str | None = None
    unassigned: bool = False
    statuses: tuple[Status, ...] = ()
    priority: Priority | None = None
    category: Category | None = None
    skill: str | None = None
    needs_review: bool | None = None
    text: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    sort: Sort = Sort.CREATED

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what has no walk in the order of changes."""
        unwalked = ("text", "skill", "priority", "category", "needs_review")
        if self.sort is Sort.UPDATED and any(getattr(self, name) is not None for name in unwalked):
            raise InvalidInputError(
                "updated sorts a list without q, skill, priority, category and needs_review",
                field="sort",
            )

    @property
    def fits(self) -> Callable[[Mapping[str, Value]], bool]:
        """Return what says whether a document with the fields of the walk is one of these."""
        named = {
            "requester_id": self.requester_id,
            "assignee_id": self.assignee_id,
            "priority": self.priority,
            "category": self.category,
        }
        # Reckoned once: a page asks of each document that the walk finds.
        asked = [(name, value) for name, value in named.items() if value is not None]
        statuses, words = frozenset(self._statuses()), self.words
        skill = None if self.skill is None else skill_key(self.skill)

        def fit(data: Mapping[str, Value]) -> bool:
            created = data["created_at"]
            return (
                all(data[name] == value for name, value in asked)
                and not (self.unassigned and data["assignee_id"])
                and self.needs_review in {None, bool(data["needs_review"])}
                and data["status"] in statuses
                and (skill is None or skill in map(skill_key, data["skills"] or ()))
                and (self.created_from is None or self.created_from <= created)
                and (self.created_until is None or created < self.created_until)
                and ("terms" not in data or have_all(data["terms"] or (), words))
            )

        return fit

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that are looked for."""
        return sought_words(self.text or "")

    @property
    def walk(self) -> Query | None:
        """Return the query that finds these tickets and perhaps others; None if there are none."""
        if self._is_of_none():
            return None
        by_creation = self.sort is not Sort.UPDATED
        order = Order(
            "created_at" if by_creation else "updated_at",
            descending=self.sort is not Sort.OLDEST,
        )
        one = self._one()
        # A word that the walk compares need not be looked at: that saves reading all the others.
        looked = len(self.words) > 1
        return Query(
            "tickets",
            (*self._whose(), *one, *self._status(one), *(self._created() if by_creation else ())),
            (order,),
            fields=(*LISTED_FIELDS, "terms") if looked else LISTED_FIELDS,
        )

    def _is_of_none(self) -> bool:
        """Say whether nothing can be both this and that; a text without a word is in no ticket."""
        since, until = self.created_from, self.created_until
        return (
            (self.text is not None and not self.words)
            or not self._statuses()
            or (self.unassigned and self.assignee_id is not None)
            or (since is not None and until is not None and until <= since)
        )

    def _whose(self) -> tuple[Filter, ...]:
        if self.requester_id is not None:
            return (Filter("requester_id", Op.EQ, self.requester_id),)
        if self.assignee_id is not None:
            return (Filter("assignee_id", Op.EQ, self.assignee_id),)
        return ()

    def _one(self) -> tuple[Filter, ...]:
        """Return what leaves the fewest tickets, as a rule."""
        if self.words:
            return (Filter("terms", Op.CONTAINS, max(self.words, key=len)[:WORD_MOST]),)
        if self.skill is not None:
            return (Filter("skill_keys", Op.CONTAINS, skill_key(self.skill)),)
        asked: Mapping[str, Value] = {
            # What needs none does not say so, and is nearly everything.
            "needs_review": self.needs_review if self.requester_id is None else None,
            "priority": self.priority.value if self.priority else None,
            "category": self.category.value if self.category else None,
        }
        filters = [Filter(name, Op.EQ, it) for name, it in asked.items() if it]
        return tuple(filters[:1])

    def _statuses(self) -> tuple[Status, ...]:
        """Return every status that a ticket may have here."""
        asked = set(self.statuses or Status)
        return tuple(
            each for each in Status if each in asked & (UNASSIGNED if self.unassigned else asked)
        )

    def _status(self, one: Sequence[Filter]) -> tuple[Filter, ...]:
        """Return the status; whoever asks for none asks those indexes for every one.

        That bills no document more, and spares every ticket's write half of the entries.
        """
        asked = self._statuses()
        if one and one[0].op is Op.CONTAINS:
            return ()
        if len(asked) == 1:
            return (Filter("status", Op.EQ, asked[0].value),)
        if len(asked) < len(Status) or one or self.sort is Sort.UPDATED:
            return (Filter("status", Op.IN, [each.value for each in asked]),)
        return ()

    def _created(self) -> tuple[Filter, ...]:
        bounds = ((Op.GE, self.created_from), (Op.LT, self.created_until))
        return tuple(Filter("created_at", op, time) for op, time in bounds if time is not None)
