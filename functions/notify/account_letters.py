"""Notices as letters: what the holder of an account is told about it. Pure text work.

Anybody can have us write to any address, so what a stranger may have asked for greets nobody by
name: the stranger would have written the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from helpdesk.events import Event
from helpdesk.links import link_token
from helpdesk.mail import mail_id
from helpdesk.notices import LINKED, Notice, Told
from helpdesk.ports import Letter
from notify.sheet import Block, Link, Said, as_html, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What a letter says above its link and below it; `{at}` and `{until}` are filled in."""

    title: str
    above: str
    below: str
    by_name: bool


_WORDS: Mapping[Notice, _Words] = {
    Notice.RESET_ASKED: _Words(
        title="Choose a new password for Helpdesk",
        above="somebody, perhaps you, asked for a new password for your account. Choose it here."
        " The link works once, for 30 minutes (until {until}):",
        below="If it was not you, do nothing: your password stays as it is.",
        by_name=True,
    ),
    Notice.CONFIRM_ASKED: _Words(
        title="Choose a password for your Helpdesk account",
        above="somebody, perhaps you, asked for an account with this address. Choose its password"
        " here. The link works once, for 30 minutes (until {until}):",
        below="If it was not you, do nothing: nobody gets in without this link.",
        by_name=False,
    ),
    Notice.SIGN_UP_REPEATED: _Words(
        title="You have a Helpdesk account already",
        above="somebody, perhaps you, tried to sign up with your address, but you have an account"
        " already. Log in, or ask for a new password if you forgot yours:",
        below="If it was not you, do nothing: your account stays as it is.",
        by_name=False,
    ),
    Notice.PASSWORD_CHANGED: _Words(
        title="Your Helpdesk password was changed",
        above="the password of your account was changed at {at}. If it was not you, somebody else"
        " knows it: ask for another one now, which ends every session:",
        below="If it was you, there is nothing to do.",
        by_name=True,
    ),
}


def account_letter(told: Told, *, event: Event, url: str, link_key: bytes) -> Letter:
    """Return the letter that tells the holder of an account what the event of a notice says."""
    words = _WORDS[told.kind]
    who = f" {told.name or told.email}" if words.by_name else ""
    above = words.above.format(at=_moment(event.time), until=_moment(told.ends_at))
    way = f"{url}/reset#{link_token(told.link_id, key=link_key)}" if told.kind in LINKED else url
    said: list[Block] = [Said(f"Hello{who},"), Said(above), Link(way), Said(words.below)]
    return Letter(
        id=mail_id(subject=event.subject, event_id=event.id, recipient=told.email),
        to=told.email,
        subject=words.title,
        text=as_text(said),
        html=as_html(said),
    )


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
