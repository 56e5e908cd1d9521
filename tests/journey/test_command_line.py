"""`python -m local` as a program: it starts, says where it is, stops, and refuses in one line.

Every refusal here also meets root, who may write everywhere: a file stands where a folder should
be, or a folder that no one can write into.
"""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

REPOSITORY = Path(__file__).parents[2]
START_S = 20.0


@pytest.fixture(autouse=True)
def path(monkeypatch):
    """Let the programs find our packages, and whatever else the environment says (coverage)."""
    monkeypatch.setenv("PYTHONPATH", f"{REPOSITORY / 'functions'}{os.pathsep}{REPOSITORY}")


@pytest.fixture
def running(tmp_path):
    """Start houses, and see to it that none outlives the test."""
    begun = []

    def start(*arguments, data=tmp_path / "data"):
        begun.append(Program(*arguments, data=data))
        return begun[-1]

    yield start
    for each in begun:
        each.end()


class Program:
    """A house that runs as a program of its own."""

    def __init__(self, *arguments, data):
        self.process = subprocess.Popen(
            command(*arguments, "--data", str(data)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        assert self.process.stderr
        self.out, self.err = self.process.stdout, self.process.stderr
        first = self.out.readline()
        found = re.match(r"Helpdesk is at (http://\S+) ", first)
        assert found, first + self.err.read()
        self.url = found[1]

    def asked(self, method, path, body=None, token=""):
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def token(self, email="viewer@demo.com"):
        body = {"email": email, "password": "demopassword"}
        status, session = self.asked("POST", "/api/auth/login", body)
        assert status == 200
        return session["access_token"]

    def letters(self, token):
        return self.asked("GET", "/api/mailbox", token=token)[1]["items"]

    def stop(self, number=signal.SIGINT):
        """Send a signal, and return the exit code, the rest of the output, and the errors."""
        self.process.send_signal(number)
        # Not communicate(): what readline() has read ahead belongs to the output too.
        out, err = self.out.read(), self.err.read()
        return self.process.wait(START_S), out, err

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        with self.process:
            pass  # closes its pipes


def command(*arguments):
    return [sys.executable, "-m", "local", *arguments]


def run(*arguments):
    """Run a house that is to end by itself, and return it."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, check=False
    )


def refusal(code, *arguments):
    """Run a house that is to refuse, and return the one line it says."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
    assert ended.stderr.startswith("helpdesk: ")
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.endswith("\n")
    return ended.stderr


def test_it_starts_serves_and_stops_with_everything_kept(running, tmp_path):
    first = running("--port", "0")
    assert first.asked("GET", "/healthz") == (200, {"status": "ok"})
    ticket = {"title": "Printer is on fire", "description": "It burns on floor two."}
    status, filed = first.asked("POST", "/api/tickets", ticket, first.token())
    assert status == 201

    code, out, err = first.stop(signal.SIGINT)

    assert (code, err) == (0, "")
    assert "admin@demo.com" in out
    assert "curl -s " + first.url in out
    assert out.endswith("\nstopped; everything is kept\n")

    second = running("--port", "0")
    token = second.token()
    assert second.asked("GET", f"/api/tickets/{filed['id']}", token=token)[0] == 200
    until = time.monotonic() + 5
    while second.asked("GET", f"/api/tickets/{filed['id']}", token=token)[1]["status"] == "new":
        assert time.monotonic() < until
        time.sleep(0.05)

    code, out, err = second.stop(signal.SIGTERM)

    assert (code, err) == (0, "")
    assert out.endswith("\nstopped; everything is kept\n")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "data").glob("*-wal"))


def test_a_start_that_takes_a_while_says_so(running, tmp_path):
    running("--port", "0").stop()
    with closing(sqlite3.connect(tmp_path / "data" / "helpdesk.db")) as connection, connection:
        connection.execute("DELETE FROM layout")
        connection.executemany(
            "INSERT INTO documents VALUES ('things', ?, 'things', 1, '{}')",
            [(str(number),) for number in range(10_001)],
        )

    code, _, err = running("--port", "0").stop()

    assert code == 0
    assert re.fullmatch(r"helpdesk: putting 10\d+ documents in their places, once; .*\n", err)
    assert "documents in their places" in (tmp_path / "data" / "helpdesk.log").read_text()


def test_the_line_that_is_printed_can_be_run(running):
    house = running("--port", "0")
    said = [house.out.readline() for _ in range(10)]

    shown = "".join(said).partition("curl -s ")[2]
    found = re.search(r"-d '(.+)'", shown)

    assert found, said
    assert house.asked("POST", "/api/auth/login", json.loads(found[1]))[0] == 200


