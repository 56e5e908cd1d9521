"""The shapes of requests and answers: what we write is what the models say."""

from dataclasses import fields, replace

import pytest
from pydantic import ValidationError

from api.account_schemas import (
    LogIn,
    Refresh,
    SessionView,
    SignUp,
    StaffUserView,
    UserView,
    session_view,
    user_view,
)
from api.http import json_response
from api.sessions import LoggedIn
from api.ticket_requests import ListTickets, NewTicket
from api.ticket_schemas import (
    ProvenanceView,
    StaffTicketLine,
    StaffTicketView,
    TicketLine,
    TicketView,
    VerdictView,
    ticket_line,
    ticket_view,
    verdict_view,
)
from helpdesk.ticket import Status
from helpdesk.verdict import Provenance, Source
from tests.builders import NOW, a_moderator, a_ticket, a_user, a_verdict

NEW = a_ticket()
DONE = (
    NEW.triaged(a_verdict(), now=NOW)
    .assigned_to(a_moderator(), now=NOW)
    .moved(Status.RESOLVED, now=NOW)
)
OVERRULED = replace(DONE, sources={**DONE.sources, "priority": Source.HUMAN})


def on_the_wire(view):
    return json_response(200, view, {}).json


@pytest.mark.parametrize("ticket", [NEW, DONE, OVERRULED])
@pytest.mark.parametrize(
    ("view", "model"),
    [
        (lambda ticket: ticket_line(ticket, staff=False), TicketLine),
        (lambda ticket: ticket_line(ticket, staff=True), StaffTicketLine),
        (lambda ticket: ticket_view(ticket, staff=False), TicketView),
        (lambda ticket: ticket_view(ticket, staff=True), StaffTicketView),
    ],
)
def test_a_ticket_is_written_in_the_shape_of_its_model(ticket, view, model):
    written = on_the_wire(view(ticket))

    assert set(written) == set(model.model_fields)
    assert model.model_validate(written).id == ticket.id


def test_a_verdict_is_written_whole():
    written = on_the_wire(verdict_view(a_verdict()))

    assert set(written) == set(VerdictView.model_fields)
    assert VerdictView.model_validate(written).helpful_notes == "Call the fire brigade."
    assert set(ProvenanceView.model_fields) == {field.name for field in fields(Provenance)}


def test_a_session_is_written_whole():
    logged_in = LoggedIn(user=a_user(), access_token="a", refresh_token="r", expires_in=600)

    written = on_the_wire(session_view(logged_in))

    assert set(written) == set(SessionView.model_fields)
    assert SessionView.model_validate(written).user.id == "asker"


def test_a_user_shows_nothing_but_these():
    written = on_the_wire(user_view(a_moderator(skills=("SQL",), capacity=3)))

    assert set(written) == set(StaffUserView.model_fields)
    assert written["skills"] == ["SQL"]
    assert set(on_the_wire(user_view(a_user()))) == set(UserView.model_fields)


@pytest.mark.parametrize("model", [SignUp, LogIn, Refresh, NewTicket])
def test_a_request_guesses_no_types_and_takes_nothing_unknown(model):
    right = dict.fromkeys(model.model_fields, "text")

    assert model.model_validate(right)
    for name in model.model_fields:
        for wrong in (1, 1.5, True, None, b"text", ["text"], {"text": 1}):
            with pytest.raises(ValidationError):
                model.model_validate({**right, name: wrong})
    with pytest.raises(ValidationError):
        model.model_validate({**right, "more": "text"})


def test_a_query_is_text_that_is_read():
    query = ListTickets.model_validate({"limit": "7", "status": "in_progress"})

    assert (query.limit, query.status, query.cursor) == (7, (Status.IN_PROGRESS,), None)


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("open", [each for each in Status if each not in {Status.RESOLVED, Status.CLOSED}]),
        ("closed,new", [Status.NEW, Status.CLOSED]),
        ("new,open,resolved,new", [each for each in Status if each is not Status.CLOSED]),
    ],
)
def test_statuses_are_read_in_one_order(text, statuses):
    assert ListTickets.model_validate({"status": text}).status == tuple(statuses)


@pytest.mark.parametrize("text", ["", ",", "new,", "New", "new, closed", "opened", None, 1])
def test_a_status_that_is_none_is_refused(text):
    with pytest.raises(ValidationError):
        ListTickets.model_validate({"status": text})
