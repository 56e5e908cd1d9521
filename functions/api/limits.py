"""Limits: how often something may be done within a time, counted over every instance.

A use is counted before the work it is for, by fetch-and-add: of any number who ask at once, on
however many instances, just as many are let through as the rule allows. Windows stand still on the
clock: each begins where the one before it ended, for everybody at the same moment.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from helpdesk.documents import Increment, Write
from helpdesk.errors import OutsideError, TransientError
from helpdesk.ports import Clock, Documents

KEPT = timedelta(days=1)  # after its window ended a count is of no use, but for looking into it
DENIED_MOST = 10_000  # windows an instance remembers as used up: two megabytes
TURNS = 256
TURN_S = 2.0  # for those who count in the same window; ten of them take a tenth of a second

log = logging.getLogger(__name__)


class TooManyError(TransientError):
    """There was too much of this lately; `retry_after_s` is how many seconds that will last."""

    def __init__(self, retry_after_s: int) -> None:
        """Say that it was too much, but not of what: that may be a secret."""
        super().__init__("too many requests: try again later")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Rule:
    """Something may be done so often in each window of that length; the name is kept for ever."""

    name: str
    most: int
    per: timedelta
    for_good: bool = False  # a use counts whatever becomes of it

    def __post_init__(self) -> None:
        # A limit of nothing would be looked at after the first use, and so let one through.
        if self.most < 1 or "|" in self.name:
            raise ValueError(f"no rule of {self.most} uses can be called {self.name}")


# Growing windows: who has time gets no more out of an account than who is in a hurry.
LOG_IN_ACCOUNT = (
    Rule("log-in-account-15m", 10, timedelta(minutes=15)),
    Rule("log-in-account-1h", 20, timedelta(hours=1)),
    Rule("log-in-account-24h", 100, timedelta(hours=24)),
)
# Right passwords count as well: each makes a session and takes a core for a while.
LOG_IN_EVER = Rule("log-in-ever", 60, timedelta(hours=1), for_good=True)
LOG_IN_IP = Rule("log-in-ip", 20, timedelta(minutes=5))
LOG_IN_DEVICE = Rule("log-in-device", 10, timedelta(minutes=15))
SIGN_UP_IP = Rule("sign-up-ip", 5, timedelta(minutes=30))
SIGN_UP_ADDRESS = (
    Rule("sign-up-address", 5, timedelta(minutes=30)),
    Rule("sign-up-address-24h", 20, timedelta(hours=24)),
)
FORGOT_ADDRESS = (
    Rule("forgot-address", 5, timedelta(minutes=30)),
    Rule("forgot-address-24h", 20, timedelta(hours=24)),
)
FORGOT_IP = Rule("forgot-ip", 5, timedelta(minutes=30))
PASSWORD_CHANGE = (
    Rule("password-change", 5, timedelta(minutes=15), for_good=True),  # each sends a letter
    Rule("password-change-24h", 20, timedelta(hours=24), for_good=True),
)

_DAWN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a rule leaves to one account, address or device; the key tells them apart."""

    rule: Rule
    key: str


@dataclass(frozen=True, slots=True)
class _Window:
    """One window of a budget. Its document's name is a hash: no address lies there in clear."""

    rule: Rule
    path: str
    ends_at: datetime

    @classmethod
    def at(cls, now: datetime, budget: Budget) -> "_Window":
        rule = budget.rule
        number = (now - _DAWN) // rule.per
        # Half a surrogate pair is no text and no reason to fail either: it is a key like any other.
        text = f"{rule.name}|{budget.key}|{number}".encode(errors="surrogatepass")
        return cls(rule, f"limits/{sha256(text).hexdigest()}", _DAWN + (number + 1) * rule.per)

    def counting(self, amount: int) -> Increment:
        # Every write says when the count goes: it may be the one that makes the document.
        return Increment(self.path, {"count": amount}, {"expires_at": self.ends_at + KEPT})


