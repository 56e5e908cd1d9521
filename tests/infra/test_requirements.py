"""Each function requires just what it imports, in versions of the one resolution."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulated.archives import SOURCE, functions, lay_out

ROOT = Path(__file__).parents[2]
ROOMS = ("local", *(f"functions/{name}" for name in functions()))

# Which distribution brings a module; the longest name that fits counts.
BROUGHT_BY = {
    "bcrypt": "bcrypt",
    "cryptography": "cryptography",
    "flask": "flask",
    "functions_framework": "functions-framework",
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.firestore": "google-cloud-firestore",
    "google.cloud.firestore_v1": "google-cloud-firestore",
    "google.cloud.tasks_v2": "google-cloud-tasks",
    "google.genai": "google-genai",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.pubsub_v1": "google-cloud-pubsub",
    "grpc": "grpcio",
    "httpx2": "httpx2",
    "jwt": "pyjwt",
    "openapi_pydantic": "openapi-pydantic",
    "pydantic": "pydantic",
    "python_http_client": "python-http-client",
    "sendgrid": "sendgrid",
    "werkzeug": "werkzeug",
}
# The zones that helpdesk/hours.py reads where the machine has none. It is data that nobody imports,
# and the kernel is in every archive.
READ_BY_THE_KERNEL = {"tzdata"}


def imported(path):
    """Return every module that a file imports, wherever in it, but not for its types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reached(archive):
    """Return the foreign modules that the archive's main.py can come to import."""
    todo, seen, foreign = [archive / "main.py"], set(), set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in imported(path):
            place = archive / name.replace(".", "/")
            inside = [place.with_suffix(".py"), place / "__init__.py"]
            found = [each for each in inside if each.exists()]
            todo += found
            top = name.partition(".")[0]
            if not found and not (archive / top).exists() and top not in sys.stdlib_module_names:
                foreign.add(name)
    return foreign


def distribution(module):
    fitting = [name for name in BROUGHT_BY if f"{module}.".startswith(f"{name}.")]
    return BROUGHT_BY[max(fitting, key=len)] if fitting else None


def wanted(archive):
    """Return the distributions an archive needs; a name that only passes through is none."""
    found = {module: distribution(module) for module in reached(archive)}
    namespaces = {"google", "google.cloud"}
    unknown = {module for module, name in found.items() if not name} - namespaces
    # `from google import genai` names the namespace and what is in it.
    assert unknown == set(), f"nobody is said to bring {sorted(unknown)}"
    return {name for name in found.values() if name}


def declared(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return {re.split(r"[<>=~!;\[ ]", line)[0] for line in lines if line and line[0] not in "#-"}


def pinned(path):
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("function", functions())
def test_a_function_requires_what_it_imports_and_nothing_else(function, tmp_path):
    archive = lay_out(function, tmp_path / function)

    assert declared(SOURCE / function / "requirements.in") == wanted(archive) | READ_BY_THE_KERNEL


@pytest.mark.parametrize("room", ROOMS)
def test_every_version_is_that_of_the_one_resolution(room):
    resolution = pinned(ROOT / "requirements-dev.txt")
    mine = pinned(ROOT / room / "requirements.txt")

    assert mine
    assert {name: version for name, version in mine.items() if resolution[name] != version} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_everything_is_installed_by_hash(room):
    text = (ROOT / room / "requirements.txt").read_text(encoding="utf-8")

    for block in re.split(r"\n(?=[\w.-]+==)", text):
        assert "--hash=sha256:" in block


def test_time_zones_are_known_where_the_machine_knows_none():
    week = "{0: ((time(9), time(17)),)}"
    program = (
        "from datetime import time; from helpdesk.hours import Hours; from zoneinfo import TZPATH;"
        f"assert TZPATH == (); print(Hours(zone='US/Eastern', week={week}).zone)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCE), "PYTHONTZPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("US/Eastern\n", "")
    assert all("tzdata" in pinned(ROOT / room / "requirements.txt") for room in ROOMS)


def test_only_triage_has_the_model_and_only_notify_the_carrier():
    having = {name: pinned(SOURCE / name / "requirements.txt") for name in functions()}

    assert [name for name, pins in having.items() if "google-genai" in pins] == ["triage"]
    assert [name for name, pins in having.items() if "sendgrid" in pins] == ["notify"]
    assert [name for name, pins in having.items() if "bcrypt" in pins] == ["api"]
    assert [name for name, pins in having.items() if "google-cloud-tasks" in pins] == [
        "notify",
        "upkeep",
    ]


def test_an_import_that_is_not_required_would_be_seen(tmp_path):
    archive = lay_out("assign", tmp_path / "assign")
    with (archive / "assign" / "choose.py").open("a", encoding="utf-8") as module:
        module.write("\ndef late() -> None:\n    import bcrypt\n")

    assert "bcrypt" in wanted(archive) - declared(SOURCE / "assign" / "requirements.in")
