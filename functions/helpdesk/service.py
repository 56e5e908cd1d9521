"""Where the service levels are kept: one document.

Until an admin has replaced it, they are those that ship with the code.
"""

from datetime import datetime, timedelta

from helpdesk.documents import Create, Set, Update, Write
from helpdesk.errors import AlreadyExistsError, ConflictError, NotFoundError, StaleError
from helpdesk.levels import ServiceLevels, from_document, shipped, to_document
from helpdesk.ports import Documents

LEVELS = "service/levels"
REMEMBERED = timedelta(seconds=60)


class Service:
    """Keeps the service levels."""

    def __init__(self, documents: Documents) -> None:
        """Keep in `documents`."""
        self._documents = documents

    def read(self) -> ServiceLevels:
        """Return the service levels as they are now."""
        found = self._documents.get(LEVELS)
        return from_document(found) if found else shipped()

    def replace(self, levels: ServiceLevels, *, before: ServiceLevels | None = None) -> None:
        """Keep other service levels in place of all of them.

        Raise StaleError when they were changed since `before` was read; without that, the last one
        who asks is right.
        """
        try:
            self._documents.commit([_write(levels, before)])
        except (AlreadyExistsError, ConflictError, NotFoundError) as error:
            # Or our own commit was answered twice: then what is there is what was asked for.
            if self.read().tag != levels.tag:
                raise StaleError(
                    "the service levels are other ones by now: read them again"
                ) from error


class CachedService:
    """The service levels for whoever asks often: read once a minute in a process."""

    def __init__(self, service: Service, *, for_: timedelta = REMEMBERED) -> None:
        """Read from `service`, and remember it for so long."""
        self._service = service
        self._for = for_
        self._remembered: tuple[datetime, ServiceLevels] | None = None

    def get(self, now: datetime) -> ServiceLevels:
        """Return the service levels as they were at most a minute before `now`."""
        if self._remembered:
            read_at, levels = self._remembered
            if read_at <= now < read_at + self._for:
                return levels
        levels = self._service.read()
        self._remembered = now, levels
        return levels


def _write(levels: ServiceLevels, before: ServiceLevels | None) -> Write:
    data = to_document(levels)
    if before is None:
        return Set(LEVELS, data)
    if before.version is None:
        return Create(LEVELS, data)
    return Update(LEVELS, data, unchanged_since=before.version)
