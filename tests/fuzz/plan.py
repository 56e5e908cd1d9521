"""The plan of a fuzz: how much of what is asked, with which words, and what may come of it."""

from schemathesis.config import SchemathesisConfig

from api.webhooks import SIGNATURE
from tests.fuzz.insider import (
    ACCESS,
    CURSOR,
    DELIVERY,
    HOOK,
    LINK,
    NEWCOMER,
    PARKED,
    REFRESH,
    SESSION,
    SIGNED,
)
from tests.unit.api.desk import PASSWORD

EXAMPLES = 130  # of each operation: that makes 3,000 requests of a role
FEWER = 30  # of somebody without a role: most of what they ask ends at the door

# Whatever the schema allows may end so: done, not for them, not there, late, too much.
ENDS = ["2xx", "3xx", "401", "403", "404", "409", "412", "429"]
# Whatever it does not allow must end so: also too large, since the size is looked at first.
REFUSED = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429"]

# A schema cannot say all. These may be refused as unprocessable, too, for what is meant, not for
# how it is written.
UNPROCESSABLE = {
    "sign_up": "a password that is common or tells of the account",
    "change_me": "a name that cannot be shown, an absence that ends before it begins",
    "change_password": "a wrong current password, or a new one that is no good",
    "reset_password": "a link that is none of ours, or a password that is no good",
    "list_users": "a cursor that we did not seal, words without a letter",
    "change_user": "a name that cannot be shown, a skill that is not in the catalogue",
    "change_user_by_email": "likewise",
    "replace_skills": "a name that cannot be shown, or is given twice",
    "replace_service_levels": "hours out of order, a zone or a day that there is not",
    "list_tickets": "a cursor that we did not seal, a time that is none",
    "list_parked": "a cursor that we did not seal",
    "read_timeline": "likewise",
    "read_comments": "likewise",
    "edit_ticket": "a move that no way leads to, a skill that is not in the catalogue",
    "give_ticket": "a ticket that is done or nobody's, an assignee who takes no tickets",
    "retriage_ticket": "a ticket that is being triaged for the first time",
    "comment": "a status that is staff's to set, a key that came with another comment",
    "redrive_parked": "an event that cannot be read",
    "add_hook": "a URL where no webhook may be, words that cannot be shown, one webhook too many",
    "change_hook": "likewise",
    "list_deliveries": "a cursor that we did not seal",
    "open_ticket": "a ticket without a word, a key that came with another one",
    "sendgrid_events": "JSON that is no list",
}

# Where one answer holds what the next request needs: from, its status, to, which parameter or
# field, and where it is found.
LINKS = (
    ("sign_up", 201, "refresh", "refresh_token", "/refresh_token"),
    ("log_in", 200, "refresh", "refresh_token", "/refresh_token"),
    ("change_password", 200, "refresh", "refresh_token", "/refresh_token"),
    ("list_sessions", 200, "end_session", "path.session_id", "/items/0/id"),
    ("list_users", 200, "read_user", "path.user_id", "/items/0/id"),
    ("list_users", 200, "change_user", "path.user_id", "/items/0/id"),
    ("list_users", 200, "log_user_out", "path.user_id", "/items/0/id"),
    ("read_user", 200, "change_user_by_email", "email", "/email"),
    ("open_ticket", 201, "read_ticket", "path.ticket_id", "/id"),
    ("list_tickets", 200, "read_ticket", "path.ticket_id", "/items/0/id"),
    ("list_tickets", 200, "edit_ticket", "path.ticket_id", "/items/0/id"),
    ("list_tickets", 200, "give_ticket", "path.ticket_id", "/items/0/id"),
    ("list_tickets", 200, "retriage_ticket", "path.ticket_id", "/items/0/id"),
    ("list_tickets", 200, "comment", "path.ticket_id", "/items/0/id"),
    ("list_tickets", 200, "read_comments", "path.ticket_id", "/items/0/id"),
    ("read_comments", 200, "read_comments", "query.cursor", "/next_cursor"),
    ("list_tickets", 200, "list_tickets", "query.cursor", "/next_cursor"),
    ("list_parked", 200, "read_parked", "path.parked_id", "/items/0/id"),
    ("read_parked", 200, "redrive_parked", "path.parked_id", "/id"),
    ("list_parked", 200, "list_parked", "query.cursor", "/next_cursor"),
    ("list_letters", 200, "read_letter", "path.number", "/items/0/number"),
    ("add_hook", 201, "read_hook", "path.hook_id", "/id"),
    ("list_hooks", 200, "change_hook", "path.hook_id", "/items/0/id"),
    ("list_hooks", 200, "list_deliveries", "path.hook_id", "/items/0/id"),
    ("read_hook", 200, "rotate_hook_secret", "path.hook_id", "/id"),
    ("read_hook", 200, "ping_hook", "path.hook_id", "/id"),
    ("change_hook", 200, "remove_hook", "path.hook_id", "/id"),
)


def linked(document):
    """Return the document with the links of this plan in it."""
    operations = {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for operation in item.values()
    }
    for source, status, target, name, found in LINKS:
        given = "parameters" if "." in name else "requestBody"
        link = {"operationId": target, given: {name: f"$response.body#{found}"}}
        response = operations[source]["responses"][str(status)]
        response.setdefault("links", {})[target] = link
    return document


def plan(insider, *, seed):
    """Return what Schemathesis is to do for somebody; all of its checks are on."""
    words = _words(insider)
    # Made-up tokens are all that somebody without a role has; one with a comma is told to be two.
    ends = ENDS if insider.role else [*ENDS, "400"]
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {ACCESS}"} if insider.role else {},
            "checks": _checks(ends),
            "generation": {
                "max-examples": EXAMPLES if insider.role else FEWER,
                "database": "none",
                "no-shrink": True,
            },
            # A refusal leads nowhere, so here nothing is asked that is wrong by itself.
            "phases": {"stateful": {"generation": {"mode": "positive"}}},
            "dictionaries": {name: {"values": known} for name, known in words.items()},
            "parameters": {name: _half(name) for name in words if "." in name},
            "operations": [
                *(_operation(name, checks=_checks([*ends, "422"])) for name in UNPROCESSABLE),
                _operation("sign_up", parameters={"body.email": _half("newcomers")}),
            ],
        }
    )


def _words(insider):
    """Return what a fuzzer could not guess: for which parameter or field, which values."""
    return {
        "path.ticket_id": insider.tickets,
        "path.user_id": [each.user.id for each in insider.others],
        "path.session_id": [SESSION],
        "path.number": ["latest", "1"],
        "path.parked_id": [PARKED],
        "path.hook_id": [HOOK],
        "path.delivery_id": [DELIVERY],
        "body.url": ["https://hooks.example.com/helpdesk"],
        "query.cursor": [CURSOR],
        "header.If-Match": ['"1"', '"5"', "*"],
        "header.If-None-Match": ['"1"', 'W/"2", "1"', "*"],
        f"header.{SIGNATURE.name}": [SIGNED],
        "body.email": [each.user.email for each in (insider.me, *insider.others)],
        "body.assignee": [each.user.id for each in insider.others],
        "newcomers": [NEWCOMER],
        "body.password": [PASSWORD],
        "body.current_password": [PASSWORD],
        "body.new_password": ["another private phrase"],
        "body.refresh_token": [REFRESH],
        "body.token": [LINK],
    }


def _checks(ends):
    return {
        "positive_data_acceptance": {"expected-statuses": ends},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    }


def _half(name):
    return {"dictionary": name, "probability": 0.5}


def _operation(name, **settings):
    return {"include-operation-id": name, **settings}
