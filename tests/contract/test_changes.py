"""Changes by hand are kept whole, with what is said and what follows, in every store."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from helpdesk.changes import (
    Edits,
    answered,
    asked_back,
    edited,
    given_back,
    handed_to,
    noted,
)
from helpdesk.comments import Comment, Side, comment_from, document, kept
from helpdesk.documents import Write
from helpdesk.errors import AlreadyExistsError, ConflictError, MismatchError, NotFoundError
from helpdesk.events import EventType
from helpdesk.once import REMEMBERED, Once, remembered, remembering
from helpdesk.outbox import Outbox
from helpdesk.ticket import Status
from helpdesk.tickets import Tickets, event_of, notified
from helpdesk.timeline import Action
from helpdesk.users import Users
from helpdesk.verdict import Priority
from local.documents import SqliteDocuments
from tests.builders import NOW, FixedClock, a_moderator, a_ticket, a_verdict, an_entry
from tests.by_hand import changed
from tests.contract.adapters import ADAPTERS, firestore_documents
from tests.stands import Tray

MOD, OTHER = a_moderator(), a_moderator(id="other")
LATER = NOW + timedelta(minutes=1)
KEY = Once.of(user_id="mod", route="POST /comments", key="k1", body="Have you tried water?")


class Room:
    """Tickets and loads over one store, with one ticket that is the moderator's."""

    def __init__(self, documents):
        self.documents = documents
        outbox = Outbox(documents=documents, bus=Tray(), clock=FixedClock())
        self.tickets = Tickets(documents=documents, outbox=outbox)
        self.users = Users(documents=documents, outbox=outbox)
        self.tickets.open(a_ticket(), an_entry(), once=None)
        self.save(lambda it, now: it.triaged(a_verdict(), now=now), Action.TRIAGED)
        self.save(lambda it, now: it.assigned_to(MOD, now=now), Action.ASSIGNED)

    @property
    def ticket(self):
        return self.tickets.get("T1CKET01")

    def save(self, change, action=Action.EDITED, **told):
        return changed(self.tickets, change, action, **told)

    def say(self, *, internal=False, once=None, cause="", before=None):
        """Keep a reply or a note of the moderator's on the ticket as it is, or as it was."""
        before = before or self.ticket
        after = noted(before, now=NOW) if internal else answered(before, status=None, now=NOW)
        said = Comment(
            seq=after.seq, at=NOW, author_id="mod", author_name="Mod", side=Side.STAFF,
            text="Have you tried water?", internal=internal,
        )  # fmt: skip
        also: list[Write] = [kept(said, ticket_id=after.id)]
        if once:
            also.append(remembering(once, {"comment": document(said)}, now=NOW, expired=None))
        action = (Action.NOTED if internal else Action.REPLIED).value
        entry = an_entry(action=action, actor_id="mod", cause=cause)
        self.tickets.save(after, EventType.TICKET_UPDATED, entry, before=before, also=also)
        return said

    def read(self, *, notes, limit=9, behind=0):
        found = self.tickets.comments("T1CKET01", notes=notes, limit=limit, behind=behind)
        return [(each.seq, each.internal) for each in found]

    def loads(self):
        return {name: load.open for name, load in self.users.loads(["mod", "other"]).items()}


@pytest.fixture(params=ADAPTERS)
def room(request, tmp_path, emulators):
    """Lend a room over an empty store of one adapter, with the indexes that ship."""
    if request.param == "sqlite":
        with closing(SqliteDocuments(tmp_path / "helpdesk.db", durable=False)) as opened:
            yield Room(opened)
    else:
        yield Room(firestore_documents(emulators))


def test_comments_are_read_page_by_page_behind_a_number_with_and_without_notes(room):
    for internal in (False, True, True, False, False):
        room.say(internal=internal)

    assert room.read(notes=False) == [(4, False), (7, False), (8, False)]
    assert room.read(notes=True, limit=2) == [(4, False), (5, True)]
    assert room.read(notes=True, limit=2, behind=5) == [(6, True), (7, False)]
    assert room.read(notes=True, limit=2, behind=7) == [(8, False)]
    assert room.read(notes=False, limit=2, behind=4) == [(7, False), (8, False)]
    assert room.read(notes=True, behind=8) == []


def test_one_comment_is_read_by_its_number_and_kind(room):
    reply, note = room.say(), room.say(internal=True)

    assert room.tickets.comment("T1CKET01", 4, internal=False) == reply
    assert room.tickets.comment("T1CKET01", 5, internal=True) == note
    with pytest.raises(NotFoundError):
        room.tickets.comment("T1CKET01", 5, internal=False)


