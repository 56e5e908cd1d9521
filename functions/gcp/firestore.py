"""Documents over Firestore: batches with preconditions, blind increments, an end to every wait."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from google.api_core import exceptions as google
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.base_vector_query import DistanceMeasure
from google.cloud.firestore_v1.vector import Vector as StoredVector

from helpdesk.documents import (
    LISTS,
    Create,
    Data,
    Delete,
    Document,
    Filter,
    Increment,
    Nearest,
    Neighbour,
    Query,
    Set,
    Update,
    Value,
    Vector,
    Write,
    check_path,
)
from helpdesk.errors import (
    AlreadyExistsError,
    ConflictError,
    HelpdeskError,
    InvalidInputError,
    NotFoundError,
    OutsideError,
)
from helpdesk.indexes import Index, declared, index_for
from helpdesk.values import converter

COMMIT_MOST = 500
CALL_S = 5.0  # one attempt
PATIENCE_S = 12.0  # until the last attempt begins; the client's own default is five minutes
_DISTANCE = "distance_found"

T = TypeVar("T")

# Attempts are counted here, not by the client. Its streams ask this whether they may go on where
# they broke off, and at None they would fail in their own way.
_UNTRIED = Retry(predicate=lambda _error: False)

# After these nobody knows whether a commit was applied; a read may simply be tried again.
_UNSURE = (
    google.ServiceUnavailable,
    google.DeadlineExceeded,
    google.InternalServerError,
    google.Unknown,
    google.Aborted,
    google.ResourceExhausted,
)

log = logging.getLogger(__name__)


class FirestoreDocuments:
    """The Documents port over one Firestore database."""

    def __init__(self, client: firestore.Client, indexes: tuple[Index, ...] | None = None) -> None:
        """Keep documents where the client does, with the declared indexes."""
        self._client = client
        self._indexes = declared() if indexes is None else indexes

    @classmethod
    def connect(cls, project: str, database: str = "(default)") -> "FirestoreDocuments":
        """Return the documents of a project's database; nothing is sent yet."""
        return cls(firestore.Client(project=project, database=database))

    def get(self, path: str) -> Document | None:
        """Return one document, or None when it is not there."""
        return self.get_many([path])[0]

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """Return one answer for each path, in their order, all in one round trip."""
        for path in paths:
            check_path(path)
        wanted = [self._client.document(path) for path in dict.fromkeys(paths)]
        if not wanted:
            return []
        found = _reading(lambda: list(self._client.get_all(wanted, retry=None, timeout=CALL_S)))
        documents = {each.reference.path: _document(each) for each in found if each.exists}
        return [documents.get(path) for path in paths]

    def query(self, query: Query) -> list[Document]:
        """Return the documents asked for, or raise InvalidQueryError without a declared index."""
        last = query.order[-1].descending if query.order else False
        built = self._built(query).order_by("__name__", direction=_way(descending=last))
        built = built.limit(query.limit)
        if query.after is not None:
            *values, name = query.after
            places = [order.field for order in query.order]
            built = built.start_after({**dict(zip(places, values, strict=True)), "__name__": name})
        if query.fields:
            built = built.select(query.fields)
        found = _reading(lambda: list(built.stream(retry=_UNTRIED, timeout=CALL_S)))
        return [_document(each, query.fields) for each in found]

    def count(self, query: Query) -> int:
        """Return how many documents match, whatever the limit and the cursor."""
        counting = self._built(query).count()
        found = _reading(lambda: counting.get(retry=_UNTRIED, timeout=CALL_S))
        return int(found[0][0].value)

    def nearest(self, nearest: Nearest) -> list[Neighbour]:
        """Return the documents with the nearest vectors, nearest first."""
        built: Any = self._client.collection(nearest.collection)
        for each in nearest.filters:
            built = built.where(filter=_filter(each))
        search = built.find_nearest(
            vector_field=nearest.field,
            query_vector=_stored(nearest.vector),
            limit=nearest.limit,
            distance_measure=DistanceMeasure.COSINE,
            distance_result_field=_DISTANCE,
        )
        found = _reading(lambda: list(search.stream(retry=_UNTRIED, timeout=CALL_S)))
        documents = [_document(each) for each in found]
        return [Neighbour(each, _distance(each.data.pop(_DISTANCE))) for each in documents]

    def commit(self, writes: Sequence[Write]) -> list[Mapping[str, int]]:
        """Apply all writes or none, and return per write the new values of its counters."""
        if not 1 <= len(writes) <= COMMIT_MOST:
            raise InvalidInputError(f"a commit takes 1 to {COMMIT_MOST} writes")
        attempts = 0

        def attempt() -> list[Any]:
            nonlocal attempts
            attempts += 1
            return self._batch(writes).commit(retry=None, timeout=CALL_S)

        try:
            results = _patiently(attempt) if _repeatable(writes) else _once(attempt)
        except (AlreadyExistsError, ConflictError, NotFoundError) as error:
            if attempts > 1 and self._are_ours(writes):
                return self._counted(writes)  # an attempt before this one had been applied
            refusal = self._refusal(writes, error)
            if refusal is error:
                raise
            raise refusal from error
        return [_counts(write, result) for write, result in zip(writes, results, strict=True)]

    def _built(self, query: Query) -> Any:  # noqa: ANN401 - the client's classes for this differ
        """Return the query without its limit and cursor, or raise InvalidQueryError."""
        index_for(query, self._indexes)
        built: Any = self._client.collection(query.collection)
        for each in query.filters:
            built = built.where(filter=_filter(each))
        for order in query.order:
            built = built.order_by(order.field, direction=_way(descending=order.descending))
        return built

    def _batch(self, writes: Sequence[Write]) -> firestore.WriteBatch:
        """Return the writes as the client sends them, or raise InvalidInputError."""
        batch = self._client.batch()
        for write in writes:
            check_path(write.path)
            there = self._client.document(write.path)
            match write:
                case Create():
                    batch.create(there, _kept(write.data))
                case Set():
                    batch.set(there, _kept(write.data))
                case Update():
                    batch.update(there, _kept(write.fields), option=self._unchanged(write))
                case Delete():
                    batch.delete(there)
                case _:
                    amounts = {name: firestore.Increment(by) for name, by in write.amounts.items()}
                    fields: Data = _kept(dict(write.fields))
                    # Named one by one, fields are replaced; merge=True would mix maps.
                    batch.set(there, {**fields, **amounts}, merge=[*fields, *amounts])
        return batch

    def _unchanged(self, write: Update) -> Any:  # noqa: ANN401 - untyped there
        if write.unchanged_since is None:
            return None
        since = DatetimeWithNanoseconds.from_rfc3339(write.unchanged_since)  # type: ignore[no-untyped-call]
        return self._client.write_option(last_update_time=since)

    def _are_ours(self, writes: Sequence[Write]) -> bool:
        """Say whether everything that these writes create is there just as they say."""
        created = [write for write in writes if isinstance(write, Create)]
        found = self.get_many([write.path for write in created])
        return bool(created) and all(
            each is not None and each.data == _read(_kept(write.data))
            for write, each in zip(created, found, strict=True)
        )

    def _counted(self, writes: Sequence[Write]) -> list[Mapping[str, int]]:
        """Return the counters as they stand now: close to what the lost answer said."""
        found = self.get_many([write.path for write in writes])
        return [
            {name: each.data[name] for name in write.amounts}
            if isinstance(write, Increment) and each
            else {}
            for write, each in zip(writes, found, strict=True)
        ]

    def _refusal(self, writes: Sequence[Write], error: HelpdeskError) -> HelpdeskError:
        """Return what a refused precondition means: gone and changed look alike in the answer."""
        if isinstance(error, AlreadyExistsError):
            return error
        updated = [write.path for write in writes if isinstance(write, Update)]
        if not updated:
            return OutsideError("the database is not there")
        for path, each in zip(updated, self.get_many(updated), strict=True):
            if each is None:
                return NotFoundError(f"{path} is not there")
        return error if isinstance(error, ConflictError) else ConflictError("it came back just now")


