"""Operations over HTTP: what could not be delivered is shown without its contents, and redriven."""

from dataclasses import replace

import pytest

from helpdesk import events
from helpdesk.documents import Query
from helpdesk.errors import OutsideError
from helpdesk.events import EventType
from helpdesk.parked import Kind
from helpdesk.user import Role
from tests.builders import an_event
from tests.stands import everything
from tests.unit.api.desk import is_problem
from tests.unit.api.test_openapi import documented

PARKED = "/api/ops/parked"
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
NOTICE = an_event(
    id="n1.reset-asked.1", type=EventType.ACCOUNT_NOTICE, subject="n1", traceparent=TRACE,
    data={"notice": "reset-asked", "email": "ada@example.com", "name": "Ada", "link_id": "L1"},
)  # fmt: skip


def park(counter, event=NOTICE, *, step="notify", kind=Kind.PERMANENT, body=None, known=True):
    counter.house.parked.park(
        body or events.encode(event), event_id=event.id if known else "", step=step, kind=kind,
        reason="down",
    )  # fmt: skip
    names = [each.id for each in counter.house.documents.query(Query("parked"))]
    begin = f"{event.id}." if known else "malformed-"
    return next(name for name in names if name.startswith(begin))


def waiting(counter):
    """Return what the bus has for each step."""
    with counter.house._file.reading() as connection:
        return connection.execute("SELECT target, body FROM messages").fetchall()


def kept(counter, collection):
    return {path for path in everything(counter.house.documents) if path.startswith(collection)}


def test_an_admin_sees_what_could_not_be_delivered_and_not_what_it_holds(counter, chief):
    name = park(counter)

    listed, read = chief.get(PARKED), chief.get(f"{PARKED}/{name}")

    line = {
        "id": "n1.reset-asked.1.notify", "event_id": "n1.reset-asked.1",
        "event_type": "account-notice", "subject": "n1", "step": "notify", "kind": "permanent",
        "reason": "down", "parked_at": "2026-01-31T09:30:00.000000Z",
    }  # fmt: skip
    assert listed.json == {"items": [line], "next_cursor": None}
    assert read.json == {
        **line, "data_keys": ["email", "link_id", "name", "notice"], "traceparent": TRACE,
    }  # fmt: skip
    assert "ada@" not in listed.text + read.text


@pytest.mark.parametrize("body", ["{", "[]", events.encode(NOTICE).replace('"version":1', '"v":2')])
def test_what_cannot_be_read_is_shown_with_its_reason(counter, chief, body):
    name = park(counter, body=body, known=False)

    read = chief.get(f"{PARKED}/{name}").json

    assert name.startswith("malformed-")
    assert (read["reason"], read["step"]) == ("down", "notify")
    unknown = ("event_id", "event_type", "subject", "traceparent")
    assert [read[each] for each in unknown] == [None] * 4
    assert read["data_keys"] == []


def test_what_no_version_could_read_once_is_named_as_soon_as_one_can(counter, chief):
    name = park(counter, replace(NOTICE, traceparent=""), known=False)

    read = chief.get(f"{PARKED}/{name}").json

    assert (read["event_id"], read["traceparent"]) == (NOTICE.id, None)


@pytest.mark.parametrize("kind", [None, *Kind])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_pages_of_the_list_are_all_of_it_newest_first(counter, chief, clock, kind, limit):
    made = []
    for number in range(10):
        each = Kind.TRANSIENT if number % 3 else Kind.PERMANENT
        made.append((park(counter, an_event(id=f"e{number}"), kind=each), each))
        if number % 2:
            clock.tick(seconds=1)  # two at a time
    asked = f"{PARKED}?limit={limit}" + (f"&kind={kind}" if kind else "")

    found, cursor = [], ""
    while cursor is not None:
        counter.documents.read = 0
        page = chief.get(asked + (f"&cursor={cursor}" if cursor else "")).json
        assert counter.documents.read <= limit + 1
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]

    assert found == [name for name, each in made if kind in {None, each}][::-1]


def test_a_cursor_serves_only_who_got_it_and_what_was_asked(counter, chief):
    other = counter.somebody("other", Role.ADMIN)
    for number in range(3):
        park(counter, an_event(id=f"e{number}"))
    asked = f"{PARKED}?limit=1"
    cursor = chief.get(asked).json["next_cursor"]

    refused = [
        other.get(f"{asked}&cursor={cursor}"),
        chief.get(f"{asked}&kind=permanent&cursor={cursor}"),
        chief.get(f"{asked}&cursor={cursor[:-1]}"),
        chief.get(f"/api/auth/users?limit=1&cursor={cursor}"),
    ]

    assert chief.get(f"{asked}&cursor={cursor}").status_code == 200
    assert all(is_problem(answer, 422) for answer in refused)


@pytest.mark.parametrize("query", ["kind=", "kind=lost", "limit=0", "limit=101", "step=triage"])
def test_an_odd_question_is_refused(chief, query):
    assert is_problem(chief.get(f"{PARKED}?{query}"), 422)