def test_a_ticket_without_comments_has_an_empty_page(room):
    assert room.read(notes=True) == []


def test_loads_follow_a_ticket_wherever_it_goes(room):
    def back(ticket, now):
        return asked_back(ticket, assignee=MOD, now=now)

    def sets(status):
        return lambda it, now: edited(it, Edits(status=status), assignee=MOD, now=now)

    def seen():
        loads = room.loads()
        return room.ticket.status.value, loads["mod"], loads["other"]

    stations = [seen()]
    for change in (
        lambda it, now: handed_to(it, OTHER, now=now),
        sets(Status.WAITING),
        back,
        lambda it, now: given_back(it, now=now),
        lambda it, now: it.assigned_to(MOD, now=now),
        sets(Status.RESOLVED),
        back,
    ):
        room.save(change)
        stations.append(seen())

    assert stations == [
        ("assigned", 1, 0),
        ("assigned", 0, 1),
        ("waiting", 0, 0),
        ("in_progress", 0, 1),
        ("triaged", 0, 0),
        ("assigned", 1, 0),
        ("resolved", 0, 0),
        ("assigned", 1, 0),
    ]
    assert room.ticket.seq == 10


def test_a_hand_over_says_when_the_ticket_came(room):
    room.save(lambda it, now: handed_to(it, OTHER, now=now), Action.HANDED_OVER, now=LATER)

    loads = room.users.loads(["mod", "other"])

    assert loads["other"].last_assigned_at == LATER
    assert loads["mod"].last_assigned_at == NOW


def test_a_late_word_of_an_earlier_giving_marks_nothing(room):
    first = event_of(EventType.TICKET_ASSIGNED, room.ticket, an_entry(), now=NOW)
    room.save(lambda it, now: handed_to(it, OTHER, now=now), Action.HANDED_OVER)
    second = event_of(EventType.TICKET_UPDATED, room.ticket, an_entry(), now=NOW)

    room.documents.commit([notified(first, LATER)])
    late = room.ticket.notified_at
    room.documents.commit([notified(second, LATER)])

    assert late is None
    assert room.ticket.notified_at == LATER


def test_a_persons_word_is_kept_as_a_label_and_the_latest_counts(room):
    for priority in (Priority.LOW, Priority.MEDIUM):
        edits = Edits(priority=priority)
        room.save(lambda it, now, e=edits: edited(it, e, assignee=None, now=now), now=LATER)

    label = room.documents.get("labels/T1CKET01.priority").data
    assert (label["human"], label["machine"], label["by"]) == ("medium", "high", "mod")
    assert (label["confidence"], label["at"]) == (0.9, LATER)
    assert room.documents.get("labels/T1CKET01.category") is None


def test_what_loses_against_another_change_leaves_nothing(room):
    before = room.ticket
    room.say(cause="theirs")

    with pytest.raises(ConflictError):
        room.say(internal=True, cause="mine", before=before)
    with pytest.raises(ConflictError):
        room.say(once=KEY, before=before)

    assert room.read(notes=True) == [(4, False)]
    assert room.ticket.notes == 0
    assert room.tickets.mark(KEY) is None
    assert room.loads() == {"mod": 1, "other": 0}


def test_a_change_that_was_made_already_is_known_by_its_cause(room):
    before = room.ticket
    room.say(cause="c1")

    with pytest.raises(AlreadyExistsError) as refused:
        room.say(cause="c1", before=before)

    assert not isinstance(refused.value, ConflictError)
    assert room.ticket.replies == 1


def test_a_comment_is_remembered_by_its_key_for_a_day(room):
    made = room.say(once=KEY)

    mark = room.tickets.mark(KEY)

    known = remembered(mark, KEY, now=NOW)
    assert known
    assert comment_from(known["comment"]) == made
    assert remembered(mark, KEY, now=NOW + REMEMBERED) is None
    with pytest.raises(MismatchError):
        remembered(mark, replace(KEY, fingerprint="another"), now=NOW)


def test_one_key_makes_one_comment(room):
    room.say(once=KEY)

    with pytest.raises(ConflictError):  # whoever asks again finds the mark, and the comment in it
        room.say(once=KEY)

    assert room.read(notes=True) == [(4, False)]
    assert (room.ticket.seq, room.ticket.replies) == (4, 1)
