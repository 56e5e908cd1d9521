"""A stage for requests: who asks, about what, and one good request for each route.

People and things are made afresh for each request, so that none sees what another one changed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from api.links import Links
from api.policy import Act, View
from api.service_schemas import levels_view
from helpdesk import events
from helpdesk.documents import Create
from helpdesk.levels import shipped
from helpdesk.links import link_token
from helpdesk.parked import Kind
from helpdesk.ports import Letter
from helpdesk.timeline import Actor, Entry, recorded
from helpdesk.user import Role, User
from helpdesk.wire import searchable_ticket
from tests.builders import a_ticket, a_verdict, an_event
from tests.unit.api.desk import PASSWORD, SETTINGS, Visitor
from tests.unit.api.hooks import ended, repository

NEXT = "another quite private phrase"
ROOM = 10  # webhooks that stay when one more is made: a desk takes no more than twice as many
SERVICE_LEVELS = {**levels_view(shipped()), "warn_at": 0.8}
ABSENT = {
    "ticket_id": "0000000Z",
    "user_id": "0" * 26,
    "session_id": "0" * 26,
    "number": "987654321",
    "parked_id": "0000000Z.created.1.triage",
    "hook_id": "0" * 26,
    "delivery_id": "0000000Z.created.1",
}
# What a path names, and whose it may be. "served" is somebody else's ticket that is assigned to
# whoever asks.
WHOSE = {
    "ticket_id": ("own", "served", "foreign", "absent"),
    "user_id": ("own", "foreign", "absent"),
    "session_id": ("own", "foreign", "absent"),
    "number": ("own", "foreign", "absent"),
    "parked_id": ("foreign", "absent"),
    "hook_id": ("foreign", "absent"),
    "delivery_id": ("foreign", "absent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Somebody's role when they got their token, and now; None: they are nobody, or are shut out.

    `raw` is how the store is changed in between; without it, a change of role is an admin's.
    """

    was: Role | None
    now: Role | None
    raw: tuple[str, object] | None = None


# With the things above each is one of two: a user who asks for their own ticket is its owner, who
# asks for a foreign one the other user; a moderator who serves it the one it is assigned to.
PARTS = {
    "anonymous": Part(was=None, now=None),
    "user": Part(was=Role.USER, now=Role.USER),
    "moderator": Part(was=Role.MODERATOR, now=Role.MODERATOR),
    "admin": Part(was=Role.ADMIN, now=Role.ADMIN),
    "disabled": Part(was=Role.ADMIN, now=None, raw=("disabled", True)),
    "demoted moderator": Part(was=Role.MODERATOR, now=Role.USER),
    "demoted admin": Part(was=Role.ADMIN, now=Role.USER),
    "demoted to moderator": Part(was=Role.ADMIN, now=Role.MODERATOR),
    "of unknown role": Part(was=Role.ADMIN, now=None, raw=("role", "superuser")),
}


