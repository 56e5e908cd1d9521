"""SendGrid over the wire: what it is handed, and what is known of a letter afterwards."""

import logging
import socket
import struct
import threading
from dataclasses import replace

import pytest

from emulated.sendgrid import KEY, SendGridServer, cut_off, failed, slow
from emulated.server import Answer, Ending, Fault
from helpdesk.errors import InvalidInputError, OutsideError
from helpdesk.ports import Letter, Outcome
from notify.sendgrid_mailer import SendGridMailer

SENDER = "Helpdesk <desk@example.com>"
LETTER = Letter(
    id="m1",
    to="ada@example.com",
    subject="[T1] high: \u00fcber",
    text="Hello \U0001f600,\n\nthis is yours.\n",
    html="<p>Hello</p>",
    ticket_id="T1",
)


@pytest.fixture
def server():
    with SendGridServer() as running:
        yield running


def connected(url, *, key=KEY, sender=SENDER, timeout_s=10.0):
    return SendGridMailer.connect(api_key=key, sender=sender, url=url, timeout_s=timeout_s)


@pytest.fixture
def mailer(server):
    return connected(server.url)


def reasons(caplog):
    return [record.reason for record in caplog.records if hasattr(record, "reason")]


def test_a_letter_is_handed_over_whole(server, mailer):
    outcome = mailer.send(LETTER)

    (carried,) = server.letters
    assert outcome is Outcome.ACCEPTED
    assert (carried.to, carried.subject) == (LETTER.to, LETTER.subject)
    assert (carried.text, carried.html) == (LETTER.text, LETTER.html)
    assert carried.about == {"mail_id": "m1", "ticket_id": "T1"}
    assert carried.body["from"] == {"email": "desk@example.com", "name": "Helpdesk"}
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_letter_says_that_a_machine_wrote_it_and_is_not_followed(server, mailer):
    mailer.send(LETTER)

    (carried,) = server.letters
    assert carried.body["headers"] == {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert carried.body["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
    }
    assert "categories" not in carried.body


def test_what_a_letter_does_not_have_is_left_out(server):
    mailer = connected(server.url, sender="desk@example.com")

    mailer.send(replace(LETTER, html="", ticket_id=""))

    (carried,) = server.letters
    assert [part["type"] for part in carried.body["content"]] == ["text/plain"]
    assert carried.about == {"mail_id": "m1"}
    assert carried.body["from"] == {"email": "desk@example.com"}


def test_a_letter_that_is_sent_again_is_carried_again(server, mailer):
    outcomes = [mailer.send(LETTER) for _ in range(2)]

    assert not mailer.idempotent
    assert outcomes == [Outcome.ACCEPTED] * 2
    assert len({carried.message_id for carried in server.letters}) == 2


@pytest.mark.parametrize("status", [400, 413])
def test_a_letter_the_carrier_refuses_is_refused_for_good(server, mailer, caplog, status):
    server.plan(failed(status))

    assert mailer.send(LETTER) is Outcome.REFUSED

    assert reasons(caplog) == [f"refused by the carrier: {status}"]
    assert "planned" not in caplog.text
    assert server.letters == []


@pytest.mark.parametrize(
    "changes",
    [{"to": "nobody"}, {"to": ""}, {"subject": ""}, {"text": ""}, {"html": "", "text": ""}],
)
def test_a_letter_that_is_not_sound_is_refused(server, mailer, changes):
    assert mailer.send(replace(LETTER, **changes)) is Outcome.REFUSED

    assert server.letters == []


@pytest.mark.parametrize("name", ["to", "subject", "id", "ticket_id"])
@pytest.mark.parametrize("ending", ["\r", "\n", "\r\nBcc: eve@example.com"])
def test_a_letter_that_would_make_headers_is_not_even_tried(server, mailer, caplog, name, ending):
    letter = replace(LETTER, **{name: "ada@example.com" + ending})

    assert mailer.send(letter) is Outcome.REFUSED

    assert reasons(caplog) == ["a header of more than one line"]
    assert server.requests == []


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_an_error_that_says_nothing_was_taken_is_worth_another_try(server, mailer, status):
    server.plan(failed(status, X_RateLimit_Reset="1"))

    with pytest.raises(OutsideError) as caught:
        mailer.send(LETTER)

    assert str(caught.value) == f"SendGrid answered {status}"
    assert len(server.requests) == 1


def test_a_wrong_key_hands_nothing_over(server):
    with pytest.raises(OutsideError, match="401"):
        connected(server.url, key="SG.wrong").send(LETTER)

    assert server.letters == []


@pytest.mark.parametrize("status", [200, 204, 304, 501, 502, 504, 599])
def test_an_answer_that_does_not_say_is_unknown(server, mailer, caplog, status):
    server.plan(failed(status))

    assert mailer.send(LETTER) is Outcome.UNKNOWN

    assert reasons(caplog) == [f"the carrier answered {status}"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("ending", [Ending.CLOSED, Ending.RESET])
def test_a_connection_that_dies_behind_the_letter_leaves_it_unknown(server, mailer, caplog, ending):
    server.plan(cut_off(ending))

    assert mailer.send(LETTER) is Outcome.UNKNOWN

    assert reasons(caplog) == ["the carrier did not answer"]
    assert len(server.letters) == len(server.requests) == 1


def test_a_carrier_that_takes_too_long_to_answer_leaves_it_unknown(server):
    server.plan(slow(30))

    assert connected(server.url, timeout_s=0.2).send(LETTER) is Outcome.UNKNOWN

    assert len(server.letters) == 1


def test_an_answer_that_breaks_off_leaves_it_unknown(server, mailer):
    def half(_):
        return Answer(status=202, headers={"Transfer-Encoding": "chunked"}, body=b"no chunk")

    server.plan(Fault(instead=half))

    assert mailer.send(LETTER) is Outcome.UNKNOWN


def test_a_carrier_that_is_down_was_handed_nothing(server, mailer):
    server.stop()

    with pytest.raises(OutsideError, match="reached"):
        mailer.send(LETTER)


def test_a_carrier_nobody_knows_was_handed_nothing():
    with pytest.raises(OutsideError, match="reached"):
        connected("http://helpdesk.invalid").send(LETTER)


def test_a_carrier_that_does_not_speak_tls_was_handed_nothing(server):
    mailer = connected(server.url.replace("http:", "https:"), timeout_s=5)

    with pytest.raises(OutsideError, match="reached"):
        mailer.send(LETTER)

    assert server.letters == []


def test_a_carrier_that_does_not_pick_up_was_handed_nothing():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))

        with pytest.raises(OutsideError, match="reached"):
            connected(f"http://127.0.0.1:{port}", timeout_s=0.3).send(LETTER)

        for each in waiting:
            each.close()


