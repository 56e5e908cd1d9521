"""The entrance: sign up and log in, counted, so that nobody guesses their way in. Framework-free.

What is refused tells nothing of who has an account: the same words, the same work and the same
budgets for every address.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NoReturn

from api.account import Account
from api.accounts import Accounts, TakenError
from api.devices import Device, Devices
from api.limits import (
    LOG_IN_ACCOUNT,
    LOG_IN_DEVICE,
    LOG_IN_EVER,
    LOG_IN_IP,
    SIGN_UP_ADDRESS,
    SIGN_UP_IP,
    Budget,
    Limits,
    Rule,
    Taken,
)
from api.links import Links
from api.password_rules import PasswordRules
from api.passwords import BusyError, Passwords
from api.sessions import LoggedIn, Sessions
from helpdesk.errors import InvalidInputError, TransientError, UnauthenticatedError
from helpdesk.log import bind
from helpdesk.notices import Notice
from helpdesk.user import EMAIL_MOST, User, checked_email

UNCONFIRMED_KEPT = timedelta(days=2)

log = logging.getLogger(__name__)


class Refusal(StrEnum):
    """Why a log-in was refused; for the log alone."""

    UNKNOWN = "no such account"
    WRONG = "wrong password"
    CLOSED = "the account is disabled"


class LogInError(UnauthenticatedError):
    """A log-in was refused, and that is logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepers:
    """Who has a say in whether somebody gets in, or another password."""

    accounts: Accounts
    sessions: Sessions
    passwords: Passwords
    rules: PasswordRules
    limits: Limits
    devices: Devices
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Where a request comes from. `client` is None where an address tells nobody apart."""

    client: str | None = None
    cookies: str = field(default="", repr=False)
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A new session, and the cookie by which the device is known again."""

    session: LoggedIn
    cookie: str = field(repr=False)


class Entrance:
    """Lets people in."""

    def __init__(self, keepers: Keepers) -> None:
        """Let in with the word of its keepers."""
        self._by = keepers

    def sign_up(self, email: str, password: str, name: str, visitor: Visitor) -> Entered:
        """Make an account and log in, or raise InvalidInputError or TakenError.

        TakenError tells a stranger who has an account: where that matters, ask by a letter.
        """
        with self._by.passwords.place():
            user = self._signing_up(email, password, name, visitor)
            self._by.accounts.add(user, self._by.passwords.hashed(password))
        session = self._by.sessions.begin(user, epoch="", agent=visitor.agent)
        cookie = self._by.devices.cookie_for(user.email, password_at=user.created_at)
        return Entered(session=session, cookie=cookie)

    def ask_by_letter(self, email: str, password: str, name: str, visitor: Visitor) -> None:
        """Send a letter by which the holder of an address, new or known, can go on.

        The password is judged and not kept: whoever has the mailbox chooses it again by the link,
        so that nobody else has set it. Raise InvalidInputError for whatever is wrong with it.
        """
        # Counted for the address as well: nobody's mailbox is flooded.
        user = self._signing_up(email, password, name, visitor, *SIGN_UP_ADDRESS)
        known = self._by.accounts.with_email(user.email)
        if known is None:
            link = self._by.links.made(
                user.id, password_at=user.created_at, epoch="", name=user.name
            )
            expires = user.created_at + UNCONFIRMED_KEPT
            with suppress(TakenError):  # by somebody else just now, who gets a letter
                self._by.accounts.add_alone(user, None, expires_at=expires, also=[link.kept])
                self._by.links.tell(Notice.CONFIRM_ASKED, link, email=user.email)
            return
        unfinished = known.password is None and known.is_open
        # With about as much that is written as for a new account.
        link = self._by.links.keep(known if unfinished else None, name=user.name, blanks=1)
        notice = Notice.CONFIRM_ASKED if unfinished else Notice.SIGN_UP_REPEATED
        self._by.links.tell(notice, link, email=user.email)

    def log_in(self, email: str, password: str, visitor: Visitor) -> Entered:
        """Return a new session, or raise LogInError: the same for every reason.

        Raise TooManyError, before any password is looked at, when too many were wrong, and
        BusyError, which counts for nothing, when too many ask at once.
        """
        with self._by.passwords.place():
            return self._logged_in(email, password, visitor)

    def _logged_in(self, email: str, password: str, visitor: Visitor) -> Entered:
        address = _kept_form(email)
        device = self._device(address, visitor)
        taken = self._by.limits.take(*_budgets(address, visitor.client, device))
        account = self._by.accounts.with_email(address)
        with bind(user_id=account.id) if account else bind():
            matches = self._matches(account, password, taken)
            if account is None:
                _refuse(Refusal.UNKNOWN)
            if not matches:
                _refuse(Refusal.WRONG)
            if not account.is_open:
                _refuse(Refusal.CLOSED)
            self._renew_hash(account, password)
            session = self._by.sessions.begin(
                self._by.accounts.profile(account),
                epoch=account.epoch,
                agent=visitor.agent,
                also=taken.given_back(),
            )
        cookie = self._by.devices.cookie_for(address, password_at=account.password_at)
        return Entered(session=session, cookie=cookie)

    def _device(self, address: str, visitor: Visitor) -> Device | None:
        """Return the device that asks if it is known, and the password has not changed since."""
        device = self._by.devices.device_of(visitor.cookies, address)
        account = self._by.accounts.with_email(address) if device else None
        if device is None or account is None or device.password_at != account.password_at:
            return None
        return device

    def _matches(self, account: Account | None, password: str, taken: Taken) -> bool:
        try:
            return self._by.passwords.matches(password, account.password if account else None)
        except BusyError:
            self._by.limits.give_back(taken)
            raise

    def _signing_up(
        self, email: str, password: str, name: str, visitor: Visitor, *of_address: Rule
    ) -> User:
        """Return who wants an account, or raise InvalidInputError or TooManyError."""
        user = self._by.accounts.new_user(email, name)
        self._by.rules.checked(password, email=user.email, name=user.name)
        budgets = [Budget(rule, user.email) for rule in of_address]
        if visitor.client is not None:
            budgets.append(Budget(SIGN_UP_IP, visitor.client))
        self._by.limits.take(*budgets)
        return user

    def _renew_hash(self, account: Account, password: str) -> None:
        """Hash a password anew when pepper or cost have changed; another log-in can do it too."""
        if account.password is None or not self._by.passwords.is_stale(account.password):
            return
        try:
            fresh = self._by.passwords.hashed(password)
            self._by.accounts.change(
                account.id,
                lambda now: {"password": fresh} if now.password == account.password else {},
            )
        except TransientError as error:
            log.warning("password not hashed anew", extra={"reason": str(error)})


def _budgets(address: str, client: str | None, device: Device | None) -> list[Budget]:
    """Return what a log-in is counted in: a known device has budgets of its own.

    So nobody who guesses from elsewhere can lock the owner out.
    """
    # Whoever asks on the same machine is its owner, and may come as often as they like.
    ever = [] if client is None else [LOG_IN_EVER]
    if device is not None:
        return [Budget(rule, device.id) for rule in (LOG_IN_DEVICE, *ever)]
    budgets = [Budget(rule, address) for rule in (*LOG_IN_ACCOUNT, *ever)]
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
