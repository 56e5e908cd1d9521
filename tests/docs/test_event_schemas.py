"""What integrators are told of events: made of the code, and true of events that really happen."""

import json
import re
import sys
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator, meta

from api.accounts import Accounts
from helpdesk import events
from helpdesk.clock import RandomIds
from helpdesk.errors import OutsideError
from helpdesk.events import SHAPES, Envelope, EventType
from helpdesk.log import bind
from helpdesk.ticket import Status
from helpdesk.timeline import Action
from helpdesk.user import Role
from tests.builders import FixedClock, a_moderator, a_user, an_entry
from tests.stands import Line, Scripted
from tools import event_schemas

FOLDER = Path(__file__).parents[2] / "docs" / "events"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
KINDS = sorted(SHAPES)


def schema(kind):
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


def fits(kind, envelope):
    return Draft202012Validator(schema(kind), validate_formats=True).is_valid(envelope)


def sent(event):
    return json.loads(events.encode(event))


def examples():
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", README, re.DOTALL)]


@pytest.fixture(scope="module")
def happened(tmp_path_factory):
    """Every envelope of a house in which all kinds of things happen."""
    clock = FixedClock()
    line = Line(tmp_path_factory.mktemp("line"), clock=clock)
    accounts = Accounts(documents=line.store, users=line.users, clock=clock, ids=RandomIds())
    for role in Role:
        accounts.add(accounts.new_user(f"{role}@example.com", role=role), "a hash")
    line.staffed(a_user(), a_moderator(skills=("Printing",)))
    with bind(traceparent=TRACE):
        line.open(id="T1CKET01")
    line.run_out()
    down = Scripted(*[OutsideError("the model is down")] * 3)
    line.classifier = down  # the port is what it must be
    line.open(id="T1CKET02", title="C++ and C# say “no”", description="\N{FIRE}")
    line.run_out()
    ticket = line.tickets.get("T1CKET01")
    for status in (Status.IN_PROGRESS, Status.WAITING, Status.RESOLVED, Status.CLOSED):
        before, ticket = ticket, ticket.moved(status, now=clock.now())
        line.tickets.save(ticket, EventType.TICKET_UPDATED, an_entry(), before=before)
        ticket = line.tickets.get(ticket.id)
    yield [sent(event) for event in line.tray.published]
    line.close()


def test_the_schemas_are_what_the_code_says():
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}

    assert written == dict(event_schemas.files())


def test_the_tool_writes_them(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["event_schemas.py", "--out", str(tmp_path)])

    event_schemas.main()

    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == dict(event_schemas.files())


def test_a_type_that_no_event_has_yet_is_no_schema():
    with pytest.raises(KeyError):
        event_schemas.typed(float)


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_one(kind):
    meta.validate(schema(kind))

    assert schema(kind)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_what_really_happens_fits_its_schema_and_no_other(happened):
    fitting = [{kind for kind in KINDS if fits(kind, envelope)} for envelope in happened]

    assert fitting == [{envelope["type"]} for envelope in happened]


def test_all_kinds_of_events_happened(happened):
    assert {envelope["type"] for envelope in happened} == set(KINDS)
    assert {envelope["traceparent"] for envelope in happened} == {"", TRACE}


def test_no_two_events_have_one_id_and_no_two_about_a_ticket_one_number(happened):
    tickets = [each for each in happened if "seq" in each["data"]]

    ids = {envelope["id"] for envelope in happened}
    numbers = {(envelope["subject"], envelope["data"]["seq"]) for envelope in tickets}

    assert len(ids) == len(happened)
    assert len(numbers) == len(tickets)


def test_no_event_says_what_a_person_wrote_or_is_called(happened):
    told = json.dumps(happened)

    assert not any(each in told for each in ("Printer", "burns", "Ann", "@"))


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["id"])
def test_an_event_that_lacks_a_field_is_none(example):
    kind, data = example["type"], example["data"]
    lacking = [{k: v for k, v in example.items() if k != name} for name in example]
    lacking += [{**example, "data": {k: v for k, v in data.items() if k != name}} for name in data]

    assert fits(kind, example)
    assert not any(fits(kind, each) for each in lacking)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example["id"])
def test_what_may_come_without_a_new_version_fits(example):
    more = {**example, "tenant": "acme", "data": {**example["data"], "comment_id": "C1"}}

    assert fits(example["type"], more)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"type": "ticket-eaten"},
        {"id": "a/b"},
        {"subject": ""},
        {"time": "yesterday"},
        {"traceparent": "damaged"},
        {"data": []},
    ],
)
def test_what_no_event_of_this_version_says_does_not_fit(change):
    example = examples()[0]

    assert not fits(example["type"], {**example, **change})


def test_the_page_shows_one_event_of_each_kind_as_it_is_sent():
    shown = examples()

    assert sorted(example["type"] for example in shown) == KINDS
    for example in shown:
        assert fits(example["type"], example)
        assert sent(events.decode(json.dumps(example))) == example
        assert list(example["data"]) == list(
            schema(example["type"])["properties"]["data"]["properties"]
        )


def test_the_page_names_every_field_and_every_value():
    named = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    shapes = (Envelope, *SHAPES.values())

    assert named == {name for shape in shapes for name in shape.__annotations__}
    for kind in KINDS:
        for field in schema(kind)["properties"]["data"]["properties"].values():
            assert all(f"`{value}`" in README for value in field.get("enum", []) if value)


def test_the_page_lists_every_change():
    table = README.partition("| what was done |")[2].partition("\n\n")[0]

    listed = re.findall(r"^\| [^|]+ \| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(listed) == sorted(Action)


def test_the_page_lists_every_schema():
    assert set(re.findall(r"\]\(([\w-]+\.json)\)", README)) == {f"{kind}.json" for kind in KINDS}


def test_what_is_not_for_integrators_is_said_and_has_no_schema():
    others = set(EventType) - set(SHAPES)

    assert others == {EventType.TRIAGE_ASKED, EventType.ACCOUNT_NOTICE}
    for kind in others:
        assert f"`{kind}`" in README
        assert not (FOLDER / f"{kind}.json").exists()


@pytest.mark.parametrize("link", re.findall(r"\]\((\.\.[^)]+)\)", README))
def test_every_file_the_page_links_to_exists(link):
    assert (FOLDER / link).exists()
