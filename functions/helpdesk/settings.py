"""Every setting, and the only place that reads the environment.

Each function has its own frozen settings. All that is missing or wrong is named at once, no secret
has a default, and a value is never repeated in an error. The settings in WIRE are for one machine
alone: they point an adapter at an emulator instead of its vendor, and no deployment sets them.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar, overload

from helpdesk.errors import InvalidInputError
from helpdesk.parsers import https_address, https_origins, matching, one_of, secret, whole

WIRE = frozenset(
    {
        "CLOUD_TASKS_EMULATOR_HOST",
        "FIRESTORE_EMULATOR_HOST",  # read by Google's client itself
        "HELPDESK_SENDGRID_URL",
        "HELPDESK_VERTEX_URL",
        "PUBSUB_EMULATOR_HOST",
    }
)
# What may be left out: without it the strictest thing we know of holds. Garbage refuses the start.
OPTIONAL = frozenset(
    {
        "HELPDESK_ORIGINS",
        "HELPDESK_PASSWORD_LEAST",
        "HELPDESK_PROXIES",
        "HELPDESK_SIGN_UP",
        "HELPDESK_TICKETS_PER_HOUR",
    }
)
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_KEY_NAME = re.compile("[A-Za-z0-9_-]{1,40}")
_LOCATION = re.compile(r"[a-z]+(-[a-z]+[0-9]+)?")
_MODEL = re.compile(r"[a-z0-9][a-z0-9.-]{1,80}")
_QUEUE = re.compile(r"projects/[a-z0-9-]+/locations/[a-z0-9-]+/queues/[A-Za-z0-9-]+")
_ADDRESS = re.compile(r"[^@\s<>\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,190}")
_SENDGRID_KEY = re.compile(r"[!-~]{20,200}")

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


class SettingsError(InvalidInputError):
    """The process must not start with these settings."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one purpose: all verify, one signs, so that keys can be changed without a gap."""

    signing: str
    known: Mapping[str, bytes] = field(repr=False)


