"""What keeps accounts and sessions whole when many ask at once, over every adapter."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle

import pytest

from api.accounts import TakenError
from api.desk import Stores, desk_over
from api.entrance import LogInError, Visitor
from api.limits import TooManyError
from api.passwords import Passwords
from api.sessions import RevokedError
from helpdesk.clock import RandomIds
from helpdesk.errors import (
    ConflictError,
    HelpdeskError,
    InvalidInputError,
)
from helpdesk.links import link_token
from helpdesk.outbox import Outbox
from helpdesk.tickets import Tickets
from helpdesk.user import Role
from helpdesk.users import Users
from local.documents import SqliteDocuments
from tests.builders import FixedClock
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray
from tests.unit.api.desk import PASSWORD, SETTINGS

ADA = "ada@example.com"
NEW = "another quite private phrase"
INSTANCES = 4
CROWD = 64  # nobody here is to be refused for that


@pytest.fixture(params=ADAPTERS)
def store(request, tmp_path, emulators):
    """Lend an empty store of one adapter, with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "sessions.db", durable=False)) as opened:
            yield opened
    else:
        yield firestore_documents(emulators)


class Counted(Passwords):
    """Passwords that count how often bcrypt is asked whether one is right."""

    checks = 0

    def matches(self, password, kept):
        self.checks += 1
        return super().matches(password, kept)


class House:
    """Some instances over one store."""

    def __init__(self, store):
        self.clock, self.ids, self.tray = FixedClock(), RandomIds(), Tray()
        self.store = store
        self.passwords = Counted(SETTINGS.peppers, cost=4, crowd=CROWD)
        self.desks = [self._desk() for _ in range(INSTANCES)]

    def _desk(self):
        outbox = Outbox(documents=self.store, bus=self.tray, clock=self.clock)
        users = Users(documents=self.store, outbox=outbox)
        tickets = Tickets(documents=self.store, outbox=outbox)
        stores = Stores(
            auth=self.store, documents=self.store, outbox=outbox, users=users, tickets=tickets
        )
        return desk_over(stores, SETTINGS, passwords=self.passwords, clock=self.clock, ids=self.ids)

    def signed_up(self, email=ADA):
        return self.desks[0].entrance.sign_up(email, PASSWORD, "Ada", Visitor()).session

    def log_in(self, desk, password=PASSWORD):
        return desk.entrance.log_in(ADA, password, Visitor())

    def link(self):
        """Have a link kept for Ada, and return its token."""
        accounts = self.desks[0].accounts
        account = accounts.get(accounts.ids_of([ADA])[0])
        link = self.desks[0].renewal._by.links.keep(account)
        return link_token(link.id, key=SETTINGS.link_key)


@pytest.fixture
def house(store):
    return House(store)


def at_once(count, house, ask):
    """Return what became of so many requests at once, each at the next instance: or its error."""

    def tried(desk):
        try:
            return ask(desk)
        except HelpdeskError as error:
            return type(error)

    desks = [house.desks[number % INSTANCES] for number in range(count)]
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(tried, desks))


def is_out(house, session):
    """Say whether no instance lets in who shows this."""
    told = at_once(INSTANCES, house, lambda d: d.sessions.authenticate(session.access_token))
    return told == [RevokedError] * INSTANCES


def test_of_eight_who_sign_up_at_once_one_gets_the_address(house):
    made = at_once(
        8, house, lambda desk: desk.entrance.sign_up(ADA, PASSWORD, "Ada", Visitor()).session
    )

    [session] = [each for each in made if each is not TakenError]
    assert made.count(TakenError) == 7
    assert house.desks[1].accounts.ids_of([ADA]) == [session.user.id]
    assert house.desks[2].sessions.authenticate(session.access_token).user_id == session.user.id
    assert [event.subject for event in house.tray.published] == [session.user.id]


def test_of_five_who_ask_for_a_letter_at_once_nobody_is_refused_and_one_account_is_made(house):
    asked = at_once(
        5, house, lambda desk: desk.entrance.ask_by_letter(ADA, PASSWORD, "Ada", Visitor())
    )

    told = [event.data for event in house.tray.published]
    [user_id] = house.desks[0].accounts.ids_of([ADA])
    assert asked == [None] * 5
    assert house.desks[0].accounts.get(user_id).password is None
    assert told
    assert {each["notice"] for each in told} == {"confirm-asked"}
    for each in told:
        used = house.desks[0].renewal._by.links.look_up(
            link_token(each["link_id"], key=SETTINGS.link_key)
        )
        assert used.user_id == user_id


