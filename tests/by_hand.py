"""Changes by hand, kept as the api keeps them; without a question who may."""

from helpdesk.changes import told_by
from helpdesk.timeline import Action
from tests.builders import NOW, an_entry


def changed(tickets, change, action=Action.EDITED, *, by="mod", also=(), cause="", now=NOW):
    """Make one change of the ticket that every test has, and return the ticket after it."""
    before = tickets.get("T1CKET01")
    after = change(before, now=now)
    entry = an_entry(action=action.value, actor_id=by, cause=cause)
    writes = also(after) if callable(also) else also
    tickets.save(after, told_by(before, after), entry, before=before, also=writes)
    return tickets.get("T1CKET01")
