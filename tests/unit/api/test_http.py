"""HTTP at the edge: only what can be read in one way comes in, and every error has one shape."""

import io
import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tuned
from hypothesis import strategies as st
from werkzeug import exceptions

from api import http
from api.http import BODY_MOST, STATUS, problem
from api.limits import TooManyError
from helpdesk import errors
from helpdesk.errors import HelpdeskError, InvalidInputError, OutsideError
from helpdesk.settings import SettingsError
from tests.builders import NOW
from tests.unit.api.desk import PASSWORD, PROBLEM, is_problem

BODIES = {
    "/api/auth/signup": {"email": "new@example.com", "password": PASSWORD, "name": "New"},
    "/api/auth/login": {"email": "new@example.com", "password": PASSWORD},
    "/api/auth/refresh": {"refresh_token": "x" * 43},
    "/api/tickets": {"title": "Title", "description": "Text"},
}
FIELDS = [(path, field) for path, body in BODIES.items() for field in body]
HOSTILE = {
    "null": "null",
    "object": '{"$gt": ""}',
    "array": '["a"]',
    "true": "true",
    "number": "17",
    "1e308": "1e308",
    "1e400": "1e400",
    "many digits": "9" * 5_000,
    "half a pair": '"\\ud800"',
    "half a pair in the middle": '"a\\udfffb@example.com"',
    "too long": '"' + "x" * 30_000 + '"',
}
ODD = {
    "empty": '""',
    "right to left": '"\\u202egpj.exe and more of it"',
    "zero width": '"zero\\u200bwidth and more of it"',
    "nul": '"nul\\u0000 and quite some more"',
    "line ends": '"a\\r\\nBcc: x@example.com"',
    "emoji": '"' + "\U0001f600" * 50 + '"',
    "html": '"<script>alert(1)</script>"',
    "sql": '"\' OR 1=1; DROP TABLE documents --"',
    "template": '"{{7*7}} ${jndi:ldap://x} %s %n"',
}


@pytest.fixture(scope="module")
def ada(battered):
    return battered.somebody("ada")


def sent(ada, path, raw, headers=None):
    return ada.post(path, raw if isinstance(raw, bytes) else raw.encode(), headers)


def with_field(path, field, value):
    """Return the body of a path as JSON text with one field's value replaced, whatever it is."""
    others = {name: value for name, value in BODIES[path].items() if name != field}
    return f'{json.dumps(others)[:-1]}{", " if others else ""}"{field}": {value}}}'


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_field_of_another_kind_is_refused(ada, path, field, value):
    answer = sent(ada, path, with_field(path, field, value))

    assert answer.status_code in {400, 422}
    assert is_problem(answer, answer.status_code)


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_an_odd_text_is_text_or_refused(ada, path, field, value):
    answer = sent(ada, path, with_field(path, field, value))

    assert answer.status_code in {200, 201, 401, 409, 422}
    assert answer.status_code < 300 or is_problem(answer, answer.status_code)


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_missing_field_is_named(ada, path, field):
    body = {name: value for name, value in BODIES[path].items() if name != field}

    answer = ada.post(path, body)

    if (path, field) == ("/api/auth/signup", "name"):
        assert answer.status_code in {201, 409}
    else:
        assert is_problem(answer, 422)
        assert [error["field"] for error in answer.json["errors"]] == [field]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@tuned(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(sorted(BODIES)), body=JSON, data=st.data())
def test_no_body_at_all_is_a_fault_of_ours(ada, path, body, data):
    if isinstance(body, dict):
        known = st.dictionaries(st.sampled_from(sorted(BODIES[path])), JSON, max_size=3)
        body |= data.draw(known)

    answer = ada.post(path, body)

    assert answer.status_code in {201, 400, 401, 409, 422}


@tuned(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(sorted(BODIES)), raw=st.binary(max_size=200))
def test_no_bytes_at_all_are_a_fault_of_ours(ada, path, raw):
    assert sent(ada, path, raw).status_code in {400, 422}


@tuned(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.sampled_from(["limit", "status", "cursor", "x"]), st.text()))
def test_no_query_at_all_is_a_fault_of_ours(ada, query):
    query = {name: value.encode(errors="replace") for name, value in query.items()}

    answer = ada.client.get("/api/tickets", query_string=query, headers=ada.headers())

    assert answer.status_code in {200, 422}


