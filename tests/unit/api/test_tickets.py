"""Tickets over HTTP: filed, read and listed by those who may, each seeing their share."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.limits import Limits
from api.tickets import ID_TRIES, TicketDesk
from helpdesk.errors import OutsideError
from helpdesk.user import Role
from tests.builders import NOW
from tests.unit.api.desk import SETTINGS, STATUSES, alike, is_problem

REQUESTER_SEES = {
    "id", "title", "description", "status", "priority", "category", "skills", "requester",
    "assignee", "created_at", "updated_at", "triaged_at", "assigned_at", "first_response_at",
    "resolved_at", "closed_at", "closes_at", "reopenings", "replies",
}  # fmt: skip
STAFF_SEES = REQUESTER_SEES | {
    "sources", "needs_review", "notified_at", "verdict", "notes", "triage_asked_at", "declined",
    "goals",
}  # fmt: skip
LINE = {
    "id", "title", "status", "priority", "category", "skills", "requester", "assignee",
    "created_at", "updated_at",
}  # fmt: skip
BODY = {"title": "Cannot log in", "description": "The page stays white."}
ABSENT = "0000000Z"


def count_of(counter):
    with counter.house.documents._database.reading() as connection:
        query = "SELECT count(*) FROM documents WHERE collection = 'tickets'"
        return connection.execute(query).fetchone()[0]


def keyed(key):
    return {"Idempotency-Key": key}


def test_a_ticket_is_answered_before_any_triage(counter):
    ada = counter.somebody("ada")

    answer = ada.file()

    ticket = answer.json
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/tickets/{ticket['id']}"
    assert set(ticket) == REQUESTER_SEES
    assert (ticket["status"], ticket["priority"], ticket["assignee"]) == ("new", None, None)
    assert ticket["requester"] == {"id": ada.user.id, "name": "Ada"}
    assert ticket["created_at"] == "2026-01-31T09:30:00.000000Z"
    assert ada.get(answer.headers["Location"]).json == ticket
    assert counter.house.queue.waiting() == 1


def test_an_admin_who_files_a_ticket_sees_all_of_it(counter):
    answer = counter.somebody("chief", Role.ADMIN).file()

    assert set(answer.json) == STAFF_SEES
    assert answer.json["verdict"] is None


def test_a_title_is_one_line_and_a_description_keeps_its_own(counter):
    answer = counter.somebody("ada").file("  Two\r\n lines\t ", "\n first\n\n second \n")

    assert answer.json["title"] == "Two lines"
    assert answer.json["description"] == "first\n\n second"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n\t"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "nul\0"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"description": ""}, "description"),
        ({"description": "x" * 20_001}, "description"),
        ({"description": "nul\0"}, "description"),
        ({"description": "\udfff"}, "description"),
    ],
)
def test_a_bad_ticket_names_the_field_and_is_not_kept(counter, change, field):
    answer = counter.somebody("ada").post("/api/tickets", {**BODY, **change})

    assert is_problem(answer, 422)
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert count_of(counter) == 0


def test_the_longest_ticket_is_taken(counter):
    answer = counter.somebody("ada").file("\U0001f600" * 200, "x" * 20_000)

    assert answer.status_code == 201
    assert len(answer.json["title"]) == 200


@pytest.mark.parametrize(
    "field",
    [
        "role", "status", "priority", "requester_id", "assignee", "assignee_id", "skills", "id",
        "created_at", "verdict", "sources", "links", "parent", "__proto__", "seq", "version",
    ],
)  # fmt: skip
def test_nothing_but_title_and_description_is_taken(counter, field):
    answer = counter.somebody("ada").post("/api/tickets", {**BODY, field: "x"})

    assert is_problem(answer, 422)
    assert answer.json["errors"][0]["field"] == field
    assert count_of(counter) == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_files_or_lists_without_a_name(counter, method):
    visitor = counter.visitor()

    answer = visitor.get("/api/tickets") if method == "get" else visitor.file()

    assert is_problem(answer, 401)


def test_the_same_key_opens_one_ticket_and_answers_as_before(counter):
    ada = counter.somebody("ada")

    first, second = ada.file(headers=keyed("k-1")), ada.file(headers=keyed("k-1"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert count_of(counter) == 1


def test_fifty_at_once_with_one_key_open_one_ticket(counter):
    ada = counter.somebody("ada")

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: ada.file(headers=keyed("k")), range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 49
    assert count_of(counter) == 1
    assert counter.house.queue.waiting() == 1


def test_a_replay_answers_as_at_first_even_when_the_ticket_went_on(counter):
    ada = counter.somebody("ada")
    first = ada.file(headers=keyed("k"))
    counter.assign(first.json["id"], counter.somebody("mod", Role.MODERATOR))

    assert ada.file(headers=keyed("k")).data == first.data


@pytest.mark.parametrize("change", [{"title": "Else"}, {"description": "Else"}])
def test_the_same_key_with_another_body_is_refused(counter, change):
    ada = counter.somebody("ada")
    ada.file(headers=keyed("k"))

    answer = ada.post("/api/tickets", {**BODY, **change}, keyed("k"))

    assert is_problem(answer, 422)
    assert count_of(counter) == 1


def test_two_users_may_choose_the_same_key(counter):
    ada, bo = counter.somebody("ada"), counter.somebody("bo")

    one, other = ada.file(headers=keyed("k")), bo.file("Else", headers=keyed("k"))

    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json["id"] != other.json["id"]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "a/b", "\u00e4", "a.b", "{}", "k;", "²"])
def test_a_malformed_key_is_refused(counter, key):
    answer = counter.somebody("ada").file(headers=keyed(key))

    assert is_problem(answer, 422)
    assert count_of(counter) == 0


@pytest.mark.parametrize("key", ["a", "_", "--", "x" * 64, "0-9_A-z"])
def test_a_well_formed_key_is_taken(counter, key):
    assert counter.somebody("ada").file(headers=keyed(key)).status_code == 201


def test_a_retry_after_a_lost_answer_gets_the_same_ticket(counter):
    ada = counter.somebody("ada")
    real = counter.documents._documents

    def commits_and_dies(name, asked):
        if name == "commit" and len(asked) > 1:
            real.commit(asked)
            return True
        return False

    counter.documents.fails = commits_and_dies
    lost = ada.file(headers=keyed("k"))
    counter.documents.fails = lambda *_: False

    again = ada.file(headers=keyed("k"))

    assert is_problem(lost, 503)
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count_of(counter) == 1


@pytest.mark.parametrize("change", [{"title": ""}, {"description": 1}])
def test_a_refused_request_does_not_use_up_its_key(counter, change):
    ada = counter.somebody("ada")
    assert is_problem(ada.post("/api/tickets", {**BODY, **change}, keyed("k")), 422)

    assert ada.file(headers=keyed("k")).status_code == 201


def test_a_failed_request_does_not_use_up_its_key(counter):
    ada = counter.somebody("ada")
    counter.documents.fails = lambda name, _: name == "commit"
    assert is_problem(ada.file(headers=keyed("k")), 503)
    counter.documents.fails = lambda *_: False

    assert "Idempotent-Replayed" not in ada.file(headers=keyed("k")).headers


def test_after_a_day_a_key_is_new_again(counter):
    ada = counter.somebody("ada")
    first = ada.file(headers=keyed("k"))
    counter.clock.tick(hours=24)
    ada = counter.logged_in(ada.user)

    second, third = ada.file(headers=keyed("k")), ada.file(headers=keyed("k"))

    assert second.json["id"] != first.json["id"]
    assert third.data == second.data
    assert count_of(counter) == 2


def test_no_secret_is_remembered_with_a_key(counter):
    ada = counter.somebody("ada")
    ada.file(headers=keyed("k"))

    with counter.house.documents._database.reading() as connection:
        query = "SELECT data FROM documents WHERE collection = 'idem'"
        [(kept,)] = connection.execute(query).fetchall()
    assert ada.token not in kept
    assert "$2b$" not in kept


class Repeating:
    """Ids that come again, as one in a trillion does."""

    def __init__(self, *ids):
        self._ids = list(ids)

    def ticket_id(self):
        return self._ids.pop(0)

    def unique_id(self):
        raise LookupError("only tickets get ids here")


def desk_with_ids(counter, *ids):
    return TicketDesk(
        tickets=counter.tickets,
        limits=Limits(documents=counter.documents, clock=counter.clock),
        per_hour=10,
        clock=counter.clock,
        ids=Repeating(*ids),
        seal_key=SETTINGS.seal_key,
    )


def test_an_id_that_is_taken_is_drawn_again(counter):
    principal = counter.sessions.authenticate(counter.somebody("ada").token)
    desk = desk_with_ids(counter, "SAME0000", "SAME0000", "NEXT0000")

    opened = [desk.open_ticket(principal, "Title", "Text").ticket.id for _ in range(2)]

    assert opened == ["SAME0000", "NEXT0000"]


def test_ids_that_are_always_taken_are_given_up(counter):
    principal = counter.sessions.authenticate(counter.somebody("ada").token)
    desk = desk_with_ids(counter, *["SAME0000"] * (ID_TRIES + 1))
    desk.open_ticket(principal, "Title", "Text")

    with pytest.raises(OutsideError):
        desk.open_ticket(principal, "Title", "Text")


@pytest.fixture
def cast(counter):
    """Return one assigned ticket and everybody who may or may not look at it."""
    people = {
        "owner": counter.somebody("owner"),
        "stranger": counter.somebody("stranger"),
        "assignee": counter.somebody("assignee", Role.MODERATOR, skills=("Printing",)),
        "colleague": counter.somebody("colleague", Role.MODERATOR, skills=("Printing",)),
        "admin": counter.somebody("chief", Role.ADMIN),
    }
    ticket_id = people["owner"].file().json["id"]
    counter.assign(ticket_id, people["assignee"])
    return people, ticket_id


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("owner", REQUESTER_SEES),
        ("assignee", STAFF_SEES),
        ("admin", STAFF_SEES),
        ("stranger", None),
        ("colleague", None),
    ],
)
def test_everybody_reads_their_share_of_a_ticket(cast, who, sees):
    people, ticket_id = cast

    answer = people[who].get(f"/api/tickets/{ticket_id}")

    if sees is None:
        assert is_problem(answer, 404)
    else:
        assert answer.status_code == 200
        assert set(answer.json) == sees


@pytest.mark.parametrize("who", ["stranger", "colleague"])
def test_a_foreign_ticket_looks_as_if_it_were_not_there(cast, who):
    people, ticket_id = cast

    foreign = people[who].get(f"/api/tickets/{ticket_id}")
    absent = people[who].get(f"/api/tickets/{ABSENT}")

    assert str(alike(foreign)).replace(ticket_id, ABSENT) == str(alike(absent))


@pytest.mark.parametrize("path", ["/api/tickets/{}", "/api/tickets"])
def test_the_requester_never_sees_what_is_meant_for_staff(cast, path):
    people, ticket_id = cast

    said = people["owner"].get(path.format(ticket_id)).get_data(as_text=True)

    for word in ("verdict", "notes", "fire brigade", "sources", "needs_review", "gemini-test",
                 "confidence", "evidence", "example.com"):  # fmt: skip
        assert word not in said


def test_staff_sees_the_verdict_with_its_grounds(cast):
    people, ticket_id = cast

    ticket = people["assignee"].get(f"/api/tickets/{ticket_id}").json

    assert ticket["sources"] == {"priority": "ai", "category": "ai", "skills": "ai"}
    assert ticket["assignee"] == {"id": people["assignee"].user.id, "name": "Assignee"}
    assert ticket["verdict"]["helpful_notes"] == "Call the fire brigade."
    assert ticket["verdict"]["priority"] == {
        "value": "high", "confidence": 0.9, "evidence": "on fire", "source": "ai",
    }  # fmt: skip
    assert ticket["verdict"]["provenance"]["model"] == "gemini-test"


@pytest.mark.parametrize(
    "name", ["..", ".", "__x__", "a%20b", "%00", "%ed%a0%80", "x" * 201, "'--", "0000000z"]
)
def test_a_name_that_no_ticket_can_have_is_absent(battered, name):
    ada = battered.somebody(f"ada{abs(hash(name))}")

    assert is_problem(ada.get(f"/api/tickets/{name}"), 404)


@pytest.mark.parametrize(
    "name", ["a/timeline/000001", "a%2ftimeline%2f000001", "", "a/", "/a", "a//b"]
)
def test_no_path_leads_past_the_tickets(battered, name):
    answer = battered.visitor().get(f"/api/tickets/{name}")

    assert is_problem(answer, 404)


def test_an_unchanged_ticket_is_not_sent_again(cast, counter):
    people, ticket_id = cast
    path = f"/api/tickets/{ticket_id}"
    tag = people["owner"].get(path).headers["ETag"]

    same = people["owner"].get(path, {"If-None-Match": tag})

    assert (same.status_code, same.data) == (304, b"")
    assert same.headers["ETag"] == tag
    assert same.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "sent", ["{}", "W/{}", '"x", {}', '"x", W/{}', '"x",{}', '"x",W/{} , "y"', "*", " * "]
)
def test_a_tag_is_found_among_others_and_when_it_is_weak(cast, sent):
    people, ticket_id = cast
    path = f"/api/tickets/{ticket_id}"
    tag = people["owner"].get(path).headers["ETag"]

    answer = people["owner"].get(path, {"If-None-Match": sent.format(tag)})

    assert answer.status_code == 304


@pytest.mark.parametrize("sent", ["", '""', '"0"', "x", "W/", '"*"', '"', '","', "1"])
def test_another_tag_gets_the_ticket(cast, sent):
    people, ticket_id = cast

    answer = people["owner"].get(f"/api/tickets/{ticket_id}", {"If-None-Match": sent})

    assert answer.status_code == 200


def test_a_changed_ticket_has_another_tag(counter):
    ada = counter.somebody("ada")
    path = ada.file().headers["Location"]
    before = ada.get(path).headers["ETag"]

    counter.triage(path.rpartition("/")[2])

    changed = ada.get(path, {"If-None-Match": before})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != before


def test_a_stranger_learns_nothing_from_a_tag(cast):
    people, ticket_id = cast
    path = f"/api/tickets/{ticket_id}"
    tag = people["owner"].get(path).headers["ETag"]

    assert is_problem(people["stranger"].get(path, {"If-None-Match": tag}), 404)


@pytest.fixture(scope="module")
def crowd(battered):
    """Return three who each may list 45 tickets, and the ids that each should find, newest first.

    Three tickets are filed at each moment, so that pages end between tickets of the same time.
    """
    people = {
        "user": battered.somebody("lister"),
        "moderator": battered.somebody("lister-mod", Role.MODERATOR),
        "admin": battered.somebody("lister-chief", Role.ADMIN),
    }
    noise = battered.somebody("lister-noise")
    for number in range(45):
        if number % 3 == 0:
            battered.clock.tick(seconds=1)
        ticket_id = people["user"].file(f"Ticket {number}").json["id"]
        if number % 2:
            battered.triage(ticket_id)
    theirs = [noise.file(f"Noise {number}").json["id"] for number in range(45)]
    for ticket_id in theirs:
        battered.assign(ticket_id, people["moderator"])
    return people


def every_page(visitor, query, limit):
    pages, cursor = [], ""
    while True:
        answer = visitor.get(f"/api/tickets?limit={limit}{query}{cursor}")
        assert answer.status_code == 200
        pages.append(answer.json["items"])
        if answer.json["next_cursor"] is None:
            return pages
        cursor = f"&cursor={answer.json['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 7, 20, 45, 100])
@pytest.mark.parametrize(("role", "count"), [("user", 45), ("moderator", 45), ("admin", 90)])
def test_pages_cover_the_list_without_gap_or_double(crowd, role, count, limit):
    pages = every_page(crowd[role], "", limit)

    items = [item for page in pages for item in page]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= limit
    assert len(items) == len({item["id"] for item in items}) == count
    assert items == sorted(items, key=lambda item: (item["created_at"], item["id"]), reverse=True)


@pytest.mark.parametrize("role", ["user", "moderator", "admin"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_filter_by_status_finds_exactly_those(crowd, role, status):
    everything = [item for page in every_page(crowd[role], "", 100) for item in page]

    found = [item for page in every_page(crowd[role], f"&status={status}", 10) for item in page]

    assert found == [item for item in everything if item["status"] == status]


def test_a_list_shows_a_line_for_each_ticket(crowd):
    for role, line in (("user", LINE), ("moderator", LINE | {"needs_review"})):
        assert set(crowd[role].get("/api/tickets?limit=1").json["items"][0]) == line


def test_twenty_is_a_page_when_nobody_says_otherwise(crowd):
    assert len(crowd["admin"].get("/api/tickets").json["items"]) == 20


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=101", "limit=1e1", "limit=1.5", "limit=", "limit=ten",
        "limit=99999999999999999999", "limit=%00", "limit=\u00b2", "status=opened", "status=",
        "status=NEW", "cursor=", "cursor=x", "cursor=%ff", "cursor=\u20ac", "cursor=" + "A" * 1_001,
        "cursor=" + "A" * 400, "q=", "status=new,",
        "status=new,,closed", "status=new, closed", "role=admin", "requester_id=x", "assignee=a-b",
        "order=id",
        "status=new&status=new", "limit=1&limit=2", "Limit=1", "status[$ne]=new", "limit[]=1",
        "=1",
    ],
)  # fmt: skip
def test_a_query_that_is_not_known_is_refused(crowd, query):
    answer = crowd["user"].get(f"/api/tickets?{query}")

    assert is_problem(answer, 422)


def cursor_of(visitor, query=""):
    return visitor.get(f"/api/tickets?limit=5{query}").json["next_cursor"]


def test_a_cursor_that_was_tampered_with_is_refused(crowd):
    cursor = cursor_of(crowd["user"])

    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        spoiled = cursor[:place] + other + cursor[place + 1 :]
        answer = crowd["user"].get(f"/api/tickets?limit=5&cursor={spoiled}")
        assert is_problem(answer, 422)
        assert answer.json["errors"][0]["field"] == "cursor"


def test_a_cursor_serves_only_who_got_it_and_what_was_asked(crowd):
    cursor = cursor_of(crowd["user"])
    filtered = cursor_of(crowd["user"], "&status=new")

    refused = [
        crowd["admin"].get(f"/api/tickets?cursor={cursor}"),
        crowd["moderator"].get(f"/api/tickets?cursor={cursor}"),
        crowd["user"].get(f"/api/tickets?cursor={cursor}&status=new"),
        crowd["user"].get(f"/api/tickets?cursor={filtered}"),
        crowd["user"].get(f"/api/tickets?cursor={filtered}&status=triaged"),
    ]

    assert all(is_problem(answer, 422) for answer in refused)
    assert crowd["user"].get(f"/api/tickets?cursor={cursor}&limit=3").status_code == 200


def test_a_cursor_from_before_a_change_of_role_is_refused(counter):
    ada = counter.somebody("ada")
    for _ in range(3):
        ada.file()
    cursor = ada.get("/api/tickets?limit=1").json["next_cursor"]

    counter.change_account(ada, role="moderator")

    assert is_problem(ada.get(f"/api/tickets?cursor={cursor}"), 422)


def test_a_ticket_that_comes_in_meanwhile_shifts_no_page(counter):
    ada = counter.somebody("ada")
    older = []
    for number in range(4):
        counter.clock.tick(seconds=1)
        older.append(ada.file(f"Old {number}").json["id"])
    first = ada.get("/api/tickets?limit=2").json
    counter.clock.tick(seconds=1)
    ada.file("New")

    second = ada.get(f"/api/tickets?limit=2&cursor={first['next_cursor']}").json

    listed = [item["id"] for item in first["items"] + second["items"]]
    assert listed == older[::-1]
    assert second["next_cursor"] is None


def test_an_empty_list_is_a_page_too(counter):
    assert counter.somebody("ada").get("/api/tickets").json == {"items": [], "next_cursor": None}
    assert counter.clock.now() == NOW
