"""Somebody who knows the house: what no fuzzer can guess, they put into its requests."""

import base64
import re
from collections import Counter as Tally
from io import BytesIO
from itertools import cycle
from urllib.parse import parse_qs, urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.exceptions import HTTPException

from api.app import create_app
from api.links import Links
from api.policy import REACH, Standing, granted
from api.routes import ROUTES
from api.webhooks import SIGNATURE, TIMESTAMP, webhooks
from helpdesk import events
from helpdesk.claims import Claims
from helpdesk.comments import Comment, Side, kept
from helpdesk.errors import UnauthenticatedError
from helpdesk.links import link_token
from helpdesk.outbox import Outbox
from helpdesk.parked import Kind
from helpdesk.ports import Letter
from helpdesk.timeline import Actor, recorded
from helpdesk.user import Role
from local.bus import QueueBus
from local.pages import pages
from tests.builders import FixedClock, an_entry, an_event
from tests.unit.api.cycle import put
from tests.unit.api.desk import SETTINGS, Counter, log_in
from tests.unit.api.hooks import URL, ended, repository

# Words for what is made only when a request is sent: it uses it up, or it is soon too old.
ACCESS, REFRESH, LINK = "the-access-token", "the-refresh-token", "the-link-token"
SESSION, CURSOR, SIGNED = "the-session", "the-cursor", "the-signature"
PARKED, TICKET = "the-parked-event", "the-ticket"
HOOK, DELIVERY = "the-webhook", "the-delivery"
NEWCOMER = "the-newcomer@example.com"

# Where a ticket stands that somebody is just about to change.
STANDS = ("assigned", "in_progress", "assigned", "waiting", "resolved", "assigned", "closed")

INSIDE = re.compile(rb'Traceback \(|site-packages|File \\?"|sqlite3|helpdesk\.errors')
CARRIER = ec.generate_private_key(ec.SECP256R1())
ROOM = 10  # webhooks of the fuzzer that stay when it may make one more: it looks for its own


