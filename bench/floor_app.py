"""The floor: what Flask, SQLite and functions-framework cost when nobody asks for more.

`hello` is the bare function. With FLOOR_DB set there is also `app`: insert, read one and the
newest 20, without accounts, checks or events. It runs under gunicorn, one worker of eight threads.
"""

import os
import sqlite3
import threading
import time
import uuid

from flask import Flask, Request, request

TABLE = (
    "CREATE TABLE IF NOT EXISTS tickets"
    " (id TEXT PRIMARY KEY, created REAL, title TEXT, description TEXT, status TEXT)"
)
INDEX = "CREATE INDEX IF NOT EXISTS newest ON tickets (created DESC, id)"
INSERT = "INSERT INTO tickets VALUES (?, ?, ?, ?, ?)"
FIELDS = ("id", "created", "title", "description", "status")
LINE = ("id", "created", "title", "status")


def hello(_request: Request) -> dict[str, bool]:
    """Answer at once."""
    return {"ok": True}


def connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(TABLE)
    connection.execute(INDEX)
    return connection


def create_app(path: str) -> Flask:
    threads = threading.local()
    served = Flask("floor", static_folder=None)

    def database() -> sqlite3.Connection:
        known = getattr(threads, "connection", None)
        if not isinstance(known, sqlite3.Connection):
            known = threads.connection = connected(path)
        return known

    @served.post("/api/tickets")
    def open_ticket() -> tuple[dict[str, str], int]:
        asked, name = request.get_json(), uuid.uuid4().hex
        row = (name, time.time(), asked["title"], asked["description"], "open")
        database().execute(INSERT, row)
        return {"id": name, "title": asked["title"], "status": "open"}, 201

    @served.get("/api/tickets/<name>")
    def read_ticket(name: str) -> dict[str, object] | tuple[str, int]:
        sql = "SELECT id, created, title, description, status FROM tickets WHERE id = ?"
        row = database().execute(sql, (name,)).fetchone()
        return dict(zip(FIELDS, row, strict=True)) if row else ("", 404)

    @served.get("/api/tickets")
    def list_tickets() -> dict[str, object]:
        sql = "SELECT id, created, title, status FROM tickets ORDER BY created DESC, id LIMIT 20"
        rows = database().execute(sql).fetchall()
        return {"tickets": [dict(zip(LINE, row, strict=True)) for row in rows]}

    return served


if "FLOOR_DB" in os.environ:
    app = create_app(os.environ["FLOOR_DB"])
