"""E3: whether the time of an answer tells who has an account.

Addresses that somebody has and addresses that nobody has are asked about in turn, each once, in an
order drawn by lot. The figure is the chance that a known address takes longer than an unknown one
(the area under the ROC curve): 0.5 tells nothing, 0 and 1 tell everything. There is no network in
between, whose own variation is a thousand times the gap of the medians that is told beside it; so
only the log-in is judged, with its bcrypt.
"""

import gc
import logging
import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from api.desk import Desk
from api.entrance import LogInError, Visitor
from bench import gates
from bench.gates import Row
from bench.wired import PASSWORD, CountedHouse
from helpdesk.user import User

EACH = 200
SEED = 20260131
COST = 10  # of bcrypt: a quarter of what the house takes
LOG_IN = "log-in"
VISITOR = Visitor()
Ask = Callable[[Desk, str], None]
Took = dict[bool, list[float]]  # seconds, by whether somebody has the address


def measure(folder: Path) -> list[Row]:
    """Return a row for each way of asking."""
    ways: dict[str, Ask] = {LOG_IN: _log_in, "forgot": _forgot, "sign-up by letter": _sign_up}
    folder.mkdir(parents=True)
    house = CountedHouse(folder, bcrypt_cost=COST)
    with closing(house):
        return [_row(name, _took(house, name, ask)) for name, ask in ways.items()]


def _took(house: CountedHouse, name: str, ask: Ask) -> Took:
    lot = random.Random(SEED)
    kept = house.password_hash
    known = [f"known-{number}.{name.partition(' ')[0]}@example.com" for number in range(EACH)]
    for email in known:
        user = User(
            id=house.ids.unique_id(), email=email, name="Known", created_at=house.clock.now()
        )
        house.desk.accounts.add(user, kept, greet=False)
    unknown = [each.replace("known-", "nobody") for each in known]
    asked = [(True, each) for each in known] + [(False, each) for each in unknown]
    lot.shuffle(asked)
    took: Took = {True: [], False: []}
    gc.disable()
    logging.disable(logging.WARNING)
    try:
        for somebody, email in asked:
            begun = time.perf_counter()
            ask(house.desk, email)
            took[somebody].append(time.perf_counter() - begun)
    finally:
        logging.disable(logging.NOTSET)
        gc.enable()
    return took


def _row(name: str, took: Took) -> Row:
    auc = sum((a > b) + (a == b) / 2 for a in took[True] for b in took[False]) / EACH**2
    gap_us = (median(took[True]) - median(took[False])) * 1e6
    low, high = gates.AUC
    judged = name == LOG_IN
    return Row(
        gate="E3",
        what=f"{name}, {EACH} known and {EACH} unknown addresses",
        measured=f"AUC {auc:.2f}, medians {gap_us:+.0f} us apart",
        bar=f"{low:.2f} to {high:.2f}" if judged else "",
        passed=low <= auc <= high if judged else None,
    )


def _log_in(desk: Desk, email: str) -> None:
    try:
        desk.entrance.log_in(email, f"not {PASSWORD}", VISITOR)
    except LogInError:
        return
    raise RuntimeError(f"{email} was let in")


def _forgot(desk: Desk, email: str) -> None:
    desk.renewal.forgot(email, VISITOR)


def _sign_up(desk: Desk, email: str) -> None:
    desk.entrance.ask_by_letter(email, "quite another long phrase", "", VISITOR)
