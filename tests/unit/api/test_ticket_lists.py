"""The list of tickets over HTTP: what may be asked for, together and alone, and by whom."""

from datetime import timedelta

import pytest

from helpdesk.documents import Create
from helpdesk.ticket import Status
from helpdesk.user import Role
from helpdesk.verdict import Category, Priority
from helpdesk.wire import searchable_ticket
from tests.builders import NOW, FixedClock, a_ticket
from tests.unit.api.desk import Counter, is_problem

PATH = "/api/tickets"
COUNT = 60


class Crowd:
    """Sixty tickets of two people, half of them assigned to one moderator."""

    def __init__(self, counter):
        self.counter = counter
        self.ada, self.bob = counter.somebody("ada"), counter.somebody("bob")
        self.mona = counter.somebody("mona", Role.MODERATOR)
        self.chief = counter.somebody("chief", Role.ADMIN)
        self.tickets = [self._ticket(number) for number in range(COUNT)]
        counter.house.documents.commit(
            [Create(f"tickets/{each.id}", searchable_ticket(each)) for each in self.tickets]
        )

    def _ticket(self, number):
        served = number % 2 == 0
        return a_ticket(
            id=f"T{number:02}",
            title=("Printer on fire", "VPN drops", "Toner")[number % 3],
            description=("Help me.", "Help us, the printer!")[number // 3 % 2],
            requester_id=(self.ada if number % 5 else self.bob).user.id,
            assignee_id=self.mona.user.id if served else None,
            assignee_name="Mona" if served else None,
            status=Status.ASSIGNED if served else Status.TRIAGED,
            priority=tuple(Priority)[number % 3],
            category=tuple(Category)[number % 7],
            skills=(("SQL",), ())[number % 2],
            needs_review=number % 4 == 0,
            created_at=NOW + timedelta(minutes=number // 2),
            updated_at=NOW + timedelta(minutes=COUNT - number),
        )


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    counter = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock(NOW - timedelta(days=1)))
    yield Crowd(counter)
    counter.close()


def ids(who, limit=100, **query):
    """Return the ids of every page of a list."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        asked = {**query, "limit": limit, **cursor}
        answer = who.client.get(PATH, query_string=asked, headers=who.headers())
        assert answer.status_code == 200
        found += [item["id"] for item in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json["next_cursor"]}


def of(crowd, *fits):
    newest = sorted(crowd.tickets, key=lambda each: (each.created_at, each.id), reverse=True)
    return [each.id for each in newest if all(fit(each) for fit in fits)]


@pytest.mark.parametrize("limit", [3, 100])
def test_everything_may_be_asked_for_together(crowd, limit):
    query = {
        "view": "all",
        "assignee": crowd.mona.user.id,
        "status": "assigned",
        "priority": "low",
        "category": "bug",
        "skill": "sql",
        "needs_review": "true",
        "q": "printer help",
        "created_from": "2026-01-31T09:30:00Z",
        "created_until": "2026-01-31T12:00:00.5+01:00",
    }

    found = ids(crowd.chief, limit, **query)

    assert found == of(
        crowd,
        lambda it: it.assignee_id == crowd.mona.user.id,
        lambda it: it.priority is Priority.LOW and it.category is Category.BUG,
        lambda it: it.needs_review and it.title == "Printer on fire",
    )
    assert found == ["T00"]


@pytest.mark.parametrize("limit", [7, 100])
def test_a_list_may_be_sorted_by_when_tickets_came_or_changed(crowd, limit):
    assert ids(crowd.chief, limit, sort="created") == ids(crowd.chief) == of(crowd)
    assert ids(crowd.chief, limit, sort="-created") == of(crowd)[::-1]
    assert ids(crowd.chief, limit, sort="updated") == [f"T{number:02}" for number in range(COUNT)]


@pytest.mark.parametrize("limit", [1, 100])
def test_times_are_half_open(crowd, limit):
    begin, end = "2026-01-31T09:31:00Z", "2026-01-31T09:33:00Z"

    found = ids(crowd.chief, limit, created_from=begin, created_until=end)

    assert found == ["T05", "T04", "T03", "T02"]
    assert ids(crowd.chief, created_from=end, created_until=begin) == []


def test_a_ticket_is_found_by_the_words_of_its_title_and_its_description(crowd):
    assert ids(crowd.chief, q="FIRE on") == of(crowd, lambda it: it.title == "Printer on fire")
    assert ids(crowd.chief, q="printer") == of(
        crowd, lambda it: "rinter" in it.title or "printer" in it.description
    )
    assert ids(crowd.ada, q="vpn", view="filed") == of(
        crowd, lambda it: "VPN" in it.title and it.requester_id == crowd.ada.user.id
    )
    assert ids(crowd.chief, q="--") == ids(crowd.chief, q="prin") == []


def test_an_admin_may_ask_whose_tickets_are(crowd):
    mona = crowd.mona.user.id

    assert ids(crowd.chief, assignee=mona) == of(crowd, lambda it: it.assignee_id)
    assert ids(crowd.chief, assignee="none") == of(crowd, lambda it: not it.assignee_id)
    assert ids(crowd.chief, assignee="none", q="toner") == of(
        crowd, lambda it: not it.assignee_id and it.title == "Toner"
    )
    assert ids(crowd.chief, assignee="me") == []
    assert ids(crowd.chief, assignee=mona, view="assigned") == []
    assert ids(crowd.chief, assignee="none", view="assigned") == []


def test_a_moderator_may_ask_for_their_own_alone(crowd):
    mona = crowd.mona

    assert ids(mona, assignee="me") == ids(mona, assignee=mona.user.id) == ids(mona)
    assert ids(mona, assignee="me", view="filed") == []
    for whom in ("none", crowd.chief.user.id, "0" * 26):
        for view in ("", "&view=assigned", "&view=filed"):
            assert is_problem(mona.get(f"{PATH}?assignee={whom}{view}"), 403)


def test_a_requester_is_not_told_which_tickets_need_a_look(crowd):
    refused = [
        crowd.ada.get(f"{PATH}?needs_review=true"),
        crowd.ada.get(f"{PATH}?needs_review=false&view=filed"),
        crowd.mona.get(f"{PATH}?needs_review=true&view=filed"),
    ]

    assert all(is_problem(answer, 403) for answer in refused)
    assert ids(crowd.mona, needs_review="true") == of(crowd, lambda it: it.needs_review)


@pytest.mark.parametrize(
    "query",
    [
        "priority=urgent", "priority=", "priority=HIGH", "category=none", "category=", "skill=",
        "skill=" + "x" * 51, "assignee=", "assignee=a-b", "assignee=" + "x" * 41,
        "assignee=me&assignee=me", "needs_review=", "needs_review=1", "needs_review=True",
        "needs_review=null", "q=", "q=" + "x" * 201, "sort=", "sort=title", "sort=-updated",
        "created_from=", "created_from=now", "created_from=0", "created_from=2026-01-31",
        "created_from=2026-01-31T09:30:00", "created_from=20260131T093000Z",
        "created_from=2026-01-31T09:30:00+01:00", "created_until=2026-02-30T00:00:00Z",
        "created_until=0001-01-01T00:00:00%2B01:00", "requester=a-b", "requester=",
        "created=2026-01-31",
    ],
)  # fmt: skip
def test_a_question_that_is_not_known_is_refused(crowd, query):
    assert is_problem(crowd.chief.get(f"{PATH}?{query}"), 422)


@pytest.mark.parametrize(
    "query", ["q=fire", "skill=sql", "priority=low", "category=bug", "needs_review=false"]
)
def test_what_would_walk_everything_in_the_order_of_changes_is_refused(crowd, query):
    answer = crowd.chief.get(f"{PATH}?sort=updated&{query}")

    assert is_problem(answer, 422)
    assert answer.json["errors"][0]["field"] == "sort"


def test_a_cursor_is_bound_to_all_that_was_asked(crowd):
    asked = {"limit": 1, "status": "assigned", "needs_review": "true", "q": "help"}
    who = crowd.chief
    cursor = who.client.get(PATH, query_string=asked, headers=who.headers()).json["next_cursor"]
    others = [
        {"status": "triaged"}, {"needs_review": "false"}, {"q": "help me"}, {"priority": "low"},
        {"category": "bug"}, {"skill": "sql"}, {"assignee": crowd.mona.user.id},
        {"assignee": "none"}, {"view": "all"}, {"sort": "-created"},
        {"created_from": "2026-01-31T09:30:00Z"}, {"created_until": "2027-01-31T09:30:00Z"},
    ]  # fmt: skip

    def answer(**more):
        query = {**asked, "cursor": cursor, **more}
        return who.client.get(PATH, query_string=query, headers=who.headers())

    assert answer().status_code == answer(limit=5).status_code == 200
    for other in others:
        assert is_problem(answer(**other), 422)
        assert answer(**other).json["errors"][0]["field"] == "cursor"


def test_a_list_of_nothing_takes_no_cursor_of_another(crowd):
    cursor = crowd.chief.get(f"{PATH}?limit=1").json["next_cursor"]

    answer = crowd.chief.get(f"{PATH}?limit=1&view=assigned&assignee=none&cursor={cursor}")

    assert is_problem(answer, 422)


@pytest.mark.parametrize("query", ["", "&q=printer", "&q=nothing", "&skill=sql", "&sort=updated"])
def test_a_page_reads_one_ticket_more_than_it_shows(crowd, query):
    before = crowd.counter.documents.read

    items = crowd.chief.get(f"{PATH}?limit=10{query}").json["items"]

    assert crowd.counter.documents.read - before <= len(items) + 1
