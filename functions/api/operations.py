"""Operations: what could not be delivered, looked at and sent again by a person. Framework-free."""

import logging
from dataclasses import dataclass

from api.sessions import Principal
from helpdesk.cursor import seal, unseal
from helpdesk.errors import InvalidInputError
from helpdesk.outbox import Outbox
from helpdesk.parked import Kind, Parked, ParkedEvent, parked_event

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedPage:
    """One page of what is parked, and where the list goes on."""

    parked: list[ParkedEvent]
    next_cursor: str | None


class Operations:
    """Shows what could not be delivered, and hands it back to the bus."""

    def __init__(self, *, parked: Parked, outbox: Outbox, seal_key: bytes) -> None:
        """Show what is in `parked`, send through `outbox`; sign cursors with the key."""
        self._parked = parked
        self._outbox = outbox
        self._seal_key = seal_key

    def list_parked(
        self, principal: Principal, *, kind: Kind | None = None, limit: int, cursor: str | None
    ) -> ParkedPage:
        """Return one page of what is parked, the newest first."""
        bound_to = f"parked|{principal.user_id}|{kind or ''}"
        after = None if cursor is None else unseal(cursor, key=self._seal_key, bound_to=bound_to)
        # One more than asked for tells whether the list goes on.
        found = self._parked.newest(kind=kind, limit=limit + 1, after=after)
        page, more = found[:limit], len(found) > limit
        place = (page[-1].parked_at, page[-1].id) if more else None
        sealed = place and seal(place, key=self._seal_key, bound_to=bound_to)
        return ParkedPage(parked=page, next_cursor=sealed or None)

    def read_parked(self, name: str) -> ParkedEvent:
        """Return what is parked under a name, or raise NotFoundError."""
        return parked_event(self._parked.get(name))

    def redrive(self, principal: Principal, name: str) -> ParkedEvent:
        """Hand a parked event back to the bus, whatever its kind: a person decided.

        Return it as it was parked. Raise NotFoundError when it is not parked any more,
        InvalidInputError, and leave it where it is, when it cannot be read.
        """
        document = self._parked.get(name)
        parked = parked_event(document)
        if parked.event is None:
            raise InvalidInputError("the event cannot be read, so it cannot be sent again")
        reached = self._parked.redrive(document, outbox=self._outbox)
        log.warning(
            "parked event sent again",
            extra={
                "user_id": principal.user_id,
                "target_id": parked.id,
                "event_id": parked.event_id,
                "event_type": parked.event.type.value,
                "step": parked.step,
                "kind": parked.kind.value,
                "result": "sent" if reached else "kept",  # in the outbox, until the relay comes
            },
        )
        return parked
