"""Whoever is put out is out at once: at every instance, from the next request on, every time."""

from datetime import timedelta

import pytest

from api.app import create_app
from api.desk import Stores, desk_over
from api.tokens import SKEW_S
from helpdesk.documents import Delete, Set
from helpdesk.links import link_token
from helpdesk.outbox import Outbox
from helpdesk.tickets import Tickets
from helpdesk.user import Role
from helpdesk.users import Users
from local.bus import QueueBus
from tests.unit.api.desk import PASSWORD, SETTINGS, Visitor, account, is_problem

TRIES = 100
AHEAD = (0, 2, SKEW_S)  # seconds by which the clock of each instance is wrong


class WrongClock:
    """The Clock port, always so many seconds ahead of another one."""

    def __init__(self, clock, seconds):
        self._clock = clock
        self._ahead = timedelta(seconds=seconds)

    def now(self):
        return self._clock.now() + self._ahead


class Fleet:
    """Three instances over one store: each has its own clock, memory and connections."""

    def __init__(self, counter):
        self.counter = counter
        self._clients = [self._started(seconds).test_client() for seconds in AHEAD]

    def _started(self, seconds):
        counter, clock = self.counter, WrongClock(self.counter.clock, seconds)
        bus = QueueBus(counter.house.queue)
        outbox = Outbox(documents=counter.documents, bus=bus, clock=clock)
        stores = Stores(
            auth=counter.auth,
            documents=counter.documents,
            outbox=outbox,
            users=Users(documents=counter.documents, outbox=outbox),
            tickets=Tickets(documents=counter.documents, outbox=outbox),
        )
        desk = desk_over(
            stores, SETTINGS, passwords=counter.passwords, clock=clock, ids=counter.house.ids
        )
        return create_app(lambda: desk)

    def at(self, number, visitor):
        """Return somebody as they ask one of the instances."""
        client = self._clients[number % len(self._clients)]
        return Visitor(client, visitor.session, visitor.user)

    def everywhere(self, visitor, path="/api/auth/me"):
        """Return what each instance answers to the next request."""
        return [self.at(n, visitor).get(path).status_code for n in range(len(self._clients))]

    def refreshed(self, number, visitor):
        body = {"refresh_token": visitor.session["refresh_token"]}
        return self.at(number, visitor).post("/api/auth/refresh", body)

    def entered(self, user):
        """Begin a session for somebody, without a password's work."""
        epoch = self.counter.accounts.get(user.id).epoch
        begun = self.counter.sessions.begin(user, epoch=epoch)
        session = {"access_token": begun.access_token, "refresh_token": begun.refresh_token}
        return Visitor(None, session, user)


@pytest.fixture
def fleet(counter):
    return Fleet(counter)


@pytest.fixture
def ada(counter):
    return counter.somebody("ada", Role.MODERATOR).user


@pytest.fixture
def chief(counter):
    return counter.somebody("chief", Role.ADMIN)


def log_out(fleet, number, phone, _chief):
    return fleet.at(number, phone).post("/api/auth/logout")


def log_out_everywhere(fleet, number, phone, _chief):
    laptop = fleet.entered(phone.user)
    return fleet.at(number, laptop).post("/api/auth/logout-all")


def end_one(fleet, number, phone, _chief):
    session_id = fleet.counter.tokens.read(phone.token).session_id
    laptop = fleet.at(number, fleet.entered(phone.user))
    return laptop.client.delete(f"/api/auth/sessions/{session_id}", headers=laptop.headers())


def log_out_by_admin(fleet, number, phone, chief):
    return fleet.at(number, chief).post(f"/api/auth/users/{phone.user.id}/logout")


def change_password(fleet, number, phone, _chief):
    words = [PASSWORD, "another quite private phrase"]
    kept = fleet.counter.accounts.get(phone.user.id).password
    now = next(each for each in words if fleet.counter.passwords.matches(each, kept))
    body = {"current_password": now, "new_password": next(each for each in words if each != now)}
    return fleet.at(number, fleet.entered(phone.user)).post("/api/auth/password", body)


def reset(fleet, number, phone, _chief):
    desk = fleet.counter.desk
    link = desk.renewal._by.links.keep(desk.accounts.get(phone.user.id))
    body = {"token": link_token(link.id, key=SETTINGS.link_key), "password": PASSWORD}
    return fleet.at(number, Visitor(None)).post("/api/auth/password/reset", body)


