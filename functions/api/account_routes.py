"""The routes of one's own account: come in, stay, go, and be who one is."""

from typing import Any

from api import account_schemas
from api.desk import Desk
from api.entrance import Entered
from api.policy import Act
from api.route import Answered, Asked, Header, Route
from helpdesk.settings import SignUp

DEVICE = Header(
    name="Set-Cookie", always=False, on=(200, 201, 204),
    about="the mark of a device that is known: wrong passwords from elsewhere do not lock it out",
)  # fmt: skip


def sign_up(desk: Desk, asked: Asked) -> Answered:
    """Make an account and log in, or have a letter sent by which one can."""
    body: account_schemas.SignUp = asked.body
    wanted = (body.email, body.password, body.name)
    if desk.sign_up is SignUp.CONFIRMED:
        desk.entrance.ask_by_letter(*wanted, asked.visitor)
        return Answered(status=202)
    return _entered(201, desk.entrance.sign_up(*wanted, asked.visitor))


def log_in(desk: Desk, asked: Asked) -> Answered:
    """Log in."""
    body: account_schemas.LogIn = asked.body
    return _entered(200, desk.entrance.log_in(body.email, body.password, asked.visitor))


def refresh(desk: Desk, asked: Asked) -> Answered:
    """Trade a refresh token for a new pair."""
    body: account_schemas.Refresh = asked.body
    made = desk.sessions.refresh(body.refresh_token)
    return Answered(status=200, body=account_schemas.session_view(made))


def log_out(desk: Desk, asked: Asked) -> Answered:
    """End this session."""
    desk.sessions.end(asked.principal)
    return Answered(status=204)


def log_out_everywhere(desk: Desk, asked: Asked) -> Answered:
    """End every session of one's own."""
    desk.sessions.end_all(asked.principal.user_id)
    return Answered(status=204)


def list_sessions(desk: Desk, asked: Asked) -> Answered:
    """List one's own sessions."""
    here = asked.principal.session_id
    mine = desk.sessions.of(asked.principal.user_id)
    items = [account_schemas.one_session_view(each, current=each.id == here) for each in mine]
    return Answered(status=200, body={"items": items})


def end_session(desk: Desk, asked: Asked) -> Answered:
    """End one of one's own sessions."""
    desk.sessions.end_one(asked.principal.user_id, asked.path["session_id"])
    return Answered(status=204)


def me(desk: Desk, asked: Asked) -> Answered:
    """Read one's own profile."""
    return Answered(status=200, body=account_schemas.user_view(desk.directory.own(asked.principal)))


def change_me(desk: Desk, asked: Asked) -> Answered:
    """Change one's own profile."""
    body: account_schemas.ChangeMe = asked.body
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    name = given.pop("name", None)
    user = desk.directory.change_own(asked.principal, name=name, serving=given)
    return Answered(status=200, body=account_schemas.user_view(user))


def change_password(desk: Desk, asked: Asked) -> Answered:
    """Change one's password; every other session ends."""
    body: account_schemas.ChangePassword = asked.body
    entered = desk.renewal.change(
        asked.principal, body.current_password, body.new_password, asked.visitor
    )
    return _entered(200, entered)


def forgot_password(desk: Desk, asked: Asked) -> Answered:
    """Have a link sent to whoever has an account with this address."""
    body: account_schemas.ForgotPassword = asked.body
    desk.renewal.forgot(body.email, asked.visitor)
    return Answered(status=202)


def reset_password(desk: Desk, asked: Asked) -> Answered:
    """Set a password by a link."""
    body: account_schemas.ResetPassword = asked.body
    cookie = desk.renewal.reset(body.token, body.password)
    return Answered(status=204, headers={DEVICE.name: cookie})


def _entered(status: int, entered: Entered) -> Answered:
    body = account_schemas.session_view(entered.session)
    return Answered(status=status, body=body, headers={DEVICE.name: entered.cookie})


ACCOUNT_ROUTES = (
    Route(
        method="POST", path="/api/auth/signup", act=Act.ENTER, handler=sign_up,
        summary="Make an account and log in; where addresses are confirmed first: 202, a letter",
        body=account_schemas.SignUp, status=201, answer=account_schemas.SessionView, also=(202,
        409, 429),
        tells=(DEVICE,),
    ),
    Route(
        method="POST", path="/api/auth/login", act=Act.ENTER, handler=log_in,
        summary="Log in", body=account_schemas.LogIn, status=200,
        answer=account_schemas.SessionView,
        also=(401, 409, 429), tells=(DEVICE,),
    ),
    Route(
        method="POST", path="/api/auth/refresh", act=Act.ENTER, handler=refresh,
        summary="Trade a refresh token for a new pair; reuse ends the session",
        body=account_schemas.Refresh, status=200, answer=account_schemas.SessionView, also=(401,
        409),
    ),
    Route(
        method="POST", path="/api/auth/logout", act=Act.KEEP_ACCOUNT, handler=log_out,
        summary="End this session", status=204, answer=None, also=(409,),
    ),
    Route(
        method="POST", path="/api/auth/logout-all", act=Act.KEEP_ACCOUNT,
        handler=log_out_everywhere, summary="End every session of one's own", status=204,
        answer=None,
    ),
    Route(
        method="GET", path="/api/auth/sessions", act=Act.KEEP_ACCOUNT, handler=list_sessions,
        summary="List one's own sessions, newest first", status=200,
        answer=account_schemas.SessionList,
    ),
    Route(
        method="DELETE", path="/api/auth/sessions/{session_id}", act=Act.KEEP_ACCOUNT,
        handler=end_session, summary="End one of one's own sessions", status=204, answer=None,
        also=(404, 409),
    ),
    Route(
        method="GET", path="/api/auth/me", act=Act.KEEP_ACCOUNT, handler=me,
        summary="Read one's own profile", status=200,
        answer=account_schemas.StaffUserView | account_schemas.UserView,
    ),
    Route(
        method="PATCH", path="/api/auth/me", act=Act.KEEP_ACCOUNT, handler=change_me,
        summary="Change one's own profile; staff also when they are there",
        body=account_schemas.ChangeMe, status=200,
        answer=account_schemas.StaffUserView | account_schemas.UserView,
        also=(403, 409),
    ),
    Route(
        method="POST", path="/api/auth/password", act=Act.KEEP_ACCOUNT, handler=change_password,
        summary="Change one's password; every other session ends",
        body=account_schemas.ChangePassword,
        status=200, answer=account_schemas.SessionView, also=(409, 429), tells=(DEVICE,),
    ),
    Route(
        method="POST", path="/api/auth/password/forgot", act=Act.ENTER, handler=forgot_password,
        summary="Have a link sent; the answer is the same whoever has an account",
        body=account_schemas.ForgotPassword, status=202, answer=None, also=(429,),
    ),
    Route(
        method="POST", path="/api/auth/password/reset", act=Act.ENTER, handler=reset_password,
        summary="Set a password by the link from a letter; every session ends",
        body=account_schemas.ResetPassword, status=204, answer=None, also=(409,), tells=(DEVICE,),
    ),
)  # fmt: skip
