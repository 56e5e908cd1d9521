"""Side doors: whatever lists, counts or repeats tickets shows each reader exactly their share.

Five hundred tickets, and ten lines that say who may read one, which know nothing of the policy.
A route that is new fails here until it has a row, or is said to show no tickets.
"""

import random
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from helpdesk.comments import Comment, Side
from helpdesk.comments import kept as comment_kept
from helpdesk.documents import Create
from helpdesk.ticket import Status
from helpdesk.timeline import Actor, Entry, recorded
from helpdesk.user import Role
from helpdesk.verdict import Category, Priority
from helpdesk.wire import searchable_ticket
from tests.builders import NOW, FixedClock, a_ticket, a_verdict
from tests.unit.api.desk import STATUSES, Counter, is_problem
from tests.unit.api.samples import Stage

COUNT = 500
CAST = {
    "ada": Role.USER,
    "bob": Role.USER,
    "cid": Role.USER,
    "eve": Role.USER,  # has filed nothing
    "mona": Role.MODERATOR,
    "mike": Role.MODERATOR,
    "max": Role.MODERATOR,
    "dora": Role.USER,  # was a moderator, and is still named on tickets
    "abel": Role.MODERATOR,  # was an admin
    "chief": Role.ADMIN,
}
BEFORE = {"dora": Role.MODERATOR, "abel": Role.ADMIN}
REQUESTERS = ("ada", "bob", "cid", "mona", "dora")
ASSIGNEES = ("mona", "mike", "max", "dora", "chief", None)
TITLES = ("Printer on fire", "VPN drops", "Printing a letter", "Nothing works")
UNASSIGNED = (Status.NEW, Status.TRIAGED)
ASSIGNED = tuple(status for status in Status if status not in UNASSIGNED)

