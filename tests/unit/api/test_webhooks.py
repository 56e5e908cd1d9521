"""The carrier's word: only what SendGrid signed just now is heard, and it has one effect."""

import base64
import json
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.app import create_app
from api.openapi import document
from api.webhooks import AGE_MOST_S, BODY_MOST, EVENTS_MOST, SIGNATURE, TIMESTAMP, webhooks
from helpdesk import events
from helpdesk.claims import Claims
from helpdesk.documents import Create, Update
from helpdesk.errors import InvalidInputError
from helpdesk.events import EventType
from helpdesk.outbox import Outbox
from tests.builders import NOW, an_event
from tests.stands import Faulty, Tray
from tests.unit.api.desk import is_problem

PATH = "/api/webhooks/sendgrid"
KEY = ec.generate_private_key(ec.SECP256R1())
GIVEN = an_event(id="T1.assigned.3", type=EventType.TICKET_ASSIGNED, subject="T1", data={"seq": 3})
LETTER, OTHER, ABSENT = "a" * 64, "b" * 64, "c" * 64
AT = int(NOW.timestamp())


def no_desk():
    """Stand in for a desk: these routes need none."""


def public(key):
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(body, *, at=AT, key=KEY):
    """Return the headers with which SendGrid would send a body."""
    signature = key.sign(str(at).encode() + body, ec.ECDSA(SHA256()))
    return {SIGNATURE.name: base64.b64encode(signature).decode(), TIMESTAMP.name: str(at)}


def told(event, mail_id=LETTER, **changes):
    """Return one event in SendGrid's shape."""
    return {
        "email": "mod@example.com",
        "timestamp": AT,
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": event,
        "sg_event_id": "ZGVsaXZlcmVkLTAtMTIzNDU2Nzgt",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "mail_id": mail_id,
        **changes,
    }


def bodied(*events):
    return json.dumps(events).encode()


@pytest.fixture
def store(documents):
    documents.commit([Create("tickets/T1", {"title": "Printer"})])
    for name in (LETTER, OTHER):
        claim = {
            "kind": "ticket-assigned", "ticket_id": "T1", "state": "unknown", "attempts": 1,
            "updated_at": NOW, "envelope": events.encode(GIVEN),
        }  # fmt: skip
        documents.commit([Create(f"mail/{name}", claim)])
    return Faulty(documents)


@pytest.fixture
def routes(store, clock):
    """Return what makes the routes, with a key or without."""

    def made(key):
        outbox = Outbox(documents=store, bus=Tray(), clock=clock)
        claims = Claims(documents=store, outbox=outbox, clock=clock)
        return webhooks(lambda: claims, key=key, clock=clock)

    return made


@pytest.fixture
def client(routes):
    return create_app(no_desk, routes=routes(public(KEY))).test_client()


@pytest.fixture
def post(client):
    def sent(body, headers=None):
        given = {
            "Content-Type": "application/json",
            **(signed(body) if headers is None else headers),
        }
        return client.post(PATH, data=body, headers=given)

    return sent


def state(store, name=LETTER):
    return store.get(f"mail/{name}").data["state"]


@pytest.mark.parametrize(
    ("event", "after"),
    [
        ("processed", "accepted"),
        ("deferred", "accepted"),
        ("delivered", "accepted"),
        ("open", "accepted"),
        ("click", "accepted"),
        ("bounce", "refused"),
        ("blocked", "refused"),
        ("dropped", "refused"),
    ],
)
def test_what_the_carrier_tells_settles_a_letter(post, store, event, after):
    answer = post(bodied(told(event)))

    assert (answer.status_code, answer.data) == (204, b"")
    assert state(store) == after
    assert state(store, OTHER) == "unknown"
    assert (store.get("tickets/T1").data.get("told_3") == NOW) is (after == "accepted")


def test_many_letters_are_settled_at_once(post, store):
    answer = post(bodied(told("delivered"), told("bounce", OTHER)))

    assert answer.status_code == 204
    assert (state(store), state(store, OTHER)) == ("accepted", "refused")


def test_an_event_that_comes_twice_has_one_effect(post, store, clock):
    body = bodied(told("delivered"), told("delivered"))
    post(body)
    before = store.get(f"mail/{LETTER}"), store.get("tickets/T1")
    clock.tick(seconds=AGE_MOST_S)

    answers = [post(body), post(bodied(told("delivered")))]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert (store.get(f"mail/{LETTER}"), store.get("tickets/T1")) == before


