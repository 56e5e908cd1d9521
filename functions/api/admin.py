"""`python -m api.admin`: make an admin of the project, the first one or any other.

It asks nobody in the helpdesk for leave: whoever may write to the project's databases and knows
the key of its links stands above its admins.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from api.account import Account
from api.accounts import Accounts, TakenError
from api.links import Links
from helpdesk.clock import RandomIds, SystemClock
from helpdesk.documents import Data
from helpdesk.errors import (
    HelpdeskError,
    InvalidInputError,
    OutsideError,
    PermanentError,
    TransientError,
)
from helpdesk.links import link_token
from helpdesk.notices import LINK_LIFE
from helpdesk.outbox import NoBus, Outbox
from helpdesk.ports import Documents
from helpdesk.settings import AdminSettings
from helpdesk.user import Role, checked_email, checked_name
from helpdesk.users import Users

ABOUT = """
Make an admin, the first one or any other. A new account has no password: whoever follows the link
that is printed chooses it. With --promote, any account becomes an admin's, whoever has it: the way
back in when no admin is left who can log in. Reads HELPDESK_PROJECT, HELPDESK_URL and
HELPDESK_LINK_KEY.
"""
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_STORE = 4
EXIT_INTERRUPTED = 130


class ClosedError(PermanentError):
    """The account is disabled, and that is for an admin to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An admin, and the id of a link for whoever has no password yet."""

    account: Account
    link_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """Where a house keeps things: accounts in a database of their own, and all the rest."""

    auth: Documents
    documents: Documents


class Arguments(argparse.Namespace):
    """What the command line asks for."""

    email: str
    name: str
    promote: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(EXIT_USAGE, f"helpdesk: {message} (see --help)\n")


def make_admin(
    email: str, *, name: str = "", promote: bool = False, accounts: Accounts, links: Links
) -> Made:
    """Make somebody an admin; who has no password yet gets a link by which to choose one.

    What a crash left undone is mended by the same call. Raise TakenError when the address has an
    account that is to be left alone, ClosedError when that is disabled.
    """
    user = accounts.new_user(email, name, Role.ADMIN)
    known = accounts.with_email(user.email)
    if known is None:
        accounts.add_alone(user, None)
    account = accounts.change(known.id if known else user.id, partial(_promoted, promote=promote))
    link = links.keep(account) if account.password is None else None
    return Made(account=account, link_id=link.id if link else None)


def _promoted(account: Account, *, promote: bool) -> Data:
    """Return what is to change in an account, or raise TakenError or ClosedError."""
    if account.disabled:
        raise ClosedError(
            f"the account of {account.email} is disabled: an admin has to enable it first"
        )
    is_admin = account.role is Role.ADMIN
    # Only this command leaves an admin without a password: it did not end, or the link ran out.
    unfinished = is_admin and account.password is None
    if not (promote or unfinished):
        raise TakenError(
            f"{account.email} has an account already: --promote makes it an admin's, if you know"
            " whose it is"
        )
    return {} if is_admin else {"role": Role.ADMIN.value}


def connected(settings: AdminSettings) -> Databases:
    """Return the project's databases, or raise OutsideError."""
    # Only now: what is wrong with the arguments is said before Google's packages are loaded.
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    from api.wiring import AUTH  # noqa: PLC0415
    from gcp.firestore import FirestoreDocuments  # noqa: PLC0415

    try:
        return Databases(
            auth=FirestoreDocuments.connect(settings.project, AUTH),
            documents=FirestoreDocuments.connect(settings.project),
        )
    except GoogleAuthError as error:
        raise OutsideError(
            "there are no Google credentials here: gcloud auth application-default login"
        ) from error


def main(
    arguments: Sequence[str] | None = None,
    *,
    connect: Callable[[AdminSettings], Databases] = connected,
) -> int:
    """Make an admin, say how they get in, and return the exit code."""
    # What the adapters log goes nowhere: what went wrong is said once, in one line.
    logging.getLogger().addHandler(logging.NullHandler())
    asked = _parsed(arguments)
    try:
        settings = AdminSettings.from_env()
        sys.stdout.write(_done(asked, settings, connect(settings)))
    except TransientError as error:
        # The kind of a vendor's error tells those who run the project where to look.
        kind = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
        return _failed(f"{error}{kind}", EXIT_STORE)
    except HelpdeskError as error:
        return _failed(str(error), EXIT_REFUSED)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _done(asked: Arguments, settings: AdminSettings, stores: Databases) -> str:
    """Make the admin, and return what there is to say of it."""
    clock, ids = SystemClock(), RandomIds()
    # Nothing is published from here: upkeep sends what is kept.
    outbox = Outbox(documents=stores.documents, bus=NoBus(), clock=clock)
    users = Users(documents=stores.documents, outbox=outbox)
    made = make_admin(
        asked.email,
        name=asked.name,
        promote=asked.promote,
        accounts=Accounts(documents=stores.auth, users=users, clock=clock, ids=ids),
        links=Links(
            documents=stores.auth, outbox=outbox, key=settings.link_key, clock=clock, ids=ids
        ),
    )
    told = f"{made.account.email} is an admin.\n"
    if made.link_id is None:
        return f"{told}The password is the one it was.\n"
    token = link_token(made.link_id, key=settings.link_key)
    minutes = LINK_LIFE.seconds // 60
    return f"{told}Choose the password within {minutes} minutes:\n{settings.url}/reset#{token}\n"


def _failed(reason: str, code: int) -> int:
    sys.stderr.write(f"helpdesk: {reason}\n")
    return code


def _parsed(arguments: Sequence[str] | None) -> Arguments:
    # No abbreviations: --pro must not make an admin of anybody.
    parser = _Parser(prog="python -m api.admin", description=ABOUT, allow_abbrev=False)
    parser.add_argument(
        "email", type=_said(checked_email), metavar="EMAIL", help="whom to make an admin"
    )
    parser.add_argument(
        "--name", type=_said(checked_name), default="", help="the name on a new account"
    )
    parser.add_argument(
        "--promote", action="store_true",
        help="if the address has an account already, make that one an admin, whoever has it",
    )  # fmt: skip
    return parser.parse_args(arguments, namespace=Arguments())


def _said(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a check that speaks to the parser when it refuses."""

    def checked(text: str) -> str:
        try:
            return check(text)
        except InvalidInputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked


if __name__ == "__main__":
    sys.exit(main())
