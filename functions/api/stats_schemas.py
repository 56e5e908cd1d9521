"""What goes over the wire for how the desk is doing."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from api.schemas import Answer, Query
from api.stats import Stats
from api.ticket_schemas import PersonView
from helpdesk.days import DAYS_MOST, LATER, SPANS
from helpdesk.goals import Goal
from helpdesk.ticket import JUDGED
from helpdesk.verdict import Category, Priority, Source

FALLBACK = "fallback_"


class AskStats(Query):
    """Over how many days."""

    days: Annotated[int, Field(ge=1, le=DAYS_MOST, description="today is one of them")] = 30


class DayView(Answer):
    """What happened on one day (UTC)."""

    day: date
    filed: Annotated[int, Field(description="tickets of that day that have left triage")]
    resolved: Annotated[int, Field(description="on that day, and not opened again since")]
    reopened: int
    fallbacks: Annotated[int, Field(description="verdicts that the built-in rules gave instead")]
    tokens_in: int
    tokens_out: int
    cost_usd: float


class TookView(Answer):
    """How long something took: the mean, and how many were done within what time."""

    count: int
    mean_s: Annotated[float | None, Field(description="null where nothing was")]
    within: Annotated[
        dict[str, int],
        Field(description="1h, 4h, 1d, 3d, 7d, later; each ticket once", examples=[{"1h": 3}]),
    ]


class TimesView(Answer):
    """How long tickets waited for each thing, from when they were filed."""

    triage: TookView
    assignment: TookView
    first_response: TookView
    resolution: TookView


class KeptView(Answer):
    """How often a promise to resolved tickets was kept."""

    in_time: int
    late: int
    share: Annotated[float | None, Field(description="0 to 1; null where none was promised")]


class AgreementView(Answer):
    """How often the machine's value was the final one of a resolved ticket."""

    judged: int
    agreed: int
    share: Annotated[float | None, Field(description="0 to 1; null where nothing was judged")]


class StaffLoadView(Answer):
    """How much somebody has to work on."""

    user: PersonView
    open: int
    capacity: int
    available: bool


class StatsView(Answer):
    """How the desk is doing."""

    days: list[DayView]
    open: Annotated[dict[str, int], Field(description="just now, by status")]
    filed_by_priority: dict[Priority, int]
    filed_by_category: dict[Category, int]
    verdicts: Annotated[dict[Source, int], Field(description="by who gave them")]
    fallbacks: Annotated[
        dict[str, int], Field(description="why the rules stood in", examples=[{"unavailable": 2}])
    ]
    times: TimesView
    promises: Annotated[
        dict[str, KeptView], Field(description="by goal: response, resolution", examples=[{}])
    ]
    accuracy: Annotated[dict[str, AgreementView], Field(description="by field")]
    tokens_in: int
    tokens_out: int
    cost_usd: float
    load: list[StaffLoadView]


def stats_view(stats: Stats) -> dict[str, Any]:
    """Return figures in the shape of StatsView."""
    totals = stats.totals
    return {
        "days": [{"day": it.day.isoformat(), **_day(it.counts)} for it in stats.days],
        "open": {status.value: count for status, count in stats.open.items()},
        "filed_by_priority": {each.value: totals.get(f"filed_{each}", 0) for each in Priority},
        "filed_by_category": {each.value: totals.get(f"filed_{each}", 0) for each in Category},
        "verdicts": {
            each.value: totals.get(f"verdicts_{each}", 0) for each in (Source.AI, Source.FALLBACK)
        },
        "fallbacks": {
            name.removeprefix(FALLBACK): count
            for name, count in sorted(totals.items())
            if name.startswith(FALLBACK)
        },
        "times": {
            "triage": _took(totals, "triage_ms", "filed", unit=1000),
            "assignment": _took(totals, "assign_ms", "assigned", unit=1000),
            "first_response": _took(totals, "response_s", "responded", within="response"),
            "resolution": _took(totals, "resolve_s", "resolved", within="resolve"),
        },
        "promises": {goal.value: _kept(totals, goal) for goal in Goal},
        "accuracy": {field: _agreement(totals, field) for field in JUDGED},
        **_model(totals),
        "load": [
            {
                "user": {"id": user.id, "name": user.name},
                "open": load.open,
                "capacity": user.capacity,
                "available": user.available,
            }
            for user, load in stats.staff
        ],
    }


def _day(counts: Mapping[str, int]) -> dict[str, Any]:
    told = {name: counts.get(name, 0) for name in ("filed", "resolved", "reopened")}
    fallbacks = sum(n for name, n in counts.items() if name.startswith(FALLBACK))
    return {**told, "fallbacks": fallbacks, **_model(counts)}


def _model(counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "tokens_in": counts.get("tokens_in", 0),
        "tokens_out": counts.get("tokens_out", 0),
        "cost_usd": counts.get("cost_nano_usd", 0) / 1e9,
    }


def _took(
    totals: Mapping[str, int], summed: str, counted: str, *, unit: int = 1, within: str = ""
) -> dict[str, Any]:
    count = totals.get(counted, 0)
    mean = round(totals.get(summed, 0) / unit / count, 3) if count else None
    names = [*(name for _, name in SPANS), LATER] if within else []
    spans = {name: totals.get(f"{within}_{name}", 0) for name in names}
    return {"count": count, "mean_s": mean, "within": spans}


def _kept(totals: Mapping[str, int], goal: Goal) -> dict[str, Any]:
    in_time, late = totals.get(f"{goal}_in_time", 0), totals.get(f"{goal}_late", 0)
    share = round(in_time / (in_time + late), 4) if in_time + late else None
    return {"in_time": in_time, "late": late, "share": share}


def _agreement(totals: Mapping[str, int], field: str) -> dict[str, Any]:
    judged, agreed = totals.get(f"judged_{field}", 0), totals.get(f"agreed_{field}", 0)
    share = round(agreed / judged, 4) if judged else None
    return {"judged": judged, "agreed": agreed, "share": share}
