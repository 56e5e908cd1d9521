"""The Mailer port as a mailbox you can read: letters in SQLite instead of on the wire."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from helpdesk.clock import moment_of
from helpdesk.ports import Clock, Letter, Outcome
from local.database import Database, opened

_SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL,
    recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, html TEXT NOT NULL,
    ticket_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS letters_of_recipient ON letters (recipient, number);
CREATE INDEX IF NOT EXISTS letters_of_ticket ON letters (ticket_id, number);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One letter in the mailbox; `number` counts them."""

    number: int
    at: datetime
    letter: Letter


class Mailbox:
    """Keeps every letter that was sent, once per id."""

    idempotent = True

    def __init__(self, file: Database | Path, *, clock: Clock) -> None:
        """Keep letters in the file, or raise OutsideError."""
        self._database = opened(file)
        self._database.install(_SCHEMA)
        self._clock = clock

    def send(self, letter: Letter) -> Outcome:
        """Keep the letter; one that is here already changes nothing."""
        with self._database.writing(durable=False) as connection:
            connection.execute(
                "INSERT INTO letters (id, at, recipient, subject, body, html, ticket_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    letter.id,
                    self._clock.now().timestamp(),
                    letter.to,
                    letter.subject,
                    letter.text,
                    letter.html,
                    letter.ticket_id,
                ),
            )
        return Outcome.ACCEPTED

    def read(
        self,
        *,
        recipient: str | None = None,
        ticket_id: str | None = None,
        before: int | None = None,
        limit: int = 20,
    ) -> list[Received]:
        """Return letters, newest first: all, or those to one person or about one ticket."""
        terms = ["1 = 1"]
        values: list[str | int] = []
        for column, value in (("recipient", recipient), ("ticket_id", ticket_id)):
            if value is not None:
                terms.append(f"{column} = ?")
                values.append(value)
        if before is not None:
            terms.append("number < ?")
            values.append(before)
        text = (
            "SELECT number, at, id, recipient, subject, body, html, ticket_id FROM letters"
            f" WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT ?"
        )
        with self._database.reading() as connection:
            rows = connection.execute(text, (*values, limit)).fetchall()
        return [
            Received(
                number=row[0],
                at=moment_of(row[1]),
                letter=Letter(
                    id=row[2], to=row[3], subject=row[4], text=row[5], html=row[6],
                    ticket_id=row[7],
                ),
            )
            for row in rows
        ]  # fmt: skip

    def count(self) -> int:
        """Return how many letters there are."""
        with self._database.reading() as connection:
            found: tuple[int] = connection.execute("SELECT count(*) FROM letters").fetchone()
        return found[0]

    def close(self) -> None:
        """Close the file."""
        self._database.close()
