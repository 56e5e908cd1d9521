"""The server that speaks as Vertex AI does: what it refuses, and what it finds in a request."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from emulated.server import Request
from emulated.vertex import Asked, VertexServer, asked_in, tokens_in

PATH = "/v1/projects/p/locations/l/publishers/google/models/m:generateContent"
TOKEN = {"Authorization": "Bearer local"}
BODY = {"contents": [{"role": "user", "parts": [{"text": "-\nTitle: Quux\nIt burns.\n-"}]}]}


@pytest.fixture
def server():
    with VertexServer() as running:
        yield running


def asked(server, path=PATH, body=BODY, headers=TOKEN):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def test_an_answer_has_the_shape_of_vertexs(server):
    status, content = asked(server)

    (candidate,) = content["candidates"]
    said = json.loads(candidate["content"]["parts"][0]["text"])
    usage = content["usageMetadata"]
    assert (status, candidate["finishReason"], content["modelVersion"]) == (200, "STOP", "m")
    assert said["summary"] == "Quux"
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"path": "/v1/projects/p/models/m:generateContent"}, 404, "NOT_FOUND"),
        ({"path": PATH.replace("generate", "count")}, 404, "NOT_FOUND"),
        ({"headers": {}}, 401, "UNAUTHENTICATED"),
        ({"body": {}}, 400, "INVALID_ARGUMENT"),
        ({"body": []}, 400, "INVALID_ARGUMENT"),
    ],
)
def test_what_vertex_refuses_is_refused(server, changes, status, name):
    answered, content = asked(server, **changes)

    assert answered == content["error"]["code"] == status
    assert content["error"]["status"] == name


def test_only_questions_to_a_model_count_as_calls(server):
    asked(server, path="/")
    asked(server)
    asked(server, path=PATH.replace("v1", "v1beta1"))

    assert server.calls == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f\nTitle: A\nB\nC\nf", Asked("A", "B\nC")),
        ("f\nTitle: A\n\nf", Asked("A", "")),
        ("just a text", Asked("", "")),
    ],
)
def test_the_ticket_stands_between_the_first_and_the_last_line(text, found):
    body = {"contents": [{"parts": [{"text": text}]}], "systemInstruction": {"parts": []}}
    request = Request(method="POST", path=PATH, headers={}, raw=b"", body=body)

    assert asked_in(request) == found
    assert tokens_in(request) == (len(text) + 2) // 4
