"""What must hold of the whole desk at every moment, whatever happened to it."""

from collections import Counter
from typing import Any

from tests.journey.desk_model import AT_WORK, MOVES
from tests.journey.driven_house import QUIET

FIELDS = {
    "requester": "requester_id",
    "assignee": "assignee_id",
    "review": "needs_review",
    "reopened": "reopenings",
    **{
        name: name
        for name in ("title", "description", "status", "priority", "category", "skills", "seq",
                     "replies", "notes", "closed_at")
    },
}  # fmt: skip
REPLAYED = ("status", "priority", "category", "skills", "assignee_id", "title")
STAFFS_ENTRIES = {"noted", "triage_asked", "declined", "warned", "breached"}


def check_kept(model, kept):
    """Hold the tickets as they are kept against the model."""
    assert kept.keys() == {f"tickets/{name}" for name in model.tickets}
    for name, ticket in model.tickets.items():
        told = {mine: kept[f"tickets/{name}"].get(theirs) for mine, theirs in FIELDS.items()}
        told |= {"replies": told["replies"] or 0, "notes": told["notes"] or 0}
        told |= {"reopened": told["reopened"] or 0, "review": told["review"] or False}
        assert told == {mine: ticket[mine] for mine in FIELDS}, name
        document = kept[f"tickets/{name}"]
        by_hand = {field for field, source in document["sources"].items() if source == "human"}
        assert by_hand == ticket["human"], name
        assert set(document.get("declined", ())) == ticket["declined"], name
        assert bool(document.get("resolved_at")) == ticket["resolved"], name
        assert bool(document.get("triage_asked_at")) == ticket["asked"], name
        assert bool(document.get("first_response_at")) == ticket["answered"], name
        assert not ticket["raised"] or document["sources"]["priority"] in {"rule", "human"}, name
        assert bool(document.get("given_seq")) == (ticket["assignee"] is not None), name
        assert (ticket["status"] in {"resolved", "closed"}) == ticket["resolved"], name


def check_loads(model, loads):
    """I5: a load is the number of tickets at work, for everybody, and never negative."""
    for who in model.people:
        counted = loads.get(f"load/{who}", {"open": 0})["open"]
        assert counted == model.load(who) >= 0, f"{who} has {model.load(who)}, counted {counted}"


def check_days(model, days, left):
    """The sums of the days are those of the tickets as they are."""
    sums: Counter[str] = Counter()
    for day in days.values():
        sums.update({name: amount for name, amount in day.items() if name != "day"})
    assert sums["filed"] == len(left)
    assert sums["responded"] == sum(it["answered"] for it in model.tickets.values())
    assert sums["resolved"] == sum(it["resolved"] for it in model.tickets.values())
    assert all(amount >= 0 for amount in sums.values()), sums


def check_history(ticket, document, entries):
    """I11: numbers from 1 without a gap, legal moves alone, and the sum of all is the ticket."""
    assert [each["seq"] for each in entries] == list(range(1, ticket["seq"] + 1))
    fields: dict[str, Any] = {"skills": []}
    for entry in entries:
        for field, change in entry["changes"].items():
            assert entry["seq"] == 1 or field not in fields or fields[field] == change["before"], (
                entry
            )
            fields[field] = change["after"]
        move = entry["changes"].get("status")
        if move and move["before"]:
            assert move["after"] in MOVES[move["before"]], f"{move} is no legal move"
    for field in REPLAYED:
        assert fields.get(field) == document.get(field), field


def check_comments(ticket, replies, notes):
    """What was said is there once, and counted."""
    assert (len(replies), len(notes)) == (ticket["replies"], ticket["notes"])
    said = sorted((each["seq"], each["internal"], each["text"]) for each in (*replies, *notes))
    assert said == ticket["said"]


def check_shown(model, who, name, ask):
    """Z2: whoever may see a ticket sees what is theirs to see of it, anybody else nothing."""
    ticket, path = model.tickets[name], f"/api/tickets/{name}"
    refused = model.refused(who, ticket)
    works = refused is None and model.works_on(who, ticket)
    answers = {part: ask(who, "GET", path + part) for part in ("", "/comments", "/timeline")}
    assert {each.status_code for each in answers.values()} == {refused or 200}
    if not works:
        assert not any(QUIET.encode() in each.data for each in answers.values())
    if refused:
        return
    shown = answers[""].json
    assert shown["status"] == ticket["status"]
    assert (shown["assignee"] or {}).get("id") == ticket["assignee"]
    assert ("verdict" in shown, "notes" in shown) == (works, works)
    said = [(each["seq"], each["internal"], each["text"]) for each in _items(answers["/comments"])]
    assert said == [each for each in ticket["said"] if works or not each[1]]
    told = _items(answers["/timeline"])
    assert works or not {each["action"] for each in told} & STAFFS_ENTRIES
    assert not works or len(told) == min(ticket["seq"], 20)


def check_listed(model, who, ask, view=None):
    """Z2: a list shows what its reader may see, and all of it."""
    answer = ask(who, "GET", "/api/tickets?limit=100" + (f"&view={view}" if view else ""))
    if model.people[who]["disabled"]:
        assert answer.status_code == 401
        return
    assert answer.status_code == 200
    assert {each["id"] for each in answer.json["items"]} == model.listed(who, view)
    for each in answer.json["items"]:
        assert ("needs_review" in each) == model.works_on(who, model.tickets[each["id"]])


def check_quiet(house, model):
    """What holds once nothing is left to do."""
    kept = house.everything()
    assert not house.all_of("outbox")
    assert not house.all_of("parked")
    mails = house.all_of("mail").values()
    assert {each["state"] for each in mails} <= {"accepted"}
    letters = Counter((each["event_id"], each["recipient"]) for each in mails)
    assert set(letters.values()) <= {1}
    assert len({letter.id for letter in house.postman.sent}) == len(mails)
    for ticket in model.tickets.values():
        assert ticket["status"] not in {"new", "triaged"}, "somebody serves, and nobody has it"
        assert not ticket["asked"]
        assert ticket["status"] not in AT_WORK or ticket["assignee"]
    return kept


def _items(answer):
    return answer.json["items"]