class _Denied:
    """The windows that this instance knows to be used up; those nobody asked about longest go."""

    def __init__(self) -> None:
        self._paths: dict[str, None] = {}
        self._lock = threading.Lock()

    def __contains__(self, window: _Window) -> bool:
        with self._lock:
            known = window.path in self._paths
            if known:
                self._renew(window.path)
            return known

    def add(self, window: _Window) -> None:
        log.warning("a limit is reached", extra={"kind": window.rule.name})
        with self._lock:
            self._renew(window.path)
            if len(self._paths) > DENIED_MOST:
                del self._paths[next(iter(self._paths))]

    def forget(self, windows: Iterable[_Window]) -> None:
        with self._lock:
            for window in windows:
                self._paths.pop(window.path, None)

    def _renew(self, path: str) -> None:
        self._paths.pop(path, None)
        self._paths[path] = None


class Taken:
    """Uses that were counted before their work was done."""

    def __init__(self, windows: Sequence[_Window], denied: _Denied) -> None:
        """Remember where they were counted."""
        self._windows = tuple(windows)
        self._denied = denied

    def given_back(self) -> list[Write]:
        """Return the writes that uncount the uses, each in the window where it was counted.

        They belong into the commit of the work that turned out to need no limit. Asking again
        returns the same writes, for a commit that is tried again.
        """
        # Others were refused while these uses stood; whether they still would be, the store knows.
        returned = [window for window in self._windows if not window.rule.for_good]
        self._denied.forget(returned)
        return [window.counting(-1) for window in returned]


class Limits:
    """Counts uses of budgets, and refuses what is too much."""

    def __init__(self, *, documents: Documents, clock: Clock) -> None:
        """Count in `documents`; what is used up is remembered here and no longer counted."""
        self._documents = documents
        self._clock = clock
        self._denied = _Denied()
        self._turns = tuple(threading.Lock() for _ in range(TURNS))

    def take(self, *budgets: Budget) -> Taken:
        """Count one use of each budget, all in one commit, or raise TooManyError.

        A refused use stays counted. Whoever is refused by what is remembered writes nothing.
        """
        now = self._clock.now()
        windows = [_Window.at(now, budget) for budget in budgets]
        self._refuse_remembered(windows, now)
        if not windows:
            return Taken((), self._denied)
        with self._turn(windows):
            self._refuse_remembered(windows, now)
            told = self._documents.commit([window.counting(1) for window in windows])
            over = [
                window
                for window, counts in zip(windows, told, strict=True)
                if counts["count"] > window.rule.most
            ]
            for window in over:
                self._denied.add(window)
        _refuse(over, now)
        return Taken(windows, self._denied)

    def give_back(self, taken: Taken) -> None:
        """Uncount uses whose work was not begun."""
        self._documents.commit(taken.given_back())

    def check(self, *budgets: Budget) -> None:
        """Raise TooManyError when a budget is remembered to be used up; nothing is read or kept."""
        now = self._clock.now()
        self._refuse_remembered([_Window.at(now, budget) for budget in budgets], now)

    def counted(self, budget: Budget) -> Increment:
        """Return the write that counts one use; it belongs into the commit of what it is for."""
        return _Window.at(self._clock.now(), budget).counting(1)

    def note(self, budget: Budget, value: int, *, counted: Increment) -> None:
        """Remember what a count came to: once the last use is taken, `check` refuses the next.

        `counted` is the write that counted it: by now the window may be the one after.
        """
        window = _Window.at(self._clock.now(), budget)
        if value >= budget.rule.most and counted.path == window.path:
            self._denied.add(window)

    def _refuse_remembered(self, windows: Sequence[_Window], now: datetime) -> None:
        _refuse([window for window in windows if window in self._denied], now)

    @contextmanager
    def _turn(self, windows: Sequence[_Window]) -> Iterator[None]:
        """Wait for those who count in the same windows, or raise OutsideError.

        So the first refusal is known before the next one counts: a flood of guesses costs an
        instance one write beyond the limit, and eats nothing of the longer windows.
        """
        # Always in the same order, or two could wait for each other.
        numbers = sorted({int(window.path[-4:], 16) % TURNS for window in windows})
        with ExitStack() as held:
            for number in numbers:
                if not self._turns[number].acquire(timeout=TURN_S):
                    raise OutsideError("counting takes too long")
                held.callback(self._turns[number].release)
            yield


def _refuse(over: Sequence[_Window], now: datetime) -> None:
    """Raise TooManyError, naming the longest wait, when there is anything that is over."""
    if over:
        wait = max(window.ends_at for window in over) - now
        raise TooManyError(-(-wait // timedelta(seconds=1)))
