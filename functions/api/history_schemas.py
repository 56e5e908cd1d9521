"""What goes over the wire for the history of a ticket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.history import Assignment, Timeline
from api.schemas import Answer, Query
from api.ticket_schemas import PersonView
from helpdesk.documents import Value
from helpdesk.timeline import Action, Actor, Recorded

# What only staff learns of at all.
STAFFS = frozenset(
    {Action.NOTED, Action.TRIAGE_ASKED, Action.DECLINED, Action.WARNED, Action.BREACHED}
)


class ListChanges(Query):
    """Which page of what happened to a ticket."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class ActorView(Answer):
    """Who made a change: a person, or a machine of ours."""

    kind: Actor
    name: Annotated[str, Field(description="of the person; empty for whoever is none")]


class StaffActorView(ActorView):
    """Who made a change, for staff: a user's id, a model's name, a rule's version."""

    id: str


class ChangedView(Answer):
    """What one field was, and what it is; null is nothing yet."""

    before: Any
    after: Any


class ChangeView(Answer):
    """One change of a ticket."""

    seq: Annotated[int, Field(description="counts the changes of the ticket from 1")]
    at: datetime
    action: Annotated[str, Field(examples=["triaged"])]
    actor: ActorView
    changes: Annotated[
        dict[str, ChangedView],
        Field(description="per field what it was `before` and is `after`"),
    ]


class StaffChangeView(ChangeView):
    """One change of a ticket, for staff: with its grounds and what caused it."""

    actor: StaffActorView
    cause: Annotated[str, Field(description="the event or the request that led to it")]
    why: Annotated[
        dict[str, Any],
        Field(description="the grounds: evidence, prompt version and tokens of triage; "
              "candidates and exclusions of an assignment"),
    ]  # fmt: skip


class ChangePage(Answer):
    """One page of changes, oldest first; `next_cursor` is null on the last one."""

    items: list[StaffChangeView | ChangeView]
    next_cursor: str | None


class CandidateView(Answer):
    """Somebody who could have taken the ticket, with the terms of their score (each 0 to 1)."""

    user: PersonView
    skill: float
    capacity: float
    idle: float
    score: Annotated[float | None, Field(description="what decides")]
    total: Annotated[float | None, Field(description="what decides between two near-equals")]


class AssignmentView(Answer):
    """Why a ticket is whose it is; null and empty while it is nobody's yet."""

    seq: int | None
    at: datetime | None
    assignee: PersonView | None
    by: Annotated[
        PersonView | None, Field(description="who chose by hand; null where the rules did")
    ]
    reason: Annotated[str, Field(description="what they gave as one", examples=[""])]
    fallback: Annotated[bool, Field(description="no moderator could take it: an admin did")]
    candidates: list[CandidateView]
    excluded: Annotated[
        dict[str, str], Field(description="per user who was left out, why", examples=[{}])
    ]


def change_page(timeline: Timeline, *, staff: bool) -> dict[str, Any]:
    """Return a timeline in the shape of ChangePage."""
    shown = [each for each in timeline.changes if staff or each.entry.action not in STAFFS]
    items = [_change(each, timeline, staff=staff) for each in shown]
    return {"items": items, "next_cursor": timeline.next_cursor}


def assignment_view(assignment: Assignment) -> dict[str, Any]:
    """Return an assignment in the shape of AssignmentView."""
    made, names = assignment.made, assignment.names
    if made is None:
        nobodys = {"seq": None, "at": None, "assignee": None, "by": None, "reason": ""}
        return {**nobodys, "fallback": False, "candidates": [], "excluded": {}}
    entry, why = made.entry, made.entry.why
    return {
        "seq": made.seq,
        "at": made.at,
        "assignee": _person(assignment.ticket.assignee_id or "", names),
        "by": _person(entry.actor_id, names) if entry.actor is Actor.HUMAN else None,
        "reason": why.get("reason", ""),
        "fallback": why.get("fallback", False),
        "candidates": [
            {
                "user": _person(each["user_id"], names),
                "skill": each["skill"],
                "capacity": each["capacity"],
                "idle": each["idle"],
                "score": each.get("score"),  # older entries lack the sums
                "total": each.get("total"),
            }
            for each in why.get("candidates", ())
        ],
        "excluded": why.get("excluded", {}),
    }


def _change(change: Recorded, timeline: Timeline, *, staff: bool) -> dict[str, Value]:
    entry = change.entry
    human = entry.actor is Actor.HUMAN
    name = timeline.names.get(entry.actor_id, "") if human else ""
    actor = {"kind": entry.actor, "name": name}
    view = {
        "seq": change.seq,
        "at": change.at,
        "action": entry.action,
        "actor": actor,
        "changes": change.changes,
    }
    if not staff:
        return view
    known = {**actor, "id": entry.actor_id}
    return {**view, "actor": known, "cause": entry.cause, "why": entry.why}


def _person(user_id: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"id": user_id, "name": names.get(user_id, "")}
