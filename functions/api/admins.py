"""The admins who can act, by id, in one document: the fence that keeps the last one.

It is changed in the commit that changes the account. Of two admins who demote each other at once,
one finds it changed, looks again, and sees that nobody else would be left.
"""

from contextlib import suppress

from helpdesk.documents import Create, Document, Filter, Op, Order, Query, Update, Write
from helpdesk.errors import AlreadyExistsError, OutsideError, PermanentError
from helpdesk.ports import Documents
from helpdesk.user import Role

PATH = "rosters/admins"
MOST = 1000


class LastAdminError(PermanentError):
    """Nobody would be left who can make anybody an admin."""


class Admins:
    """Keeps the list of those who keep the house."""

    def __init__(self, *, documents: Documents) -> None:
        """Keep in `documents`, beside the accounts."""
        self._documents = documents

    def joined_by(self, user_id: str) -> list[Write]:
        """Return the writes that put somebody on the list."""
        kept = self._kept()
        return [_changed(kept, sorted({*kept.data["ids"], user_id}))]

    def left_by(self, user_id: str) -> list[Write]:
        """Return the writes that take somebody off the list, or raise LastAdminError."""
        kept = self._kept()
        left = [each for each in kept.data["ids"] if each != user_id]
        if not left:
            raise LastAdminError("this is the last admin: make somebody else one first")
        return [_changed(kept, left)]

    def _kept(self) -> Document:
        """Return the list; the first time, it is made of the accounts."""
        kept = self._documents.get(PATH)
        if kept is None:
            admins = (Filter("role", Op.EQ, Role.ADMIN.value),)
            oldest = (Order("created_at"),)
            found = self._documents.query(Query("accounts", admins, oldest, MOST))
            ids = sorted(
                each.id
                for each in found
                if not each.data["disabled"] and each.data["password"] is not None
            )
            with suppress(AlreadyExistsError):  # somebody else made it just now
                self._documents.commit([Create(PATH, {"ids": ids})])
            kept = self._documents.get(PATH)
        if kept is None:
            raise OutsideError("the list of admins vanished while it was read")
        return kept


def _changed(kept: Document, ids: list[str]) -> Update:
    return Update(PATH, {"ids": ids}, unchanged_since=kept.version)
