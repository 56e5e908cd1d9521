"""A new password: by the one before it, or by a link in a letter. Framework-free.

Either ends every session, every link and every older password at once.
"""

from api.account import Account
from api.accounts import TRIES, Accounts
from api.devices import Devices
from api.entrance import Entered, Visitor
from api.limits import FORGOT_ADDRESS, FORGOT_IP, PASSWORD_CHANGE, Budget, Limits
from api.links import Links, Used
from api.password_rules import PasswordRules
from api.passwords import Passwords
from api.sessions import Principal, Sessions
from helpdesk.errors import ConflictError, InvalidInputError, NotFoundError
from helpdesk.notices import Notice
from helpdesk.user import checked_email


class Renewal:
    """Changes passwords."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        passwords: Passwords,
        rules: PasswordRules,
        limits: Limits,
        devices: Devices,
        links: Links,
    ) -> None:
        """Change what `accounts` keep, within `limits`."""
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._rules = rules
        self._limits = limits
        self._devices = devices
        self._links = links

    def change(self, principal: Principal, current: str, wanted: str, visitor: Visitor) -> Entered:
        """Change the asker's password and return their one session from now on.

        Raise InvalidInputError when the current password is wrong or the new one is no good,
        TooManyError when too many were wrong, ConflictError when the account was changed meanwhile.
        """
        with self._passwords.place():
            return self._changed(principal, current, wanted, visitor)

    def forgot(self, email: str, visitor: Visitor) -> None:
        """Send a link to the holder of an address, or raise InvalidInputError or TooManyError.

        For an address that nobody has, the same is done, and the letter is left out by whoever
        would write it.
        """
        address = checked_email(email)
        budgets = [Budget(FORGOT_ADDRESS, address)]
        if visitor.client is not None:
            budgets.append(Budget(FORGOT_IP, visitor.client))
        self._limits.take(*budgets)
        account = self._accounts.with_email(address)
        reached = account if account and account.is_open else None
        link = self._links.keep(reached)
        self._links.tell(
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
        with self._passwords.place():
            return self._reset(token, wanted)

    def _changed(
        self, principal: Principal, current: str, wanted: str, visitor: Visitor
    ) -> Entered:
        account = self._accounts.get(principal.user_id)
        if current == wanted:
            raise InvalidInputError("choose another one than before", field="new_password")
        self._check(wanted, account, field="new_password")
        taken = self._limits.take(Budget(PASSWORD_CHANGE, principal.user_id))
        if not self._passwords.matches(current, account.password):
            raise InvalidInputError("this is not your current password", field="current_password")
        epoch = self._accounts.renew(account, self._passwords.hashed(wanted))
        self._links.tell_changed(account)
        session = self._sessions.begin(
            self._accounts.profile(account),
            epoch=epoch,
            agent=visitor.agent,
            also=taken.given_back(),
        )
        return Entered(session=session, cookie=self._devices.cookie_for(account.email))

    def _reset(self, token: str, wanted: str) -> str:
        for _ in range(TRIES):
            link = self._links.look_up(token)
            account = self._holder(link)
            self._check(wanted, account, field="password")
            fresh = self._passwords.hashed(wanted)
            try:
                self._accounts.renew(account, fresh, also=[link.spent])
            except ConflictError:
                continue  # the link was used, or the account changed, just now: look again
            self._accounts.profile(account)
            if account.password is not None:
                self._links.tell_changed(account)
            return self._devices.cookie_for(account.email)
        raise ConflictError("the account was changed by somebody else again and again")

    def _holder(self, link: Used) -> Account:
        try:
            account = self._accounts.get(link.user_id)
        except NotFoundError:
            account = None
        if account is None or not account.is_open or account.password_at != link.password_at:
            raise InvalidInputError("the link is not valid", field="token")
        return account

    def _check(self, wanted: str, account: Account, *, field: str) -> None:
        try:
            self._rules.checked(wanted, email=account.email, name=account.name)
        except InvalidInputError as error:
            raise InvalidInputError(str(error), field=field) from error
