"""The post of a house that is not started: what waits in its queue is delivered by hand."""

import re

from helpdesk.delivery import deliver

LINK = re.compile(r"/reset#(\S+)")


def letters(counter, recipient=None):
    """Let notify work through all that was ever queued; return what was sent, oldest first."""
    house = counter.house
    with house.queue._database.reading() as connection:
        waiting = connection.execute(
            "SELECT body FROM messages WHERE target = 'notify' ORDER BY id"
        ).fetchall()
    step = house.steps()["notify"]
    for (body,) in waiting:
        deliver(body, step, name="notify", parked=house.parked)
    return [received.letter for received in reversed(house.mailbox.read(recipient=recipient))]


def subjects(counter, recipient=None):
    return [letter.subject for letter in letters(counter, recipient)]


def tokens(counter, recipient="ada@example.com"):
    """Return the tokens of the links that somebody was sent, oldest first."""
    found = [LINK.search(letter.text) for letter in letters(counter, recipient)]
    return [link[1] for link in found if link]


def forgot(counter, email="ada@example.com", headers=None):
    return counter.visitor().post("/api/auth/password/forgot", {"email": email}, headers)


def reset(counter, token, password):
    body = {"token": token, "password": password}
    return counter.visitor().post("/api/auth/password/reset", body)


def linked(counter, email="ada@example.com"):
    """Have a link sent, and return its token."""
    assert forgot(counter, email).status_code == 202
    return tokens(counter, email)[-1]


def wanted(counter, email="ada@example.com", **changes):
    """Ask for an account."""
    body = {"email": email, "password": "the choice of whoever asks", "name": "Ada", **changes}
    return counter.visitor().post("/api/auth/signup", body)
