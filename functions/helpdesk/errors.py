"""Every error is permanent, transient or a duplicate; the kind says what the edges do with it.

HelpdeskError
├── PermanentError              no retry can help: park the event, refuse the request
│   ├── InvalidInputError       what was sent breaks a rule of ours
│   │   └── InvalidQueryError   a query that no declared index serves
│   ├── UnauthenticatedError    who is asking is not known
│   ├── ForbiddenError          who is asking is known and may not
│   ├── NotFoundError           no such thing, or none that the asker may see
│   ├── MismatchError           the same idempotency key came with another request
│   ├── StaleError              what is to be changed is another version than the asker has seen
│   └── RefusedError            a vendor understood and said no for good
├── TransientError              raise it: the sender tries again later
│   ├── ConflictError           somebody else changed the document first
│   ├── EarlyEventError         the step before this one has not been committed yet
│   ├── AtWorkError             another delivery of the same event is at work on it
│   ├── OutsideError            a vendor or the store failed or did not answer
│   └── NobodyToAssignError     there is neither a moderator nor an admin to take the ticket
└── DuplicateError              done already: acknowledge
    └── AlreadyExistsError      a document that had to be new is there
"""


class HelpdeskError(Exception):
    """Whatever we raise on purpose."""


class PermanentError(HelpdeskError):
    """No retry can help."""


class InvalidInputError(PermanentError):
    """What was sent breaks a rule of ours."""

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        """Say what is wrong, and in which field when it is one."""
        super().__init__(detail)
        self.field = field


class InvalidQueryError(InvalidInputError):
    """A query that no declared index serves, or that breaks the rules of queries."""


class UnauthenticatedError(PermanentError):
    """Who is asking is not known."""


class ForbiddenError(PermanentError):
    """Who is asking is known and may not."""


class NotFoundError(PermanentError):
    """No such thing, or none that the asker may see: the two look the same from outside."""


class MismatchError(PermanentError):
    """The same idempotency key came with another request."""


class StaleError(PermanentError):
    """What is to be changed is another version than the asker has seen."""


class RefusedError(PermanentError):
    """A vendor understood and said no for good."""


class TransientError(HelpdeskError):
    """A later try may succeed."""


class ConflictError(TransientError):
    """Somebody else changed the document first."""


class EarlyEventError(TransientError):
    """The step before this one has not been committed yet."""


class AtWorkError(TransientError):
    """Another delivery of the same event is at work on it."""


class OutsideError(TransientError):
    """A vendor or the store failed or did not answer."""


class NobodyToAssignError(TransientError):
    """There is neither a moderator nor an admin to take the ticket."""


class DuplicateError(HelpdeskError):
    """It is done already."""


class AlreadyExistsError(DuplicateError):
    """A document that had to be new is there."""
