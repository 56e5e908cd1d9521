"""What the api function works with in the cloud; imported when a request first needs the store."""

from dataclasses import dataclass

from api.desk import Desk, Stores, desk_over
from api.passwords import Passwords
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
    stores = Stores(
        auth=FirestoreDocuments.connect(here.project, AUTH),
        documents=cloud.documents,
        outbox=cloud.outbox,
        users=cloud.users,
        tickets=cloud.tickets,
    )
    passwords = Passwords(ours.peppers, cost=ours.bcrypt_cost)
    desk = desk_over(stores, ours, passwords=passwords, clock=cloud.clock, ids=ids)
    claims = Claims(documents=cloud.documents, outbox=cloud.outbox, clock=cloud.clock)
    return Wired(desk=desk, claims=claims)