def _repeatable(writes: Sequence[Write]) -> bool:
    """Say whether a second application would be refused or change nothing.

    A fence refuses it, and without increments nothing adds up.
    """
    fenced = any(isinstance(write, Create) for write in writes)
    return fenced or not any(isinstance(write, Increment) for write in writes)


def _reading(call: Callable[[], T]) -> T:
    """Return what a read gives, tried again for a while, or raise one of our errors."""
    try:
        return _patiently(call)
    except (NotFoundError, ConflictError) as error:
        # No document is missing where none had to be there: it is the database, or an index.
        raise OutsideError("the database or an index is not there") from error


def _patiently(call: Callable[[], T]) -> T:
    """Return what a call gives, tried again for a while, or raise one of our errors."""
    retry = Retry(
        predicate=if_exception_type(*_UNSURE),
        initial=0.1,
        maximum=1.0,
        multiplier=2.0,
        timeout=PATIENCE_S,
    )
    return _once(retry(call))


def _once(call: Callable[[], T]) -> T:
    """Return what a call gives, or raise one of our errors."""
    try:
        return call()
    except google.AlreadyExists as error:
        raise AlreadyExistsError("a document is there already") from error
    except google.FailedPrecondition as error:
        raise ConflictError("somebody else changed a document") from error
    except google.NotFound as error:
        raise NotFoundError("a document is not there") from error
    except google.InvalidArgument as error:
        raise InvalidInputError("the store takes no such document or query") from error
    except (google.GoogleAPIError, GoogleAuthError) as error:
        # Permissions and outages alike are mended by those who run the store, and then the work
        # goes on; what it said is for them.
        log.warning("the store failed", extra={"reason": type(error).__name__})
        raise OutsideError("the store did not answer") from error


def _document(snapshot: Any, fields: Sequence[str] = ()) -> Document:  # noqa: ANN401 - untyped
    data = _read(snapshot.to_dict())
    if fields:
        data = {name: data.get(name) for name in fields}
    return Document(snapshot.reference.path, data, snapshot.update_time.rfc3339())


def _filter(each: Filter) -> FieldFilter:
    if isinstance(each.value, list | tuple) and each.op not in LISTS:
        raise InvalidInputError("a list is compared by array_contains only")
    return FieldFilter(each.field, each.op.value, _kept(each.value))


def _way(*, descending: bool) -> str:
    return firestore.Query.DESCENDING if descending else firestore.Query.ASCENDING


def _distance(found: float) -> float:
    return 1.0 if math.isnan(found) else found  # a vector of zeros points nowhere


def _counts(write: Write, result: Any) -> Mapping[str, int]:  # noqa: ANN401 - untyped
    if not isinstance(write, Increment):
        return {}
    told = [value.integer_value for value in result.transform_results]
    return dict(zip(sorted(write.amounts), told, strict=True))  # the client sorts them by name


def _stored(vector: Vector) -> StoredVector:
    return StoredVector(vector.values)


_kept = converter(time=lambda time: time, vector=_stored)


def _read(value: Value) -> Value:
    """Return what was kept, in our own types."""
    match value:
        case StoredVector():
            return Vector(tuple(value))
        case dict():
            return {key: _read(item) for key, item in value.items()}
        case list():
            return [_read(item) for item in value]
        case datetime():
            return datetime.combine(value.date(), value.timetz())  # not a class of the client's
        case _:
            return value