def test_fresh_forgets_what_is_ours_and_nothing_else(running, tmp_path):
    data = tmp_path / "data"
    first = running("--port", "0")
    ticket = {"title": "Forget me", "description": "Please."}
    _, filed = first.asked("POST", "/api/tickets", ticket, first.token())
    first.stop()
    secrets = (data / "secrets.json").read_text()
    foreign = ["letter.txt", "my.db", "helpdesk", "helpdesk.txt", "secrets.json.backup",
               "helpdesk.db.backup", "auth.db-of-last-week"]  # fmt: skip
    for name in foreign:
        (data / name).write_text("mine")
    (data / "folder").mkdir()

    second = running("--port", "0", "--fresh")

    status, _ = second.asked("GET", f"/api/tickets/{filed['id']}", token=second.token())
    assert status == 404
    assert (data / "secrets.json").read_text() != secrets
    left = sorted(path.name for path in data.iterdir() if path.name in {*foreign, "folder"})
    assert left == sorted([*foreign, "folder"])


def test_a_demo_files_tickets_shows_their_way_and_ends(tmp_path):
    ended = run("--port", "0", "--data", str(tmp_path / "data"), "--demo", "20", "--once")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "20 of 20 tickets triaged, assigned and mailed in" in ended.stdout
    assert "from filed to mailed: half within" in ended.stdout
    assert "priority: " in ended.stdout
    assert "curl" not in ended.stdout


def test_after_a_demo_the_house_stays_open(running):
    house = running("--port", "0", "--demo", "2")
    until = time.monotonic() + START_S
    while "category: " not in house.out.readline():
        assert time.monotonic() < until

    assert house.asked("GET", "/healthz")[0] == 200
    code, out, _ = house.stop()
    assert (code, out) == (0, "\nstopped; everything is kept\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "70000"],
        ["--port", "-1"],
        ["--port"],
        ["--demo", "0"],
        ["--demo", "-1"],
        ["--demo", "1001"],
        ["--demo", "many"],
        ["--once"],
        ["--unknown"],
        ["surplus"],
        ["--fre"],
    ],
    ids=" ".join,
)
def test_a_wrong_argument_is_refused_in_one_line(arguments, tmp_path):
    said = refusal(2, "--data", str(tmp_path / "data"), *arguments)

    assert said.endswith(" (see --help)\n")
    assert not (tmp_path / "data").exists()


def test_help_tells_every_option_and_what_it_is_without_it():
    ended = run("--help")

    assert ended.returncode == 0
    for option in ("--data", "--port", "--host", "--expose", "--fresh", "--demo", "--once", "8080"):
        assert option in ended.stdout


def test_a_port_that_is_taken_is_said_with_a_way_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        said = refusal(3, "--port", port, "--data", str(tmp_path / "data"))

    assert f"port {port}" in said
    assert "--port" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("place", ["file", "file/inner", "/proc/nowhere/data", "/dev/null"])
def test_a_data_folder_that_cannot_be_is_named(tmp_path, place):
    (tmp_path / "file").write_text("in the way")

    said = refusal(3, "--port", "0", "--data", str(tmp_path / place))

    assert str(tmp_path / place) in said
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("name", ["helpdesk.db", "auth.db"])
def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path, name):
    (tmp_path / name).write_bytes(b"no database at all " * 99)

    said = refusal(3, "--port", "0", "--data", str(tmp_path))

    assert name in said
    assert (tmp_path / name).read_bytes() == b"no database at all " * 99


def test_damaged_secrets_are_named_and_not_repeated(tmp_path):
    (tmp_path / "secrets.json").write_text('{"tokens": "hunter2hunter2"')

    said = refusal(3, "--port", "0", "--data", str(tmp_path))

    assert "secrets.json" in said
    assert "restore it from a backup, or start over with --fresh" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("name", ["lock", "helpdesk.log", "secrets.json", "helpdesk.db"])
def test_a_folder_in_the_place_of_a_file_is_said_in_a_line(tmp_path, name):
    (tmp_path / name).mkdir()

    said = refusal(3, "--port", "0", "--data", str(tmp_path))

    assert "Is a directory" in said or "unable to open" in said
    assert name in said


def test_fresh_stops_at_a_folder_that_has_the_name_of_a_file(tmp_path):
    (tmp_path / "helpdesk.db").mkdir()

    refusal(3, "--port", "0", "--data", str(tmp_path), "--fresh")

    assert (tmp_path / "helpdesk.db").is_dir()


