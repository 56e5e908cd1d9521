"""Any sequence of commits and queries, compared with a plain dict, over every adapter."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from helpdesk.documents import (
    Create,
    Delete,
    Filter,
    Increment,
    Op,
    Order,
    Query,
    Set,
    Update,
)
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError
from tests.contract.adapters import ADAPTERS, empty_store

EXAMPLES = {"sqlite": 100, "firestore": 30}  # a round trip each, where SQLite makes a call

PATHS = st.sampled_from([f"things/{name}" for name in "abcdef"])
RANKS = st.sampled_from([None, 0, 1, 2, 2.5])
COLORS = st.sampled_from(["red", "blue"])
TAGS = st.lists(st.sampled_from(["x", "y", "z"]), max_size=3)
DATA = st.fixed_dictionaries(
    {"rank": RANKS, "color": COLORS, "tags": TAGS}, optional={"n": st.integers(0, 9)}
)
FIELDS = st.fixed_dictionaries({}, optional={"rank": RANKS, "color": COLORS, "tags": TAGS}).filter(
    bool
)
AMOUNTS = st.fixed_dictionaries({"n": st.integers(-3, 3)})
CONDITIONS = st.sampled_from([None, "fresh", "stale"])
WRITES = st.lists(
    st.one_of(
        st.tuples(st.just("create"), PATHS, DATA, st.none()),
        st.tuples(st.just("set"), PATHS, DATA, st.none()),
        st.tuples(st.just("update"), PATHS, FIELDS, CONDITIONS),
        st.tuples(st.just("increment"), PATHS, AMOUNTS, st.none()),
        st.tuples(st.just("delete"), PATHS, st.none(), st.none()),
    ),
    min_size=1,
    max_size=4,
    # A version is known before the commit, so a document with a condition is written once in it.
).filter(lambda writes: len({w[1] for w in writes}) == len(writes))

ASCENDING, DESCENDING = (Order("rank"),), (Order("rank", descending=True),)
RED = Filter("color", Op.EQ, "red")
BOTH = Filter("color", Op.IN, ["red", "blue"])
X, X_OR_Y = Filter("tags", Op.CONTAINS, "x"), Filter("tags", Op.CONTAINS_ANY, ["x", "y"])
QUERIES = st.sampled_from(
    [
        Query("things"),
        Query("things", order=ASCENDING),
        Query("things", order=DESCENDING),
        Query("things", (RED,), DESCENDING),
        Query("things", (RED,), ASCENDING),
        Query("things", (BOTH,), DESCENDING),
        Query("things", (X,), DESCENDING),
        Query("things", (X_OR_Y,), ASCENDING),
        Query("things", (X_OR_Y, RED), ASCENDING),
        Query("things", (Filter("rank", Op.GE, 1),), DESCENDING),
        Query("things", (Filter("rank", Op.LT, 2), RED), ASCENDING),
    ]
)


class Model:
    """The port's promises over a plain dict."""

    def __init__(self):
        self.data = {}

    def commit(self, writes, stale):
        """Return what each write counted, or the error the whole commit must raise."""
        new = {path: dict(data) for path, data in self.data.items()}
        counted: list[dict[str, int]] = []
        for kind, path, value, condition in writes:
            counted.append({})
            if kind == "create" and path in new:
                return AlreadyExistsError
            if kind == "update":
                if path not in new:
                    return NotFoundError
                if condition == "stale" and path in stale:
                    return ConflictError
                new[path] |= value
            elif kind == "increment":
                old = new.setdefault(path, {})
                counted[-1] = {"n": old.get("n", 0) + value["n"]}
                old |= counted[-1]
            elif kind == "delete":
                new.pop(path, None)
            else:
                new[path] = dict(value)
        self.data = new
        return counted

    def query(self, query):
        """Return the ids of all matches in order."""
        found = [
            (path.rpartition("/")[2], data)
            for path, data in self.data.items()
            if all(f.field in data for f in (*query.filters, *query.order))
            and all(matches(data[f.field], f) for f in query.filters)
        ]
        order = query.order[0] if query.order else None
        found.sort(key=lambda pair: pair[0])
        if order:
            found.sort(
                key=lambda pair: (ranked(pair[1][order.field]), pair[0]), reverse=order.descending
            )
        return [name for name, _ in found]


def ranked(value):
    return (value is not None, value or 0)


def matches(value, each):
    match each.op:
        case Op.EQ:
            return value == each.value
        case Op.IN:
            return value in each.value
        case Op.CONTAINS:
            return each.value in value
        case Op.CONTAINS_ANY:
            return bool(set(each.value) & set(value))
        case Op.GE:
            return value is not None and value >= each.value
        case Op.LT:
            return value is not None and value < each.value
        case _:
            raise LookupError(each.op)


class DocumentsMachine(RuleBasedStateMachine):
    """Commits and queries in any order."""

    adapter = ""
    emulators = None
    commits = Bundle("commits")

    @initialize()
    def open(self):
        self.exits = ExitStack()
        folder = Path(self.exits.enter_context(tempfile.TemporaryDirectory()))
        self.store = self.exits.enter_context(empty_store(self.adapter, folder, self.emulators))
        self.model = Model()
        self.old_versions = {}

    def teardown(self):
        self.exits.close()

    @rule(writes=WRITES)
    def commit(self, writes):
        built = [self.write(*each) for each in writes]
        known = {path: self.store.get(path).version for path in self.model.data}
        expected = self.model.commit(writes, set(self.old_versions))

        if isinstance(expected, list):
            assert self.store.commit(built) == expected
            now = {d.path: d.version for d in self.store.get_many(list(known)) if d}
            self.old_versions |= {p: v for p, v in known.items() if now.get(p) != v}
        else:
            with pytest.raises((AlreadyExistsError, NotFoundError, ConflictError)) as raised:
                self.store.commit(built)
            # Where several writes fail, which of them is named is the adapter's choice.
            if len(writes) == 1:
                assert raised.type is expected

    def write(self, kind, path, value, condition):
        if kind == "update":
            found = self.store.get(path)
            version = found.version if condition == "fresh" and found else None
            if condition == "stale":
                version = self.old_versions.get(path)
            return Update(path, value, unchanged_since=version)
        if kind == "increment":
            return Increment(path, value, {})
        if kind == "delete":
            return Delete(path)
        return Create(path, value) if kind == "create" else Set(path, value)

    @rule(query=QUERIES, size=st.integers(1, 4))
    def ask(self, query, size):
        found, after = [], None
        while True:
            page = self.store.query(
                Query(query.collection, query.filters, query.order, size, after)
            )
            found += [document.id for document in page]
            if len(page) < size:
                break
            after = (*(page[-1].data[o.field] for o in query.order), page[-1].id)

        assert found == self.model.query(query)
        assert self.store.count(query) == len(found)

    @invariant()
    def holds_what_the_model_holds(self):
        if hasattr(self, "model"):
            paths = [f"things/{name}" for name in "abcdef"]
            kept = {d.path: d.data for d in self.store.get_many(paths) if d}
            assert kept == self.model.data


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_any_sequence_of_commits_and_queries(adapter, emulators):
    class Machine(DocumentsMachine):
        pass

    Machine.adapter, Machine.emulators = adapter, emulators
    case = Machine.TestCase
    case.settings = settings(
        max_examples=EXAMPLES[adapter],
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )

    case().runTest()