UNREADABLE = {
    "empty": b"",
    "blank": b"  ",
    "cut off": b'{"title": "x"',
    "two values": b"{}{}",
    "single quotes": b"{'title': 'x'}",
    "a comment": b"{/**/}",
    "NaN": b'{"title": NaN, "description": "x"}',
    "Infinity": b'{"title": Infinity, "description": "x"}',
    "-Infinity": b'{"title": -Infinity, "description": "x"}',
    "1e400": b'{"title": 1e400, "description": "x"}',
    "doubled key": b'{"title": "a", "title": "b", "description": "x"}',
    "doubled key inside": b'{"title": {"a": 1, "a": 2}, "description": "x"}',
    "doubled key, escaped": b'{"title": "a", "\\u0074itle": "b", "description": "x"}',
    "bad UTF-8": b'{"title": "\xff\xfe", "description": "x"}',
    "overlong UTF-8": b'{"title": "\xc0\xaf", "description": "x"}',
    "surrogate in UTF-8": b'{"title": "\xed\xa0\x80", "description": "x"}',
    "UTF-16": '{"title": "a", "description": "x"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"title": "a", "description": "x"}',
    "a control character": b'{"title": "a\nb", "description": "x"}',
    "nul byte": b'{"title": "a"}\0',
    "21 deep": b'{"title": ' + b"[" * 20 + b"1" + b"]" * 20 + b', "description": "x"}',
    "30,000 deep": b"[" * 30_000 + b"]" * 30_000,
    "30,000 objects deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_two_readers_may_read_in_two_ways_is_refused(ada, raw):
    assert is_problem(sent(ada, "/api/tickets", raw), 400)


@pytest.mark.parametrize("raw", [b"[]", b"null", b'"text"', b"1", b"true", b"[{}]"])
def test_a_body_that_is_no_object_is_refused(ada, raw):
    answer = sent(ada, "/api/tickets", raw)

    assert is_problem(answer, 422)


@pytest.mark.parametrize(
    "kind",
    [
        None, "", "text/plain", "text/json", "application/x-www-form-urlencoded", "json",
        "multipart/form-data; boundary=x", "application/json-seq", "application/problem+json",
        "text/plain, application/json",
    ],
)  # fmt: skip
def test_another_content_type_is_refused(ada, kind):
    headers = ada.headers({"Content-Type": kind} if kind is not None else {})

    answer = ada.client.post("/api/tickets", data=b"{}", headers=headers)

    assert is_problem(answer, 415)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_say_its_charset(ada, kind):
    answer = ada.post("/api/tickets", BODIES["/api/tickets"], {"Content-Type": kind})

    assert answer.status_code == 201


def padded(size):
    body = json.dumps(BODIES["/api/tickets"]).encode()
    return body + b" " * (size - len(body))


def test_a_body_of_64_kb_is_read_and_one_byte_more_is_not(ada):
    assert ada.post("/api/tickets", padded(BODY_MOST)).status_code == 201
    assert is_problem(ada.post("/api/tickets", padded(BODY_MOST + 1)), 413)


def test_a_body_that_hides_its_length_is_measured_all_the_same(ada):
    def chunked(raw):
        return ada.client.post(
            "/api/tickets",
            input_stream=io.BytesIO(raw),
            headers=ada.headers({"Content-Type": "application/json"}),
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )

    assert chunked(padded(BODY_MOST)).status_code == 201
    assert is_problem(chunked(padded(BODY_MOST + 1)), 413)


class Cut(io.BytesIO):
    """A body that the server cannot read to its end, each in its own words."""

    def read(self, *_size):
        raise EOFError("secret of the server: chunk size zz")

    readinto = read


@pytest.mark.parametrize("path", ["/api/tickets", "/api/auth/login"])
def test_a_body_that_breaks_off_is_the_callers_fault(ada, path):
    answer = ada.client.post(
        path,
        input_stream=Cut(),
        headers=ada.headers({"Content-Type": "application/json"}),
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert is_problem(answer, 400)
    assert answer.json["detail"] == "the body breaks off"


def test_a_body_shorter_than_announced_is_the_callers_fault(ada):
    answer = ada.client.post(
        "/api/tickets",
        input_stream=io.BytesIO(b"{}"),
        headers=ada.headers({"Content-Type": "application/json"}),
        environ_overrides={"CONTENT_LENGTH": "10"},
    )

    assert is_problem(answer, 400)


TWO_NAMES = [
    [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
    [("Authorization", "Bearer {token}"), ("Authorization", "Basic YTpi")],
    [("Authorization", "Bearer x"), ("Authorization", "Bearer {token}")],
    [("Authorization", "Bearer {token},Bearer {token}")],
    [("Authorization", "Bearer {token}, Basic YTpi")],
    [("Authorization", ",Bearer {token}")],
    [("Authorization", "Bearer {token},")],
    [("Authorization", ",")],
]


@pytest.mark.parametrize("headers", TWO_NAMES, ids=range(len(TWO_NAMES)))
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/auth/me"), ("POST", "/api/tickets")])
def test_who_says_two_names_has_said_none(ada, headers, method, path):
    given = [(name, value.format(token=ada.token)) for name, value in headers]

    answer = ada.client.open(path, method=method, headers=given)

    assert is_problem(answer, 400)
    assert answer.json["detail"] == "send one access token"
    assert "WWW-Authenticate" not in answer.headers


def test_whoever_is_not_logged_in_is_refused_before_the_body_is_read(battered):
    assert is_problem(battered.visitor().post("/api/tickets", padded(BODY_MOST + 1)), 401)


def test_ten_thousand_wrong_fields_are_no_ten_thousand_lines(ada):
    body = {f"k{number}": 1 for number in range(5_000)}

    answer = ada.post("/api/tickets", body)

    assert is_problem(answer, 422)
    assert len(answer.data) < 20_000


REACHES_NOBODY = {
    "HelpdeskError",  # a root of the tree, never raised itself
    "PermanentError",
    "DuplicateError",
    "AlreadyExistsError",  # each caller says what it means; TakenError is what HTTP sees
    "RefusedError",  # the model's no; triage answers it
}
OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, HelpdeskError)
]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_a_status_unless_it_reaches_nobody(kind):
    listed = any(issubclass(kind, known) for known, _ in STATUS)

    assert listed is (kind.__name__ not in REACHES_NOBODY)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_the_first_class_that_fits_is_not_hidden_by_an_earlier_one(kind):
    answer = problem(kind("said so"), path="/x", request_id="r")

    assert set(answer.get_json()) == PROBLEM
    assert (answer.status_code == 500) is (kind.__name__ in REACHES_NOBODY)


def test_what_the_store_said_stays_inside():
    answer = problem(OutsideError("auth.db: disk I/O error"), path="/x", request_id="r")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "disk" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("inner secret"),
        HelpdeskError("inner secret"),
        SettingsError("HELPDESK_INNER: secret"),
    ],
)
def test_a_fault_says_nothing_of_the_inside(error):
    answer = problem(error, path="/x", request_id="r")

    assert answer.status_code == 500
    assert answer.get_json()["detail"] == "something went wrong here"
    assert "secret" not in answer.get_data(as_text=True)


