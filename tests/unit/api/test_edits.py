"""Edits over HTTP: what people set stays, whatever a machine says before, meanwhile or later."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from api.changing import CHANGING, TRIES
from api.limits import Budget, Limits
from helpdesk import events
from helpdesk.delivery import deliver
from helpdesk.documents import Update
from helpdesk.errors import AlreadyExistsError, ConflictError
from helpdesk.levels import shipped
from helpdesk.tickets import notified
from helpdesk.user import Role
from helpdesk.verdict import Category, Judged, Source
from tests.builders import FixedClock, a_verdict, an_event
from tests.stands import RULES, Scripted, everything
from tests.unit.api.changes import before_next_save
from tests.unit.api.cycle import (
    Chain,
    actions,
    edit,
    give,
    labels,
    loads_are_true,
    path_of,
    put,
    read,
    retriage,
    said,
    say,
)
from tests.unit.api.desk import Counter, is_problem
from triage.step import triage_ticket

WITHIN = shipped().reopen_within
RACES = 200
AGAIN = a_verdict(category=Judged(Category.BUG, 0.4, "fire"))


class Interrupted:
    """The Classifier port: while it reads, something else happens."""

    def __init__(self, verdict, meanwhile):
        self._verdict, self._meanwhile = verdict, meanwhile

    def classify(self, _title, _description):
        self._meanwhile()
        return self._verdict


@pytest.fixture
def mod(counter):
    return counter.somebody("mod", Role.MODERATOR, skills=("Printing",))


@pytest.fixture
def chain(counter):
    return Chain(counter)


@pytest.fixture
def ticket_id(counter, ada, mod):
    return put(counter, ada, assignee=mod)


def triaged(counter, event, classifier):
    """Let a model judge, as a bus has it done: again until it is acknowledged."""
    step = partial(
        triage_ticket, tickets=counter.house.tickets, classifier=classifier, fallback=RULES,
        clock=counter.clock,
    )  # fmt: skip
    while True:
        with suppress(ConflictError):  # a person was quicker than its claim
            return deliver(events.encode(event), step, name="triage", parked=counter.house.parked)


def latest_event(counter, ticket_id, kind):
    """Return the event that waits for triage."""
    counter.house.outbox.sweep(counter.clock.now() - counter.clock.now())
    with counter.house.queue._database.reading() as connection:
        rows = connection.execute(
            "SELECT body FROM messages WHERE target = 'triage' ORDER BY id DESC"
        ).fetchall()
    told = [events.decode(body) for (body,) in rows]
    return next(each for each in told if each.subject == ticket_id and each.type == kind)


def is_humans(counter, ticket_id, machine):
    """Say whether the question that Ada's ticket is stayed, with the machine's word beside it."""
    ticket = counter.tickets.get(ticket_id)
    return (
        ticket.category is Category.QUESTION
        and ticket.sources["category"] is Source.HUMAN
        and ticket.verdict is not None
        and ticket.verdict.category.value is machine
        and labels(counter, ticket_id)["category"]["human"] == "question"
    )


def test_a_value_that_a_person_set_before_triage_stays(counter, chief, ada):
    ticket_id = ada.file().json["id"]

    assert edit(chief, ticket_id, category="question").status_code == 200
    triaged(counter, latest_event(counter, ticket_id, "ticket-created"), Scripted(a_verdict()))

    ticket = read(chief, ticket_id).json
    assert is_humans(counter, ticket_id, Category.INCIDENT)
    assert ticket["sources"] == {"category": "human", "priority": "ai", "skills": "ai"}
    assert ticket["verdict"]["category"]["value"] == "incident"
    assert (ticket["priority"], ticket["status"]) == ("high", "triaged")


def test_a_value_that_a_person_sets_while_the_model_is_asked_stays(counter, chief, ada):
    ticket_id = ada.file().json["id"]
    during = Interrupted(a_verdict(), lambda: edit(chief, ticket_id, category="question"))

    triaged(counter, latest_event(counter, ticket_id, "ticket-created"), during)

    assert is_humans(counter, ticket_id, Category.INCIDENT)
    assert actions(chief, ticket_id) == ["created", "edited", "triaged"]


def test_a_value_that_a_person_sets_after_triage_stays_when_it_is_triaged_again(
    counter, chief, ada, mod
):
    ticket_id = put(counter, ada, assignee=mod)

    edit(mod, ticket_id, category="question", reason="nothing burns")
    answer = retriage(chief, ticket_id)
    triaged(counter, latest_event(counter, ticket_id, "triage-asked"), Scripted(AGAIN))

    assert answer.status_code == 202
    assert answer.json["triage_asked_at"]
    assert is_humans(counter, ticket_id, Category.BUG)
    ticket = read(mod, ticket_id).json
    assert (ticket["status"], ticket["assignee"]["id"]) == ("assigned", mod.user.id)
    assert ticket["triage_asked_at"] is None
    kept = labels(counter, ticket_id)["category"]
    assert (kept["machine"], kept["human"], kept["by"]) == ("bug", "question", mod.user.id)
    assert actions(mod, ticket_id)[1:] == ["edited", "triage_asked", "triaged_again"]


@pytest.fixture(scope="module")
def racing(tmp_path_factory):
    built = Counter(tmp_path_factory.mktemp("house"), clock=FixedClock())
    yield built
    built.close()


def test_of_two_hundred_races_with_triage_a_person_loses_none(racing):
    chief, ada = racing.somebody("chief", Role.ADMIN), racing.somebody("ada")
    lost, orders = [], set()

    with ThreadPoolExecutor(2) as threads:
        for _ in range(RACES):
            ticket_id = ada.file().json["id"]
            event = an_event(id=f"{ticket_id}.created.1", subject=ticket_id)
            model = threads.submit(triaged, racing, event, Scripted(*[a_verdict()] * 9))
            person = threads.submit(edit, chief, ticket_id, category="question")
            model.result()
            assert person.result().status_code == 200
            orders.add(tuple(actions(chief, ticket_id)))
            if not is_humans(racing, ticket_id, Category.INCIDENT):
                lost.append(ticket_id)

    assert lost == []
    assert orders <= {("created", "edited", "triaged"), ("created", "triaged", "edited")}


def test_a_person_may_say_the_same_as_the_machine_and_then_it_is_theirs(counter, mod, ticket_id):
    answer = edit(mod, ticket_id, category="incident")

    assert answer.json["sources"]["category"] == "human"
    assert labels(counter, ticket_id)["category"]["human"] == "incident"
    assert edit(mod, ticket_id, category="incident").headers["ETag"] == answer.headers["ETag"]


def test_skills_are_set_by_any_of_their_names_and_none_is_a_value_too(counter, mod, ticket_id):
    named = edit(mod, ticket_id, skills=["printing", "Printing"])
    none = edit(mod, ticket_id, skills=[])
    unknown = edit(mod, ticket_id, skills=["Printnig"])

    assert named.json["skills"] == ["Printing"]
    assert (none.json["skills"], none.json["sources"]["skills"]) == ([], "human")
    assert is_problem(unknown, 422)
    assert unknown.json["errors"][0]["field"] == "skills"
    assert labels(counter, ticket_id)["skills"]["human"] == []


def test_whoever_looked_it_over_says_so(counter, ada, mod):
    ticket_id = put(counter, ada, assignee=mod, needs_review=True)

    answer = edit(mod, ticket_id, needs_review=False)

    assert answer.json["needs_review"] is False
    assert is_problem(edit(mod, ticket_id, needs_review=True), 422)
    assert is_problem(edit(ada, ticket_id, needs_review=False), 403)


def test_a_requester_changes_the_words_and_nothing_that_triage_judged(counter, ada, ticket_id):
    changed = edit(ada, ticket_id, title=" Printer  smokes ", description="\nIt does.\n")
    refused = [
        edit(ada, ticket_id, **{name: value})
        for name, value in {"priority": "low", "category": "bug", "skills": []}.items()
    ]

    assert (changed.json["title"], changed.json["description"]) == ("Printer smokes", "It does.")
    assert all(is_problem(each, 403) for each in refused)
    assert labels(counter, ticket_id) == {}


def test_one_forbidden_field_forbids_the_whole_edit(counter, ada, ticket_id):
    before = everything(counter.house.documents)

    answer = edit(ada, ticket_id, title="Mine", priority="low")

    assert is_problem(answer, 403)
    assert everything(counter.house.documents) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"description": "nul\0"}, "description"),
        ({"description": ""}, "description"),
        ({"priority": "urgent"}, "priority"),
        ({"category": 1}, "category"),
        ({"skills": "Printing"}, "skills"),
        ({"status": "new"}, "status"),
        ({"status": "triaged"}, "status"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "nul\0"}, "reason"),
        ({"assignee_id": "me"}, "assignee_id"),
        ({"sources": {}}, "sources"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_named(counter, mod, ticket_id, fields, field):
    before = everything(counter.house.documents)

    answer = edit(mod, ticket_id, **fields)

    assert is_problem(answer, 422)
    assert answer.json["errors"][0]["field"] == field
    assert everything(counter.house.documents) == before


@pytest.mark.parametrize("fields", [{}, {"reason": "why not"}, {"status": "assigned"}], ids=str)
def test_what_changes_nothing_is_no_change(counter, mod, ticket_id, fields):
    tag = read(mod, ticket_id).headers["ETag"]
    counter.documents.asked.clear()

    answer = edit(mod, ticket_id, **fields)

    assert (answer.status_code, answer.headers["ETag"]) == (200, tag)
    assert "commit" not in counter.documents.asked
    assert actions(mod, ticket_id) == ["assigned"]


def test_the_version_that_was_meant_is_changed_and_another_one_is_not(counter, mod, ticket_id):
    tag = read(mod, ticket_id).headers["ETag"]

    right = edit(mod, ticket_id, meant=tag, title="Right")
    before = everything(counter.house.documents)
    stale = edit(mod, ticket_id, meant=tag, title="Stale")
    weak = edit(mod, ticket_id, meant=f"W/{right.headers['ETag']}", title="Weak")

    assert right.headers["ETag"] != tag
    assert read(mod, ticket_id).headers["ETag"] == right.headers["ETag"]
    assert is_problem(stale, 412)
    assert is_problem(weak, 412)
    assert everything(counter.house.documents) == before
    assert (
        edit(mod, ticket_id, meant=f"{tag}, {right.headers['ETag']}", title="One").status_code
        == 200
    )
    assert edit(mod, ticket_id, meant="*", title="Any").json["title"] == "Any"
    assert edit(mod, ticket_id, title="Unasked").json["title"] == "Unasked"


def test_what_somebody_may_not_do_is_refused_before_its_version_is_looked_at(
    counter, ada, ticket_id
):
    bob = counter.somebody("bob")

    assert is_problem(edit(bob, ticket_id, meant='"1"', title="Mine"), 404)


@pytest.fixture
def given_now(counter, ada, mod):
    """Return a ticket that was given just now, and the event that tells of it."""
    ticket_id = put(counter, ada, assignee=mod, given_seq=5)
    return ticket_id, an_event(subject=ticket_id, data={"seq": 5})


def test_that_its_assignee_was_told_is_shown_anew(counter, mod, given_now):
    ticket_id, event = given_now
    tag = read(mod, ticket_id).headers["ETag"]
    counter.house.documents.commit([notified(event, counter.clock.now())])

    told = read(mod, ticket_id)
    cached = mod.get(path_of(ticket_id), {"If-None-Match": tag})

    assert told.headers["ETag"] != tag
    assert told.json["notified_at"]
    assert cached.status_code == 200
    assert mod.get(path_of(ticket_id), {"If-None-Match": told.headers["ETag"]}).status_code == 304


def test_that_its_assignee_was_told_meanwhile_keeps_nobody_from_a_change(counter, mod, given_now):
    ticket_id, event = given_now
    tag = read(mod, ticket_id).headers["ETag"]
    counter.house.documents.commit([notified(event, counter.clock.now())])
    told = read(mod, ticket_id).headers["ETag"]

    stale = edit(mod, ticket_id, meant='"4"', title="Stale")
    before_it = edit(mod, ticket_id, meant=tag, title="Mine")
    after_it = edit(mod, ticket_id, meant=told, title="Yours")
    right = edit(mod, ticket_id, meant=before_it.headers["ETag"], title="Ours")

    assert (tag, told) == ('"5"', '"5n"')
    assert before_it.json["title"] == "Mine"
    assert is_problem(stale, 412)
    assert is_problem(after_it, 412)
    assert right.json["title"] == "Ours"


def test_word_of_an_earlier_giving_shows_nothing(counter, mod, given_now):
    ticket_id, event = given_now
    tag = read(mod, ticket_id).headers["ETag"]
    late = replace(event, data={"seq": 3})
    counter.house.documents.commit([notified(late, counter.clock.now())])

    shown = read(mod, ticket_id)

    assert (shown.headers["ETag"], shown.json["notified_at"]) == (tag, None)


def test_too_many_changes_within_an_hour_are_refused(counter, chief, ada, mod, ticket_id):
    limits = Limits(documents=counter.house.documents, clock=counter.clock)
    for _ in range(CHANGING.most - 1):
        limits.take(Budget(CHANGING, mod.user.id))
    tag = read(mod, ticket_id).headers["ETag"]

    nothing = edit(mod, ticket_id, status="assigned")
    wrong = edit(mod, ticket_id, status="new"), edit(mod, ticket_id, meant='"1"', title="Stale")
    last = edit(mod, ticket_id, meant=tag, title="The last")
    refused = edit(mod, ticket_id, title="One more"), give(mod, ticket_id, None)

    assert (nothing.status_code, [each.status_code for each in wrong]) == (200, [422, 412])
    assert last.json["title"] == read(mod, ticket_id).json["title"] == "The last"
    assert all(is_problem(each, 429) for each in refused)
    assert 0 < int(refused[0].headers["Retry-After"]) <= CHANGING.per.total_seconds()
    assert edit(mod, ticket_id, status="assigned").status_code == 200
    assert say(mod, ticket_id).status_code == 201  # which has a limit of its own
    assert edit(ada, ticket_id, title="Mine").status_code == 200


def test_whoever_is_outrun_is_counted_once(counter, ada, mod, ticket_id):
    limits = Limits(documents=counter.house.documents, clock=counter.clock)
    for _ in range(CHANGING.most - 1):
        limits.take(Budget(CHANGING, mod.user.id))
    # The first commit counts the edit itself.
    before_next_save(counter, lambda: None, partial(edit, ada, ticket_id, title="Quicker"))

    answer = edit(mod, ticket_id, priority="low")

    assert (answer.json["title"], answer.json["priority"]) == ("Quicker", "low")


def test_an_edit_without_a_version_goes_along_with_one_that_was_quicker(
    counter, ada, mod, ticket_id
):
    before_next_save(counter, lambda: edit(ada, ticket_id, title="Quicker"))

    answer = edit(mod, ticket_id, priority="low")

    assert (answer.json["title"], answer.json["priority"]) == ("Quicker", "low")
    assert actions(mod, ticket_id) == ["assigned", "edited", "edited"]


def test_an_edit_of_a_version_does_not(counter, ada, mod, ticket_id):
    tag = read(mod, ticket_id).headers["ETag"]
    before_next_save(counter, lambda: edit(ada, ticket_id, title="Quicker"))

    answer = edit(mod, ticket_id, meant=tag, priority="low")

    assert is_problem(answer, 412)
    assert read(mod, ticket_id).json["priority"] == "high"


def test_whoever_loses_every_race_is_told_to_try_again(counter, ada, mod, ticket_id):
    quicker = [partial(edit, ada, ticket_id, title=f"Quicker {n}") for n in range(TRIES)]
    # Each of these commits as well: that it counts, the change, and that its event was sent.
    acts = [each for one in quicker for each in (one, *[lambda: None] * 3)]
    before_next_save(counter, lambda: None, *acts)  # the first commit counts the edit itself

    answer = edit(mod, ticket_id, priority="low")

    assert is_problem(answer, 409)
    assert read(mod, ticket_id).json["title"] == f"Quicker {TRIES - 1}"


def test_a_commit_that_the_store_took_and_asked_for_again_is_one_change(counter, mod, ticket_id):
    commit = counter.documents.commit
    counter.documents.commit = lambda writes: (commit(writes), commit(writes))[1]

    answer = edit(mod, ticket_id, priority="low")

    assert (answer.status_code, answer.json["priority"]) == (200, "low")
    assert read(mod, ticket_id).headers["ETag"] == answer.headers["ETag"]
    assert actions(mod, ticket_id) == ["assigned", "edited"]


def test_a_closed_ticket_is_not_edited_but_may_be_opened_again_along_with_it(counter, ada, mod):
    ticket_id = put(counter, ada, assignee=mod, status="closed", closed_at=counter.clock.now())

    refused = edit(mod, ticket_id, title="Later")
    both = edit(mod, ticket_id, title="Later", status="assigned")

    assert is_problem(refused, 422)
    assert (both.json["title"], both.json["status"]) == ("Later", "assigned")
    assert loads_are_true(counter)


@pytest.mark.parametrize("ask", [say, partial(edit, status="assigned")], ids=["reply", "edit"])
def test_a_closed_ticket_is_opened_again_by_its_requester_for_a_while(counter, ada, mod, ask):
    soon, late = (
        put(counter, ada, assignee=mod, status="closed", closed_at=closed)
        for closed in (counter.clock.now() - WITHIN * 0.99, counter.clock.now() - WITHIN)
    )

    answers = ask(ada, soon), ask(ada, late)

    assert answers[0].status_code in {200, 201}
    assert is_problem(answers[1], 422)
    assert "file a new one" in answers[1].json["detail"]
    assert read(ada, soon).json["status"] == "assigned"
    assert read(ada, late).json["status"] == "closed"
    assert said(ada, late).json["items"] == []
    assert edit(mod, late, status="assigned").status_code == 200
    assert loads_are_true(counter)


@pytest.mark.parametrize("gone", ["absent", "disabled", "demoted"])
def test_a_ticket_whose_assignee_is_gone_is_opened_again_for_somebody_else(
    counter, chain, chief, ada, mod, gone
):
    other = counter.somebody("other", Role.MODERATOR, skills=("Printing",))
    ticket_id = put(counter, ada, assignee=mod, status="resolved")
    if gone == "absent":
        span = {"absent_from": "2026-01-01T00:00:00Z", "absent_until": None}
        assert mod.patch("/api/auth/me", span).status_code == 200
    else:
        change = {"disabled": True} if gone == "disabled" else {"role": "user"}
        assert chief.patch(f"/api/auth/users/{mod.user.id}", change).status_code == 200

    say(ada, ticket_id, "It burns again.")
    first = read(ada, ticket_id).json
    chain.run()

    assert (first["status"], first["assignee"]) == ("triaged", None)
    assert read(other, ticket_id).json["assignee"]["id"] == other.user.id
    assert [each["text"] for each in said(other, ticket_id).json["items"]] == ["It burns again."]
    assert loads_are_true(counter)


def test_a_ticket_that_was_nobodys_is_nobodys_again(counter, chain, chief, ada, mod):
    ticket_id = put(counter, ada, status="triaged")

    assert edit(ada, ticket_id, status="resolved").json["status"] == "resolved"
    assert edit(ada, ticket_id, status="assigned").json["status"] == "triaged"
    chain.run()

    assert read(mod, ticket_id).json["status"] == "assigned"
    assert loads_are_true(counter)


@pytest.mark.parametrize("error", [ConflictError("x"), AlreadyExistsError("x")], ids=str)
def test_an_edit_that_fails_at_the_store_changes_nothing(counter, mod, ticket_id, error):
    commit = counter.documents.commit

    def refuse(writes):
        if any(each.path.startswith("tickets/") for each in writes):
            raise error
        return commit(writes)

    counter.documents.commit = refuse
    before = everything(counter.house.documents)

    answer = edit(mod, ticket_id, title="Mine")

    after = everything(counter.house.documents)
    assert is_problem(answer, 409)
    assert {path for path in after if after[path] != before.get(path)} == {
        path for path in after if path.startswith("limits/")
    }


def test_what_is_no_id_is_no_ticket(counter, mod):
    assert is_problem(edit(mod, "%00", title="Mine"), 404)


def test_a_kept_change_from_before_labels_is_edited_like_any_other(counter, mod, ticket_id):
    unjudged = Update(f"tickets/{ticket_id}", {"sources": {}, "verdict": None})
    counter.house.documents.commit([unjudged])

    assert edit(mod, ticket_id, priority="low").status_code == 200
    assert labels(counter, ticket_id)["priority"]["machine"] is None
