"""Links that prove who reads a mailbox: made, sent by notify, used once within half an hour.

A link is kept by its id alone. Its token is a keyed hash of that id, made where the letter is
written and checked here, so that neither the store nor any event holds anything that lets in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.account import Account
from helpdesk.documents import Create, Data, Document, Update
from helpdesk.errors import InvalidInputError
from helpdesk.links import link_id_of
from helpdesk.log import traceparent
from helpdesk.notices import LINK_LIFE, Notice, notice
from helpdesk.outbox import Outbox
from helpdesk.ports import Clock, Documents, Ids

KEPT = timedelta(days=1)  # after its end; no instance's clock is that far behind


@dataclass(frozen=True, slots=True)
class Link:
    """A new link, and the write that keeps it."""

    id: str
    kept: Create


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A link that is good: whose it is, and the write that uses it up."""

    user_id: str
    password_at: datetime | None
    epoch: str
    name: str
    spent: Update


class Links:
    """Makes links and looks at those that come back."""

    def __init__(
        self, *, documents: Documents, outbox: Outbox, key: bytes, clock: Clock, ids: Ids
    ) -> None:
        """Keep links in `documents`, beside the accounts; tell of them through `outbox`."""
        self._documents = documents
        self._outbox = outbox
        self._key = key
        self._clock = clock
        self._ids = ids

    def made(
        self, user_id: str | None, *, password_at: datetime | None, epoch: str, name: str = ""
    ) -> Link:
        """Return a link for somebody's next password; without a user it leads nowhere.

        `name` is what whoever asked for it wants to be called.
        """
        ends = self._clock.now() + LINK_LIFE
        link_id = self._ids.unique_id()
        data: Data = {
            "user_id": user_id,
            # A password that was chosen since ends it, and so does a log-out everywhere.
            "password_at": password_at,
            "epoch": epoch,
            "name": name,
            "ends_at": ends,
            "expires_at": ends + KEPT,
            "used_at": None,
        }
        return Link(link_id, Create(_path(link_id), data))

    def keep(self, account: Account | None, *, name: str = "", blanks: int = 0) -> Link:
        """Keep a link for the holder of an account, or one that leads nowhere, and return it.

        As many `blanks`, which lead nowhere, are kept with it: so much as another case writes.
        """
        link = self.made(
            account.id if account else None,
            password_at=account.password_at if account else None,
            epoch=account.epoch if account else "",
            name=name,
        )
        nowhere = [self.made(None, password_at=None, epoch="").kept for _ in range(blanks)]
        self._documents.commit([link.kept, *nowhere])
        return link

    def tell(self, kind: Notice, link: Link, *, email: str, name: str = "") -> None:
        """Have a letter about a kept link written; without an address nobody gets one."""
        now = self._clock.now()
        event = notice(
            kind, id=link.id, at=now, email=email, name=name, link_id=link.id,
            traceparent=traceparent(),
        )  # fmt: skip
        self._outbox.post(event)

    def tell_changed(self, account: Account) -> None:
        """Have the holder of an account told that their password was changed."""
        event = notice(
            Notice.PASSWORD_CHANGED, id=self._ids.unique_id(), at=self._clock.now(),
            email=account.email, name=account.name, traceparent=traceparent(),
        )  # fmt: skip
        self._outbox.post(event)

    def look_up(self, token: str) -> Used:
        """Return what a link is good for, or raise InvalidInputError: the same for every reason."""
        kept = self._documents.get(_path(link_id_of(token, key=self._key)))
        if kept is None or not self._is_good(kept):
            raise InvalidInputError("the link is not valid", field="token")
        return Used(
            user_id=kept.data["user_id"],
            password_at=kept.data["password_at"],
            epoch=kept.data["epoch"],
            name=kept.data["name"],
            spent=Update(kept.path, {"used_at": self._clock.now()}, unchanged_since=kept.version),
        )

    def _is_good(self, kept: Document) -> bool:
        ends: datetime = kept.data["ends_at"]
        unused = kept.data["used_at"] is None and kept.data["user_id"] is not None
        return unused and self._clock.now() < ends


def _path(link_id: str) -> str:
    return f"links/{link_id}"