def test_too_much_is_said_with_the_time_to_wait():
    answer = problem(TooManyError(117), path="/x", request_id="r")

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "117"
    assert answer.get_json()["detail"] == "too many requests: try again later"
    assert answer.get_json()["errors"] == []


def test_an_error_with_a_field_names_it():
    answer = problem(InvalidInputError("too odd", field="name"), path="/x", request_id="r")

    assert answer.get_json()["errors"] == [{"field": "name", "detail": "too odd"}]


@pytest.mark.parametrize(
    "kind",
    [exceptions.default_exceptions[code] for code in sorted(exceptions.default_exceptions)],
    ids=lambda kind: kind.__name__,
)
def test_an_error_of_the_framework_has_the_shape_too(kind):
    error = kind(description="a description")

    answer = problem(error, path="/x", request_id="r")

    assert set(answer.get_json()) == PROBLEM
    assert answer.status_code == error.code


def test_no_error_names_a_class_of_ours(ada, battered):
    answers = [sent(ada, path, raw) for path in BODIES for raw in (b"[]", b"1", b"{}", b"")]
    answers.append(ada.get("/api/tickets?limit=x&status=y"))

    models = [route.body.__name__ for route in battered.routes if route.body]
    for answer in answers:
        assert not any(f"of {name}" in answer.get_data(as_text=True) for name in models)


def test_an_answer_may_hold_times_and_nothing_stranger():
    assert http.json_response(200, {"at": NOW}, {}).json == {"at": "2026-01-31T09:30:00.000000Z"}
    with pytest.raises(TypeError):
        http.json_response(200, {"model": object()}, {})


def test_the_watch_tells_milliseconds():
    assert 0 <= http.Watch().ms() < 1_000