def test_a_bounce_after_the_delivery_is_a_loss(post, store):
    post(bodied(told("delivered")))

    answer = post(bodied(told("bounce", sg_event_id="Ym91bmNl")))

    assert answer.status_code == 204
    assert state(store) == "refused"


@pytest.mark.parametrize("order", [("bounce", "processed"), ("processed", "bounce")])
def test_of_many_words_in_one_body_a_loss_is_the_last(post, store, order):
    post(bodied(*[told(event) for event in order]))

    assert state(store) == "refused"
    assert "told_3" not in store.get("tickets/T1").data


@pytest.mark.parametrize(
    "odd",
    [
        told("unsubscribe"),
        told("spamreport"),
        told(["delivered"]),
        told("delivered", "A" * 64),
        told("delivered", "a" * 63),
        told("delivered", "a" * 64 + "\n"),
        told("delivered", "../tickets/T1"),
        told("delivered", [LETTER]),
        told("delivered", None),
        {"event": "delivered"},
        {"mail_id": LETTER},
        {},
        [],
        "delivered",
        None,
        7,
    ],
)
def test_an_event_of_no_concern_is_counted_and_ignored(post, store, lines, odd):
    answer = post(bodied(odd, told("delivered", OTHER)))

    assert answer.status_code == 204
    assert (state(store), state(store, OTHER)) == ("unknown", "accepted")
    counts = {line["message"]: line.get("count") for line in lines()}
    assert counts["events ignored"] == 1
    assert counts["letters heard of"] == 1


def test_a_letter_that_is_not_there_is_ignored(post, store, lines):
    answer = post(bodied(told("delivered", ABSENT)))

    assert answer.status_code == 204
    assert store.get(f"mail/{ABSENT}") is None
    assert {line["message"]: line.get("count") for line in lines()}["letters heard of"] == 0


def test_no_event_is_no_fault(post):
    assert post(b"[]").status_code == 204


@pytest.mark.parametrize("age", [AGE_MOST_S, 0, -AGE_MOST_S])
def test_a_signature_of_these_minutes_is_taken(post, store, age):
    body = bodied(told("delivered"))

    answer = post(body, signed(body, at=AT - age))

    assert answer.status_code == 204
    assert state(store) == "accepted"


@pytest.mark.parametrize("age", [AGE_MOST_S + 1, -AGE_MOST_S - 1, AT, 10**6, -(10**11)])
def test_a_signature_of_another_time_is_refused(post, store, age):
    body = bodied(told("delivered"))

    answer = post(body, signed(body, at=AT - age))

    assert is_problem(answer, 401)
    assert state(store) == "unknown"


def test_a_body_sent_again_later_is_refused(post, store, clock):
    body = bodied(told("delivered"))
    clock.tick(seconds=AGE_MOST_S + 1)

    answer = post(body)

    assert is_problem(answer, 401)
    assert state(store) == "unknown"


