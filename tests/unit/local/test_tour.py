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
    ids = file_tickets(url, sample(12))

    titles = sorted(house.tickets.get(ticket_id).title for ticket_id in ids)
    assert len(set(ids)) == 12
    assert titles == sorted(" ".join(each.title.split()) for each in sample(12))


def test_a_tour_ends_with_a_summary(house, url, capsys):
    house.start()

    assert show(house, url, 5, stopped=threading.Event())

    said = capsys.readouterr().out
    assert "5 of 5 tickets triaged, assigned and mailed in" in said
    assert sum(house.tickets.get(item["id"]).notified_at is not None for item in filed(house)) == 5


def filed(house):
    with house.documents._database.reading() as connection:
        query = "SELECT data FROM documents WHERE collection = 'tickets'"
        return [json.loads(row[0]) for row in connection.execute(query)]


def test_a_tour_whose_tickets_do_not_arrive_says_so(house, url, capsys, monkeypatch):
    monkeypatch.setattr(tour, "PATIENCE_S", 0.2)

    assert not show(house, url, 2, stopped=threading.Event())

    assert "0 of 2 tickets arrived" in capsys.readouterr().out


def test_a_tour_that_is_stopped_does_not_wait(house, url, capsys):
    stopped = threading.Event()
    stopped.set()

    show(house, url, 2, stopped=stopped)

    assert "0 of 2 tickets arrived" in capsys.readouterr().out


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
        file_tickets(url, sample(1))


def test_a_ticket_that_is_refused_is_said(url, monkeypatch):
    with pytest.raises(OutsideError) as refusal:
        file_tickets(url, [tour.Sample("", "no title")])

    assert "422" in str(refusal.value)