def test_a_second_house_in_the_same_folder_is_refused_and_changes_nothing(running, tmp_path):
    first = running("--port", "0")
    secrets = (tmp_path / "data" / "secrets.json").read_text()

    said = refusal(3, "--port", "0", "--data", str(tmp_path / "data"), "--fresh")

    assert "another helpdesk is running in" in said
    assert (tmp_path / "data" / "secrets.json").read_text() == secrets
    assert first.asked("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - it is to be refused
def test_other_machines_are_let_in_only_on_purpose(tmp_path, host):
    said = refusal(3, "--host", host, "--port", "0", "--data", str(tmp_path / "data"))

    assert "--expose" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("host", "here"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1")],  # noqa: S104 - as asked
)
def test_on_purpose_other_machines_are_let_in_and_links_lead_somewhere(running, host, here):
    house = running("--host", host, "--port", "0", "--expose")
    port = urlsplit(house.url).port

    assert urlsplit(house.url).hostname == here
    body = {"email": "new@example.com", "password": "quite a private phrase"}
    status, session = house.asked("POST", "/api/auth/signup", body)
    assert status == 201
    until = time.monotonic() + 5
    while not (letters := house.letters(session["access_token"])):
        assert time.monotonic() < until
        time.sleep(0.05)
    code, out, _ = house.stop()
    assert code == 0
    linked = f"http://{socket.gethostname()}:{port}"
    assert f"from other machines, and in mails, at {linked}\n" in out
    assert linked in letters[0]["text"]


@pytest.mark.parametrize("host", ["no.such.host.invalid", "", "300.1.1.1", "..", "x" * 70])
def test_an_address_that_is_none_is_said_in_a_line(tmp_path, host):
    said = refusal(3, "--host", host, "--port", "0", "--data", str(tmp_path / "data"))

    assert "--host" in said


def test_an_address_of_another_machine_cannot_be_listened_at(tmp_path):
    said = refusal(3, "--host", "192.0.2.1", "--expose", "--data", str(tmp_path), "--port", "0")

    assert "cannot start" in said


@contextmanager
def ended(process):
    """Let no process outlive its test, whatever it waits for."""
    try:
        yield
    finally:
        process.kill()


def test_an_impatient_interrupt_is_no_traceback(tmp_path):
    # Not measured: an interrupt inside coverage leaves its lock taken, and its exit waits for that.
    unmeasured = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - a child's, changed
        if not name.startswith("COVERAGE_")
    }
    begun = subprocess.Popen(
        command("--port", "0", "--data", str(tmp_path / "data")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=unmeasured,
    )
    with begun, ended(begun):
        until = time.monotonic() + START_S
        while not (tmp_path / "data" / "lock").exists() and time.monotonic() < until:
            time.sleep(0.01)
        begun.send_signal(signal.SIGINT)
        _, err = begun.communicate(timeout=START_S)

    assert err == ""


@pytest.mark.parametrize("name", ["data", "donn\u00e9es"])
def test_a_terminal_that_knows_ascii_only_is_enough(running, monkeypatch, tmp_path, name):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    code, out, err = running("--port", "0", data=tmp_path / name).stop()

    assert (code, err) == (0, "")
    assert "more moderators" in out


def test_a_demo_that_is_interrupted_tells_true_numbers_and_is_no_failure(running, tmp_path):
    house = running("--port", "0", "--demo", "1000", "--once")
    until = time.monotonic() + START_S
    while not tickets_in(tmp_path / "data") and time.monotonic() < until:
        time.sleep(0.01)

    code, out, err = house.stop()

    assert (code, err) == (0, "")
    told = re.search(r"stopped when (\d+) of 1000 tickets were filed", out)
    assert told, out
    assert int(told[1]) == tickets_in(tmp_path / "data") > 0
    assert f"of {told[1]} tickets " in out


def tickets_in(data):
    with closing(sqlite3.connect(data / "helpdesk.db")) as connection:
        query = "SELECT count(*) FROM documents WHERE collection = 'tickets'"
        return connection.execute(query).fetchone()[0]


def test_a_reader_who_is_gone_before_the_greeting_stops_it_quietly(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        command("--port", "0", "--data", str(tmp_path / "data")),
        stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert not list((tmp_path / "data").glob("*-wal"))


def test_a_reader_who_has_seen_enough_is_no_traceback_at_the_end(running):
    house = running("--port", "0")
    greeting = [house.out.readline() for _ in range(10)]
    assert "demopassword" in greeting[-1]
    house.out.close()
    assert house.asked("GET", "/healthz")[0] == 200

    house.process.send_signal(signal.SIGINT)

    assert (house.err.read(), house.process.wait(START_S)) == ("", 0)


def test_what_it_makes_is_for_its_owner_alone_whoever_made_the_folder(running, tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "mine.txt").touch(mode=0o644)

    house = running("--port", "0")

    modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
    assert modes.pop("mine.txt") == 0o644
    assert modes == dict.fromkeys(modes, 0o600)
    assert {"helpdesk.db", "auth.db", "helpdesk.log", "lock", "secrets.json"} <= set(modes)
    assert house.stop()[0] == 0
