"""The routes of users, for admins."""

from api import account_schemas
from api.desk import Desk
from api.directory import Changes
from api.policy import Act
from api.route import Answered, Asked, Route
from helpdesk.users import Searched


def list_users(desk: Desk, asked: Asked) -> Answered:
    """List users, newest first."""
    query: account_schemas.ListUsers = asked.query
    page = desk.directory.find(
        asked.principal,
        Searched(role=query.role, skill=query.skill, text=query.q),
        limit=query.limit,
        cursor=query.cursor,
    )
    items = [account_schemas.person_view(each) for each in page.people]
    return Answered(status=200, body={"items": items, "next_cursor": page.next_cursor})


def read_user(desk: Desk, asked: Asked) -> Answered:
    """Read a user."""
    return Answered(
        status=200, body=account_schemas.person_view(desk.directory.read(asked.path["user_id"]))
    )


def change_user(desk: Desk, asked: Asked) -> Answered:
    """Change a user."""
    return _changed(desk, asked, asked.path["user_id"])


def change_user_by_email(desk: Desk, asked: Asked) -> Answered:
    """Change the user with an e-mail address."""
    return _changed(desk, asked, desk.directory.id_of(asked.body.email))


def log_user_out(desk: Desk, asked: Asked) -> Answered:
    """End every session of a user."""
    user_id = asked.path["user_id"]
    desk.directory.read(user_id)
    desk.sessions.end_all(user_id)
    return Answered(status=204)


def _changed(desk: Desk, asked: Asked, user_id: str) -> Answered:
    body: account_schemas.ChangeUser = asked.body
    changes = Changes(
        name=body.name,
        role=body.role,
        skills=None if body.skills is None else tuple(body.skills),
        capacity=body.capacity,
        disabled=body.disabled,
    )
    person = desk.directory.change(user_id, changes)
    return Answered(status=200, body=account_schemas.person_view(person))


USER_ROUTES = (
    Route(
        method="GET", path="/api/auth/users", act=Act.MANAGE_USERS, handler=list_users,
        summary="List users, newest first; by role, by skill, by words of name and address",
        query=account_schemas.ListUsers, status=200, answer=account_schemas.UserPage,
    ),
    Route(
        method="GET", path="/api/auth/users/{user_id}", act=Act.MANAGE_USERS, handler=read_user,
        summary="Read a user", status=200, answer=account_schemas.AdminUserView, also=(404,),
    ),
    Route(
        method="PATCH", path="/api/auth/users/{user_id}", act=Act.MANAGE_USERS,
        handler=change_user, summary="Change a user; it holds from their next request on",
        body=account_schemas.ChangeUser, status=200, answer=account_schemas.AdminUserView,
        also=(404, 409),
    ),
    Route(
        method="POST", path="/api/auth/users/{user_id}/logout", act=Act.MANAGE_USERS,
        handler=log_user_out, summary="End every session of a user", status=204, answer=None,
        also=(404,),
    ),
    Route(
        method="POST", path="/api/auth/update-user", act=Act.MANAGE_USERS,
        handler=change_user_by_email, summary="Change the user with an e-mail address",
        body=account_schemas.ChangeUserByEmail, status=200, answer=account_schemas.AdminUserView,
        also=(404, 409),
    ),
)  # fmt: skip
