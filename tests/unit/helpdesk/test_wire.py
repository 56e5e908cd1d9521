"""Tickets, users and verdicts survive the way into a document and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.documents import Document
from helpdesk.errors import InvalidInputError
from helpdesk.ticket import Status, Ticket
from helpdesk.user import Role, User
from helpdesk.verdict import (
    Category,
    Judged,
    Priority,
    Provenance,
    Sentiment,
    Source,
    Verdict,
)
from helpdesk.wire import (
    LISTED_FIELDS,
    USER_FIELDS,
    changed_document,
    found_by,
    moment,
    searchable_document,
    searchable_ticket,
    ticket_document,
    ticket_from,
    time_text,
    user_document,
    user_from,
    verdict_document,
    verdict_from,
)
from local import codec
from tests.builders import NOW, a_ticket, a_user, a_verdict

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
COUNTS = st.integers(0, 2**40)
PARTS = st.floats(0, 1)
TIMES = st.datetimes(timezones=st.just(UTC))
SKILLS = st.lists(WORDS, max_size=3).map(tuple)


def judged(values):
    return st.builds(Judged, values, PARTS, WORDS)


VERDICTS = st.builds(
    Verdict,
    summary=WORDS,
    priority=judged(st.sampled_from(Priority)),
    category=judged(st.sampled_from(Category)),
    skills=judged(SKILLS),
    language=WORDS,
    sentiment=st.sampled_from(Sentiment),
    notes=WORDS,
    provenance=st.builds(
        Provenance,
        source=st.sampled_from(Source),
        model=WORDS,
        prompt_version=WORDS,
        tokens_in=COUNTS,
        tokens_out=COUNTS,
        cost_usd=PARTS,
        latency_ms=COUNTS,
        attempts=COUNTS,
        fallback_reason=WORDS,
    ),
)
TICKETS = st.builds(
    Ticket,
    id=WORDS,
    title=WORDS,
    description=WORDS,
    requester_id=WORDS,
    requester_name=WORDS,
    created_at=TIMES,
    updated_at=TIMES,
    status=st.sampled_from(Status),
    seq=st.integers(2, 2**40),  # the first change of all keeps less, see below
    priority=st.none() | st.sampled_from(Priority),
    category=st.none() | st.sampled_from(Category),
    skills=SKILLS,
    sources=st.dictionaries(st.sampled_from(["priority", "skills"]), st.sampled_from(Source)),
    needs_review=st.booleans(),
    verdict=st.none() | VERDICTS,
    triage_attempts=COUNTS,
    triaged_at=st.none() | TIMES,
    assignee_id=st.none() | WORDS,
    assignee_name=st.none() | WORDS,
    assigned_at=st.none() | TIMES,
    notified_at=st.none() | TIMES,
    triage_asked_at=st.none() | TIMES,
    first_assigned_at=st.none() | TIMES,
    given_seq=st.just(0) | st.integers(2, 2**40),
    declined=SKILLS,
    first_response_at=st.none() | TIMES,
    resolved_at=st.none() | TIMES,
    closed_at=st.none() | TIMES,
    reopenings=COUNTS,
    replies=COUNTS,
    notes=COUNTS,
    counted=st.booleans(),
    version=WORDS,
)
LATER = {
    "triage_asked_at",
    "first_assigned_at",
    "given_seq",
    "declined",
    "first_response_at",
    "resolved_at",
    "closed_at",
    "closes_at",
    "goals",
    "reopenings",
    "replies",
    "notes",
    "counted",
}
USERS = st.builds(
    User,
    id=WORDS,
    email=WORDS,
    name=WORDS,
    created_at=TIMES,
    role=st.sampled_from(Role),
    skills=SKILLS,
    capacity=COUNTS,
    available=st.booleans(),
    absent_from=st.none() | TIMES,
    absent_until=st.none() | TIMES,
    disabled=st.booleans(),
    version=st.none() | WORDS,
)


def through_a_store(data):
    return codec.decode(codec.encode(data))


@given(TICKETS)
def test_a_ticket_comes_back_as_it_was_kept(ticket):
    document = Document(f"tickets/{ticket.id}", through_a_store(ticket_document(ticket)), "7")

    assert ticket_from(document) == replace(ticket, version="7")


def test_what_a_ticket_is_found_by_comes_with_its_first_change_and_is_in_no_list():
    ticket = a_ticket(title="VPN", description="It drops.", skills=("SQL", "Straße"))

    first = changed_document(replace(ticket, seq=2), before=ticket)
    later = changed_document(replace(ticket, seq=3), before=replace(ticket, seq=2))
    other = changed_document(replace(ticket, seq=3, title="It"), before=replace(ticket, seq=2))

    assert (first["terms"], first["skill_keys"]) == (
        ["t1cket01", "vpn", "it", "drops"],
        ["sql", "strasse"],
    )
    assert not {"terms", "skill_keys"} & later.keys()
    assert other["terms"] == ["t1cket01", "it", "drops"]
    assert not {"terms", "skill_keys"} & set(LISTED_FIELDS)


def test_what_an_older_version_kept_is_found_by_what_is_kept_today():
    filed, user = a_ticket(), a_user(skills=("SQL",))
    ticket = replace(filed, seq=2, skills=("SQL",))

    found = found_by("tickets", ticket_document(ticket))

    assert found.items() <= searchable_ticket(ticket).items()
    assert found_by("users", user_document(user)).items() <= searchable_document(user).items()
    assert set(found) == set(found_by("users", user_document(user))) == {"terms", "skill_keys"}
    assert found_by("tickets", ticket_document(filed)) == {}
    assert found_by("users", {"id": "half"}) == found_by("load", {"seq": 2}) == {}


def test_a_ticket_that_is_whole_is_kept_whole():
    served = a_ticket(assignee_id="mod", needs_review=True, seq=3, priority=Priority.LOW)

    kept = searchable_ticket(served)

    assert kept == {**changed_document(served, before=a_ticket())}
    assert kept.keys() - searchable_ticket(a_ticket(seq=2)).keys() == {
        "assignee_id",
        "needs_review",
    }


@given(USERS)
def test_a_user_comes_back_as_it_was_kept(user):
    data = through_a_store(user_document(user))

    assert user_from(data, version=user.version) == user


@given(USERS)
def test_a_user_comes_back_from_the_document_that_is_searched(user):
    data = through_a_store(searchable_document(user))

    assert user_from(data, version=user.version) == user


def test_what_a_user_is_found_by_is_kept_with_the_user_alone():
    user = a_user(skills=("SQL", "Straße"))

    kept = searchable_document(user)

    assert kept["skill_keys"] == ["sql", "strasse"]
    assert "asker" in kept["terms"]
    assert kept.keys() - user_document(user).keys() == {"terms", "skill_keys"}
    assert tuple(user_document(user)) == USER_FIELDS


def test_a_roster_of_a_thousand_fits_into_one_document():
    member = a_user(id="U" * 26, name="n" * 50, email="e" * 50, skills=("s" * 20,) * 20)

    size = len(codec.encode(user_document(member)))

    assert 1_000 * (len(member.id) + size + 10) < 2**20  # the most that Firestore takes


@given(VERDICTS)
def test_a_verdict_comes_back_as_it_was_kept(verdict):
    assert verdict_from(through_a_store(verdict_document(verdict))) == verdict


def test_a_document_keeps_all_of_a_value_but_its_version():
    sought = {"priority", "category", "needs_review", "assignee_id"}
    whole = {*ticket_document(a_ticket(seq=2)), *sought}
    assert whole == set(Ticket.__dataclass_fields__) - {"version"}
    assert set(user_document(a_user())) == set(User.__dataclass_fields__) - {"version"}
    assert set(verdict_document(a_verdict())) == set(Verdict.__dataclass_fields__)


def test_a_ticket_that_was_just_filed_keeps_nothing_of_what_may_come_later():
    filed = a_ticket()
    kept = ticket_document(filed)

    assert kept.keys() == ticket_document(a_ticket(seq=2)).keys() - LATER
    assert ticket_from(Document("tickets/T1CKET01", kept, "7")) == replace(filed, version="7")


@pytest.mark.parametrize(
    ("given_seq", "kept", "notified_at"),
    [
        (3, {"told_3": NOW}, NOW),
        (5, {"told_3": NOW}, None),  # that was another giving
        (5, {"told_3": NOW, "told_5": NOW + timedelta(days=1)}, NOW + timedelta(days=1)),
        (0, {"told_3": NOW}, None),  # nobody has it any more
        (0, {"notified_at": NOW}, NOW),  # from before givings had numbers
    ],
)
def test_an_assignee_is_told_by_a_word_of_just_their_giving(given_seq, kept, notified_at):
    document = {**ticket_document(a_ticket(seq=7, given_seq=given_seq)), **kept}

    assert ticket_from(Document("tickets/T1CKET01", document, "7")).notified_at == notified_at


def test_a_ticket_of_an_older_version_was_given_by_no_number_and_is_not_counted():
    kept = ticket_document(a_ticket(seq=7, given_seq=3, counted=True))
    old = {name: it for name, it in kept.items() if name not in {"given_seq", "counted"}}

    read = ticket_from(Document("tickets/T1CKET01", old, "7"))

    assert (read.given_seq, read.counted) == (0, False)


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_a_moment_comes_back_from_its_text(time):
    try:
        kept = time.astimezone(UTC)
    except OverflowError:
        return

    assert moment(time_text(time)) == kept


@given(TIMES, TIMES)
def test_texts_sort_as_moments_do(one, other):
    assert (time_text(one) < time_text(other)) is (one < other)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-31T09:30:00Z", NOW),
        ("2026-01-31T10:30:00+01:00", NOW),
        ("2026-01-31T09:30:00.000001Z", NOW + timedelta(microseconds=1)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_in_utc(text, read):
    found = moment(text)

    assert found == read
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        None,
        0,
        NOW,
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-02-30T09:30:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        b"2026-01-31T09:30:00Z",
    ],
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InvalidInputError):
        moment(text)


def test_a_time_is_written_in_utc_with_microseconds():
    time = datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=1)))

    assert time_text(time) == "2026-01-31T09:30:00.000000Z"


@pytest.mark.parametrize("role", ["superuser", "", "Admin", None])
def test_a_user_whose_role_is_not_known_serves_nobody(role):
    kept = {**user_document(a_user(role=Role.ADMIN)), "role": role}

    assert user_from(kept).role is Role.USER