def disable(fleet, number, phone, chief):
    return patched(fleet.at(number, chief), phone.user, {"disabled": True})


def patched(chief, user, changes):
    path = f"/api/auth/users/{user.id}"
    return chief.client.patch(path, json=changes, headers=chief.headers())


@pytest.mark.parametrize(
    "act",
    [log_out, log_out_everywhere, end_one, log_out_by_admin, change_password, reset, disable],
    ids=lambda act: act.__name__,
)
def test_whoever_is_put_out_is_out_at_every_instance(fleet, ada, chief, act):
    stale = []
    for number in range(TRIES):
        phone = fleet.entered(ada)
        assert fleet.everywhere(phone) == [200, 200, 200]

        answer = act(fleet, number, phone, chief)

        assert answer.status_code in {200, 204}
        if fleet.everywhere(phone) != [401, 401, 401]:
            stale.append(number)
        if not is_problem(fleet.refreshed(number + 1, phone), 401):
            stale.append(number)
        if act is change_password:
            fleet.counter.clock.tick(hours=2)  # it is changed so often in a day, and no more
        if act is disable:
            patched(fleet.at(number, chief), ada, {"disabled": False})
            if fleet.everywhere(phone) != [401, 401, 401]:
                stale.append(number)

    assert stale == []


def test_whose_role_changes_has_the_new_one_at_every_instance(fleet, counter, chief):
    users, stale = "/api/auth/users", []
    bo = counter.somebody("bo", Role.ADMIN)
    for number in range(TRIES):
        assert fleet.everywhere(bo, users) == [200, 200, 200]

        patched(fleet.at(number, chief), bo.user, {"role": "user"})
        less = fleet.everywhere(bo, users)
        patched(fleet.at(number + 1, chief), bo.user, {"role": "admin"})
        more = fleet.everywhere(bo, users)

        if (less, more) != ([403, 403, 403], [200, 200, 200]):
            stale.append(number)

    assert stale == []


def test_whose_account_is_deleted_is_nobody_at_every_instance(fleet, counter, ada):
    stale = []
    kept = account(counter, Visitor(None, {}, ada))
    for number in range(TRIES):
        phone = fleet.entered(ada)
        assert fleet.everywhere(phone) == [200, 200, 200]

        counter.auth.commit([Delete(kept.path)])

        if fleet.everywhere(phone) != [401, 401, 401]:
            stale.append(number)
        if not is_problem(fleet.refreshed(number, phone), 401):
            stale.append(number)
        counter.auth.commit([Set(kept.path, kept.data)])

    assert stale == []


def test_a_token_that_comes_twice_puts_out_its_session_at_every_instance(fleet, ada):
    stale = []
    for number in range(TRIES):
        phone = fleet.entered(ada)
        thief = Visitor(None, fleet.refreshed(number, phone).json, ada)
        assert fleet.everywhere(thief) == [200, 200, 200]

        again = fleet.refreshed(number + 1, phone)

        out = [fleet.everywhere(each) == [401, 401, 401] for each in (phone, thief)]
        if out != [True, True] or not is_problem(again, 401):
            stale.append(number)

    assert stale == []


def test_the_others_stay(fleet, counter, ada, chief):
    bo = counter.somebody("bo")
    laptop = fleet.entered(ada)

    for number in range(10):
        log_out(fleet, number, fleet.entered(ada), chief)
        end_one(fleet, number, fleet.entered(ada), chief)
    stays = fleet.everywhere(laptop)
    log_out_by_admin(fleet, 0, laptop, chief)

    assert stays == [200, 200, 200]
    assert fleet.everywhere(laptop) == [401, 401, 401]
    assert fleet.everywhere(bo) == fleet.everywhere(chief) == [200, 200, 200]


def test_a_log_in_at_one_instance_is_good_at_every_other(fleet, ada):
    body = {"email": ada.email, "password": PASSWORD}
    for number in range(3):
        answer = fleet.at(number, Visitor(None)).post("/api/auth/login", body)

        assert fleet.everywhere(Visitor(None, answer.json, ada)) == [200, 200, 200]
