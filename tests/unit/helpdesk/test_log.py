"""Log lines: one each, in the shape Cloud Logging reads, with nothing in them but what is named."""

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.log import NAMES, JsonLine, attach, bind, configure, traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
NOISE = st.text(st.characters(codec=None))


def a_record(message="said", *args, exc_info=None, **extra):
    record = logging.LogRecord("test", logging.INFO, __file__, 1, message, args, exc_info)
    record.created = 1_769_851_800.25
    record.__dict__.update(extra)
    return record


def line_of(record, project=""):
    return json.loads(JsonLine(project).format(record))


@pytest.fixture
def stream():
    """A stream that every log line of this process goes to."""
    text = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handler = configure(text)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_line_says_how_grave_when_and_what():
    assert line_of(a_record("ticket %s opened", "T1")) == {
        "severity": "INFO",
        "time": "2026-01-31T09:30:00.250000Z",
        "message": "ticket T1 opened",
    }


def test_a_line_carries_the_facts_of_its_call_and_of_all_around_it():
    with bind(ticket_id="T1", step="triage"), bind(step="assign", attempts=2):
        line = line_of(a_record(count=7))

    assert {name: line[name] for name in ("ticket_id", "step", "attempts", "count")} == {
        "ticket_id": "T1",
        "step": "assign",
        "attempts": 2,
        "count": 7,
    }


def test_what_was_bound_is_gone_behind_the_block_even_after_an_error():
    with pytest.raises(RuntimeError), bind(ticket_id="T1", traceparent=TRACE):
        raise RuntimeError

    assert "ticket_id" not in line_of(a_record())
    assert traceparent() == ""


@pytest.mark.parametrize("name", ["token", "authorization", "password", "body", "email", "msg"])
def test_a_name_that_is_not_listed_cannot_be_bound(name):
    with pytest.raises(ValueError, match=f"not a name that may be logged: {name}$") as refused:
        bind(**{name: SECRET}, ticket_id="T1").__enter__()

    assert SECRET not in str(refused.value)


@given(st.dictionaries(st.text(min_size=1), st.just(SECRET)))
def test_no_name_that_is_not_listed_gets_through(extra):
    record = a_record()
    record.__dict__.update({f"x-{name}": value for name, value in extra.items()})

    assert SECRET not in JsonLine().format(record)


@pytest.mark.parametrize("name", ["token", "authorization", "password", "request", "headers"])
def test_no_token_gets_through_by_an_unlisted_name(stream, name):
    logging.getLogger("some.room").info("asked", extra={name: SECRET})

    assert json.loads(stream.getvalue())["message"] == "asked"
    assert SECRET not in stream.getvalue()
    assert name not in NAMES


@given(NOISE, NOISE)
def test_a_line_stays_one_line(message, reason):
    line = JsonLine().format(a_record("%s", message, reason=reason))

    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == message
    assert json.loads(line)["reason"] == reason


def test_a_newline_in_a_text_cannot_forge_a_line(stream):
    logging.getLogger("some.room").warning("one\n%s", '{"severity": "INFO"}')

    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["severity"] == "WARNING"


def test_an_error_brings_its_name_and_its_stack_on_the_same_line():
    with pytest.raises(KeyError, match="first") as raised:
        json.loads("{}")["first\nsecond"]

    text = JsonLine().format(a_record(exc_info=raised._excinfo))

    assert "\n" not in text
    assert json.loads(text)["error"] == "KeyError"
    assert "\nKeyError: " in json.loads(text)["stack"]


def test_no_error_is_told_where_none_was_raised():
    line = line_of(a_record(exc_info=(None, None, None)))

    assert line.keys() == {"severity", "time", "message"}


def test_a_line_belongs_to_its_trace_in_the_cloud():
    with bind(traceparent=TRACE):
        line = line_of(a_record(), project="demo")
        at_home = line_of(a_record())
        known = traceparent()

    assert line["logging.googleapis.com/trace"] == (
        "projects/demo/traces/4bf92f3577b34da6a3ce929d0e0e4736"
    )
    assert line["logging.googleapis.com/spanId"] == "00f067aa0ba902b7"
    assert known == at_home["traceparent"] == TRACE
    assert "logging.googleapis.com/trace" not in at_home


@pytest.mark.parametrize("trace", ["", "garbage"])
def test_a_line_without_a_trace_names_none(trace):
    line = line_of(a_record(traceparent=trace), project="demo")

    assert "logging.googleapis.com/trace" not in line


def test_what_json_does_not_know_is_told_as_text():
    assert line_of(a_record(reason=ValueError("odd")))["reason"] == "odd"


def test_lines_may_go_to_any_handler():
    text = io.StringIO()
    root = logging.getLogger()
    level = root.level

    handler = attach(logging.StreamHandler(text), project="demo", level=logging.ERROR)
    logging.getLogger("some.room").error("broken", extra={"traceparent": TRACE})
    logging.getLogger("some.room").warning("odd")
    root.removeHandler(handler)
    root.setLevel(level)

    (line,) = map(json.loads, text.getvalue().splitlines())
    assert line["message"] == "broken"
    assert line["logging.googleapis.com/trace"].startswith("projects/demo/")


def test_only_what_is_grave_enough_is_written(stream):
    logging.getLogger("some.room").debug("chatter")

    assert stream.getvalue() == ""
