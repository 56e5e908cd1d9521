"""A new password: by the one before it, or by a link in a letter. Framework-free.

Either ends every session, every link and every older password at once.
"""

import logging

from api.account import Account
from api.accounts import TRIES, public_side
from api.entrance import Entered, Keepers, Visitor
from api.limits import FORGOT_ADDRESS, FORGOT_IP, PASSWORD_CHANGE, Budget
from api.links import Used
from api.sessions import Principal
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError, TransientError
from helpdesk.notices import Notice
from helpdesk.user import User, checked_email

log = logging.getLogger(__name__)


class Renewal:
    """Changes passwords."""

    def __init__(self, keepers: Keepers) -> None:
        """Change passwords with the word of the keepers of the entrance."""
        self._by = keepers

    def change(self, principal: Principal, current: str, wanted: str, visitor: Visitor) -> Entered:
        """Change the asker's password and return their one session from now on.

        Raise InvalidInputError when the current password is wrong or the new one is no good,
        TooManyError when too many were wrong, ConflictError when the account was changed meanwhile.
        """
        with self._by.passwords.place():
            return self._changed(principal, current, wanted, visitor)

    def forgot(self, email: str, visitor: Visitor) -> None:
        """Send a link to the holder of an address, or raise InvalidInputError or TooManyError.

        For an address that nobody has, the same is done, and the letter is left out by whoever
        would write it.
        """
        address = checked_email(email)
        budgets = [Budget(rule, address) for rule in FORGOT_ADDRESS]
        if visitor.client is not None:
            budgets.append(Budget(FORGOT_IP, visitor.client))
        self._by.limits.take(*budgets)
        account = self._by.accounts.with_email(address)
        reached = account if account and account.is_open else None
        link = self._by.links.keep(reached)
        self._by.links.tell(
            Notice.RESET_ASKED,
            link,
            email=reached.email if reached else "",
            # Before its holder chose a password, whoever signed up with the address wrote the name.
            name=reached.name if reached and reached.password else "",
        )

    def reset(self, token: str, wanted: str) -> str:
        """Set the password of whoever holds a link, and return the cookie for their device.

        Raise InvalidInputError when the link is not good, or the password: then the link still is.
        """
        with self._by.passwords.place():
            return self._reset(token, wanted)

    def _changed(
        self, principal: Principal, current: str, wanted: str, visitor: Visitor
    ) -> Entered:
        account = self._by.accounts.get(principal.user_id)
        if current == wanted:
            raise InvalidInputError("choose another one than before", field="new_password")
        self._check(wanted, account, field="new_password")
        self._by.limits.take(*(Budget(rule, principal.user_id) for rule in PASSWORD_CHANGE))
        if not self._by.passwords.matches(current, account.password):
            raise InvalidInputError("this is not your current password", field="current_password")
        renewed = self._by.accounts.renew(account, self._by.passwords.hashed(wanted))
        self._tell(renewed)
        user = self._shown(renewed)
        session = self._by.sessions.begin(user, epoch=renewed.epoch, agent=visitor.agent)
        return Entered(session=session, cookie=self._cookie(renewed))

    def _reset(self, token: str, wanted: str) -> str:
        for _ in range(TRIES):
            link = self._by.links.look_up(token)
            account = self._holder(link)
            self._check(wanted, account, field="password")
            fresh = self._by.passwords.hashed(wanted)
            # Whoever is only now seen to hold the mailbox says what they are called.
            name = link.name if account.password is None else ""
            try:
                renewed = self._by.accounts.renew(account, fresh, name=name, also=[link.spent])
            except ConflictError:
                continue  # the link was used, or the password changed, just now: look again
            if account.password is not None:
                self._tell(renewed)
            self._shown(renewed)
            return self._cookie(renewed)
        raise ConflictError("the account was changed by somebody else again and again")

    def _tell(self, account: Account) -> None:
        """Have the holder told; what is done is done, whatever fails from now on."""
        try:
            self._by.links.tell_changed(account)
        except TransientError as error:
            told = {"user_id": account.id, "reason": str(error)}
            log.error("nobody is told of a new password", extra=told)  # noqa: TRY400 - known

    def _shown(self, account: Account) -> User:
        """Return the public side, made or mended; if that fails, the next log-in does it."""
        try:
            return self._by.accounts.profile(account)
        except TransientError as error:
            log.warning("public side not mended", extra={"reason": str(error)})
            return public_side(account)

    def _cookie(self, account: Account) -> str:
        return self._by.devices.cookie_for(account.email, password_at=account.password_at)

    def _holder(self, link: Used) -> Account:
        try:
            account = self._by.accounts.get(link.user_id)
        except NotFoundError:
            account = None
        if account is None or not account.is_open:
            raise InvalidInputError("the link is not valid", field="token")
        if (account.password_at, account.epoch) != (link.password_at, link.epoch):
            raise InvalidInputError("the link is not valid", field="token")
        return account

    def _check(self, wanted: str, account: Account, *, field: str) -> None:
        try:
            self._by.rules.checked(wanted, email=account.email, name=account.name)
        except InvalidInputError as error:
            raise InvalidInputError(str(error), field=field) from error