class Insider:
    """The WSGI app of a house, as somebody of a role uses it; without one, anybody.

    It counts the answers. Whoever is told to wait waits: the clock of the house moves on.
    """

    def __init__(self, folder, role, **settings):
        self.clock = FixedClock()
        self.counter = Counter(folder, clock=self.clock, **settings)
        self.role = role
        self.me = self.counter.somebody("me", role or Role.USER)
        self.others = [self.counter.somebody(each.value, each) for each in Role]
        self._stands = cycle(STANDS)
        self.tickets = [TICKET, *self._tickets()]
        self.routes = (*ROUTES, *pages(self.counter.house.mailbox), *self._webhooks())
        self.app = create_app(lambda: self.counter.desk, routes=self.routes)
        self.answered: Tally[tuple[str | None, int]] = Tally()
        self.told_of_inside = []
        self._hooks: list[str] = []
        for _ in range(3):
            self._parked()
        self._kept = self._account()
        self._words = {REFRESH: self._refresh_token, LINK: self._link, NEWCOMER: self._newcomer}

    def close(self):
        self.counter.close()

    @property
    def allowed(self):
        """Return the operations that this role may have success with."""
        standings = {Standing.ANYBODY} | (REACH[self.role] if self.role else set())
        return {f"{r.method} {r.path}" for r in self.routes if granted(r.act) & standings}

    def __call__(self, environ, start_response):
        environ["REMOTE_ADDR"] = "127.0.0.1"
        self._put_in(environ)
        operation = self._operation(environ)

        def start(status, headers, exc_info=None):
            self.answered[operation, int(status[:3])] += 1
            if status.startswith("429"):
                self._wait(dict(headers)["Retry-After"])
            return start_response(status, headers, exc_info)

        body = b"".join(self.app(environ, start))
        if INSIDE.search(body):
            self.told_of_inside.append((operation, body))
        return [body]

    def _put_in(self, environ):
        """Put real things in the place of the words that stand for them."""
        body = environ["wsgi.input"].read()
        for word, made in self._words.items():
            if word.encode() in body:
                body = body.replace(word.encode(), made().encode())
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        if environ["PATH_INFO"].endswith(f"/{SESSION}"):
            environ["PATH_INFO"] = environ["PATH_INFO"].replace(SESSION, self._session())
        if f"/{PARKED}" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = environ["PATH_INFO"].replace(PARKED, self._parked())
        if f"/{TICKET}" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = environ["PATH_INFO"].replace(TICKET, self._ticket())
        if environ["PATH_INFO"].startswith("/api/hooks"):
            self._put_in_hooks(environ)
        if f"cursor={CURSOR}" in environ["QUERY_STRING"]:
            environ["QUERY_STRING"] = self._going_on(environ)
        if environ.get("HTTP_AUTHORIZATION") == f"Bearer {ACCESS}":
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self._access_token()}"
        if environ.get(_key(SIGNATURE)) == SIGNED:
            environ |= self._signature(body)

    def _put_in_hooks(self, environ):
        """Make room for a webhook, and put one into the path with what has arrived there."""
        hooks = repository(self.counter)
        there = {each.id: each.created_by == "insider" for each in hooks.list()}
        # In the order in which they came: time may stand still, and then the list has none.
        self._hooks = [each for each in dict.fromkeys([*self._hooks, *there]) if each in there]
        ours = [each for each in self._hooks if there[each]]
        for each in (*ours, *[each for each in self._hooks if each not in ours][:-ROOM]):
            hooks.remove(each)
        if f"/{HOOK}" not in environ["PATH_INFO"]:
            return
        hook_id = hooks.add(url=URL, created_by="insider").id
        sent = [self.counter.desk.hooks.ping(hook_id) for _ in range(2)]
        arrived = ended(self.counter, sent[0])
        path = environ["PATH_INFO"].replace(HOOK, hook_id)
        environ["PATH_INFO"] = path.replace(DELIVERY, arrived.event_id)

    def _operation(self, environ):
        """Return which operation answers, by its method and path; None for none."""
        rules = self.app.url_map.bind("localhost")
        try:
            return rules.match(environ["PATH_INFO"], method=environ["REQUEST_METHOD"])[0]
        except HTTPException:
            return None

    def _wait(self, seconds):
        self.clock.tick(seconds=int(seconds))

    def _access_token(self):
        """Return a token that lets in, whatever the requests before have done to the account."""
        if self._account() != self._kept:
            self.counter.change_account(self.me, **self._kept)
        try:
            self.counter.sessions.authenticate(self.me.token)
        except UnauthenticatedError:
            self.me.session = self._session_begun()
        return self.me.token

    def _account(self):
        data = self.counter.auth.get(f"accounts/{self.me.user.id}").data
        return {name: data[name] for name in ("role", "disabled", "password")}

    def _session_begun(self):
        self.counter.change_account(self.me, **self._kept)
        while (answer := log_in(self.counter, self.me.user.email)).status_code != 200:
            self._wait(answer.headers["Retry-After"])
        return answer.json

    def _refresh_token(self):
        return self._session_begun()["refresh_token"]

    def _session(self):
        return self.counter.tokens.read(self._session_begun()["access_token"]).session_id

    def _parked(self):
        event = an_event(id=f"{self.counter.house.ids.unique_id()}.created.1")
        self.counter.house.parked.park(
            events.encode(event), event_id=event.id, step="triage", kind=Kind.PERMANENT, reason="no"
        )
        return f"{event.id}.triage"

    def _newcomer(self):
        return f"{self.counter.house.ids.unique_id()}@example.com"

    def _link(self):
        counter = self.counter
        links = Links(
            documents=counter.auth, outbox=counter.house.outbox, key=SETTINGS.link_key,
            clock=self.clock, ids=counter.house.ids,
        )  # fmt: skip
        link = links.keep(counter.accounts.get(self.me.user.id))
        return link_token(link.id, key=SETTINGS.link_key)

    def _going_on(self, environ):
        """Return the query with the cursor that its first page ends with, if there is a next."""
        query = {name: given[0] for name, given in parse_qs(environ["QUERY_STRING"]).items()}
        query |= {"limit": "1"}
        del query["cursor"]
        self.me.session = {"access_token": self._access_token()}
        page = self.me.get(f"{environ['PATH_INFO']}?{urlencode(query)}").json
        return urlencode({**query, "cursor": page.get("next_cursor") or ""})

    def _signature(self, body):
        at = str(int(self.clock.now().timestamp()))
        signed = CARRIER.sign(at.encode() + body, ec.ECDSA(SHA256()))
        return {_key(SIGNATURE): base64.b64encode(signed).decode(), _key(TIMESTAMP): at}

    def _tickets(self):
        """File a ticket of one's own and one of somebody else's, who are written a letter each."""
        mine, other = self.me.file().json["id"], self.others[0].file().json["id"]
        if self.role in {Role.MODERATOR, Role.ADMIN}:
            assigned = self.counter.assign(other, self.me)
            grounds = {"assignee_id": self.me.user.id, "fallback": False, "candidates": [],
                       "excluded": {}}  # fmt: skip
            entry = an_entry(action="assigned", actor=Actor.RULE, why=grounds)
            change = recorded(entry, before=None, after=assigned, now=self.clock.now())
            self.counter.house.documents.commit([change])
        for number, to in enumerate((self.me, *self.others)):
            letter = Letter(id=f"{number}", to=to.user.email, subject="News", text="Good ones.")
            self.counter.house.mailbox.send(letter)
        return [mine, other]

    def _ticket(self):
        """Keep a ticket that is one's own to change, with two replies, and return its id."""
        serves = self.role in {Role.MODERATOR, Role.ADMIN}
        requester = self.others[0] if serves or not self.role else self.me
        ticket_id = put(
            self.counter, requester, assignee=self.me if serves else self.others[1],
            status=next(self._stands), closed_at=self.clock.now(),
        )  # fmt: skip
        replies = [
            Comment(
                seq=seq, at=self.clock.now(), author_id=requester.user.id, author_name="Ann",
                side=Side.REQUESTER, text="Hello?",
            )
            for seq in (3, 4)
        ]  # fmt: skip
        self.counter.house.documents.commit([kept(each, ticket_id=ticket_id) for each in replies])
        return ticket_id

    def _webhooks(self):
        counter = self.counter
        outbox = Outbox(
            documents=counter.documents, bus=QueueBus(counter.house.queue), clock=self.clock
        )
        claims = Claims(documents=counter.documents, outbox=outbox, clock=self.clock)
        der = CARRIER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return webhooks(lambda: claims, key=base64.b64encode(der).decode(), clock=self.clock)


def _key(header):
    """Return what WSGI calls a header."""
    return f"HTTP_{header.name.upper().replace('-', '_')}"