GOOD = signed(bodied(told("delivered")))
SIGNED = base64.b64decode(GOOD[SIGNATURE.name])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SIGNATURE.name: GOOD[SIGNATURE.name]},
        {TIMESTAMP.name: GOOD[TIMESTAMP.name]},
        {**GOOD, SIGNATURE.name: ""},
        {**GOOD, SIGNATURE.name: "not base64!"},
        {**GOOD, SIGNATURE.name: "\u00e4\u00e4\u00e4\u00e4"},
        {**GOOD, SIGNATURE.name: "AAAA"},
        {**GOOD, SIGNATURE.name: GOOD[SIGNATURE.name] + ", " + GOOD[SIGNATURE.name]},
        {**GOOD, SIGNATURE.name: base64.b64encode(SIGNED[:-1]).decode()},
        {**GOOD, SIGNATURE.name: base64.b64encode(SIGNED + b"x").decode()},
        {**GOOD, SIGNATURE.name: base64.b64encode(bytes([48, 0])).decode()},
        {**GOOD, TIMESTAMP.name: ""},
        {**GOOD, TIMESTAMP.name: "now"},
        {**GOOD, TIMESTAMP.name: f"{AT}.0"},
        {**GOOD, TIMESTAMP.name: f"+{AT}"},
        {**GOOD, TIMESTAMP.name: f"0{AT}"},
        {**GOOD, TIMESTAMP.name: f"{AT + 1}"},
        {**GOOD, TIMESTAMP.name: "9" * 13},
        {**GOOD, TIMESTAMP.name: "\u0661\u0662"},
        signed(bodied(told("bounce"))),
        signed(bodied(told("delivered")), key=ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_what_is_not_signed_as_it_came_is_refused(post, store, headers):
    answer = post(bodied(told("delivered")), headers)

    assert is_problem(answer, 401)
    assert "WWW-Authenticate" in answer.headers
    assert state(store) == "unknown"


def test_the_same_events_written_differently_are_refused(post, store):
    body = bodied(told("delivered"))
    again = json.dumps(json.loads(body), separators=(",", ":")).encode()

    answer = post(again, signed(body))

    assert is_problem(answer, 401)
    assert state(store) == "unknown"


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_heard(routes, store, key):
    body = bodied(told("delivered"))
    client = create_app(no_desk, routes=routes(key)).test_client()

    answers = [client.post(PATH, data=body, headers=signed(body)), client.post(PATH, data=body)]

    assert all(is_problem(answer, 503) for answer in answers)
    assert state(store) == "unknown"


@pytest.mark.parametrize(
    "key",
    [
        "not base64!",
        "AAAA",
        "\u00e4",
        public(KEY)[:-8],
        pytest.param(public(ec.generate_private_key(ec.SECP384R1())), id="another curve"),
        pytest.param(public(ed25519.Ed25519PrivateKey.generate()), id="no curve"),
    ],
)
def test_a_key_that_is_none_is_refused_at_the_start(routes, key):
    with pytest.raises(InvalidInputError):
        routes(key)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"[", 400), (b"\xff", 400), (b"[NaN]", 400), (b'[{"a":1,"a":2}]', 400),
        (b"[" * 30 + b"]" * 30, 400), (b"{}", 422), (b"null", 422), (b'"x"', 422),
        (b"[" + b"0," * EVENTS_MOST + b"0]", 422),
    ],
)  # fmt: skip
def test_what_is_signed_and_no_list_of_events_is_refused(post, body, status):
    assert is_problem(post(body), status)


def test_as_many_events_as_allowed_are_read(post, store):
    body = bodied(*[0] * (EVENTS_MOST - 1), told("delivered"))

    assert post(body).status_code == 204
    assert state(store) == "accepted"


def padded(size):
    body = bodied(told("delivered"))
    return body + b" " * (size - len(body))


def test_a_body_of_one_megabyte_is_read_and_one_byte_more_is_not(post, store):
    refused = post(padded(BODY_MOST + 1))
    before = state(store)
    taken = post(padded(BODY_MOST))

    assert is_problem(refused, 413)
    assert refused.json["detail"] == f"the body has more than {BODY_MOST} bytes"
    assert before == "unknown"
    assert taken.status_code == 204


def test_a_body_that_hides_its_length_is_measured_all_the_same(client):
    def chunked(body):
        return client.post(
            PATH,
            input_stream=BytesIO(body),
            headers=signed(body),
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )

    assert is_problem(chunked(padded(BODY_MOST + 1)), 413)
    assert chunked(padded(BODY_MOST)).status_code == 204


def test_a_letter_that_somebody_changes_just_now_is_told_of_again(post, store):
    change = Update(f"mail/{LETTER}", {"attempts": 7})
    store.interrupt(lambda: store.commit([change]))
    body = bodied(told("delivered"), told("delivered", OTHER))

    first = post(body)
    states = state(store), state(store, OTHER)
    second = post(body)

    assert is_problem(first, 503)
    assert states == ("unknown", "accepted")
    assert second.status_code == 204
    assert state(store) == "accepted"


def test_a_store_that_is_down_is_told_again(post, store):
    store.arm("before", 1)
    body = bodied(told("delivered"))

    answers = [post(body), post(body)]

    assert is_problem(answers[0], 503)
    assert "Retry-After" in answers[0].headers
    assert answers[1].status_code == 204


def test_only_posting_is_allowed(client):
    assert is_problem(client.get(PATH), 405)


def test_the_route_is_described(routes):
    described = json.loads(document(routes(None)))["paths"][PATH]["post"]

    assert set(described["responses"]) == {"204", "400", "401", "413", "422", "500", "503"}
    assert {each["name"] for each in described["parameters"]} == {SIGNATURE.name, TIMESTAMP.name}
    assert all(each["required"] for each in described["parameters"])
    assert described["requestBody"]["required"]
    assert str(BODY_MOST) in described["requestBody"]["description"]
    assert list(described["requestBody"]["content"]) == ["application/json"]
    assert described["security"] == []
