"""What only the local house serves: one's own letters, an admin everybody's, and a welcome."""

import pytest

from helpdesk.ports import Letter
from helpdesk.user import Role
from local.pages import LetterPage, Welcome
from tests.unit.api.desk import is_problem


@pytest.fixture
def people(counter):
    """Return three people; Ada has five letters, two of them about T1, and Bo has one."""
    names = {"ada": counter.somebody("ada"), "bo": counter.somebody("bo", Role.MODERATOR)}
    for number in range(5):
        send(counter, number, "ada@example.com", "T1" if number < 2 else "T2")
    send(counter, 5, "bo@example.com", "T1")
    return names | {"chief": counter.somebody("chief", Role.ADMIN)}


def send(counter, number, to, ticket_id):
    counter.house.mailbox.send(
        Letter(
            id=f"letter-{number}", to=to, subject=f"Subject {number}",
            text="Hello \u00fcber.\n", ticket_id=ticket_id,
        )
    )  # fmt: skip


def numbers(visitor, query=""):
    answer = visitor.get(f"/api/mailbox{query}")
    assert answer.status_code == 200
    LetterPage.model_validate(answer.json)
    return [item["number"] for item in answer.json["items"]]


def test_everybody_reads_their_own_letters_and_an_admin_all(people):
    assert numbers(people["ada"]) == [5, 4, 3, 2, 1]
    assert numbers(people["bo"]) == [6]
    assert numbers(people["chief"]) == [6, 5, 4, 3, 2, 1]


def test_letters_are_read_page_by_page(people):
    assert numbers(people["ada"], "?limit=2") == [5, 4]
    assert numbers(people["ada"], "?limit=2&before=4") == [3, 2]
    assert numbers(people["ada"], "?before=1") == []


def test_letters_about_one_ticket_are_still_only_ones_own(people):
    assert numbers(people["ada"], "?ticket_id=T1") == [2, 1]
    assert numbers(people["bo"], "?ticket_id=T2") == []
    assert numbers(people["chief"], "?ticket_id=T1&before=6") == [2, 1]


def test_a_letter_in_the_list_is_whole(people):
    [item] = people["bo"].get("/api/mailbox").json["items"]

    assert item == {
        "number": 6,
        "at": "2026-01-31T09:30:00.000000Z",
        "to": "bo@example.com",
        "subject": "Subject 5",
        "text": "Hello \u00fcber.\n",
        "ticket_id": "T1",
    }


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "before=0", "before=x", "recipient=bo@example.com", "to=x",
     "ticket_id=" + "x" * 41, "limit=1&limit=1", "before=-1"],
)  # fmt: skip
def test_a_query_that_is_not_known_is_refused(people, query):
    assert is_problem(people["ada"].get(f"/api/mailbox?{query}"), 422)


def test_a_number_larger_than_any_letters_is_refused_or_finds_all(people):
    answer = people["ada"].get(f"/api/mailbox?before={10**30}")

    assert answer.status_code in {200, 422}


def test_nobody_reads_letters_without_a_name(counter):
    assert is_problem(counter.visitor().get("/api/mailbox"), 401)
    assert is_problem(counter.visitor().get("/api/mailbox/1"), 401)


def test_one_letter_is_plain_text(people):
    answer = people["bo"].get("/api/mailbox/6")

    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.get_data(as_text=True) == (
        "To: bo@example.com\nSubject: Subject 5\n\nHello \u00fcber.\n"
    )


def test_the_latest_letter_is_the_newest_of_ones_own(people):
    for name, subject in (("ada", "Subject 4"), ("bo", "Subject 5"), ("chief", "Subject 5")):
        answer = people[name].get("/api/mailbox/latest")
        assert f"Subject: {subject}\n" in answer.get_data(as_text=True)


def test_a_foreign_letter_looks_as_if_it_were_not_there(people):
    assert people["chief"].get("/api/mailbox/1").status_code == 200
    assert is_problem(people["bo"].get("/api/mailbox/1"), 404)
    assert is_problem(people["ada"].get("/api/mailbox/6"), 404)


@pytest.mark.parametrize(
    "number", ["0", "7", "99", "-1", "1.0", "01", "x", "%00", "9" * 18, "9" * 30, "\u0661", "last"]
)
def test_a_number_that_no_letter_has_is_absent(people, number):
    assert is_problem(people["chief"].get(f"/api/mailbox/{number}"), 404)


def test_there_is_no_latest_letter_before_the_first(counter):
    assert is_problem(counter.somebody("ada").get("/api/mailbox/latest"), 404)


def test_the_root_says_where_things_are(counter):
    answer = counter.visitor().get("/")

    assert answer.status_code == 200
    Welcome.model_validate(answer.json)
    for place in ("reference", "openapi"):
        assert counter.visitor().get(answer.json[place]).status_code == 200
