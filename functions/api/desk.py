"""What the routes work with, put together in one place for every house."""

from dataclasses import dataclass

from api.accounts import Accounts
from api.changing import Changing
from api.comments import CommentDesk
from api.devices import Devices
from api.directory import Directory
from api.edits import EditDesk
from api.entrance import Entrance, Keepers
from api.handover import Handover
from api.history import History
from api.hooks import CLOUD, HookDesk, Ways
from api.limits import Limits
from api.links import Links
from api.operations import Operations
from api.password_rules import PasswordRules
from api.passwords import Passwords
from api.renewal import Renewal
from api.sessions import Sessions
from api.stats import StatsDesk
from api.tickets import TicketDesk
from api.tokens import Tokens
from helpdesk.hook_deliveries import Deliveries
from helpdesk.hooks import Hooks
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ports import Clock, Documents, Ids
from helpdesk.service import Service
from helpdesk.settings import ApiSettings, SignUp
from helpdesk.skills import Skills
from helpdesk.tickets import Tickets
from helpdesk.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where a house keeps things: accounts in a database of their own, and all the rest."""

    auth: Documents
    documents: Documents
    outbox: Outbox
    users: Users
    tickets: Tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the routes work with."""

    accounts: Accounts
    sessions: Sessions
    entrance: Entrance
    renewal: Renewal
    directory: Directory
    tickets: TicketDesk
    edits: EditDesk
    comments: CommentDesk
    handover: Handover
    skills: Skills
    service: Service
    history: History
    operations: Operations
    stats: StatsDesk
    hooks: HookDesk
    sign_up: SignUp
    proxies: int


def desk_over(
    stores: Stores,
    settings: ApiSettings,
    *,
    passwords: Passwords,
    clock: Clock,
    ids: Ids,
    ways: Ways = CLOUD,
) -> Desk:
    """Return a desk that keeps everything in these stores; `ways` are those of its webhooks."""
    auth, users = stores.auth, stores.users
    accounts = Accounts(documents=auth, users=users, clock=clock, ids=ids)
    tokens = Tokens(settings.tokens, clock=clock, ids=ids)
    sessions = Sessions(documents=auth, users=users, tokens=tokens, clock=clock, ids=ids)
    rules = PasswordRules(least=settings.password_least)
    limits = Limits(documents=auth, clock=clock)
    skills = Skills(documents=stores.documents, clock=clock)
    devices = Devices(
        key=settings.seal_key, clock=clock, ids=ids, secure=settings.url.startswith("https:")
    )
    links = Links(documents=auth, outbox=stores.outbox, key=settings.link_key, clock=clock, ids=ids)
    counts = Limits(documents=stores.documents, clock=clock)
    changing = Changing(tickets=stores.tickets, users=users, limits=counts, clock=clock, ids=ids)
    keepers = Keepers(
        accounts=accounts,
        sessions=sessions,
        passwords=passwords,
        rules=rules,
        limits=limits,
        devices=devices,
        links=links,
    )
    return Desk(
        accounts=accounts,
        sessions=sessions,
        entrance=Entrance(keepers),
        renewal=Renewal(keepers),
        directory=Directory(
            accounts=accounts, users=users, skills=skills, ids=ids, seal_key=settings.seal_key
        ),
        tickets=TicketDesk(
            tickets=stores.tickets,
            limits=counts,
            per_hour=settings.tickets_per_hour,
            clock=clock,
            ids=ids,
            seal_key=settings.seal_key,
        ),
        edits=EditDesk(changing),
        comments=CommentDesk(changing, seal_key=settings.seal_key),
        handover=Handover(changing),
        history=History(tickets=stores.tickets, users=users, seal_key=settings.seal_key),
        operations=Operations(
            parked=Parked(documents=stores.documents, clock=clock),
            outbox=stores.outbox,
            seal_key=settings.seal_key,
        ),
        stats=StatsDesk(
            documents=stores.documents, tickets=stores.tickets, users=users, clock=clock
        ),
        hooks=HookDesk(
            hooks=Hooks(documents=stores.documents, clock=clock, ids=ids),
            deliveries=Deliveries(documents=stores.documents, clock=clock),
            key=settings.hook_key,
            seal_key=settings.seal_key,
            clock=clock,
            ids=ids,
            ways=ways,
        ),
        skills=skills,
        service=Service(stores.documents),
        sign_up=settings.sign_up,
        proxies=settings.proxies,
    )  # fmt: skip
