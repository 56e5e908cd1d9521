"""The entrance: sign up and log in, counted, so that nobody guesses their way in. Framework-free.

What is refused tells nothing of who has an account: the same words, the same work and the same
budgets for every address.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from api.account import Account
from api.accounts import Accounts, TakenError
from api.devices import Devices
from api.limits import (
    LOG_IN_ACCOUNT,
    LOG_IN_DEVICE,
    LOG_IN_IP,
    SIGN_UP_ADDRESS,
    SIGN_UP_IP,
    Budget,
    Limits,
    Rule,
)
from api.links import Links
from api.password_rules import PasswordRules
from api.passwords import Passwords
from api.sessions import LoggedIn, Sessions
from helpdesk.errors import InvalidInputError, TransientError, UnauthenticatedError
from helpdesk.log import bind
from helpdesk.notices import Notice
from helpdesk.user import EMAIL_MOST, User, checked_email

log = logging.getLogger(__name__)


class Refusal(StrEnum):
    """Why a log-in was refused; for the log alone."""

    UNKNOWN = "no such account"
    WRONG = "wrong password"
    CLOSED = "the account is disabled"


class LogInError(UnauthenticatedError):
    """A log-in was refused, and that is logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Where a request comes from. `client` is None where an address tells nobody apart."""

    client: str | None = None
    cookies: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A new session, and the cookie by which the device is known again."""

    session: LoggedIn
    cookie: str


class Entrance:
    """Lets people in."""

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
        """Let into `accounts`, within `limits`."""
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._rules = rules
        self._limits = limits
        self._devices = devices
        self._links = links

    def sign_up(self, email: str, password: str, name: str, visitor: Visitor) -> Entered:
        """Make an account and log in, or raise InvalidInputError or TakenError.

        TakenError tells a stranger who has an account: where that matters, ask by a letter.
        """
        with self._passwords.place():
            user = self._signing_up(email, password, name, visitor)
            self._accounts.add(user, self._passwords.hashed(password))
        session = self._sessions.begin(user, epoch="", agent=visitor.agent)
        return Entered(session=session, cookie=self._devices.cookie_for(user.email))

    def ask_by_letter(self, email: str, password: str, name: str, visitor: Visitor) -> None:
        """Send a letter by which the holder of an address, new or known, can go on.

        The password is judged and not kept: whoever has the mailbox chooses it again by the link,
        so that nobody else has set it. Raise InvalidInputError for whatever is wrong with it.
        """
        # Counted for the address as well: nobody's mailbox is flooded.
        user = self._signing_up(email, password, name, visitor, SIGN_UP_ADDRESS)
        known = self._accounts.with_email(user.email)
        if known is None:
            link = self._links.made(user.id, password_at=user.created_at)
            with suppress(TakenError):  # by somebody else just now, who gets a letter
                self._accounts.add_alone(user, None, also=[link.kept])
                self._links.tell(Notice.CONFIRM_ASKED, link, email=user.email)
            return
        unfinished = known.password is None and known.is_open
        link = self._links.keep(known if unfinished else None, blanks=1)  # about a new account
        notice = Notice.CONFIRM_ASKED if unfinished else Notice.SIGN_UP_REPEATED
        self._links.tell(notice, link, email=user.email)

    def log_in(self, email: str, password: str, visitor: Visitor) -> Entered:
        """Return a new session, or raise LogInError: the same for every reason.

        Raise TooManyError, before any password is looked at, when too many were wrong, and
        BusyError, which counts for nothing, when too many ask at once.
        """
        with self._passwords.place():
            return self._logged_in(email, password, visitor)

    def _logged_in(self, email: str, password: str, visitor: Visitor) -> Entered:
        address = _kept_form(email)
        device = self._devices.device_of(visitor.cookies, address)
        taken = self._limits.take(*_budgets(address, visitor.client, device))
        account = self._accounts.with_email(address)
        with bind(user_id=account.id) if account else bind():
            matches = self._passwords.matches(password, account.password if account else None)
            if account is None:
                _refuse(Refusal.UNKNOWN)
            if not matches:
                _refuse(Refusal.WRONG)
            if not account.is_open:
                _refuse(Refusal.CLOSED)
            self._renew_hash(account, password)
            session = self._sessions.begin(
                self._accounts.profile(account),
                epoch=account.epoch,
                agent=visitor.agent,
                also=taken.given_back(),
            )
        return Entered(session=session, cookie=self._devices.cookie_for(address))

    def _signing_up(
        self, email: str, password: str, name: str, visitor: Visitor, *of_address: Rule
    ) -> User:
        """Return who wants an account, or raise InvalidInputError or TooManyError."""
        user = self._accounts.new_user(email, name)
        self._rules.checked(password, email=user.email, name=user.name)
        budgets = [Budget(rule, user.email) for rule in of_address]
        if visitor.client is not None:
            budgets.append(Budget(SIGN_UP_IP, visitor.client))
        self._limits.take(*budgets)
        return user

    def _renew_hash(self, account: Account, password: str) -> None:
        """Hash a password anew when pepper or cost have changed; another log-in can do it too."""
        if account.password is None or not self._passwords.is_stale(account.password):
            return
        try:
            fresh = self._passwords.hashed(password)
            self._accounts.change(
                account.id,
                lambda now: {"password": fresh} if now.password == account.password else {},
            )
        except TransientError as error:
            log.warning("password not hashed anew", extra={"reason": str(error)})


def _budgets(address: str, client: str | None, device: str | None) -> list[Budget]:
    """Return what a log-in is counted in: a known device has a budget of its own.

    So nobody who guesses from elsewhere can lock the owner out.
    """
    if device is not None:
        return [Budget(LOG_IN_DEVICE, device)]
    budgets = [Budget(rule, address) for rule in LOG_IN_ACCOUNT]
    return budgets if client is None else [*budgets, Budget(LOG_IN_IP, client)]


def _kept_form(email: str) -> str:
    """Return an address as it would be kept; one that is none is as unknown as any other."""
    try:
        return checked_email(email)
    except InvalidInputError:
        return email.strip().lower()[:EMAIL_MOST]


def _refuse(reason: Refusal) -> NoReturn:
    log.warning("log-in refused", extra={"reason": reason.value})
    raise LogInError("e-mail or password is wrong")
