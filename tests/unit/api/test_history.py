"""The history of a ticket: what happened to it and why, told to each as much as is theirs."""

import pytest

from helpdesk.documents import Delete, Update
from helpdesk.timeline import entry_path
from helpdesk.user import Role
from tests.unit.api.cycle import PRINTER, Chain, edit, give, retriage, say
from tests.unit.api.desk import is_problem


@pytest.fixture
def mod(counter):
    return counter.somebody("mod", Role.MODERATOR, skills=("Printing",))


@pytest.fixture
def ada(counter):
    return counter.somebody("ada")


@pytest.fixture
def ticket_id(counter, ada, mod):
    """Return a ticket that went all the way."""
    made = ada.file(*PRINTER).json["id"]
    Chain(counter).run()
    return made


def timeline(who, ticket_id, query=""):
    return who.get(f"/api/tickets/{ticket_id}/timeline{query}")


def assignment(who, ticket_id):
    return who.get(f"/api/tickets/{ticket_id}/assignment")


def test_the_whole_way_of_a_ticket_is_told_to_its_requester(ada, ticket_id):
    answer = timeline(ada, ticket_id)

    created, triaged, assigned = answer.json["items"]
    assert answer.json["next_cursor"] is None
    assert [each["action"] for each in answer.json["items"]] == ["created", "triaged", "assigned"]
    assert created["actor"] == {"kind": "human", "name": "Ada"}
    assert triaged["actor"] == {"kind": "rule", "name": ""}
    assert triaged["changes"]["status"] == {"before": "new", "after": "triaged"}
    assert triaged["changes"]["skills"]["after"] == ["Printing"]
    assert assigned["changes"]["status"]["after"] == "assigned"
    assert "why" not in answer.text


def test_staff_is_told_the_grounds_as_well(mod, ticket_id):
    created, triaged, assigned = timeline(mod, ticket_id).json["items"]

    assert created["why"] == {}
    assert triaged["why"]["evidence"]["skills"] == "Printer"
    assert triaged["cause"] == f"{ticket_id}.created.1"
    assert triaged["actor"]["id"]
    assert assigned["why"]["assignee_id"] == mod.user.id


def test_a_timeline_is_read_page_by_page(mod, ticket_id):
    first = timeline(mod, ticket_id, "?limit=2").json
    second = timeline(mod, ticket_id, f"?limit=2&cursor={first['next_cursor']}").json

    assert [each["seq"] for each in first["items"]] == [1, 2]
    assert [each["seq"] for each in second["items"]] == [3]
    assert second["next_cursor"] is None


def test_a_cursor_of_another_ticket_or_reader_is_refused(ada, mod, ticket_id):
    cursor = timeline(mod, ticket_id, "?limit=1").json["next_cursor"]

    refused = [
        timeline(ada, ticket_id, f"?cursor={cursor}"),
        timeline(mod, ticket_id, f"?cursor={cursor}x"),
        timeline(mod, ticket_id, "?cursor="),
        timeline(mod, ticket_id, "?limit=0"),
    ]

    assert all(is_problem(answer, 422) for answer in refused)


def test_a_timeline_reads_a_page_and_one_document_more(counter, mod, ticket_id):
    counter.auth.read = counter.documents.read = 0

    timeline(mod, ticket_id, "?limit=2")

    # The asker's account, the ticket, three changes, and who made the first one.
    assert counter.auth.read + counter.documents.read == 1 + 1 + 3 + 1


def test_why_a_ticket_is_ones_own_is_told_with_names_and_sums(mod, ticket_id):
    answer = assignment(mod, ticket_id)

    [candidate] = answer.json["candidates"]
    assert answer.json["assignee"] == {"id": mod.user.id, "name": "Mod"}
    assert (answer.json["fallback"], answer.json["excluded"]) == (False, {})
    assert candidate["user"] == {"id": mod.user.id, "name": "Mod"}
    assert candidate["skill"] == 1.0
    assert candidate["total"] >= candidate["score"] > 0


def test_whoever_was_left_out_is_named_with_the_reason(counter, ada, mod):
    busy = counter.somebody("busy", Role.MODERATOR, skills=("Printing",), available=False)
    ticket_id = ada.file(*PRINTER).json["id"]
    Chain(counter).run()

    answer = assignment(mod, ticket_id)

    assert answer.json["excluded"] == {busy.user.id: "unavailable"}


def test_grounds_from_before_the_sums_were_kept_are_told_without(counter, mod, ticket_id):
    path = entry_path(ticket_id, 3)
    why = counter.house.documents.get(path).data["why"]
    for each in why["candidates"]:
        del each["score"], each["total"]
    counter.house.documents.commit([Update(path, {"why": why})])

    [candidate] = assignment(mod, ticket_id).json["candidates"]

    assert (candidate["score"], candidate["total"]) == (None, None)


def test_a_ticket_that_is_nobodys_yet_has_no_such_reason(counter, ada):
    chief = counter.somebody("chief", Role.ADMIN)
    ticket_id = ada.file(*PRINTER).json["id"]

    answer = assignment(chief, ticket_id)

    assert answer.status_code == 200
    assert answer.json == {
        "seq": None, "at": None, "assignee": None, "by": None, "reason": "", "fallback": False,
        "candidates": [], "excluded": {},
    }  # fmt: skip


