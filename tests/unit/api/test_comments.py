"""Replies and notes over HTTP: who says what to whom, what follows, and that it is said once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from api.comments import COMMENTING
from api.limits import Budget, Limits
from helpdesk.documents import Delete
from helpdesk.user import Role
from tests.stands import Faulty, everything
from tests.unit.api.cycle import (
    Chain,
    actions,
    comments_kept,
    edit,
    give,
    loads_are_true,
    path_of,
    put,
    read,
    said,
    say,
)
from tests.unit.api.desk import is_problem
from tests.unit.api.post import letters

COMMENT = {"seq", "at", "author", "side", "text", "internal"}
CROWD = 20


@pytest.fixture
def mod(counter):
    return counter.somebody("mod", Role.MODERATOR, skills=("Printing",))


@pytest.fixture
def chain(counter):
    return Chain(counter)


@pytest.fixture
def ticket_id(counter, ada, mod):
    return put(counter, ada, assignee=mod)


def texts(who, ticket_id, query=""):
    return [each["text"] for each in said(who, ticket_id, query).json["items"]]


def to(counter, name):
    """Return the letters about a ticket to somebody, oldest first."""
    return [each for each in letters(counter, f"{name}@example.com") if each.ticket_id]


def test_a_reply_is_kept_and_answered_as_it_is_read(ada, mod, ticket_id):
    answer = say(mod, ticket_id, "  Which floor?\n")

    comment = answer.json
    assert (answer.status_code, set(comment)) == (201, COMMENT)
    assert comment["author"] == {"id": mod.user.id, "name": "Mod"}
    assert (comment["text"], comment["side"]) == ("Which floor?", "staff")
    assert (comment["seq"], comment["internal"]) == (6, False)
    assert said(ada, ticket_id).json == {"items": [comment], "next_cursor": None}


def test_the_first_answer_of_staffs_begins_the_work_and_is_the_first_response(
    counter, ada, mod, ticket_id
):
    say(ada, ticket_id, "Hello?")
    before = read(ada, ticket_id).json
    counter.clock.tick(minutes=4)
    at = say(mod, ticket_id).json["at"]
    counter.clock.tick(minutes=4)
    say(mod, ticket_id)

    ticket = read(ada, ticket_id).json
    assert (before["status"], before["first_response_at"]) == ("assigned", None)
    assert (ticket["status"], ticket["first_response_at"]) == ("in_progress", at)
    assert ticket["replies"] == 3
    assert loads_are_true(counter)


def test_the_other_side_gets_a_letter_and_nobody_of_their_own(counter, chain, ada, mod, ticket_id):
    say(mod, ticket_id, "Which floor?")
    say(ada, ticket_id, "The second.")
    chain.run()

    [to_ada], [to_mod] = to(counter, "ada"), to(counter, "mod")
    assert "Mod wrote" in to_ada.text
    assert "Which floor?" in to_ada.text
    assert "The second." in to_mod.text


def test_an_answer_may_say_along_with_it_where_that_leaves_the_ticket(
    counter, chain, ada, mod, ticket_id
):
    say(mod, ticket_id, "Which floor?", status="waiting")
    chain.run()
    waiting = read(ada, ticket_id).json["status"]
    say(ada, ticket_id, "The second.")
    going_on = read(ada, ticket_id).json["status"]
    say(mod, ticket_id, "It is mended.", status="resolved")
    chain.run()

    assert (waiting, going_on) == ("waiting", "in_progress")
    assert read(ada, ticket_id).json["resolved_at"]
    first, second = to(counter, "ada")
    assert "which is waiting" in first.text
    assert "which is resolved" in second.text
    assert "It is mended." in second.text
    assert loads_are_true(counter)


def test_a_reply_of_the_requester_opens_a_resolved_ticket_again(counter, chain, ada, mod):
    ticket_id = put(counter, ada, assignee=mod, status="resolved")
    counter.clock.tick(days=100)  # only what is closed is so for good
    ada, mod = counter.logged_in(ada.user), counter.logged_in(mod.user)

    say(ada, ticket_id, "It burns again.")
    chain.run()

    ticket = read(mod, ticket_id).json
    assert (ticket["status"], ticket["reopenings"], ticket["resolved_at"]) == ("assigned", 1, None)
    assert ["burns again" in each.text for each in to(counter, "mod")] == [True]
    assert loads_are_true(counter)


def test_an_answer_of_staffs_leaves_a_closed_ticket_closed(counter, ada, mod):
    ticket_id = put(counter, ada, assignee=mod, status="closed", closed_at=counter.clock.now())

    assert say(mod, ticket_id, "It was the fuse.").status_code == 201
    assert read(ada, ticket_id).json["status"] == "closed"


def test_a_note_is_for_staff_only_and_leaves_no_trace_of_itself_to_others(
    counter, chain, ada, mod, ticket_id
):
    say(mod, ticket_id, "Which floor?")
    before = read(ada, ticket_id).json
    note = say(mod, ticket_id, "He has three canaries.", internal=True)
    chain.run()

    assert (note.json["internal"], note.json["side"]) == (True, "staff")
    assert texts(mod, ticket_id) == ["Which floor?", "He has three canaries."]
    assert texts(ada, ticket_id) == ["Which floor?"]
    ticket = read(ada, ticket_id).json
    assert {**ticket, "updated_at": ""} == {**before, "updated_at": ""}
    assert "notes" not in ticket
    assert read(mod, ticket_id).json["notes"] == 1
    assert actions(ada, ticket_id) == ["assigned", "replied"]
    assert actions(mod, ticket_id) == ["assigned", "replied", "noted"]
    everything_said = [
        each.text for each in (ada.get(path_of(ticket_id)), said(ada, ticket_id),
                               ada.get(path_of(ticket_id, "/timeline")), ada.get("/api/tickets"))
    ]  # fmt: skip
    assert not [each for each in everything_said if "canaries" in each]
    assert not [each for each in to(counter, "ada") if "canaries" in each.text]


def test_a_note_of_somebody_elses_is_told_to_the_assignee(
    counter, chain, chief, ada, mod, ticket_id
):
    say(chief, ticket_id, "Ask about the fuse.", internal=True)
    chain.run()

    [told] = to(counter, "mod")
    assert "noted for staff only" in told.text
    assert to(counter, "ada") == []
    assert read(mod, ticket_id).json["first_response_at"] is None


def test_a_note_sets_no_status_and_a_requester_sets_none_either(counter, ada, mod, ticket_id):
    before = everything(counter.house.documents)

    answers = [
        say(mod, ticket_id, internal=True, status="waiting"),
        say(ada, ticket_id, status="resolved"),
    ]

    for answer in answers:
        assert is_problem(answer, 422)
        assert answer.json["errors"][0]["field"] == "status"
    assert everything(counter.house.documents) == before


def test_who_may_say_what_depends_on_what_they_are_to_the_ticket(
    counter, chief, ada, mod, ticket_id
):
    bob, mia = counter.somebody("bob"), counter.somebody("mia", Role.MODERATOR)
    statuses = {
        (name, door): (say(who, ticket_id, internal=door == "note") if door != "read"
                       else said(who, ticket_id)).status_code
        for name, who in {"ada": ada, "mod": mod, "chief": chief, "bob": bob, "mia": mia}.items()
        for door in ("reply", "note", "read")
    }  # fmt: skip

    assert statuses == {
        ("ada", "reply"): 201, ("ada", "note"): 403, ("ada", "read"): 200,
        ("mod", "reply"): 201, ("mod", "note"): 201, ("mod", "read"): 200,
        ("chief", "reply"): 201, ("chief", "note"): 201, ("chief", "read"): 200,
        ("bob", "reply"): 404, ("bob", "note"): 404, ("bob", "read"): 404,
        ("mia", "reply"): 404, ("mia", "note"): 404, ("mia", "read"): 404,
    }  # fmt: skip


def test_an_admin_who_asks_for_help_speaks_as_whoever_asks(counter, chief, mod):
    ticket_id = put(counter, chief, assignee=mod)

    reply = say(chief, ticket_id, "Hello?")
    note = say(chief, ticket_id, "I know.", internal=True)

    assert (reply.json["side"], note.json["side"]) == ("requester", "staff")
    assert read(chief, ticket_id).json["first_response_at"] is None


def test_who_has_their_own_ticket_speaks_as_staff(counter, mod):
    ticket_id = put(counter, mod, assignee=mod)

    assert say(mod, ticket_id).json["side"] == "staff"


def test_who_was_demoted_speaks_for_themselves_alone(counter, chief, mod):
    ticket_id = put(counter, mod, assignee=mod)
    assert chief.patch(f"/api/auth/users/{mod.user.id}", {"role": "user"}).status_code == 200

    answer = say(mod, ticket_id, "I am no staff any more.")

    assert answer.json["side"] == "requester"
    assert is_problem(say(mod, ticket_id, internal=True), 403)
    ticket = read(chief, ticket_id).json
    assert (ticket["status"], ticket["first_response_at"]) == ("assigned", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "nul\0"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": 1}, "text"),
        ({"text": "x", "internal": "yes"}, "internal"),
        ({"text": "x", "status": "closed"}, "status"),
        ({"text": "x", "side": "staff"}, "side"),
        ({"text": "x", "author": "me"}, "author"),
        ({}, "text"),
    ],
    ids=str,
)
def test_what_is_no_comment_is_refused_by_name(counter, mod, ticket_id, body, field):
    answer = mod.post(path_of(ticket_id, "/comments"), body)

    assert answer.status_code in {400, 422}
    if answer.status_code == 422:
        assert [each["field"] for each in answer.json["errors"]] == [field]
    assert comments_kept(counter, ticket_id) == []


def test_what_was_said_is_read_page_by_page(mod, ada, ticket_id):
    for number in range(7):
        say(mod, ticket_id, f"{number}", internal=number % 3 == 0)

    assert walked(mod, ticket_id, 3) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert walked(ada, ticket_id, 2) == [["1", "2"], ["4", "5"]]
    assert walked(mod, ticket_id, 7) == [["0", "1", "2", "3", "4", "5", "6"]]


def walked(who, ticket_id, limit):
    """Return the texts of every page."""
    pages, cursor = [], ""
    while cursor is not None:
        query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        page = said(who, ticket_id, query).json
        pages.append([each["text"] for each in page["items"]])
        cursor = page["next_cursor"]
    return pages


def test_a_cursor_of_another_ticket_or_reader_is_refused(counter, ada, mod, ticket_id):
    other = put(counter, ada, assignee=mod)
    for _ in range(2):
        say(mod, ticket_id)
    cursor = said(mod, ticket_id, "?limit=1").json["next_cursor"]

    refused = [
        said(ada, ticket_id, f"?cursor={cursor}"),
        said(mod, other, f"?cursor={cursor}"),
        said(mod, ticket_id, f"?cursor={cursor}x"),
        said(mod, ticket_id, "?cursor="),
        said(mod, ticket_id, "?limit=0"),
        said(mod, ticket_id, "?notes=true"),
    ]

    assert all(is_problem(each, 422) for each in refused)


def test_the_same_key_says_it_once_and_gets_the_same_answer(counter, chain, ada, mod, ticket_id):
    first = say(mod, ticket_id, key="k1")
    counter.clock.tick(minutes=1)
    edit(mod, ticket_id, status="waiting")
    again = say(mod, ticket_id, key="k1")
    chain.run()

    assert again.json == first.json
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (
        None,
        "true",
    )
    assert texts(ada, ticket_id) == ["Which floor?"]
    assert read(ada, ticket_id).json["status"] == "waiting"
    assert len(to(counter, "ada")) == 1


@pytest.mark.parametrize(
    "other", [{"text": "Other"}, {"internal": True}, {"status": "waiting"}], ids=str
)
def test_the_same_key_with_another_comment_is_refused(ada, mod, ticket_id, other):
    say(mod, ticket_id, key="k1")

    assert is_problem(say(mod, ticket_id, key="k1", **other), 422)
    assert texts(mod, ticket_id) == ["Which floor?"]


def test_a_key_is_ones_own_and_of_one_ticket(counter, ada, mod, ticket_id):
    other = put(counter, ada, assignee=mod)

    answers = [
        say(mod, ticket_id, "Mine", key="k1"),
        say(ada, ticket_id, "Yours", key="k1"),
        say(mod, other, "Else", key="k1"),
    ]

    assert [each.status_code for each in answers] == [201, 201, 201]
    assert not [each for each in answers if "Idempotent-Replayed" in each.headers]


def test_a_key_is_forgotten_after_a_day(counter, mod, ticket_id):
    say(mod, ticket_id, key="k1")
    counter.clock.tick(days=1)
    fresh = counter.logged_in(mod.user)

    assert say(fresh, ticket_id, "Other", key="k1").status_code == 201
    assert "Idempotent-Replayed" in say(fresh, ticket_id, "Other", key="k1").headers
    assert texts(fresh, ticket_id) == ["Which floor?", "Other"]


def test_a_mark_that_is_forgotten_just_now_is_no_fault(counter, mod, ticket_id):
    say(mod, ticket_id, key="k1")
    [mark] = [path for path in everything(counter.house.documents) if path.startswith("idem/")]
    counter.clock.tick(days=1)
    fresh, left = counter.logged_in(mod.user), [mark]

    def meanwhile(name, asked):
        if name == "commit" and left and any("/comments/" in each.path for each in asked):
            counter.house.documents.commit([Delete(left.pop())])
        return False

    counter.documents.fails = meanwhile

    assert say(fresh, ticket_id, "Other", key="k1").status_code == 201
    assert texts(fresh, ticket_id) == ["Which floor?", "Other"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "\u00e4"])
def test_a_key_that_is_none_is_refused(mod, ticket_id, key):
    headers = {"Idempotency-Key": key}

    answer = mod.post(path_of(ticket_id, "/comments"), {"text": "x"}, headers)

    assert is_problem(answer, 422)


def test_twenty_at_once_with_one_key_are_one_comment_and_one_letter(
    counter, chain, ada, mod, ticket_id
):
    with ThreadPoolExecutor(CROWD) as threads:
        answers = list(
            threads.map(lambda _: say(mod, ticket_id, key="k1", status="waiting"), range(CROWD))
        )
    chain.run()

    assert {each.status_code for each in answers} == {201}
    assert {str(each.json) for each in answers} == {str(answers[0].json)}
    assert len([each for each in answers if "Idempotent-Replayed" in each.headers]) == CROWD - 1
    assert texts(mod, ticket_id) == ["Which floor?"]
    assert len(to(counter, "ada")) == 1
    assert loads_are_true(counter)


def test_of_two_different_ones_at_once_with_one_key_just_one_is_said(counter, ada, mod, ticket_id):
    inner = []
    left = [partial(say, mod, ticket_id, "Quicker", key="k1")]

    def meanwhile(name, asked):
        if name == "commit" and left and any("/comments/" in each.path for each in asked):
            inner.append(left.pop()())
        return False

    counter.documents.fails = meanwhile
    answer = say(mod, ticket_id, "Slower", key="k1")

    assert inner[0].status_code == 201
    assert is_problem(answer, 422)
    assert texts(mod, ticket_id) == ["Quicker"]


def test_a_lost_answer_is_asked_for_again_and_nothing_is_said_twice(
    counter, chain, ada, mod, ticket_id
):
    faulty = counter.documents._documents = Faulty(counter.house.documents)
    faulty.arm("after", 2)  # the first one counts the use
    lost = say(mod, ticket_id, key="k1")
    again = say(mod, ticket_id, key="k1")
    chain.run()

    assert is_problem(lost, 503)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert texts(ada, ticket_id) == ["Which floor?"]
    assert len(to(counter, "ada")) == 1


def test_what_the_store_did_not_take_is_said_by_the_second_request(counter, ada, mod, ticket_id):
    faulty = counter.documents._documents = Faulty(counter.house.documents)
    faulty.arm("before", 2)
    lost = say(mod, ticket_id, key="k1")
    again = say(mod, ticket_id, key="k1")

    assert is_problem(lost, 503)
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (201, None)
    assert texts(ada, ticket_id) == ["Which floor?"]


def test_a_commit_that_the_store_took_and_asked_for_again_says_it_once(counter, mod, ticket_id):
    commit = counter.documents.commit
    counter.documents.commit = lambda writes: (
        (commit(writes), commit(writes))[1]
        if any("/comments/" in each.path for each in writes)
        else commit(writes)
    )

    answer = say(mod, ticket_id, key="k1")

    assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (201, None)
    assert said(mod, ticket_id).json["items"] == [answer.json]


def test_replies_of_both_sides_at_once_are_both_said(counter, ada, mod, ticket_id):
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda n: say((ada, mod)[n % 2], ticket_id, f"{n}"), range(6)))

    assert {each.status_code for each in answers} == {201}
    assert sorted(texts(ada, ticket_id)) == [f"{n}" for n in range(6)]
    assert len({each.json["seq"] for each in answers}) == 6


def test_too_many_comments_within_an_hour_are_refused(counter, ada, mod, ticket_id):
    for _ in range(COMMENTING.most):
        assert say(ada, ticket_id, "Hello?").status_code == 201

    refused = say(ada, ticket_id, "Hello?")

    assert is_problem(refused, 429)
    assert 0 < int(refused.headers["Retry-After"]) <= COMMENTING.per / timedelta(seconds=1)
    assert say(mod, ticket_id).status_code == 201
    assert give(mod, ticket_id, None).status_code == 200


def test_what_is_said_once_more_or_refused_is_not_counted(counter, ada, mod, ticket_id):
    limits = Limits(documents=counter.house.documents, clock=counter.clock)
    for _ in range(COMMENTING.most - 1):
        limits.take(Budget(COMMENTING, ada.user.id))

    refused = [say(ada, ticket_id, internal=True), say(ada, ticket_id, status="resolved")]
    first = say(ada, ticket_id, key="k1")
    again = [say(ada, ticket_id, key="k1") for _ in range(2)]
    last = say(ada, ticket_id, key="k2")

    assert [each.status_code for each in refused] == [403, 422]
    assert (first.status_code, [each.json for each in again]) == (201, [first.json] * 2)
    assert is_problem(last, 429)
    assert len(texts(ada, ticket_id)) == 1


@pytest.mark.parametrize("odd", ["..", "__x__", "a%20b", "%00", "x" * 2000])
def test_an_odd_id_names_no_ticket(chief, odd):
    assert is_problem(said(chief, odd), 404)
    assert is_problem(say(chief, odd), 404)
