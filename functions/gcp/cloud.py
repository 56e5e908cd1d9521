"""What every function stands on: the documents of its project, and the kernel's repositories."""

from gcp.firestore import FirestoreDocuments
from helpdesk.clock import SystemClock
from helpdesk.outbox import Outbox
from helpdesk.parked import Parked
from helpdesk.ports import Bus
from helpdesk.settings import EventSettings
from helpdesk.tickets import Tickets
from helpdesk.users import Users


class Cloud:
    """One instance's share of the project; nothing is sent while it is made."""

    def __init__(self, settings: EventSettings, *, bus: Bus) -> None:
        """Keep in the project's documents, tell through `bus`."""
        self.clock = SystemClock()
        self.documents = FirestoreDocuments.connect(settings.project)
        self.outbox = Outbox(documents=self.documents, bus=bus, clock=self.clock)
        self.tickets = Tickets(documents=self.documents, outbox=self.outbox)
        self.users = Users(documents=self.documents, outbox=self.outbox)
        self.parked = Parked(documents=self.documents, clock=self.clock)
