"""P11: what a thousand ticket lives cost at list price, from what was counted.

A life is one POST, its three events, ten page views (five tickets, five lists of 20), and an end
that its requester is told of.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add

from bench import gates
from bench.counted import Count
from bench.gates import Row
from bench.operations import CHAIN, CLOSE, GET, NEWS, POST, Measured, list_name
from helpdesk import events
from helpdesk.events import WAKES
from helpdesk.user import Role

# List prices in USD, us-central1, without any free tier, as compiled on 2026-11-22. "Second-hand"
# is what others wrote of a price page, "from memory" is to be looked up before it is relied upon.
MODEL_IN = 0.30 / 1e6  # gemini-2.5-flash, a token; its price page as transcribed 2026-10-07
MODEL_OUT = 2.50 / 1e6  # likewise; second-hand, April to May 2026
LETTER = 19.95 / 50_000  # SendGrid Essentials; its price page as read 2026-08-13
VCPU_S = 24e-6  # Cloud Run; second-hand, 2025
GIB_S = 2.5e-6  # likewise
REQUEST = 0.40 / 1e6  # Cloud Run; second-hand
READ = 0.03 / 1e5  # Firestore, one region; second-hand
WRITE = 0.09 / 1e5  # likewise
DELETE = 0.01 / 1e5  # likewise; from memory
GIB_MONTH = 0.15  # Firestore; from memory
TIB_CARRIED = 40.0  # Pub/Sub; its price page
CARRIED_LEAST = 1_000  # bytes that each publish and each push costs at least; likewise

TICKETS = 1_000
VIEWS = 5  # of the ticket, and as many of the list
TOKENS_IN = 900
TOKENS_OUT = 350
INSTANCE_S = 4.0  # seconds of all functions together; 2.5 of them wait for the model
VCPU = 1.0
GIB = 0.5
KEPT_KIB = 8  # a ticket with its timeline, its letter and all their indexes
KEPT_MONTHS = 12
LETTERS = 2  # to the assignee, and to the requester at the end
EXPIRED = 1  # documents of a life that their time-to-live deletes: the mark of the Idempotency-Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the bill: for what, how much of it in one life, and USD for one life."""

    what: str
    quantity: str
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The lines of infrastructure, and those of model and mail."""

    infrastructure: tuple[Item, ...]
    others: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How much one ticket uses, from the first request to the last."""

    operations: Count
    requests: int
    carried: int  # bytes, as Pub/Sub bills them


def life_of(measured: Measured) -> Life:
    """Return what one life uses: what was counted, as often as it happens."""
    counts = measured.counts
    turns = {POST: 1, CHAIN: 1, GET: VIEWS, list_name(Role.USER): VIEWS, CLOSE: 1, NEWS: 1}
    operations = reduce(add, (counts[name].times(number) for name, number in turns.items()))
    woken = [len(WAKES[event.type]) for event in measured.told]
    sizes = [max(CARRIED_LEAST, len(events.encode(event))) for event in measured.told]
    return Life(
        operations=operations + Count(deletes=EXPIRED),
        requests=sum(turns.values()) - turns[CHAIN] - turns[NEWS] + sum(woken),
        carried=sum(size * (1 + pushed) for size, pushed in zip(sizes, woken, strict=True)),
    )


def bill(life: Life, *, instance_s: float = INSTANCE_S) -> Bill:
    """Return what one life costs when its functions run for so long."""
    done = life.operations
    kept_gib = KEPT_KIB / 2**20
    return Bill(
        infrastructure=(
            Item(
                what="Cloud Run, time",
                quantity=f"{instance_s:g} s of {VCPU:g} vCPU and {GIB:g} GiB",
                usd=instance_s * (VCPU * VCPU_S + GIB * GIB_S),
            ),
            Item(
                what="Firestore, operations",
                quantity=f"{done.reads} reads, {done.writes} writes, {done.deletes} deletes",
                usd=done.reads * READ + done.writes * WRITE + done.deletes * DELETE,
            ),
            Item(
                what="Firestore, storage",
                quantity=f"{KEPT_KIB} KiB for {KEPT_MONTHS} months",
                usd=kept_gib * KEPT_MONTHS * GIB_MONTH,
            ),
            Item(
                what="Cloud Run, requests",
                quantity=f"{life.requests}",
                usd=life.requests * REQUEST,
            ),
            Item(
                what="Pub/Sub",
                quantity=f"{life.carried:,} bytes",
                usd=life.carried / 2**40 * TIB_CARRIED,
            ),
        ),
        others=(
            Item(
                what="Gemini 2.5 Flash",
                quantity=f"{TOKENS_IN} tokens in, {TOKENS_OUT} out",
                usd=TOKENS_IN * MODEL_IN + TOKENS_OUT * MODEL_OUT,
            ),
            Item(what="SendGrid", quantity=f"{LETTERS} letters", usd=LETTERS * LETTER),
        ),
    )


def rows(measured: Measured, *, instance_s: float = INSTANCE_S) -> list[Row]:
    """Judge the infrastructure of a thousand tickets, and tell of what sum it is a part."""
    made = bill(life_of(measured), instance_s=instance_s)
    infrastructure, others = (
        TICKETS * sum(item.usd for item in items) for items in (made.infrastructure, made.others)
    )
    per = f"{TICKETS:,} tickets"
    return [
        *(_told(item) for item in made.infrastructure),
        gates.at_most(
            "P11", f"infrastructure, {per}", infrastructure, gates.INFRA_USD, " USD",
            measured=f"${infrastructure:.4f}",
        ),
        *(_told(item) for item in made.others),
        gates.told("P11", f"everything, {per}", f"${infrastructure + others:.4f}"),
    ]  # fmt: skip


def _told(item: Item) -> Row:
    return gates.told("P11", item.what, f"${TICKETS * item.usd:.4f}: {item.quantity} a ticket")
