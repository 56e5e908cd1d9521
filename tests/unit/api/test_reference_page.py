"""The reference page as it is served, and what its commands do."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from api.app import create_app
from api.edge import Edge
from api.reference import curl
from emulated.archives import SOURCE, lay_out
from helpdesk.user import Role
from tests.unit.api.test_openapi import DOCUMENT, OPERATIONS


def test_the_page_is_made_once_and_connects_to_nothing(battered):
    seen = len(battered.auth.asked), len(battered.documents.asked)

    first, second = (battered.visitor().get("/api/docs").text for _ in range(2))

    assert first == second
    assert (len(battered.auth.asked), len(battered.documents.asked)) == seen


def test_no_other_request_pays_for_the_page():
    program = """
import sys
from api.app import create_app
client = create_app(lambda: None).test_client()
assert client.get("/healthz").status_code == 200
found = {"api.reference", "api.openapi", "api.markup", "api.shapes", "openapi_pydantic"}
print(sorted(found & set(sys.modules)))
assert client.get("/api/docs").status_code == 200
"""

    ran = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(SOURCE)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout.strip()) == (0, "[]"), ran.stderr


def test_the_page_travels_in_the_archive_of_the_api(tmp_path):
    archive = lay_out("api", tmp_path / "api")

    assert (archive / "api" / "reference.css").exists()
    assert (archive / "api" / "introduction.md").exists()


def test_the_page_describes_itself_as_html():
    described = OPERATIONS["GET", "/api/docs"]

    assert list(described["responses"]["200"]["content"]) == ["text/html"]
    assert described["security"] == []


def test_the_document_leads_to_the_page_where_it_knows_its_address(counter):
    at = Edge(url="https://desk.example.com")
    app = create_app(lambda: counter.desk, routes=counter.routes, edge=at)

    described = json.loads(app.test_client().get("/api/openapi.json").text)

    assert described["externalDocs"]["url"] == "https://desk.example.com/api/docs"
    assert "externalDocs" not in DOCUMENT
    assert "servers" not in DOCUMENT


def asked(command, client, **variables):
    """Do with the test's client what a shell would do with curl."""
    for name, value in variables.items():
        command = command.replace(f"${name}", value)
    words = shlex.split(command.replace("\\\n", " "))
    headers = dict(word.split(": ", 1) for at, word in enumerate(words) if words[at - 1] == "-H")
    [url] = [word for word in words if word.startswith("http://127.0.0.1:8080/")]
    [method] = [word for at, word in enumerate(words) if words[at - 1] == "-X"]
    [*body] = [word for at, word in enumerate(words) if words[at - 1] == "-d"]
    return client.open(
        url.removeprefix("http://127.0.0.1:8080"), method=method, headers=headers,
        data="".join(body),
    )  # fmt: skip


def test_the_commands_do_what_they_say(counter):
    client = counter.visitor().client
    commands = {
        operation["operationId"]: curl(method, path, operation)
        for (method, path), operation in OPERATIONS.items()
    }

    signed = asked(commands["sign_up"], client)
    logged = asked(commands["log_in"], client)
    ada, chief = logged.json["access_token"], counter.somebody("chief", Role.ADMIN).token
    filed = asked(commands["open_ticket"], client, TOKEN=ada)
    read = asked(commands["read_ticket"], client, TOKEN=ada, TICKET_ID=filed.json["id"])
    raised = asked(commands["change_user_by_email"], client, TOKEN=chief)
    away = asked(commands["change_me"], client, TOKEN=ada)
    changed = asked(commands["change_password"], client, TOKEN=ada)

    answers = (signed, logged, filed, read, raised, away, changed)
    assert [each.status_code for each in answers] == [201, 200, 201, 200, 200, 200, 200]


@pytest.mark.parametrize("name", OPERATIONS, ids=" ".join)
def test_no_command_is_refused_for_how_it_is_written(battered, name):
    client = battered.visitor().client
    things = dict.fromkeys(re.findall(r"{(\w+)}", name[1].upper()), "0" * 26)
    token = battered.somebody(OPERATIONS[name]["operationId"], Role.ADMIN).token

    answer = asked(curl(name[0], name[1], OPERATIONS[name]), client, TOKEN=token, **things)

    assert answer.status_code not in {400, 405, 413, 415, 500}
    assert answer.is_json is False or "invalid fields" not in answer.text
    assert answer.is_json is False or "there is nothing here" not in answer.text


def test_a_header_that_must_be_there_stands_in_the_command():
    operation = {
        "parameters": [{"name": "X-Signed-By", "in": "header", "required": True, "schema": {}}]
    }

    assert '-H "X-Signed-By: $X_SIGNED_BY"' in curl("POST", "/x", operation)
