"""Passwords: kept as bcrypt over a keyed hash, checked whole, refused when too many ask."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import bcrypt
import pytest
from hypothesis import example, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from api import passwords as module
from api.passwords import COST_LEAST, CROWD, BusyError, Passwords
from helpdesk.settings import Keys
from tests.unit.api.desk import PASSWORD, SETTINGS, CountedPasswords

PASSWORDS = CountedPasswords(SETTINGS.peppers, cost=4)


def test_the_right_password_matches_and_a_wrong_one_does_not():
    kept = PASSWORDS.hashed(PASSWORD)

    assert PASSWORDS.matches(PASSWORD, kept)
    assert not PASSWORDS.matches(PASSWORD + "x", kept)
    assert not PASSWORDS.matches("", kept)


def test_what_is_kept_tells_nothing_of_the_password():
    kept = PASSWORDS.hashed(PASSWORD)

    assert kept.startswith("p1:$2b$04$")
    assert PASSWORD not in kept
    assert PASSWORDS.hashed(PASSWORD) != kept


@tuned(max_examples=15)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=256))
@example("\U0001f600" * 64)
@example("nul\0in the middle")
@example("trailing space ")
def test_every_character_of_a_password_matters(password):
    kept = PASSWORDS.hashed(password)

    assert PASSWORDS.matches(password, kept)
    assert not PASSWORDS.matches(password[:-1], kept)
    assert not PASSWORDS.matches(password[:-1] + chr(ord(password[-1]) ^ 1), kept)


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("caf\u00e9 au lait noir", "cafe\u0301 au lait noir"),
        ("cafe\u0301 au lait noir", "caf\u00e9 au lait noir"),
        ("trailing space ", "trailing space"),
        (" leading space", "leading space"),
        ("nul at the end\0", "nul at the end"),
        ("nul\0in the middle", "nul\0at the middle"),
        ("Capital letters", "capital letters"),
        ("\U0001f600" * 63 + "\U0001f601", "\U0001f600" * 64),
        ("\u20ac" * 99 + "\u20ad", "\u20ac" * 100),  # 300 bytes
        ("x" * 299 + "y", "x" * 300),
    ],
)
def test_a_password_is_taken_exactly_as_it_was_sent(password, other):
    kept = PASSWORDS.hashed(password)

    assert PASSWORDS.matches(password, kept)
    assert not PASSWORDS.matches(other, kept)


def test_the_hash_is_worthless_without_the_pepper():
    kept = PASSWORDS.hashed(PASSWORD)
    other = Passwords(Keys("p1", {"p1": bytes(32)}), cost=4)

    assert not other.matches(PASSWORD, kept)
    assert not bcrypt.checkpw(PASSWORD.encode(), kept.partition(":")[2].encode())


@pytest.mark.parametrize(
    "kept", [None, "", "p1:", "p1:$2b$04$short", "p9:$2b$04$x", "no colon", "p1:\u00e4", "::"]
)
def test_whatever_was_kept_there_is_one_check_and_no_error(kept):
    PASSWORDS.checks = 0

    assert not PASSWORDS.matches(PASSWORD, kept)

    assert PASSWORDS.checks == 1


@pytest.mark.parametrize("kept", ["", "p1:$2b$04$damaged", "p9:$2b$04$x"])
def test_a_kept_password_that_nobody_can_check_is_told_to_the_operator_without_it(kept, caplog):
    with caplog.at_level(logging.INFO):
        PASSWORDS.matches(PASSWORD, kept)

    [line] = caplog.records
    assert line.levelname == "ERROR"
    assert "$2b" not in line.getMessage()


def test_a_wrong_password_and_no_account_at_all_are_nothing_to_tell(caplog):
    with caplog.at_level(logging.INFO):
        PASSWORDS.matches("another private phrase", PASSWORDS.hashed(PASSWORD))
        PASSWORDS.matches(PASSWORD, None)

    assert caplog.records == []


class HeldPasswords(CountedPasswords):
    """Passwords that stay under way until they are let go."""

    def __init__(self, crowd):
        super().__init__(SETTINGS.peppers, cost=4, crowd=crowd)
        self.entered, self.let_go = threading.Semaphore(0), threading.Event()

    def _keyed(self, password, pepper):
        self.entered.release()
        self.let_go.wait(10)
        return super()._keyed(password, pepper)

    def ask(self):
        """Check a password as a request does that keeps its place."""
        with self.place():
            return self.matches(PASSWORD, None)


def test_a_crowd_may_wait_and_one_more_is_refused_at_once_without_a_check(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    held = HeldPasswords(CROWD)
    with ThreadPoolExecutor(CROWD + 5) as threads:
        flood = [threads.submit(held.ask) for _ in range(CROWD + 5)]

        refused = list(islice(as_completed(flood, timeout=5), 5))

        with pytest.raises(BusyError):
            held.ask()
        held.let_go.set()

    assert all(isinstance(each.exception(), BusyError) for each in refused)
    assert [each.result() for each in flood if each not in refused] == [False] * CROWD
    assert held.checks == CROWD
    assert not held.ask()


def test_who_waits_for_a_core_too_long_is_refused_and_leaves_the_place(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    held = HeldPasswords(2)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(held.ask)
        assert held.entered.acquire(timeout=5)

        for _ in range(3):
            with pytest.raises(BusyError, match="too long"):
                held.ask()

        held.let_go.set()
        assert not first.result()

    assert held.checks == 1


def test_a_place_is_free_again_whatever_happens_there():
    passwords = Passwords(SETTINGS.peppers, cost=COST_LEAST, crowd=1)

    with pytest.raises(LookupError), passwords.place():
        raise LookupError

    with passwords.place(), pytest.raises(BusyError), passwords.place():
        pass


def test_a_password_of_a_known_older_pepper_still_matches():
    older = PASSWORDS.hashed(PASSWORD)
    both = Keys("p2", {"p2": bytes(range(32)), **SETTINGS.peppers.known})
    passwords = Passwords(both, cost=4)

    assert passwords.matches(PASSWORD, older)
    assert passwords.hashed(PASSWORD).startswith("p2:")


def test_a_hash_is_stale_once_a_new_one_would_be_made_otherwise():
    kept = PASSWORDS.hashed(PASSWORD)
    both = Keys("p2", {"p2": bytes(range(32)), **SETTINGS.peppers.known})

    assert not PASSWORDS.is_stale(kept)
    assert not PASSWORDS.is_stale(PASSWORDS.hashed("another private phrase"))
    assert Passwords(both, cost=4).is_stale(kept)
    assert Passwords(SETTINGS.peppers, cost=5).is_stale(kept)


@pytest.mark.parametrize("kept", ["", "p1", "p1:", "p1:$2b$4$", "p11:$2b$04$x", "p1:$2a$04$x"])
def test_a_hash_that_is_none_of_ours_is_stale(kept):
    assert PASSWORDS.is_stale(kept)


def test_the_hash_renewed_by_another_pepper_and_cost_is_fresh_and_matches():
    both = Keys("p2", {"p2": bytes(range(32)), **SETTINGS.peppers.known})
    passwords = Passwords(both, cost=5)

    renewed = passwords.hashed(PASSWORD)

    assert renewed.startswith("p2:$2b$05$")
    assert not passwords.is_stale(renewed)
    assert passwords.matches(PASSWORD, renewed)


@pytest.mark.parametrize("cost", [COST_LEAST - 1, 0, -1])
def test_a_cost_below_what_bcrypt_knows_is_refused_at_once(cost):
    with pytest.raises(ValueError, match="at least 4"):
        Passwords(SETTINGS.peppers, cost=cost)
