"""Notices: what is told comes back as it was told, and whatever else comes in is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import events
from helpdesk.errors import InvalidInputError
from helpdesk.events import EventType
from helpdesk.notices import LINK_LIFE, LINKED, Notice, Told, notice, read_notice
from tests.builders import NOW, an_event
from tests.unit.helpdesk.test_events import JSON, TRACE

ID = "0123456789ABCDEFGHJKMNPQRS"
ADDRESS = "ann@example.com"


def a_notice(kind=Notice.RESET_ASKED, **changes):
    given = {"id": ID, "at": NOW, "email": ADDRESS, "name": "Ann", "link_id": "L1NK", **changes}
    return notice(kind, **given)


def with_data(event, **changes):
    return replace(event, data={**event.data, **changes})


@pytest.mark.parametrize("kind", Notice)
def test_a_notice_comes_back_as_it_was_told(kind):
    event = a_notice(kind)

    told = read_notice(events.decode(events.encode(event)))

    ends_at = NOW + timedelta(minutes=30)
    assert told == Told(kind=kind, email=ADDRESS, name="Ann", link_id="L1NK", ends_at=ends_at)


def test_the_event_of_a_notice_is_the_documented_one():
    event = notice(Notice.PASSWORD_CHANGED, id=ID, at=NOW, email=ADDRESS, traceparent=TRACE)

    assert event == an_event(
        id=f"{ID}.password-changed.1",
        type=EventType.ACCOUNT_NOTICE,
        time=NOW,
        subject=ID,
        data={"notice": "password-changed", "email": ADDRESS, "name": "", "link_id": ""},
        traceparent=TRACE,
    )


@pytest.mark.parametrize("kind", Notice)
def test_a_notice_to_nobody_can_be_read(kind):
    told = read_notice(a_notice(kind, email="", name="", link_id=""))

    assert (told.kind, told.email) == (kind, "")


@pytest.mark.parametrize("kind", Notice)
def test_a_letter_that_must_hold_a_link_is_refused_without_one(kind):
    event = a_notice(kind, link_id="")

    if kind not in LINKED:
        assert read_notice(event).link_id == ""
        return
    with pytest.raises(InvalidInputError) as refused:
        read_notice(event)
    assert refused.value.field == "link_id"


@pytest.mark.parametrize("email", ["", ADDRESS])
@pytest.mark.parametrize(
    "link_id", ["a.b", "a/b", "../x", "a b", "a\n", "\r\n", "#", "x" * 65, "é", None, 7, ["a"]]
)
def test_what_is_no_link_is_refused(email, link_id):
    with pytest.raises(InvalidInputError) as refused:
        read_notice(with_data(a_notice(), email=email, link_id=link_id))

    assert refused.value.field == "link_id"


@pytest.mark.parametrize(
    "email",
    [
        "ann",
        "ann@",
        "Ann@example.com",
        " ann@example.com",
        "ann@example.com\r\nBcc: all@example.com",
        "ann@example.com, all@example.com",
        None,
        7,
        ["ann@example.com"],
    ],
)
def test_what_is_no_address_in_its_kept_form_is_refused(email):
    with pytest.raises(InvalidInputError) as refused:
        read_notice(with_data(a_notice(), email=email))

    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("field", "value"),
    [("notice", "reset"), ("notice", ""), ("notice", None), ("notice", ["reset-asked"]),
     ("name", None), ("name", 7), ("name", {"a": "b"})],
)  # fmt: skip
def test_what_is_no_notice_is_refused(field, value):
    with pytest.raises(InvalidInputError) as refused:
        read_notice(with_data(a_notice(), **{field: value}))

    assert refused.value.field == field


@pytest.mark.parametrize("field", ["notice", "email", "name", "link_id"])
def test_a_notice_without_one_of_its_fields_is_refused(field):
    event = a_notice()
    left = {name: value for name, value in event.data.items() if name != field}

    with pytest.raises(InvalidInputError) as refused:
        read_notice(replace(event, data=left))

    assert refused.value.field == field


@pytest.mark.parametrize("kind", [kind for kind in EventType if kind != EventType.ACCOUNT_NOTICE])
def test_another_event_is_no_notice_whatever_it_holds(kind):
    with pytest.raises(InvalidInputError) as refused:
        read_notice(replace(a_notice(), type=kind))

    assert refused.value.field == "type"


def test_a_notice_from_the_end_of_the_calendar_is_refused():
    last = datetime.max.replace(tzinfo=UTC)

    with pytest.raises(InvalidInputError):
        read_notice(a_notice(at=last))

    assert read_notice(a_notice(at=last - LINK_LIFE)).ends_at == last


@given(st.sampled_from(["notice", "email", "name", "link_id"]), JSON)
def test_no_field_of_a_notice_raises_anything_else(field, value):
    event = with_data(a_notice(), **{field: value})

    try:
        told = read_notice(event)
    except InvalidInputError:
        return

    assert {field: value}.items() <= {
        "notice": told.kind, "email": told.email, "name": told.name, "link_id": told.link_id,
    }.items()  # fmt: skip