def test_of_eight_uses_of_a_refresh_token_at_once_one_succeeds_at_most(house):
    session = house.signed_up()

    pairs = at_once(8, house, lambda desk: desk.sessions.refresh(session.refresh_token))

    lucky = [pair for pair in pairs if pair is not RevokedError]
    assert len(lucky) <= 1
    assert is_out(house, session)
    for pair in lucky:
        assert is_out(house, pair)
        with pytest.raises(RevokedError):
            house.desks[0].sessions.refresh(pair.refresh_token)


def test_of_eight_uses_of_a_link_at_once_one_succeeds(house):
    session = house.signed_up()
    token = house.link()
    house.clock.tick(seconds=1)

    used = at_once(8, house, lambda desk: desk.renewal.reset(token, NEW))

    assert used.count(InvalidInputError) == 7
    assert len([each for each in used if isinstance(each, str)]) == 1
    assert is_out(house, session)
    assert house.log_in(house.desks[3], NEW).session.user.id == session.user.id


def test_of_two_links_that_are_used_at_once_one_succeeds(house):
    house.signed_up()
    tokens = cycle([house.link(), house.link()])
    house.clock.tick(seconds=1)

    used = at_once(2, house, lambda desk: desk.renewal.reset(next(tokens), NEW))

    assert used.count(InvalidInputError) == 1
    assert len([each for each in used if isinstance(each, str)]) == 1


def test_of_forty_guesses_at_once_ten_are_looked_at(house):
    house.signed_up()

    told = at_once(40, house, lambda desk: house.log_in(desk, "not the password"))

    assert house.passwords.checks == 10
    assert (told.count(LogInError), told.count(TooManyError)) == (10, 30)
    with pytest.raises(TooManyError):
        house.log_in(house.desks[0])
    house.clock.tick(minutes=15)
    assert house.log_in(house.desks[0]).session.user.email == ADA


def test_right_passwords_at_once_leave_nothing_counted(house):
    house.signed_up()

    entered = at_once(8, house, house.log_in)
    wrong = [at_once(1, house, lambda d: house.log_in(d, "not the password")) for _ in range(10)]

    assert {each.session.user.email for each in entered} == {ADA}
    assert wrong == [[LogInError]] * 10


def test_to_log_out_everywhere_ends_every_session_at_every_instance(house):
    first = house.signed_up()
    sessions = [first, *(each.session for each in at_once(4, house, house.log_in))]

    house.desks[0].sessions.end_all(first.user.id)

    assert [is_out(house, each) for each in sessions] == [True] * 5
    tokens = iter([each.refresh_token for each in sessions])
    used = at_once(5, house, lambda desk: desk.sessions.refresh(next(tokens)))
    assert used == [RevokedError] * 5
    fresh = house.log_in(house.desks[1]).session
    assert house.desks[2].sessions.authenticate(fresh.access_token).user_id == first.user.id


def test_whoever_logs_out_on_four_devices_at_once_is_out_on_all(house):
    first = house.signed_up()
    sessions = [each.session for each in at_once(4, house, house.log_in)]
    askers = [house.desks[0].sessions.authenticate(each.access_token) for each in sessions]

    at_once(4, house, lambda desk: desk.sessions.end(askers.pop()))

    assert [is_out(house, each) for each in sessions] == [True] * 4
    assert house.desks[3].sessions.authenticate(first.access_token).role is Role.USER


def test_of_four_changes_of_a_password_at_once_one_holds(house):
    session = house.signed_up()
    asker = house.desks[0].sessions.authenticate(session.access_token)
    phrases = [f"quite private phrase {number}" for number in range(4)]
    given = iter(phrases)

    told = at_once(
        4, house, lambda desk: desk.renewal.change(asker, PASSWORD, next(given), Visitor())
    )

    [entered] = [each.session for each in told if each not in {ConflictError, InvalidInputError}]
    works = [
        at_once(1, house, lambda desk, word=word: house.log_in(desk, word)) for word in phrases
    ]
    assert works.count([LogInError]) == 3
    assert is_out(house, session)
    assert house.desks[1].sessions.authenticate(entered.access_token).user_id == session.user.id
