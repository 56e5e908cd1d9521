"""The front of the function: our app answers everything, and so it does when there is none."""

import io
import json

import pytest
from flask import Flask, Response, request

from api.edge import STRICTEST
from api.front import PIECE, in_front
from tests.unit.api.desk import is_problem

HIDDEN = ("secret of the inside", "ZeroDivisionError", "Traceback", ".py")


def ours():
    """Return a small app that answers everything."""
    app = Flask("ours")
    app.url_map.merge_slashes = False

    @app.errorhandler(Exception)
    def refused(error):
        return Response(f"ours: {error.code}", status=error.code)

    return app


def framework(function):
    """Return a client of an app that loads a function, and would answer much by itself."""
    theirs = Flask("theirs")
    theirs.add_url_rule("/robots.txt", "robots", lambda: ("theirs", 404))
    with theirs.app_context():
        view = in_front(function)
    theirs.add_url_rule("/", "run", lambda: view(request))
    return theirs.test_client()


def broken(_request):
    raise ZeroDivisionError("secret of the inside")


@pytest.mark.parametrize("path", ["/", "/robots.txt", "//x//y", "/favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "FOO", "OPTIONS"])
def test_whatever_is_sent_to_the_framework_our_app_answers(method, path):
    client = framework(lambda _request: ours())

    answer = client.open(path, method=method)

    assert answer.text == "ours: 404"


def test_where_no_app_loads_it_the_function_is_a_view_like_any_other():
    view = in_front(lambda _request: ours())
    app = Flask("theirs")
    app.add_url_rule("/x", "x", lambda: view(request))

    answers = [app.test_client().get(path) for path in ("/x", "/robots.txt")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert [answer.text.startswith("ours") for answer in answers] == [True, False]


def test_it_keeps_the_name_by_which_the_framework_finds_it():
    assert in_front(broken).__name__ == "broken"


def test_what_fails_before_there_is_an_app_has_the_shape_of_every_error(lines):
    answer = framework(broken).post("/api/x?password=canary", data=b"canary")

    assert is_problem(answer, 500)
    assert answer.json["instance"] == "/api/x"
    assert answer.json["detail"] == "something went wrong here"
    assert STRICTEST.headers.items() <= dict(answer.headers).items()
    assert "X-Google-Status" not in answer.headers
    [line] = lines()
    assert (line["severity"], line["message"]) == ("ERROR", "request failed")
    assert (line["status"], line["reason"]) == (500, "ZeroDivisionError")
    assert line["request_id"] == answer.json["request_id"]
    assert "secret of the inside" in line["stack"]
    assert "canary" not in json.dumps(line)
    for hidden in HIDDEN:
        assert hidden not in answer.text


def test_what_fails_beyond_the_app_has_it_too(lines):
    def application(_environ, _start_response):
        raise ZeroDivisionError("secret of the inside")

    answer = framework(lambda _request: application).get("/")

    assert is_problem(answer, 500)
    assert "secret" not in answer.text
    assert [line["message"] for line in lines()] == ["request failed"]


def test_what_failed_once_is_tried_again():
    tries = iter([ZeroDivisionError, None])

    def function(_request):
        if error := next(tries):
            raise error("not yet")
        return ours()

    client = framework(function)

    assert [client.get("/").status_code for _ in range(2)] == [500, 404]


def body_of(size):
    body = io.BytesIO(b"x" * size)
    return body, {"wsgi.input": body, "CONTENT_LENGTH": str(size)}


@pytest.mark.parametrize("function", [lambda _request: ours(), broken])
def test_what_is_left_of_a_body_is_taken_before_the_answer_goes(function):
    body, environ = body_of(3 * PIECE + 1)

    answer = framework(function).post(
        "/nothing", environ_overrides={**environ, "wsgi.input_terminated": True}
    )

    assert answer.status_code in {404, 500}
    assert body.tell() == 3 * PIECE + 1


def test_a_body_whose_end_nobody_tells_is_left_alone():
    body, environ = body_of(PIECE)

    answer = framework(lambda _request: ours()).post("/nothing", environ_overrides=environ)

    assert answer.status_code == 404
    assert body.tell() == 0


def test_a_body_that_cannot_be_read_to_its_end_spoils_no_answer():
    class Cut(io.BytesIO):
        def read(self, *_size):
            raise EOFError("no more chunks")

    answer = framework(lambda _request: ours()).post(
        "/nothing", environ_overrides={"wsgi.input": Cut(), "wsgi.input_terminated": True}
    )

    assert answer.text == "ours: 404"
