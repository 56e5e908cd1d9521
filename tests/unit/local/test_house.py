"""The house: one to a folder, from a posted ticket to a letter, and nothing lost on the way."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from helpdesk.documents import Create
from helpdesk.errors import OutsideError
from helpdesk.ports import Timer
from helpdesk.ticket import Status
from helpdesk.verdict import Source
from local import house as rooms
from local.house import House, TakenError, locked
from local.people import PASSWORD, seed
from local.queue import Backoff, Message
from tests.unit.api.desk import SETTINGS, Visitor, is_problem
from upkeep import rounds
from upkeep.relay import relay_outbox

UNKNOWN = {
    "state": "unknown", "kind": "user-signed-up", "envelope": "", "ticket_id": "", "attempts": 1,
    "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip


def viewer(house):
    client = house.app().test_client()
    answer = Visitor(client).post(
        "/api/auth/login", {"email": "viewer@demo.com", "password": PASSWORD}
    )
    return Visitor(client, answer.json)


def within(seconds, reached):
    """Look until something is so, and return it."""
    until = time.monotonic() + seconds
    while not (found := reached()):
        if time.monotonic() > until:
            return None
        time.sleep(0.01)
    return found


def waiting_events(house):
    with house.documents._database.reading() as connection:
        query = "SELECT id FROM documents WHERE collection = 'outbox'"
        return [row[0] for row in connection.execute(query)]


def parked(house):
    with house.documents._database.reading() as connection:
        query = "SELECT id FROM documents WHERE collection = 'parked'"
        return [row[0] for row in connection.execute(query)]


def test_a_folder_is_locked_for_one_house(tmp_path):
    folder = tmp_path / "new" / "folder"

    with locked(folder), pytest.raises(TakenError) as refusal:
        locked(folder)

    assert str(folder) in str(refusal.value)
    locked(folder).close()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")

    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(OutsideError) as refusal:
            locked(folder)
        assert str(folder) in str(refusal.value)


def test_a_lock_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "lock").mkdir()

    with pytest.raises(OutsideError) as refusal:
        locked(tmp_path)

    assert str(tmp_path / "lock") in str(refusal.value)


def test_a_damaged_file_keeps_the_house_shut(tmp_path):
    (tmp_path / "helpdesk.db").write_bytes(b"no database at all" * 99)

    with pytest.raises(OutsideError) as refusal:
        House(tmp_path, SETTINGS)

    assert "helpdesk.db" in str(refusal.value)


def test_a_posted_ticket_is_a_letter_within_a_second(house):
    seed(house)
    house.start()
    vic = viewer(house)

    filed = vic.file("MySQL is down", "No customer can order, the database is gone!").json

    assert within(1.0, lambda: house.tickets.get(filed["id"]).notified_at)
    ticket = house.tickets.get(filed["id"])
    [received] = house.mailbox.read(ticket_id=ticket.id)
    assert ticket.status is Status.ASSIGNED
    assert ticket.assignee_name == "Ines Databases"
    assert received.letter.to == "ines@demo.com"
    assert "No customer can order" in received.letter.text
    assert within(1.0, lambda: waiting_events(house) == [])
    assert vic.get(f"/api/tickets/{ticket.id}").json["status"] == "assigned"


def test_whoever_signs_up_gets_a_letter(house):
    house.start()
    body = {"email": "new@example.com", "password": "quite a private phrase"}

    Visitor(house.app().test_client()).post("/api/auth/signup", body)

    assert within(1.0, house.mailbox.count) == 1
    assert house.mailbox.read()[0].letter.to == "new@example.com"


def test_what_was_pending_at_the_end_is_delivered_after_the_next_start(tmp_path, house):
    seed(house)
    filed = viewer(house).file().json
    house.close()

    again = House(tmp_path / "house", SETTINGS)
    again.start()

    assert within(2.0, lambda: again.tickets.get(filed["id"]).notified_at)
    assert again.mailbox.count() == 1
    again.close()


def test_an_event_that_never_reached_the_bus_is_sent_at_the_next_start(tmp_path, house):
    seed(house)
    vic = viewer(house)
    send, house.outbox.send = house.outbox.send, lambda _event: False
    filed = vic.file().json
    house.outbox.send = send
    assert house.queue.waiting() == 0
    assert waiting_events(house) == [f"{filed['id']}.created.1"]
    house.close()

    again = House(tmp_path / "house", SETTINGS)
    again.start()

    assert within(2.0, lambda: again.tickets.get(filed["id"]).notified_at)
    again.close()


def test_an_event_that_never_reached_the_bus_is_swept_up_while_the_house_runs(house, monkeypatch):
    monkeypatch.setattr(rooms, "FOLD_S", 0.02)
    monkeypatch.setattr(rooms, "SWEEP_EVERY", 1)
    no_patience(monkeypatch)
    seed(house)
    house.start()
    send, house.outbox.send = house.outbox.send, lambda _event: False
    filed = viewer(house).file().json
    house.outbox.send = send

    assert within(2.0, lambda: house.tickets.get(filed["id"]).notified_at)


def test_a_sweep_that_fails_is_tried_again(house, monkeypatch, caplog):
    monkeypatch.setattr(rooms, "FOLD_S", 0.02)
    monkeypatch.setattr(rooms, "SWEEP_EVERY", 1)
    seed(house)
    house.start()
    send, house.outbox.send = house.outbox.send, lambda _event: False
    filed = viewer(house).file().json
    house.outbox.send = send
    rename(house, "documents", "elsewhere")
    no_patience(monkeypatch)
    assert not within(0.2, lambda: waiting_anywhere(house))

    assert "upkeep failed" in caplog.text  # nothing is swallowed
    rename(house, "elsewhere", "documents")

    assert within(2.0, lambda: house.tickets.get(filed["id"]).notified_at)


def test_a_timer_of_the_house_calls_its_upkeep(house):
    house.documents.commit([Create("mail/a1", UNKNOWN)])
    house.start()

    house._timers.set(Timer(name="a1", due_at=house.clock.now(), about="mail:a1"))

    assert within(2.0, lambda: house.documents.get("mail/a1").data["state"] == "given_up")


def test_a_timer_about_nothing_known_is_told_and_dropped(house, caplog):
    house.start()

    house._timers.set(Timer(name="a1", due_at=house.clock.now(), about="nothing:known"))

    assert within(2.0, lambda: "timer refused" in caplog.text)
    assert within(2.0, lambda: house.queue.waiting() == 0)


def test_a_night_comes_by_itself(house, monkeypatch):
    monkeypatch.setattr(rooms, "FOLD_S", 0.02)
    monkeypatch.setattr(rooms, "SWEEP_EVERY", 1)
    house.documents.commit([Create("load/mod", {"open": 3})])

    house.start()

    assert within(2.0, lambda: house.documents.get("load/mod").data["open"] == 0)


def no_patience(monkeypatch):
    monkeypatch.setattr(rounds, "relay_outbox", partial(relay_outbox, older_than=timedelta(0)))


def rename(house, old, new):
    with house._file.writing() as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


def waiting_anywhere(house):
    return house.queue.waiting() > 1


class Unreachable:
    """A classifier whose vendor does not answer."""

    def classify(self, title, description):
        raise OutsideError(f"no answer to {len(title)} and {len(description)} characters")


def test_a_classifier_that_is_away_only_delays(tmp_path):
    quick = Backoff(first_s=0.01, most_s=0.02)
    house = House(tmp_path, SETTINGS, classifier=Unreachable(), backoff=quick)
    seed(house)
    house.start()

    filed = viewer(house).file().json

    assert within(3.0, lambda: house.tickets.get(filed["id"]).notified_at)
    ticket = house.tickets.get(filed["id"])
    assert ticket.needs_review
    assert ticket.sources["priority"] is Source.FALLBACK
    house.close()


def test_what_can_never_be_delivered_is_parked(tmp_path):
    house = House(tmp_path, SETTINGS, backoff=Backoff(first_s=0.01, most_s=0.01, attempts=2))
    house.queue.put_all([Message(target="triage", body="no event at all")])
    body = {"email": "lone@example.com", "password": "quite a private phrase"}
    lone = Visitor(house.app().test_client())
    session = lone.post("/api/auth/signup", body).json
    house.start()

    # Nobody is there who could take it, however often that is tried.
    filed = Visitor(house.app().test_client(), session).file().json

    assert within(3.0, lambda: len(parked(house)) == 2)
    assert house.tickets.get(filed["id"]).status is Status.TRIAGED
    assert any(name.endswith(".assign") for name in parked(house))
    house.close()


def test_closing_a_house_that_was_never_started_is_fine(tmp_path):
    House(tmp_path, SETTINGS).close()


def test_the_house_serves_the_api_and_its_own_pages(house):
    client = Visitor(house.app().test_client())

    assert client.get("/healthz").status_code == 200
    assert client.get("/").status_code == 200
    assert is_problem(client.get("/api/mailbox"), 401)