class SignUp(StrEnum):
    """How somebody gets an account: by a link that only the address's owner gets, or at once."""

    CONFIRMED = "confirmed"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """What the api function needs to know. `url` is where people reach it, without a slash.

    `origins` are the web pages of others that may call it; `proxies` are the machines of ours (or
    Google's) in front of it, each of which appends the address of who asks it.
    """

    url: str
    tokens: Keys
    peppers: Keys
    seal_key: bytes = field(repr=False)
    link_key: bytes = field(repr=False)
    hook_key: bytes = field(repr=False)
    bcrypt_cost: int = 12
    password_least: int = 15
    sign_up: SignUp = SignUp.CONFIRMED
    origins: tuple[str, ...] = ()
    proxies: int = 1
    tickets_per_hour: int = 30

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "ApiSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(
                url=("HELPDESK_URL", https_address),
                tokens=("HELPDESK_TOKEN_KEYS", keys),
                peppers=("HELPDESK_PEPPERS", keys),
                seal_key=("HELPDESK_SEAL_KEY", secret),
                link_key=("HELPDESK_LINK_KEY", secret),
                hook_key=("HELPDESK_HOOK_KEY", secret),
                password_least=("HELPDESK_PASSWORD_LEAST", whole(least=8, most=64)),
                sign_up=("HELPDESK_SIGN_UP", one_of(SignUp)),
                origins=("HELPDESK_ORIGINS", https_origins),
                proxies=("HELPDESK_PROXIES", whole(least=0, most=5)),
                tickets_per_hour=("HELPDESK_TICKETS_PER_HOUR", whole(least=1, most=1_000_000)),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """What every function that keeps documents and publishes events needs to know."""

    project: str
    pubsub: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "EventSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(project=("HELPDESK_PROJECT", matching(_PROJECT, "a project's id"))),
            pubsub=read.wire("PUBSUB_EMULATOR_HOST"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """What the triage function needs to know of its model: where it is asked, and which."""

    location: str
    model: str
    url: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "ModelSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(
                location=("HELPDESK_LOCATION", matching(_LOCATION, "a location")),
                model=("HELPDESK_MODEL", matching(_MODEL, "a model's name")),
            ),
            url=read.wire("HELPDESK_VERTEX_URL"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """What a function that sets timers needs to know: the queue, whom it calls, and as whom."""

    queue: str
    target: str
    invoker: str
    address: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "TimerSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(
                queue=("HELPDESK_QUEUE", matching(_QUEUE, "a queue's full name")),
                target=("HELPDESK_UPKEEP_URL", https_address),
                invoker=("HELPDESK_INVOKER", matching(_ADDRESS, "an e-mail address")),
            ),
            address=read.wire("CLOUD_TASKS_EMULATOR_HOST"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """What the notify function needs to know: the carrier's key, who writes, and where we are."""

    sendgrid_key: str = field(repr=False)
    link_key: bytes = field(repr=False)
    sender: str
    url: str
    sendgrid_url: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "MailSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(
                sendgrid_key=("HELPDESK_SENDGRID_KEY", matching(_SENDGRID_KEY, "a SendGrid key")),
                link_key=("HELPDESK_LINK_KEY", secret),
                sender=("HELPDESK_SENDER", matching(_ADDRESS, "an e-mail address")),
                url=("HELPDESK_URL", https_address),
            ),
            sendgrid_url=read.wire("HELPDESK_SENDGRID_URL"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """What the upkeep function needs to know to sign what it sends to webhooks."""

    hook_key: bytes = field(repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "HookSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        return cls(**_Reader(environ).all(hook_key=("HELPDESK_HOOK_KEY", secret)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """What the command that makes admins needs to know: whose stores, and how links are made."""

    project: str
    url: str
    link_key: bytes = field(repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "AdminSettings":
        """Read the environment, or raise SettingsError naming everything that is wrong."""
        read = _Reader(environ)
        return cls(
            **read.all(
                project=("HELPDESK_PROJECT", matching(_PROJECT, "a project's id")),
                url=("HELPDESK_URL", https_address),
                link_key=("HELPDESK_LINK_KEY", secret),
            )
        )


def project_name(environ: Mapping[str, str] | None = None) -> str:
    """Return the project that log lines are marked with; empty where it is not set."""
    found = os.environ if environ is None else environ
    return found.get("HELPDESK_PROJECT", "")


def webhook_key(environ: Mapping[str, str] | None = None) -> str:
    """Return the key that SendGrid signs its events with; empty where there is none to believe."""
    found = os.environ if environ is None else environ
    return found.get("HELPDESK_SENDGRID_WEBHOOK_KEY", "")


@overload
def read_all(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def read_all(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...
def read_all(*readers: Callable[[], object]) -> tuple[object, ...]:
    """Return what several readers return, or raise one SettingsError naming all that is wrong."""
    found: list[object] = []
    wrong: list[str] = []
    for reader in readers:
        try:
            found.append(reader())
        except SettingsError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingsError("; ".join(wrong))
    return tuple(found)


def without_plugins() -> None:
    """Keep pydantic from searching every installed package for plugins when it is imported.

    We use none, and the search is paid for at every start.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def keys(text: str) -> Keys:
    """Return the keys in `{"signing": "k1", "known": {"k1": "<base64>"}}`, or raise ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("known"), dict):
        raise ValueError('not {"signing": …, "known": {…}}')  # noqa: TRY004 - one kind of error
    if not all(_KEY_NAME.fullmatch(name) for name in found["known"]):
        raise ValueError("a key's name takes 1 to 40 of A-Z a-z 0-9 _ -")
    known = {name: secret(str(value)) for name, value in found["known"].items()}
    signing = found.get("signing")
    if not isinstance(signing, str) or signing not in known:
        raise ValueError("the signing key is not among the known ones")
    return Keys(signing, known)


class _Reader:
    """Reads the settings of one kind, and says all that is wrong with them at once."""

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self._environ = os.environ if environ is None else environ

    def all(self, **wanted: tuple[str, Callable[[str], object]]) -> dict[str, Any]:
        """Return what each variable holds, parsed, under its field's name; or raise SettingsError.

        What is OPTIONAL and not set is left out, and so the field keeps its default. Nothing that
        a variable holds is repeated in the error.
        """
        found: dict[str, Any] = {}
        wrong: list[str] = []
        for field_name, (name, parse) in wanted.items():
            try:
                found[field_name] = parse(self._environ[name])
            except KeyError:
                if name not in OPTIONAL:
                    wrong.append(f"{name}: missing")
            except json.JSONDecodeError:
                wrong.append(f"{name}: not JSON")
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        if wrong:
            raise SettingsError("; ".join(wrong))
        return found

    def wire(self, name: str) -> str:
        """Return where an emulator is, or an empty text: this is the cloud."""
        if name not in WIRE:
            raise LookupError(f"{name} is not one of the settings for one machine")
        return self._environ.get(name, "")