@pytest.mark.parametrize("kind", Kind)
def test_an_admin_sends_an_event_again_and_the_log_says_who(counter, chief, lines, kind):
    name = park(counter, kind=kind)
    other = park(counter, an_event())

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert (answer.status_code, answer.json) == (202, {"id": name, "event_id": NOTICE.id})
    assert waiting(counter) == [("notify", events.encode(NOTICE))]
    assert kept(counter, "outbox/") == set()
    assert kept(counter, "parked/") == {f"parked/{other}"}
    [told] = [each for each in lines() if each["message"] == "parked event sent again"]
    expected = {
        "user_id": chief.user.id, "target_id": name, "event_id": NOTICE.id, "step": "notify",
        "event_type": "account-notice", "kind": kind.value, "result": "sent",
    }  # fmt: skip
    assert {each: told[each] for each in expected} == expected
    assert "ada@" not in str(told)


def test_what_is_on_its_way_is_parked_no_more(counter, chief):
    name = park(counter)
    chief.post(f"{PARKED}/{name}/redrive")

    again = [chief.post(f"{PARKED}/{name}/redrive"), chief.get(f"{PARKED}/{name}")]

    assert all(is_problem(each, 404) for each in again)
    assert len(waiting(counter)) == 1
    assert chief.get(PARKED).json["items"] == []


def test_what_fails_again_is_parked_again_and_can_be_sent_again(counter, chief):
    name = park(counter)
    chief.post(f"{PARKED}/{name}/redrive")
    park(counter)

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert answer.status_code == 202
    assert len(waiting(counter)) == 2


def test_what_cannot_be_read_stays_where_it_is(counter, chief):
    name = park(counter, body="{", known=False)

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert is_problem(answer, 422)
    assert "cannot be read" in answer.json["detail"]
    assert kept(counter, "parked/") == {f"parked/{name}"}
    assert waiting(counter) == []


def test_while_the_bus_is_down_the_event_waits_in_the_outbox(counter, chief, lines, monkeypatch):
    name = park(counter)

    def down(_messages):
        raise OutsideError("the bus is down")

    monkeypatch.setattr(counter.house.queue, "put_all", down)

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert answer.status_code == 202
    assert kept(counter, "outbox/") == {f"outbox/{NOTICE.id}"}
    assert kept(counter, "parked/") == set()
    [told] = [each for each in lines() if each["message"] == "parked event sent again"]
    assert told["result"] == "kept"


def test_while_the_store_is_down_nothing_moves(counter, chief):
    name = park(counter)
    counter.documents.fails = lambda asked, _: asked == "commit"

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert is_problem(answer, 503)
    assert kept(counter, "parked/") == {f"parked/{name}"}
    assert waiting(counter) == []


@pytest.mark.parametrize(
    "name",
    [
        "absent",
        "absent.triage",
        "a~b",
        ".notify",
        "x" * 200,
        "x" * 201,
        "..",
        "%2e%2e%2fusers",
        "%",
    ],
)
def test_what_is_not_parked_is_absent_whatever_it_is_called(counter, chief, name):
    counter.documents.asked.clear()

    answers = [chief.get(f"{PARKED}/{name}"), chief.post(f"{PARKED}/{name}/redrive")]

    assert all(is_problem(each, 404) for each in answers)
    assert "commit" not in counter.documents.asked


@pytest.mark.parametrize("step", ["triage", "notify"])
def test_every_event_that_can_be_parked_can_be_asked_for(counter, chief, step):
    longest = an_event(id="E" + "x._-" * 31 + "end")
    name = park(counter, longest, step=step)

    answer = chief.post(f"{PARKED}/{name}/redrive")

    assert len(longest.id) == 128
    assert answer.status_code == 202


@pytest.mark.parametrize("role", [Role.USER, Role.MODERATOR])
def test_nobody_but_an_admin_learns_whether_something_is_parked(counter, role):
    who, name = counter.somebody("who", role), park(counter)

    answers = [
        ask(f"{PARKED}/{each}{more}")
        for each in (name, "absent")
        for ask, more in ((who.get, ""), (who.post, "/redrive"))
    ]

    assert all(is_problem(each, 403) for each in [who.get(PARKED), *answers])
    assert kept(counter, "parked/") == {f"parked/{name}"}


def test_what_is_really_answered_is_what_is_documented(counter, chief, ada):
    names = [park(counter), park(counter, body="{", known=False)]
    single = f"{PARKED}/{{parked_id}}"

    asked = [
        ("GET", PARKED, chief.get(PARKED)),
        ("GET", PARKED, chief.get(f"{PARKED}?limit=1")),
        ("GET", PARKED, chief.get(f"{PARKED}?limit=0")),
        ("GET", PARKED, ada.get(PARKED)),
        *(("GET", single, chief.get(f"{PARKED}/{name}")) for name in (*names, "absent")),
        *(
            ("POST", f"{single}/redrive", chief.post(f"{PARKED}/{name}/redrive"))
            for name in (*names, "absent")
        ),
    ]

    assert [answer.status_code for _, _, answer in asked] == [
        200, 200, 422, 403, 200, 200, 404, 202, 422, 404,
    ]  # fmt: skip
    assert [fault for each in asked for fault in documented(*each)] == []