@pytest.mark.parametrize("odd", ["..", "__x__", "a%20b", "%00", "x" * 2000, "'--"])
@pytest.mark.parametrize("ask", [timeline, assignment])
def test_an_odd_id_names_no_ticket(counter, ask, odd):
    chief = counter.somebody("chief", Role.ADMIN)

    assert is_problem(ask(chief, odd), 404)


def test_whose_account_is_gone_is_still_named_by_what_they_did(counter, mod, ticket_id):
    requester = counter.tickets.get(ticket_id).requester_id
    counter.house.documents.commit([Delete(f"users/{requester}")])

    created = timeline(mod, ticket_id).json["items"][0]

    assert created["actor"] == {"kind": "human", "id": requester, "name": ""}


def test_what_people_change_is_told_with_its_before_and_after(ada, mod, ticket_id):
    edit(mod, ticket_id, priority="low", reason="Only one printer")
    edit(ada, ticket_id, title="It smokes", description="It smokes.")

    by_mod, by_ada = timeline(ada, ticket_id).json["items"][3:]
    grounds = timeline(mod, ticket_id).json["items"][3]["why"]

    assert by_mod["actor"] == {"kind": "human", "name": "Mod"}
    assert by_mod["changes"]["priority"]["after"] == "low"
    assert by_ada["changes"] == {
        "title": {"before": PRINTER[0], "after": "It smokes"},
        "description": {"before": PRINTER[1], "after": "It smokes."},
    }
    assert grounds == {"reason": "Only one printer"}
    assert "Only one printer" not in timeline(ada, ticket_id).text


def test_what_only_staff_does_among_itself_is_told_to_staff_alone(
    counter, chief, ada, mod, ticket_id
):
    say(mod, ticket_id, "A note.", internal=True)
    retriage(mod, ticket_id)
    Chain(counter).run()
    give(mod, ticket_id, None, reason="Not mine")

    told, all_of_it = (
        [each["action"] for each in timeline(who, ticket_id).json["items"]] for who in (ada, chief)
    )

    assert told == ["created", "triaged", "assigned", "triaged_again"]
    others = ["noted", "triage_asked", "triaged_again", "declined"]
    assert all_of_it == ["created", "triaged", "assigned", *others]


def test_a_page_of_nothing_but_that_is_empty_and_goes_on(ada, mod, ticket_id):
    for text in ("One", "Two", "Three"):
        say(mod, ticket_id, text, internal=True)
    edit(ada, ticket_id, title="It smokes")

    pages, cursor = [], ""
    while cursor is not None:
        page = timeline(ada, ticket_id, f"?limit=3{cursor and f'&cursor={cursor}'}").json
        pages.append([each["action"] for each in page["items"]])
        cursor = page["next_cursor"]

    assert pages == [["created", "triaged", "assigned"], [], ["edited"]]


def test_the_latest_who_gave_the_ticket_is_who_is_told_of(counter, chief, mod, ticket_id):
    twin = counter.somebody("twin", Role.MODERATOR, skills=("Printing",))
    give(mod, ticket_id, twin.user.id)
    give(twin, ticket_id, chief.user.id, reason="Over to you")
    by_hand = assignment(chief, ticket_id).json
    give(chief, ticket_id, None)
    nobodys = assignment(chief, ticket_id).json
    Chain(counter).run()
    by_rule = assignment(chief, ticket_id).json

    assert (by_hand["by"]["name"], by_hand["reason"]) == ("Twin", "Over to you")
    assert (nobodys["seq"], nobodys["by"], nobodys["assignee"]) == (None, None, None)
    assert (by_rule["by"], by_rule["reason"]) == (None, "")
    assert by_rule["excluded"] == {}
    assert by_rule["candidates"]


def test_whatever_became_of_a_ticket_since_its_giving_is_one_document(counter, mod, ticket_id):
    for number in range(30):
        edit(mod, ticket_id, title=f"Title {number}")
    counter.documents.asked.clear()

    told = assignment(mod, ticket_id).json

    assert (told["seq"], told["assignee"]["id"]) == (3, mod.user.id)
    assert "query" not in counter.documents.asked


@pytest.mark.parametrize("door", ["given", "handed_over"])
def test_of_a_ticket_from_before_givings_were_numbered_it_is_looked_up(
    counter, chief, mod, ticket_id, door
):
    if door == "handed_over":
        give(mod, ticket_id, chief.user.id, reason="Over to you")
    edit(chief, ticket_id, title="Later")
    counter.house.documents.commit([Update(f"tickets/{ticket_id}", {"given_seq": 0})])

    told = assignment(chief, ticket_id).json

    given = {"given": (3, mod.user.id, ""), "handed_over": (4, chief.user.id, "Over to you")}
    assert (told["seq"], told["assignee"]["id"], told["reason"]) == given[door]


@pytest.mark.parametrize("numbered", [3, 0])
def test_a_ticket_whose_giving_was_not_kept_has_no_reason(counter, mod, ticket_id, numbered):
    unkept = [
        Delete(entry_path(ticket_id, 3)),
        Update(f"tickets/{ticket_id}", {"given_seq": numbered}),
    ]
    counter.house.documents.commit(unkept)

    answer = assignment(mod, ticket_id)

    assert (answer.status_code, answer.json["seq"], answer.json["assignee"]) == (200, None, None)
