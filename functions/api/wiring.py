"""What the api function works with in the cloud; imported when a request first needs the store."""

from dataclasses import dataclass

from api.accounts import Accounts
from api.passwords import Passwords
from api.routes import Desk
from api.tickets import TicketDesk
from api.tokens import Tokens
from gcp.bus import CloudBus
from gcp.cloud import Cloud
from gcp.firestore import FirestoreDocuments
from helpdesk.claims import Claims
from helpdesk.clock import RandomIds
from helpdesk.settings import ApiSettings, EventSettings, read_all

AUTH = "auth"  # a database of its own, which no event function can open


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """What the routes ask for."""

    desk: Desk
    claims: Claims


def wire() -> Wired:
    """Connect everything, or raise SettingsError naming all that is wrong."""
    here, ours = read_all(EventSettings.from_env, ApiSettings.from_env)
    cloud, ids = Cloud(here, bus=CloudBus(here)), RandomIds()
    accounts = Accounts(
        documents=FirestoreDocuments.connect(here.project, AUTH),
        users=cloud.users,
        passwords=Passwords(ours.peppers, cost=ours.bcrypt_cost),
        tokens=Tokens(ours.tokens, clock=cloud.clock, ids=ids),
        clock=cloud.clock,
        ids=ids,
    )
    tickets = TicketDesk(
        tickets=cloud.tickets, clock=cloud.clock, ids=ids, seal_key=ours.seal_key
    )
    claims = Claims(documents=cloud.documents, outbox=cloud.outbox, clock=cloud.clock)
    return Wired(desk=Desk(accounts=accounts, tickets=tickets), claims=claims)
