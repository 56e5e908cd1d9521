"""The last admin, over every store: of two who shut each other out at once, one always stays."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from api.account import account_from, account_path
from api.accounts import Accounts
from api.admins import PATH, LastAdminError
from helpdesk.clock import RandomIds
from helpdesk.documents import Delete
from helpdesk.outbox import Outbox
from helpdesk.user import Role
from helpdesk.users import Users
from local.documents import SqliteDocuments
from tests.builders import FixedClock, an_admin
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray

ROUNDS = 20
DEMOTED, DISABLED = {"role": Role.USER.value}, {"disabled": True}


@pytest.fixture(params=ADAPTERS)
def store(request, tmp_path, emulators):
    """Lend an empty store with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "auth.db", durable=False)) as opened:
            yield opened
    else:
        yield firestore_documents(emulators)


def an_instance(store):
    """Return accounts as one instance of the function has them."""
    clock = FixedClock()
    users = Users(documents=store, outbox=Outbox(documents=store, bus=Tray(), clock=clock))
    return Accounts(documents=store, users=users, clock=clock, ids=RandomIds())


def new_admin(store):
    user_id = RandomIds().unique_id()
    address = f"{user_id.lower()}@example.com"
    an_instance(store).add(an_admin(id=user_id, email=address), "p1:x", greet=False)
    return user_id


def is_admin(store, user_id):
    return account_from(store.get(account_path(user_id))).is_active_admin


def shut_out(store, **changes):
    """Change some accounts at once, each from its own instance; return who proved the last."""
    ready = Barrier(len(changes))

    def change(user_id):
        accounts = an_instance(store)
        ready.wait(timeout=30)
        try:
            accounts.change(user_id, lambda _: changes[user_id])
        except LastAdminError:
            return user_id
        return None

    with ThreadPoolExecutor(len(changes)) as threads:
        return [told for told in threads.map(change, changes) if told]


@pytest.mark.parametrize("list_is_there", [True, False])
@pytest.mark.parametrize("other", [DEMOTED, DISABLED], ids=["demoted", "disabled"])
def test_of_the_last_two_admins_one_stays(store, other, list_is_there):
    left = new_admin(store)

    for _ in range(ROUNDS):
        pair = {left: DEMOTED, new_admin(store): other}
        if not list_is_there:  # as before the first change of an admin ever
            store.commit([Delete(PATH)])

        told = shut_out(store, **pair)

        assert told == [each for each in pair if is_admin(store, each)]
        [left] = told
        assert store.get(PATH).data["ids"] == [left]
        assert [each.id for each in an_instance(store)._users.staff()] == [left]


def test_whoever_is_alone_stays_however_many_ask(store):
    alone = new_admin(store)
    gone = new_admin(store)
    an_instance(store).change(gone, lambda _: DISABLED)

    for change in (DEMOTED, DISABLED, {**DEMOTED, **DISABLED}):
        with pytest.raises(LastAdminError):
            an_instance(store).change(alone, lambda _, change=change: change)

    assert is_admin(store, alone)
