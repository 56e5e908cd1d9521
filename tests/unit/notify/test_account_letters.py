"""Letters about accounts: the way in for whoever has the mailbox, and nothing a stranger wrote."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated.sendgrid import KEY, SendGridServer
from helpdesk.errors import InvalidInputError
from helpdesk.links import link_id_of, link_token
from helpdesk.notices import LINKED, Notice, notice, read_notice
from notify.account_letters import account_letter
from notify.sendgrid_mailer import SendGridMailer
from tests.builders import NOW
from tests.stands import LINK_KEY, URL
from tests.unit.notify.test_letters import HOSTILE

ADDRESS = "ann@example.com"
LINK_ID = "0123456789ABCDEFGHJKMNPQRS"
WAY_IN = f"{URL}/reset#{link_token(LINK_ID, key=LINK_KEY)}"
BY_NAME = {Notice.RESET_ASKED, Notice.PASSWORD_CHANGED}
TAG = re.compile(r"</?p>|<a href=\"([^\"<>]*)\">|</a>")

BREAKS = (
    "\r", "\n", "\r\n", "%0d%0a", "%0A", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\r\n ",
    "\r\n\t",
)  # fmt: skip
HEADERS = (
    "Bcc: all@example.com", "Subject: You have won", "To: all@example.com",
    "Content-Type: text/html", "\r\n<h1>You have won</h1>",
)  # fmt: skip
PAYLOADS = [f"{broken}{header}" for broken in BREAKS for header in HEADERS]


def letter_of(kind, *, url=URL, **changes):
    given = {
        "id": "N0T1CE", "at": NOW, "email": ADDRESS, "name": "Ann", "link_id": LINK_ID, **changes
    }  # fmt: skip
    event = notice(kind, **given)
    return account_letter(read_notice(event), event=event, url=url, link_key=LINK_KEY)


def test_a_forgotten_password_is_answered_with_a_link():
    letter = letter_of(Notice.RESET_ASKED)

    assert (letter.to, letter.ticket_id) == (ADDRESS, "")
    assert letter.subject == "Choose a new password for Helpdesk"
    assert letter.text == (
        "Hello Ann,\n"
        "\n"
        "somebody, perhaps you, asked for a new password for your account. Choose it here."
        " The link works once, for 30 minutes (until 2026-01-31 10:00 UTC):\n"
        "\n"
        f"{WAY_IN}\n"
        "\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )


def test_who_signs_up_proves_the_address_by_a_link():
    letter = letter_of(Notice.CONFIRM_ASKED)

    assert letter.subject == "Choose a password for your Helpdesk account"
    assert letter.text == (
        "Hello,\n"
        "\n"
        "somebody, perhaps you, asked for an account with this address. Choose its password here."
        " The link works once, for 30 minutes (until 2026-01-31 10:00 UTC):\n"
        "\n"
        f"{WAY_IN}\n"
        "\n"
        "If it was not you, do nothing: nobody gets in without this link.\n"
    )


def test_who_has_an_account_already_is_told_so_by_mail_alone():
    letter = letter_of(Notice.SIGN_UP_REPEATED)

    assert letter.subject == "You have a Helpdesk account already"
    assert letter.text == (
        "Hello,\n"
        "\n"
        "somebody, perhaps you, tried to sign up with your address, but you have an account"
        " already. Log in, or ask for a new password if you forgot yours:\n"
        "\n"
        f"{URL}\n"
        "\n"
        "If it was not you, do nothing: your account stays as it is.\n"
    )


def test_a_changed_password_is_told_with_its_time():
    letter = letter_of(Notice.PASSWORD_CHANGED)

    assert letter.subject == "Your Helpdesk password was changed"
    assert letter.text == (
        "Hello Ann,\n"
        "\n"
        "the password of your account was changed at 2026-01-31 09:30 UTC. If it was not you,"
        " somebody else knows it: ask for another one now, which ends every session:\n"
        "\n"
        f"{URL}\n"
        "\n"
        "If it was you, there is nothing to do.\n"
    )


@pytest.mark.parametrize("kind", Notice)
def test_the_html_says_what_the_text_says_with_one_link(kind):
    letter = letter_of(kind)

    shown = html.unescape(re.sub(r"<[^>]*>", "\n", letter.html))

    assert re.findall(r"\S+", shown) == re.findall(r"\S+", letter.text)
    assert re.findall(r'href="([^"]*)"', letter.html) == [WAY_IN if kind in LINKED else URL]


@pytest.mark.parametrize("kind", sorted(LINKED))
def test_the_link_is_one_that_the_api_takes_with_its_token_in_the_fragment(kind):
    letter = letter_of(kind)

    (address,) = re.findall(r"https://\S+", letter.text)
    page, _, token = address.partition("#")
    assert page == f"{URL}/reset"
    assert link_id_of(token, key=LINK_KEY) == LINK_ID


@pytest.mark.parametrize("kind", sorted(set(Notice) - LINKED))
def test_no_other_letter_holds_a_way_in(kind):
    letter = letter_of(kind)

    assert LINK_ID not in letter.text + letter.html


@pytest.mark.parametrize("kind", sorted(BY_NAME))
def test_who_has_no_name_is_called_by_the_address(kind):
    assert letter_of(kind, name="").text.startswith(f"Hello {ADDRESS},\n")


@pytest.mark.parametrize("kind", sorted(set(Notice) - BY_NAME))
def test_what_a_stranger_may_have_asked_for_repeats_no_name(kind):
    letter = letter_of(kind, name="You have won: evil.example.com")

    assert letter == letter_of(kind, name="")


@pytest.mark.parametrize("kind", Notice)
def test_each_notice_has_a_letter_of_its_own(kind):
    one, other = letter_of(kind), letter_of(kind, id="AN0THER")

    assert one.id == letter_of(kind, name="Anna").id
    assert one.id != other.id
    assert len({letter_of(each).id for each in Notice}) == len(Notice)


@pytest.mark.parametrize("kind", Notice)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_breaks_a_header(kind, payload):
    letter = letter_of(kind, name=f"Ann{payload}")

    calm = letter_of(kind)
    assert (letter.id, letter.to, letter.subject) == (calm.id, calm.to, calm.subject)
    assert len(letter.text.splitlines()) == len(calm.text.splitlines())
    assert "<h1>" not in letter.html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_address_breaks_a_header(payload):
    for email in (f"{ADDRESS}{payload}", f"{payload}{ADDRESS}", f"ann{payload}@example.com"):
        with pytest.raises(InvalidInputError):
            letter_of(Notice.RESET_ASKED, email=email)


def test_what_goes_over_the_wire_has_the_same_fields_whatever_the_name():
    names = ["Ann", *(f"Ann{payload}" for payload in PAYLOADS)]

    with SendGridServer() as server:
        mailer = SendGridMailer.connect(api_key=KEY, sender="desk@example.com", url=server.url)
        for number, name in enumerate(names):
            mailer.send(letter_of(Notice.RESET_ASKED, id=f"N{number}", name=name))
        bodies = [dict(carried.body) for carried in server.letters]

    parts = [[part["type"] for part in body.pop("content")] for body in bodies]
    about = [body.pop("custom_args") for body in bodies]
    assert len(bodies) == len(names)
    assert all(body == bodies[0] for body in bodies)
    assert all(part == ["text/plain", "text/html"] for part in parts)
    assert all(set(each) == {"mail_id"} for each in about)


@given(st.sampled_from(Notice), HOSTILE)
def test_no_name_becomes_markup_or_a_line_of_its_own(kind, name):
    letter = letter_of(kind, name=name)

    assert re.findall(r'href="([^"]*)"', letter.html) == [WAY_IN if kind in LINKED else URL]
    assert not set("<>\"'") & set(TAG.sub("", letter.html))
    assert letter.text.splitlines()[1:] == letter_of(kind).text.splitlines()[1:]
    assert letter.text.encode()
    assert letter.html.encode()
