"""Receive the events of a help desk: `python examples/subscriber.py --help`.

Pub/Sub pushes each event here. What is answered 204 is done; whatever else it is answered, it
comes again, so each id is remembered together with what was done about it.
"""

import argparse
import base64
import json
import sqlite3
from contextlib import closing, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "events"
SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")
}


def act_on(event: dict[str, Any]) -> None:
    """Do what an event asks for; here stands what you want to do."""
    print(event["time"], event["type"], event["subject"], json.dumps(event["data"]), flush=True)


def event_in(push: bytes) -> dict[str, Any]:
    """Return the event in what Pub/Sub posts, or raise ValueError, KeyError or TypeError."""
    event: dict[str, Any] = json.loads(base64.b64decode(json.loads(push)["message"]["data"]))
    schema = SCHEMAS[event["type"]]
    fields = schema["properties"]
    lacking = {*schema["required"]} - {*event} | {*fields["data"]["required"]} - {*event["data"]}
    if lacking or event["version"] != fields["version"]["const"]:
        raise ValueError(f"{event['type']} of another version, or without {lacking}")
    return event


class Subscriber(BaseHTTPRequestHandler):
    """Answers one push."""

    def __init__(self, file: str, *request: Any) -> None:  # noqa: ANN401 - as upstream
        self.file = file
        super().__init__(*request)

    def do_POST(self) -> None:
        try:
            event = event_in(self.rfile.read(int(self.headers["Content-Length"])))
        except (ValueError, KeyError, TypeError) as error:
            self.log_error("refused: %r", error)  # comes again, and at last is a dead letter
            self.send_error(400)
            return
        # The id is kept if and only if `act_on` came to its end: if it fails, all is rolled back.
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS done (id TEXT PRIMARY KEY)")
            if database.execute("INSERT OR IGNORE INTO done VALUES (?)", [event["id"]]).rowcount:
                act_on(event)
        self.send_response(204)
        self.end_headers()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Print each event of a help desk once.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8081, help="0 takes a free one (%(default)s)")
    parser.add_argument("--done", default="done.db", help="what was done is kept in (%(default)s)")
    asked = parser.parse_args()
    answering = partial(Subscriber, asked.done)
    with ThreadingHTTPServer((asked.host, asked.port), answering) as server:
        print(f"listening on http://{asked.host}:{server.server_port}", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
