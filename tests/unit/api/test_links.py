"""Links: kept by their id, opened by a proof of it, once and for half an hour."""

from datetime import timedelta

import pytest

from api.account import account_from
from api.links import KEPT, Links
from helpdesk.documents import Create, Set
from helpdesk.errors import ConflictError, InvalidInputError, OutsideError
from helpdesk.events import EventType
from helpdesk.indexes import expiring
from helpdesk.links import link_token
from helpdesk.log import bind
from helpdesk.notices import LINK_LIFE, Notice, read_notice
from helpdesk.outbox import Outbox
from tests.builders import NOW, SequenceIds
from tests.stands import Tray, everything
from tests.unit.api.desk import Watched

KEY = bytes(range(32))
FIRST = "1".zfill(26)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def tray():
    return Tray()


@pytest.fixture
def links(documents, tray, clock):
    outbox = Outbox(documents=documents, bus=tray, clock=clock)
    return Links(documents=documents, outbox=outbox, key=KEY, clock=clock, ids=SequenceIds())


@pytest.fixture
def ada(documents):
    data = {
        "email": "ada@example.com", "name": "Ada", "password": "p1:x", "password_at": NOW,
        "role": "user", "disabled": False, "created_at": NOW,
    }  # fmt: skip
    documents.commit([Create("accounts/ada", data)])
    return account_from(documents.get("accounts/ada"))


def token(link, key=KEY):
    return link_token(link.id, key=key)


def is_good(links, text):
    try:
        links.look_up(text)
    except InvalidInputError as error:
        return (str(error), error.field) != ("the link is not valid", "token")
    return True


def test_a_link_is_kept_with_whose_it_is_and_nothing_it_opens_with(links, ada, documents):
    link = links.keep(ada)

    kept = documents.get(f"links/{FIRST}").data
    assert link.id == FIRST
    assert kept == {
        "user_id": "ada",
        "password_at": NOW,
        "epoch": "",
        "name": "",
        "ends_at": NOW + LINK_LIFE,
        "expires_at": NOW + LINK_LIFE + KEPT,
        "used_at": None,
    }
    assert token(link).partition(".")[2] not in str(everything(documents))


def test_a_link_that_is_not_kept_yet_is_a_write_for_the_commit_of_another(links, documents):
    link = links.made("ada", password_at=None, epoch="")

    assert not is_good(links, token(link))
    documents.commit([link.kept])
    assert is_good(links, token(link))


def test_a_link_says_whose_password_it_sets_and_since_when_that_is_good(links, ada):
    used = links.look_up(token(links.keep(ada)))

    assert (used.user_id, used.password_at) == ("ada", NOW)


def test_a_link_of_nobody_leads_nowhere(links):
    assert not is_good(links, token(links.keep(None)))


def test_a_link_is_used_once(links, ada, documents):
    link = links.keep(ada)
    first, second = links.look_up(token(link)), links.look_up(token(link))

    documents.commit([first.spent])

    with pytest.raises(ConflictError):
        documents.commit([second.spent])
    assert not is_good(links, token(link))
    assert documents.get(f"links/{link.id}").data["used_at"] == NOW


@pytest.mark.parametrize(("later", "good"), [(-1, True), (0, False), (1, False)])
def test_a_link_ends_after_half_an_hour(links, ada, clock, later, good):
    link = links.keep(ada)

    clock.tick(minutes=30, microseconds=later)

    assert is_good(links, token(link)) is good


def test_a_link_is_kept_a_day_longer_and_then_goes_by_itself():
    assert "links" in expiring()
    assert timedelta(days=1) == KEPT


def test_a_proof_of_another_key_opens_nothing(links, ada):
    assert not is_good(links, token(links.keep(ada), bytes(range(1, 33))))


def test_the_proof_of_an_id_that_was_never_made_opens_nothing(links):
    assert not is_good(links, link_token("neverMade", key=KEY))


def test_a_store_that_does_not_answer_says_nothing_about_a_link(documents, tray, clock):
    watched = Watched(documents)
    outbox = Outbox(documents=documents, bus=tray, clock=clock)
    links = Links(documents=watched, outbox=outbox, key=KEY, clock=clock, ids=SequenceIds())
    link = links.keep(None)

    watched.fails = lambda *_: True

    with pytest.raises(OutsideError):
        links.look_up(token(link))


@pytest.mark.parametrize("kind", [Notice.RESET_ASKED, Notice.CONFIRM_ASKED])
def test_a_link_is_told_of_by_its_id(links, ada, tray, kind):
    link = links.keep(ada)

    with bind(traceparent=TRACE):
        links.tell(kind, link, email=ada.email, name=ada.name)

    [event] = tray.published
    told = read_notice(event)
    assert (event.type, event.traceparent) == (EventType.ACCOUNT_NOTICE, TRACE)
    assert (told.kind, told.email, told.name) == (kind, "ada@example.com", "Ada")
    assert (told.link_id, told.ends_at) == (link.id, NOW + LINK_LIFE)
    assert token(link).partition(".")[2] not in str(event)


def test_a_letter_is_not_lost_while_the_bus_is_down(links, ada, tray, documents):
    tray.down = True

    links.tell(Notice.RESET_ASKED, links.keep(ada), email=ada.email)

    assert len([path for path in everything(documents) if path.startswith("outbox/")]) == 1


def test_each_change_of_a_password_is_told_in_a_letter_of_its_own(links, ada, tray):
    links.tell_changed(ada)
    links.tell_changed(ada)

    told = [read_notice(event) for event in tray.published]
    assert [(each.kind, each.email, each.link_id) for each in told] == [
        (Notice.PASSWORD_CHANGED, "ada@example.com", "")
    ] * 2
    assert len({event.id for event in tray.published}) == 2


def test_what_else_changes_a_link_makes_its_use_look_again(links, ada, documents):
    link = links.keep(ada)
    used = links.look_up(token(link))
    kept = documents.get(f"links/{link.id}")

    documents.commit([Set(kept.path, {**kept.data, "ends_at": NOW})])

    with pytest.raises(ConflictError):
        documents.commit([used.spent])
    assert documents.get(f"links/{link.id}").data["used_at"] is None
