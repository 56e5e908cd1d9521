"""The page on the life of a ticket says what the tables of the code say."""

import re
from pathlib import Path

from api.policy import MOVERS, Standing
from helpdesk.ticket import MOVES, Status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tickets.md"


def rows(heading):
    """Return the rows of the table below a heading row, as cells."""
    lines = PAGE.read_text(encoding="utf-8").partition(f"{heading}\n")[2].splitlines()[1:]
    below = lines[: next((n for n, line in enumerate(lines) if not line.startswith("|")), None)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in below]


def statuses(cell):
    return {Status(name) for name in re.findall("`([a-z_]+)`", cell)}


def test_the_page_shows_every_legal_move_and_no_other():
    shown = dict(rows("| from | to |"))

    assert {Status(here.strip("`")): statuses(there) for here, there in shown.items()} == MOVES


def test_the_page_says_who_may_make_which_move():
    shown = dict(rows("| to | by |"))

    said = {
        next(iter(statuses(there))): {Standing(each.strip()) for each in by.split(",")}
        for there, by in shown.items()
    }
    assert said == MOVERS