def test_a_connection_that_dies_within_the_letter_handed_nothing_over():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up():
            connection, _ = listening.accept()
            connection.recv(1_000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        long = replace(LETTER, text="x" * 20_000_000)
        with pytest.raises(OutsideError, match="reached"):
            connected(f"http://127.0.0.1:{listening.getsockname()[1]}").send(long)
        thread.join()


def test_neither_the_key_nor_the_letter_is_logged(server, mailer, caplog):
    caplog.set_level(logging.DEBUG)
    server.plan(failed(400), cut_off())

    for _ in range(3):
        mailer.send(LETTER)

    facts = str([record.__dict__ for record in caplog.records])
    assert KEY not in facts
    assert "ada@" not in facts
    assert "yours" not in facts


@pytest.mark.parametrize("key", ["", "SG.x\n", "SG.\x00", "SG.\u20ac"])
def test_a_key_that_is_none_is_not_tried_nor_repeated(key):
    with pytest.raises(InvalidInputError) as caught:
        connected("", key=key)

    assert "SG." not in str(caught.value)


def test_the_real_sendgrid_is_asked_at_its_own_address_and_not_for_ever():
    mailer = connected("")

    assert mailer._client.client.host == "https://api.sendgrid.com"
    assert mailer._client.client.timeout == 10.0