LINE = {
    "id", "title", "status", "priority", "category", "skills", "created_at", "updated_at",
    "requester.id", "requester.name",
}  # fmt: skip
READ = LINE | {
    "description", "triaged_at", "assigned_at", "first_response_at", "resolved_at", "closed_at",
    "reopenings", "replies",
}  # fmt: skip
ASSIGNEE = {"assignee.id", "assignee.name"}
STAFF_READ = {
    "sources", "needs_review", "notified_at", "notes", "triage_asked_at", "declined",
}  # fmt: skip
CLOCK, STAFF_CLOCK = {"closes_at"}, {"goals"}
JUDGED = {
    f"verdict.{name}.{part}"
    for name in ("priority", "category", "skills")
    for part in ("value", "confidence", "evidence", "source")
}
VERDICT = JUDGED | {
    f"verdict.{name}"
    for name in (
        "summary", "language", "sentiment", "helpful_notes", "provenance.source",
        "provenance.model", "provenance.prompt_version", "provenance.tokens_in",
        "provenance.tokens_out", "provenance.cost_usd", "provenance.latency_ms",
        "provenance.attempts", "provenance.fallback_reason",
    )
}  # fmt: skip
# What stands in the store and no requester may see, nor any list.
SECRETS = ("@example.com", "$2b$", "canary", "password", "epoch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a route shows of a ticket: to its requester, and beside that to staff."""

    path: str
    shows: frozenset[str]
    staff: frozenset[str]
    verdict: bool = False


LISTS = (Door(path="/api/tickets", shows=frozenset(LINE), staff=frozenset({"needs_review"})),)
READS = (
    Door(
        path="/api/tickets/{ticket_id}", shows=frozenset(READ | CLOCK),
        staff=frozenset(STAFF_READ | STAFF_CLOCK),
        verdict=True,
    ),
)  # fmt: skip
HISTORIES = {
    "/api/tickets/{ticket_id}/timeline", "/api/tickets/{ticket_id}/assignment",
    "/api/tickets/{ticket_id}/comments",
}  # fmt: skip
CHANGE = {"seq", "at", "action", "actor", "changes"}
SAID = {"seq", "at", "author", "side", "text", "internal"}
ABOUT_LETTERS = {"/api/mailbox", "/api/mailbox/{number}"}
WITHOUT_TICKETS = {
    "/", "/healthz", "/reset", "/api/docs", "/api/auth/me", "/api/auth/sessions", "/api/auth/users",
    "/api/auth/users/{user_id}", "/api/skills", "/api/service-levels", "/api/ops/parked",
    "/api/ops/parked/{parked_id}", "/api/stats", "/api/hooks", "/api/hooks/{hook_id}",
    # What is sent names a ticket and who has it: for admins, who read every ticket anyway.
    "/api/hooks/{hook_id}/deliveries", "/api/hooks/{hook_id}/deliveries/{delivery_id}",
}  # fmt: skip


class Hall:
    """The house with its people and tickets."""

    def __init__(self, counter):
        self.counter = counter
        stage = Stage(counter)
        self.people = {name: stage.person(BEFORE.get(name, role)) for name, role in CAST.items()}
        self.tickets = [self._ticket(number, random.Random(number)) for number in range(COUNT)]
        kept = [Create(f"tickets/{each.id}", searchable_ticket(each)) for each in self.tickets]
        kept += [change for each in self.tickets for change in self._changes(each)]
        kept += [write for each in self.tickets[::5] for write in self._said(each)]
        for begin in range(0, len(kept), 100):
            counter.house.documents.commit(kept[begin : begin + 100])
        for name in BEFORE:
            now = {"role": CAST[name].value}
            counter.accounts.change(self.id_of(name), lambda _, now=now: now)
        self.letters = [stage.letter(self.people[name].user) for name in CAST]

    def id_of(self, name):
        return self.people[name].user.id

    def _ticket(self, number, chance):
        requester, assignee = chance.choice(REQUESTERS), chance.choice(ASSIGNEES)
        status = chance.choice(ASSIGNED if assignee else UNASSIGNED)
        at = NOW + timedelta(seconds=number // 3)  # three at a time
        ticket = a_ticket(
            id=self.counter.house.ids.ticket_id(), requester_id=self.id_of(requester),
            requester_name=requester, created_at=at, status=status, title=TITLES[number % 4],
            updated_at=NOW + timedelta(seconds=number * 7 % 101),
        )  # fmt: skip
        if status is Status.NEW:
            return ticket
        judged = a_ticket().triaged(
            a_verdict(summary="canary summary", notes="canary notes"), now=at
        )
        fields = {name: getattr(ticket, name) for name in ticket.__dataclass_fields__}
        fields |= {"verdict": judged.verdict, "sources": judged.sources, "triaged_at": at}
        fields |= {
            "priority": tuple(Priority)[number * 5 % 7 % 3],
            "category": tuple(Category)[number * 3 % 11 % 7],
            "skills": ((), ("SQL",), ("Java", "sql"))[number % 3],
            "needs_review": number % 5 == 0,
        }
        if assignee:
            whom = {"assignee_id": self.id_of(assignee), "assignee_name": assignee}
            fields |= {**whom, "assigned_at": at}
        return a_ticket(**fields)

    def _changes(self, ticket):
        """Return the timeline of a ticket: triage says what requesters may not see."""
        grounds = {
            "assignee_id": ticket.assignee_id, "fallback": False, "candidates": [],
            "excluded": {self.id_of("mona"): "canary"},
        }  # fmt: skip
        made: list[tuple[str, Actor, str, dict[str, object]]]
        made = [("created", Actor.HUMAN, ticket.requester_id, {})]
        made += [("triaged", Actor.AI, "canary model", {"summary": "canary summary"})]
        made += [("assigned", Actor.RULE, "assign-1", grounds)] if ticket.assignee_id else []
        for seq, (action, actor, actor_id, why) in enumerate(made, 1):
            entry = Entry(action=action, actor=actor, actor_id=actor_id, cause="canary", why=why)
            numbered = replace(ticket, seq=seq)
            yield recorded(entry, before=None, after=numbered, now=ticket.created_at)

    def _said(self, ticket):
        """Return a reply of the requester's to a ticket, and two notes around it."""
        for seq, side in enumerate((Side.STAFF, Side.REQUESTER, Side.STAFF), 10):
            internal = side is Side.STAFF
            said = Comment(
                seq=seq, at=ticket.created_at, author_id=ticket.requester_id, author_name="Ann",
                side=side, text="canary note" if internal else "Hello?", internal=internal,
            )  # fmt: skip
            yield comment_kept(said, ticket_id=ticket.id)

    def is_staff_of(self, name, ticket):
        served = ticket.assignee_id == self.id_of(name)
        return CAST[name] is Role.ADMIN or (CAST[name] is Role.MODERATOR and served)

    def may_read(self, name, ticket):
        return self.is_staff_of(name, ticket) or ticket.requester_id == self.id_of(name)

    def in_view(self, name, ticket, view):
        filed = ticket.requester_id == self.id_of(name)
        served = ticket.assignee_id == self.id_of(name)
        return {"all": True, "assigned": served, "filed": filed}[view]

    def views(self, name):
        """Return the lists that somebody may ask for, the widest first."""
        return {
            Role.ADMIN: ("all", "assigned", "filed"),
            Role.MODERATOR: ("assigned", "filed"),
            Role.USER: ("filed",),
        }[CAST[name]]

    def shown(self, name, view, status, fits=lambda _: True):
        """Return the ids of what a list must hold, newest first."""
        found = [
            each
            for each in self.tickets
            if self.in_view(name, each, view) and status in {None, each.status} and fits(each)
        ]
        assert all(self.may_read(name, each) for each in found)
        return [each.id for each in sorted(found, key=lambda t: (t.created_at, t.id))][::-1]

    def shows_review(self, name, view):
        """Say whether all tickets of a list show somebody whether they need a look."""
        return CAST[name] is Role.ADMIN or (CAST[name] is Role.MODERATOR and view == "assigned")

    def assigned_to(self, name, ticket, whom):
        return ticket.assignee_id == {"me": self.id_of(name), "none": None}.get(whom, whom)


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    counter = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock())
    yield Hall(counter)
    counter.close()


def asked(path, **query):
    given = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
    return f"{path}{'&' if '?' in path else '?'}{given}"


def walked(who, path, **query):
    """Return every line of every page of a list."""
    lines, cursor = [], None
    while True:
        answer = who.get(asked(path, cursor=cursor, **query))
        assert answer.status_code == 200
        lines += answer.json["items"]
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return lines


def shape(value, within=""):
    """Return the names of all that a JSON object holds; who and what triage said go by parts."""
    found: set[str] = set()
    for name, item in value.items():
        deeper = isinstance(item, dict) and name != "sources"
        found |= shape(item, f"{within}{name}.") if deeper else {f"{within}{name}"}
    return found


def wanted_shape(door, ticket, *, staff):
    """Return the names of all that a door must show of a ticket, and nothing besides."""
    names = door.shows | (ASSIGNEE if ticket.assignee_id else {"assignee"})
    if not staff:
        return names
    if not door.verdict:
        return names | door.staff
    return names | door.staff | (VERDICT if ticket.verdict else {"verdict"})


def test_the_tickets_are_of_every_kind(hall):
    pairs = {(each.requester_name, each.assignee_name) for each in hall.tickets}

    assert pairs == {(one, other) for one in REQUESTERS for other in ASSIGNEES}
    assert {each.status for each in hall.tickets} == set(Status)


def test_every_route_that_answers_has_a_row_or_shows_no_tickets(hall):
    paths = hall.counter.visitor().get("/api/openapi.json").json["paths"]

    answering = {path for path, methods in paths.items() if "get" in methods}

    rows = {door.path for door in (*LISTS, *READS)}
    assert answering == rows | HISTORIES | ABOUT_LETTERS | WITHOUT_TICKETS


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("limit", [7, 40, 100])
@pytest.mark.parametrize("name", CAST)
def test_the_pages_of_a_list_are_exactly_what_one_may_see(hall, door, name, limit):
    who = hall.people[name]

    for view in (None, *hall.views(name)):
        for status in (None, *STATUSES):
            lines = walked(who, door.path, view=view, status=status, limit=limit)

            ids = [line["id"] for line in lines]
            assert ids == hall.shown(name, view or hall.views(name)[0], status), (view, status)


# What narrows a list, and ten lines more that say which tickets it leaves.
NARROWED = (
    ("priority=high", lambda it: it.priority is Priority.HIGH),
    ("category=bug", lambda it: it.category is Category.BUG),
    ("skill=SQL", lambda it: "sql" in [each.lower() for each in it.skills]),
    ("created_from=2026-01-31T09:31:00Z", lambda it: it.created_at >= NOW + timedelta(minutes=1)),
    ("created_until=2026-01-31T10:30:50%2B01:00",
     lambda it: it.created_at < NOW + timedelta(seconds=50)),
    ("q=printer", lambda it: it.title == TITLES[0]),
    ("q=fire+floor", lambda it: it.title == TITLES[0]),
    ("q=vpn&skill=java&priority=low",
     lambda it: it.title == TITLES[1] and "Java" in it.skills and it.priority is Priority.LOW),
    ("q=absent", lambda _: False),
)  # fmt: skip


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize(
    ("query", "fits"), NARROWED, ids=lambda it: it if isinstance(it, str) else ""
)
@pytest.mark.parametrize("name", CAST)
def test_a_list_that_is_narrowed_is_exactly_what_one_may_see_of_it(hall, door, name, query, fits):
    for view in hall.views(name):
        for status in (None, "assigned"):
            lines = walked(
                hall.people[name], f"{door.path}?{query}", view=view, status=status, limit=40
            )

            ids = [line["id"] for line in lines]
            assert ids == hall.shown(name, view, status, fits), (view, status)


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_a_list_in_another_order_is_the_same_list(hall, door, name):
    who, known = hall.people[name], {each.id: each for each in hall.tickets}

    for view in hall.views(name):
        wanted = hall.shown(name, view, None)
        oldest = [
            each["id"] for each in walked(who, door.path, view=view, sort="-created", limit=40)
        ]
        changed = [
            each["id"] for each in walked(who, door.path, view=view, sort="updated", limit=40)
        ]

        assert oldest == wanted[::-1]
        assert changed == sorted(wanted, key=lambda it: (known[it].updated_at, it), reverse=True)


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_whether_tickets_need_a_look_is_asked_only_where_all_of_them_show_it(hall, door, name):
    who = hall.people[name]

    for view in hall.views(name):
        for asked_for, more in ((True, {}), (False, {}), (True, {"q": "vpn", "sort": "-created"})):
            query = {"needs_review": str(asked_for).lower(), "view": view, **more}
            if not hall.shows_review(name, view):
                assert is_problem(who.get(asked(door.path, **query)), 403)
                continue
            lines = walked(who, door.path, **query, limit=40)
            wanted = hall.shown(
                name, view, None,
                lambda it, want=asked_for, q=more: it.needs_review is want
                and (not q or it.title == TITLES[1]),
            )  # fmt: skip
            assert {line["id"] for line in lines} == set(wanted)
            assert len(lines) == len(wanted)


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_whose_tickets_are_is_asked_by_admins_and_of_oneself(hall, door, name):
    who, strangers = (
        hall.people[name],
        ("none", "0" * 26, *map(hall.id_of, ("mona", "dora", "eve"))),
    )

    for view in hall.views(name):
        for whom in ("me", *strangers):
            query = {"assignee": whom, "view": view}
            if CAST[name] is not Role.ADMIN and whom not in {"me", hall.id_of(name)}:
                assert is_problem(who.get(asked(door.path, **query)), 403)
                continue
            for more, fits in (
                ({}, str),
                ({"q": "printer"}, lambda it: it.title == TITLES[0]),
            ):
                lines = walked(who, door.path, **query, **more, limit=40)
                wanted = hall.shown(
                    name, view, None,
                    lambda it, it_is=whom, ok=fits: ok(it) and hall.assigned_to(name, it, it_is),
                )  # fmt: skip
                assert [line["id"] for line in lines] == wanted


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_a_list_that_is_not_ones_to_see_is_refused_whatever_else_is_asked(hall, door, name):
    others = {"all", "assigned", "filed"} - set(hall.views(name))

    for view in others:
        for status in (None, *STATUSES):
            answer = hall.people[name].get(asked(door.path, view=view, status=status))

            assert is_problem(answer, 403)


@pytest.mark.parametrize("door", LISTS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_a_line_shows_each_reader_their_share_and_no_secret(hall, door, name):
    known = {each.id: each for each in hall.tickets}

    for view in hall.views(name):
        for line in walked(hall.people[name], door.path, view=view, limit=100):
            ticket = known[line["id"]]
            staff = hall.is_staff_of(name, ticket)
            assert shape(line) == wanted_shape(door, ticket, staff=staff)
            assert not [each for each in SECRETS if each in str(line)]


@pytest.mark.parametrize("door", READS, ids=lambda door: door.path)
@pytest.mark.parametrize("name", CAST)
def test_a_ticket_is_read_by_who_may_and_shows_them_their_share(hall, door, name):
    step = 1 if name in {"ada", "mona", "dora"} else 9

    for ticket in hall.tickets[::step]:
        answer = hall.people[name].get(door.path.replace("{ticket_id}", ticket.id))

        staff = hall.is_staff_of(name, ticket)
        if not hall.may_read(name, ticket):
            assert is_problem(answer, 404)
            continue
        assert answer.status_code == 200
        assert shape(answer.json) == wanted_shape(door, ticket, staff=staff)
        hidden = SECRETS if not staff else ("@example.com", "$2b$", "epoch")
        assert not [each for each in hidden if each in answer.text]


@pytest.mark.parametrize("name", CAST)
def test_what_happened_to_a_ticket_is_told_to_who_may_and_its_grounds_to_staff(hall, name):
    for ticket in hall.tickets[::5]:
        answer = hall.people[name].get(f"/api/tickets/{ticket.id}/timeline")

        staff = hall.is_staff_of(name, ticket)
        if not hall.may_read(name, ticket):
            assert is_problem(answer, 404)
            continue
        changes = answer.json["items"]
        assert [each["seq"] for each in changes] == list(range(1, 3 + bool(ticket.assignee_id)))
        assert changes[0]["actor"]["name"] == "Somebody"
        for each in changes:
            assert set(each) == CHANGE | ({"cause", "why"} if staff else set())
            assert set(each["actor"]) == {"kind", "name"} | ({"id"} if staff else set())
        assert ("canary" in answer.text) is staff


@pytest.mark.parametrize("name", CAST)
def test_why_a_ticket_is_whose_it_is_is_told_to_staff_alone(hall, name):
    for ticket in hall.tickets[::5]:
        answer = hall.people[name].get(f"/api/tickets/{ticket.id}/assignment")

        staff = hall.is_staff_of(name, ticket)
        if CAST[name] is Role.USER:  # whatever the ticket: nobody's reason is for them
            assert is_problem(answer, 403)
        elif staff and ticket.assignee_id:
            assert answer.json["assignee"] == {"id": ticket.assignee_id, "name": "Somebody"}
            assert "canary" in answer.text
        elif staff:
            assert (answer.status_code, answer.json["assignee"]) == (200, None)
        elif not hall.may_read(name, ticket):
            assert is_problem(answer, 404)
        else:
            assert is_problem(answer, 403)
            assert "canary" not in answer.text


@pytest.mark.parametrize("limit", [1, 2, 20])
@pytest.mark.parametrize("name", CAST)
def test_what_was_said_is_read_by_who_may_and_the_notes_by_staff(hall, name, limit):
    for ticket in hall.tickets[::5]:
        path = f"/api/tickets/{ticket.id}/comments"

        if not hall.may_read(name, ticket):
            assert is_problem(hall.people[name].get(path), 404)
            continue
        lines = walked(hall.people[name], path, limit=limit)
        numbers = [10, 11, 12] if hall.is_staff_of(name, ticket) else [11]
        assert [each["seq"] for each in lines] == numbers
        assert all(set(each) == SAID for each in lines)
        assert ("canary" in str(lines)) is hall.is_staff_of(name, ticket)


@pytest.mark.parametrize("name", CAST)
def test_nobody_changes_a_ticket_by_a_door_that_is_not_theirs(hall, name):
    who, mine = hall.people[name], hall.id_of(name)
    user = CAST[name] is Role.USER
    writes = {
        "": ("PATCH", {"priority": "low"}, 403),
        "/assign": ("POST", {"assignee": mine}, 403),
        "/retriage": ("POST", None, 403),
        "/comments": ("POST", {"text": "a note", "internal": True}, 403),
    }
    foreign = [each for each in hall.tickets if not hall.may_read(name, each)]
    own = [
        each
        for each in hall.tickets
        if hall.may_read(name, each) and not hall.is_staff_of(name, each)
    ]

    for ticket, read in [*((each, False) for each in foreign[:9]), *((it, True) for it in own[:9])]:
        before = hall.counter.tickets.get(ticket.id)
        for door, (method, body, refused) in writes.items():
            path = f"/api/tickets/{ticket.id}{door}"
            answer = who.client.open(path, method=method, json=body, headers=who.headers())
            # What a role never may is refused before any ticket is looked at.
            blunt = user and door in {"/assign", "/retriage"}
            assert is_problem(answer, refused if read or blunt else 404)
        assert hall.counter.tickets.get(ticket.id) == before


def test_a_cursor_serves_only_whom_and_what_it_was_made_for(hall):
    places = [
        (name, asked("/api/tickets", view=view, status=status, limit=2))
        for name in CAST
        for view in (None, *hall.views(name))
        for status in (None, "assigned", "waiting")
    ]
    places += [("chief", asked("/api/auth/users", limit=2, role=role)) for role in (None, "user")]
    cursors = {place: hall.people[place[0]].get(place[1]).json["next_cursor"] for place in places}
    given = {place: cursor for place, cursor in cursors.items() if cursor}

    for made_for, cursor in given.items():
        for name, path in places:
            answer = hall.people[name].get(f"{path}&cursor={cursor}")

            if made_for == (name, path):
                assert answer.status_code == 200
            else:
                assert is_problem(answer, 422)
                assert answer.json["errors"][0]["field"] == "cursor"
    assert len(given) > 40


@pytest.mark.parametrize("name", ["mona", "chief"])
def test_a_cursor_of_a_narrowed_list_serves_only_that_list(hall, name):
    who = hall.people[name]
    narrow = [query for query, _ in NARROWED]
    narrow += ["sort=-created", "sort=updated", "needs_review=true", "needs_review=false", "q=vpn"]
    paths = [f"/api/tickets?limit=2&{query}" for query in narrow]
    cursors = {path: who.get(path).json["next_cursor"] for path in paths}

    for made_for, cursor in cursors.items():
        for path in paths if cursor else ():
            answer = who.get(f"{path}&cursor={cursor}")

            assert answer.status_code == (200 if path == made_for else 422)
    assert len([cursor for cursor in cursors.values() if cursor]) > 10


@pytest.mark.parametrize("name", CAST)
def test_letters_are_ones_own_and_an_admins_are_everybodys(hall, name):
    everybody = CAST[name] is Role.ADMIN
    number = hall.letters[list(CAST).index(name)]

    listed = [str(each["number"]) for each in hall.people[name].get("/api/mailbox").json["items"]]
    read = [
        each
        for each in hall.letters
        if hall.people[name].get(f"/api/mailbox/{each}").status_code == 200
    ]

    assert set(listed) == set(read) == (set(hall.letters) if everybody else {number})


@pytest.mark.parametrize("name", CAST)
def test_sessions_are_ones_own_whatever_ones_role(hall, name):
    who = hall.people[name]
    mine = hall.counter.tokens.read(who.token).session_id

    items = who.get("/api/auth/sessions").json["items"]

    assert [each["id"] for each in items] == [mine]
    assert set(items[0]) == {"id", "created_at", "expires_at", "agent", "current"}
    foreign = {each.token for each in hall.people.values()} - {who.token}
    for token in foreign:
        session_id = hall.counter.tokens.read(token).session_id
        answer = who.client.delete(f"/api/auth/sessions/{session_id}", headers=who.headers())
        assert is_problem(answer, 404)