class Stage:
    """A desk, and the people and things that a request needs."""

    def __init__(self, counter):
        self.counter = counter
        self._hash = counter.passwords.hashed(PASSWORD)
        self.person(Role.ADMIN)  # so that nobody else is the last one
        self._hook_of = {}

    def new_id(self):
        return self.counter.house.ids.unique_id()

    def person(self, role=Role.USER):
        """Make somebody who is logged in."""
        name = self.new_id()
        user = User(
            id=name, email=f"{name}@example.com".lower(), name="Somebody", role=role,
            created_at=self.counter.clock.now(), skills=("Printing",),
        )  # fmt: skip
        self.counter.accounts.add(user, self._hash, greet=False)
        return self.session(user)

    def session(self, user):
        begun = self.counter.sessions.begin(user, epoch="")
        tokens = {"access_token": begun.access_token, "refresh_token": begun.refresh_token}
        return Visitor(self.counter.app.test_client(), tokens, user)

    def player(self, part):
        """Make somebody who plays a part, with the token they had before it began."""
        if part.was is None:
            return self.counter.visitor()
        who = self.person(part.was)
        if part.raw:
            self.counter.change_account(who, **dict([part.raw]))
        elif part.was is not part.now:
            fields = {"role": part.now.value}
            self.counter.accounts.change(who.user.id, lambda _: fields)
        return who

    def ticket(self, requester, assignee=None):
        """Keep a ticket, and return its id."""
        now = self.counter.clock.now()
        ticket = a_ticket(
            id=self.counter.house.ids.ticket_id(), requester_id=requester.id,
            requester_name=requester.name,
        )  # fmt: skip
        if assignee:
            ticket = ticket.triaged(a_verdict(), now=now).assigned_to(assignee, now=now)
        document = searchable_ticket(ticket)
        grounds = {"assignee_id": "x", "fallback": False, "candidates": [], "excluded": {}}
        entry = Entry(action="assigned", actor=Actor.RULE, actor_id="x", cause="", why=grounds)
        self.counter.house.documents.commit(
            [
                Create(f"tickets/{ticket.id}", document),
                recorded(entry, before=None, after=ticket, now=now),
            ]
        )
        return ticket.id

    def letter(self, reader):
        """Send a letter, and return its number."""
        mailbox = self.counter.house.mailbox
        mailbox.send(Letter(id=self.new_id(), to=reader.email, subject="Hello", text="There."))
        return str(mailbox.read(limit=1)[0].number)

    def parked(self):
        """Park an event that could not be delivered, and return what it is parked as."""
        event = an_event(id=f"{self.new_id()}.created.1")
        self.counter.house.parked.park(
            events.encode(event), event_id=event.id, step="triage", kind=Kind.PERMANENT, reason="no"
        )
        return f"{event.id}.triage"

    def hook_wanted(self):
        """Return what a webhook is asked for with, and make room for it."""
        hooks = repository(self.counter)
        for each in hooks.list()[:-ROOM]:
            hooks.remove(each.id)
        return {"url": f"https://hooks.example.com/{self.new_id()}"}

    def hook(self):
        """Keep a webhook, and return its id."""
        return repository(self.counter).add(**self.hook_wanted(), created_by="chief").id

    def delivery(self):
        """Keep what was sent to a webhook and has arrived, and return what it is called."""
        hook_id = self.hook()
        sent = ended(self.counter, self.counter.desk.hooks.ping(hook_id))
        self._hook_of[sent.event_id] = hook_id
        return sent.event_id

    def link(self, holder):
        """Keep a link for somebody's next password, and return its token."""
        house = self.counter.house
        links = Links(
            documents=house.auth, outbox=house.outbox, key=SETTINGS.link_key, clock=house.clock,
            ids=house.ids,
        )  # fmt: skip
        kept = links.keep(self.counter.accounts.get(holder.id))
        return link_token(kept.id, key=SETTINGS.link_key)

    def filled(self, path, thing):
        """Return a path with a thing in it; a delivery goes with the webhook that it is for."""
        if "{delivery_id}" in path:
            path = path.replace("{hook_id}", self._hook_of.get(thing) or self.hook())
        return re.sub(r"{\w+}", thing, path)

    def thing(self, kind, whose, who):
        """Return the id of what a path names."""
        if whose == "absent":
            return ABSENT[kind]
        made = {"parked_id": self.parked, "hook_id": self.hook, "delivery_id": self.delivery}
        if kind in made:
            return made[kind]()
        holder = self.person() if whose in {"foreign", "served"} else who
        match kind:
            case "ticket_id":
                served = who if whose == "served" else self.person(Role.MODERATOR)
                return self.ticket(holder.user, served.user)
            case "user_id":
                return holder.user.id
            case "session_id":
                token = self.session(holder.user).token
                return self.counter.tokens.read(token).session_id
            case "number":
                return self.letter(holder.user)
            case _:
                raise LookupError(f"nothing is called {kind}: say here how it is made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A good request: the status for whoever may, and which acts it takes beside the route's."""

    method: str
    path: str
    status: int
    body: Callable[[Stage], dict[str, object]] | None = None
    query: str = ""
    needs: tuple[Act, ...] = ()
    view: View | None = None  # the list of tickets it asks for

    @property
    def row(self):
        return self.method, self.path

    def asking(self, **query):
        """Return the same request with a query."""
        return replace(self, query="?" + "&".join(f"{name}={it}" for name, it in query.items()))


def sample(method, path, status, body=None, **more):
    return Sample(method=method, path=path, status=status, body=body, **more)


def named_in(path):
    """Return what a path names, if anything; the last is what it is about."""
    return next(iter(re.findall(r"{(\w+)}", path)[::-1]), None)


def email_of_somebody(stage):
    return stage.person().user.email


LIST = sample("GET", "/api/tickets", 200)
UPDATE = "/api/auth/update-user"
HOOK = "/api/hooks/{hook_id}"
TICKET = "/api/tickets/{ticket_id}"
SAMPLES = (
    sample("GET", "/", 200),
    sample("GET", "/healthz", 200),
    sample("GET", "/reset", 200),
    sample("GET", "/api/docs", 200),
    sample(
        "POST", "/api/auth/signup", 201,
        lambda it: {"email": f"{it.new_id()}@example.com", "password": PASSWORD, "name": "New"},
    ),
    sample(
        "POST", "/api/auth/login", 200,
        lambda it: {"email": email_of_somebody(it), "password": PASSWORD},
    ),
    sample(
        "POST", "/api/auth/refresh", 200,
        lambda it: {"refresh_token": it.person().session["refresh_token"]},
    ),
    sample("POST", "/api/auth/password/forgot", 202, lambda it: {"email": email_of_somebody(it)}),
    sample(
        "POST", "/api/auth/password/reset", 204,
        lambda it: {"token": it.link(it.person().user), "password": NEXT},
    ),
    sample("POST", "/api/auth/logout", 204),
    sample("POST", "/api/auth/logout-all", 204),
    sample("GET", "/api/auth/sessions", 200),
    sample("DELETE", "/api/auth/sessions/{session_id}", 204),
    sample("GET", "/api/auth/me", 200),
    sample("PATCH", "/api/auth/me", 200, lambda _: {"name": "Another"}),
    sample(
        "PATCH", "/api/auth/me", 200, lambda _: {"available": False}, needs=(Act.SET_AVAILABILITY,)
    ),
    sample(
        "POST", "/api/auth/password", 200,
        lambda _: {"current_password": PASSWORD, "new_password": NEXT},
    ),
    sample("GET", "/api/auth/users", 200),
    sample("GET", "/api/auth/users/{user_id}", 200),
    sample("PATCH", "/api/auth/users/{user_id}", 200, lambda _: {"name": "Another"}),
    sample("POST", "/api/auth/users/{user_id}/logout", 204),
    sample("POST", UPDATE, 200, lambda it: {"email": email_of_somebody(it), "name": "Another"}),
    sample("POST", UPDATE, 404, lambda _: {"email": "nobody@example.com", "name": "Another"}),
    sample("POST", "/api/tickets", 201, lambda _: {"title": "Help", "description": "It burns."}),
    LIST,
    *(replace(LIST.asking(view=each.value), view=each) for each in View),
    sample("GET", TICKET, 200),
    sample("PATCH", TICKET, 200, lambda _: {"needs_review": False}, needs=(Act.EDIT_TRIAGE,)),
    sample(
        "PATCH", TICKET, 200, lambda _: {"priority": "low", "category": "bug", "skills": []},
        needs=(Act.EDIT_TRIAGE,),
    ),
    sample("PATCH", TICKET, 200, lambda _: {"title": "It smokes"}, needs=(Act.EDIT_TEXT,)),
    sample("PATCH", TICKET, 200, lambda _: {"status": "resolved"}),
    sample(
        "POST", f"{TICKET}/assign", 200,
        lambda it: {"assignee": it.person(Role.MODERATOR).user.id, "reason": "She knows."},
    ),
    sample("POST", f"{TICKET}/assign", 200, lambda _: {"assignee": None}),
    sample("POST", f"{TICKET}/retriage", 202),
    sample("GET", f"{TICKET}/comments", 200),
    sample(
        "POST", f"{TICKET}/comments", 201, lambda _: {"text": "A note.", "internal": True},
        needs=(Act.COMMENT_INTERNALLY,),
    ),
    sample("POST", f"{TICKET}/comments", 201, lambda _: {"text": "Which floor?"}),
    sample("GET", "/api/tickets/{ticket_id}/timeline", 200),
    sample("GET", "/api/tickets/{ticket_id}/assignment", 200),
    sample("GET", "/api/stats", 200),
    sample("GET", "/api/ops/parked", 200),
    sample("GET", "/api/ops/parked/{parked_id}", 200),
    sample("POST", "/api/ops/parked/{parked_id}/redrive", 202),
    sample("GET", "/api/hooks", 200),
    sample("POST", "/api/hooks", 201, Stage.hook_wanted),
    sample("GET", HOOK, 200),
    sample("PATCH", HOOK, 200, lambda it: {"description": it.new_id()}),
    sample("DELETE", HOOK, 204),
    sample("POST", f"{HOOK}/rotate-secret", 200),
    sample("POST", f"{HOOK}/test", 202),
    sample("GET", f"{HOOK}/deliveries", 200),
    sample("GET", f"{HOOK}/deliveries/{{delivery_id}}", 200),
    sample("POST", f"{HOOK}/deliveries/{{delivery_id}}/replay", 202),
    sample("GET", "/api/skills", 200),
    sample("PUT", "/api/skills", 200, lambda it: {"skills": [{"name": it.new_id()}]}),
    sample("GET", "/api/service-levels", 200),
    sample("PUT", "/api/service-levels", 200, lambda _: SERVICE_LEVELS),
    sample("GET", "/api/mailbox", 200),
    sample("GET", "/api/mailbox/{number}", 200),
)  # fmt: skip
