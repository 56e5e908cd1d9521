"""The demo's tour: real tickets filed over HTTP, watched, and told of; what fails is said."""

import json
import socket
import threading

import pytest

from helpdesk.errors import OutsideError
from local.demo import tour
from local.demo.tour import file_tickets, sample, show
from local.people import seed
from local.server import Server
from tests.builders import a_ticket


@pytest.fixture
def url(house):
    """Serve the house, and return where."""
    seed(house)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(house.app(), listening, threads=4)
    server.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.stop()


def test_the_sample_holds_a_thousand_tickets_that_may_be_filed():
    found = sample(1_000)

    assert len(found) == len({each.title for each in found}) == 1_000
    assert all(0 < len(each.title) <= 200 for each in found)
    assert all(0 < len(each.description) <= 20_000 for each in found)
    assert sample(3) == found[:3]


def test_every_ticket_is_filed_once(house, url):
    ids = file_tickets(url, sample(12), stopped=threading.Event())

    titles = sorted(house.tickets.get(ticket_id).title for ticket_id in ids)
    assert len(set(ids)) == 12
    assert titles == sorted(" ".join(each.title.split()) for each in sample(12))


def test_a_tour_ends_with_a_summary(house, url, capsys):
    house.start()

    assert show(house.tickets, url, 5, stopped=threading.Event())

    said = capsys.readouterr().out
    assert "5 of 5 tickets triaged, assigned and mailed in" in said
    assert sum(house.tickets.get(item["id"]).notified_at is not None for item in filed(house)) == 5


def filed(house):
    with house.documents._database.reading() as connection:
        query = "SELECT data FROM documents WHERE collection = 'tickets'"
        return [json.loads(row[0]) for row in connection.execute(query)]


def test_a_tour_whose_tickets_do_not_arrive_says_so(house, url, capsys, monkeypatch):
    monkeypatch.setattr(tour, "PATIENCE_S", 0.2)

    assert not show(house.tickets, url, 2, stopped=threading.Event())

    assert "0 of 2 tickets arrived" in capsys.readouterr().out


def test_a_tour_that_is_stopped_before_it_began_files_nothing_and_is_no_failure(house, url, capsys):
    stopped = threading.Event()
    stopped.set()

    assert show(house.tickets, url, 2, stopped=stopped)

    assert "stopped when 0 of 2 tickets were filed" in capsys.readouterr().out
    assert filed(house) == []


def test_a_tour_that_is_stopped_while_it_files_tells_how_many_it_filed(house, url, capsys):
    stopped, opened = threading.Event(), house.tickets.open

    def stops_after_four(*arguments, **settings):
        if len(filed(house)) >= 4:
            stopped.set()
        return opened(*arguments, **settings)

    house.tickets.open = stops_after_four

    assert show(house.tickets, url, 100, stopped=stopped)

    said, count = capsys.readouterr().out, len(filed(house))
    assert 4 < count <= 4 + 2 * tour.CLIENTS  # each was at one, and began one more at most
    assert f"stopped when {count} of 100 tickets were filed" in said
    assert f"0 of {count} tickets arrived" in said


def test_a_tour_that_is_stopped_while_it_waits_counts_once_more(house, url, capsys):
    house.start()
    stopped, pause, get, looks = threading.Event(), threading.Event(), house.tickets.get, []

    def stopped_at_the_first_look(ticket_id):
        stopped.set()
        looks.append(ticket_id)
        if len(looks) <= 3:
            return a_ticket(id=ticket_id)
        while not get(ticket_id).notified_at:
            pause.wait(0.01)
        return get(ticket_id)

    house.tickets.get = stopped_at_the_first_look

    assert show(house.tickets, url, 3, stopped=stopped)

    assert "3 of 3 tickets triaged, assigned and mailed in" in capsys.readouterr().out


def test_on_a_terminal_the_way_is_shown(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    tour._progress(15, 30)

    assert (
        capsys.readouterr().out == f"\r  [{'#' * 15}{'.' * 15}] 15/30 triaged, assigned and mailed"
    )


def test_a_house_that_does_not_answer_is_said():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

    with pytest.raises((OSError, OutsideError)):
        file_tickets(url, sample(1), stopped=threading.Event())


def test_a_ticket_that_is_refused_is_said(url, monkeypatch):
    with pytest.raises(OutsideError) as refusal:
        file_tickets(url, [tour.Sample("", "no title")], stopped=threading.Event())

    assert "422" in str(refusal.value)
