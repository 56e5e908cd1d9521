"""The command that makes admins: what it does, what it leaves alone, and what it says."""

import base64

import pytest

from api.accounts import Accounts, TakenError
from api.admin import ClosedError, Databases, main, make_admin
from api.admins import PATH as ROSTER
from api.links import Links
from helpdesk.clock import SystemClock
from helpdesk.errors import ConflictError, InvalidInputError, OutsideError
from helpdesk.links import link_id_of, link_token
from helpdesk.outbox import NoBus, Outbox
from helpdesk.settings import AdminSettings, SettingsError
from helpdesk.user import Role
from helpdesk.users import Users
from tests.unit.api.desk import PASSWORD, SETTINGS, Counter

ADA = "ada@example.com"
KEY = SETTINGS.link_key
ENVIRONMENT = {
    "HELPDESK_PROJECT": "helpdesk-test",
    "HELPDESK_URL": "https://desk.example.com",
    "HELPDESK_LINK_KEY": base64.b64encode(KEY).decode(),
}


class Command:
    """The deciding part, over the stores of a house."""

    def __init__(self, counter):
        outbox = Outbox(documents=counter.documents, bus=NoBus(), clock=counter.clock)
        users = Users(documents=counter.documents, outbox=outbox)
        self.accounts = Accounts(
            documents=counter.auth, users=users, clock=counter.clock, ids=counter.house.ids
        )
        self.links = Links(
            documents=counter.auth, outbox=outbox, key=KEY, clock=counter.clock,
            ids=counter.house.ids,
        )  # fmt: skip

    def make(self, email=ADA, **asked):
        return make_admin(email, accounts=self.accounts, links=self.links, **asked)


@pytest.fixture
def command(counter):
    return Command(counter)


def reset(counter, made, password=PASSWORD):
    token = link_token(made.link_id, key=KEY)
    body = {"token": token, "password": password}
    return counter.visitor().post("/api/auth/password/reset", body)


def log_in(counter, email=ADA, password=PASSWORD):
    body = {"email": email, "password": password}
    return counter.visitor().post("/api/auth/login", body)


def roster(counter):
    return counter.auth.get(ROSTER).data["ids"]


def test_the_first_admin_chooses_a_password_by_the_link_and_is_in(counter, command):
    made = command.make(name="Ada")

    assert reset(counter, made).status_code == 204
    assert log_in(counter).json["user"]["role"] == "admin"
    assert counter.users.get(made.account.id).name == "Ada"
    assert roster(counter) == [made.account.id]


def test_nobody_gets_in_before_a_password_is_chosen(counter, command):
    command.make()

    assert log_in(counter, password="").status_code == 401
    assert log_in(counter).status_code == 401


def test_the_link_works_once_and_for_half_an_hour(counter, command, clock):
    used, late = command.make(), command.make("eve@example.com")
    reset(counter, used)

    clock.tick(minutes=30)

    assert reset(counter, used).status_code == 422
    assert reset(counter, late).status_code == 422


def test_the_address_is_kept_in_its_one_form_and_gives_the_name(command):
    made = command.make(" Ada@Example.COM ")

    assert (made.account.email, made.account.name) == (ADA, "ada")


@pytest.mark.parametrize("asked", [{"email": "ada"}, {"name": "a\x00b"}])
def test_what_is_no_address_or_no_name_is_refused(counter, command, asked):
    with pytest.raises(InvalidInputError):
        command.make(**asked)

    assert counter.auth.get(ROSTER) is None


def test_an_account_that_is_there_is_left_alone(counter, command):
    ada = counter.somebody("ada")

    with pytest.raises(TakenError, match="--promote"):
        command.make()

    assert counter.users.get(ada.user.id).role is Role.USER


def test_an_admin_with_a_password_is_left_alone_too(counter, command):
    counter.somebody("ada", Role.ADMIN)

    with pytest.raises(TakenError):
        command.make()


@pytest.mark.parametrize("role", [Role.USER, Role.MODERATOR])
def test_an_account_is_promoted_on_demand_and_keeps_its_password(counter, command, role):
    ada = counter.somebody("ada", role)

    made = command.make(promote=True)

    assert made.link_id is None
    assert ada.get("/api/auth/me").json["role"] == "admin"
    assert log_in(counter).status_code == 200
    assert roster(counter) == [ada.user.id]


def test_an_account_of_an_unknown_role_is_promoted_too(counter, command):
    ada = counter.somebody("ada")
    counter.change_account(ada, role="owner")

    command.make(promote=True)

    assert log_in(counter).json["user"]["role"] == "admin"


def test_promoting_an_admin_changes_nothing(counter, command):
    ada = counter.somebody("ada", Role.ADMIN)
    before = counter.auth.get(f"accounts/{ada.user.id}")

    made = command.make(promote=True)

    assert made.link_id is None
    assert counter.auth.get(f"accounts/{ada.user.id}") == before


def test_an_account_whose_holder_never_chose_a_password_gets_a_link(counter, command):
    user = command.accounts.new_user(ADA)
    command.accounts.add_alone(user, None)

    made = command.make(promote=True)

    assert reset(counter, made).status_code == 204
    assert log_in(counter).json["user"]["role"] == "admin"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("promote", [False, True])
def test_a_disabled_account_stays_as_it_is(counter, command, role, promote):
    ada = counter.somebody("ada", role)
    counter.change_account(ada, disabled=True)
    before = counter.auth.get(f"accounts/{ada.user.id}")

    with pytest.raises(ClosedError, match=f"{ADA} is disabled"):
        command.make(promote=promote)

    assert counter.auth.get(f"accounts/{ada.user.id}") == before


def test_a_crash_between_the_two_databases_is_mended_by_the_same_call(counter, command):
    counter.documents.fails = lambda name, _asked: name == "commit"
    with pytest.raises(OutsideError):
        command.make(name="Ada")
    counter.documents.fails = lambda _name, _asked: False

    made = command.make(name="Ada")

    assert counter.users.get(made.account.id).role is Role.ADMIN
    assert reset(counter, made).status_code == 204
    assert log_in(counter).status_code == 200


def test_a_crash_after_a_promotion_is_mended_too(counter, command):
    ada = counter.somebody("ada")
    counter.documents.fails = lambda name, _asked: name == "commit"
    with pytest.raises(OutsideError):
        command.make(promote=True)
    counter.documents.fails = lambda _name, _asked: False

    command.make(promote=True)

    assert counter.users.get(ada.user.id).role is Role.ADMIN


def test_a_link_that_ran_out_is_followed_by_another_one(counter, command, clock):
    late = command.make()
    clock.tick(minutes=31)

    made = command.make()

    assert made.account.id == late.account.id
    assert reset(counter, late).status_code == 422
    assert reset(counter, made).status_code == 204


def test_whoever_signs_up_just_then_keeps_the_account(counter, command):
    def overtaken(name, asked):
        if name == "commit" and "emails/" in asked[0].path:
            counter.auth.fails = lambda *_: False
            counter.somebody("ada")
        return False

    counter.auth.fails = overtaken

    with pytest.raises(TakenError):
        command.make()

    assert log_in(counter).json["user"]["role"] == "user"


@pytest.fixture
def said(monkeypatch, capsys):
    """Run the command, and return its exit code, what it says, and what it complains of."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)

    def run(*arguments, connect):
        code = main(arguments, connect=connect)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def today(tmp_path):
    """A house of the present: the command reads the machine's clock."""
    built = Counter(tmp_path / "today", clock=SystemClock())
    yield built
    built.close()


def stores(counter):
    return lambda _settings: Databases(auth=counter.auth, documents=counter.documents)


def test_the_command_prints_a_link_that_works(today, said):
    code, out, err = said(ADA, "--name", "Ada", connect=stores(today))

    assert (code, err) == (0, "")
    first, second, link = out.splitlines()
    assert first == f"{ADA} is an admin."
    assert second == "Choose the password within 30 minutes:"
    page, _, token = link.partition("#")
    assert page == "https://desk.example.com/reset"
    body = {"token": token, "password": PASSWORD}
    assert today.visitor().post("/api/auth/password/reset", body).status_code == 204
    assert log_in(today).json["user"]["name"] == "Ada"


def test_no_token_is_kept(today, tmp_path, said):
    _, out, _ = said(ADA, connect=stores(today))

    token = out.rstrip().partition("#")[2]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "today").iterdir())
    assert link_id_of(token, key=KEY).encode() in kept
    assert token.partition(".")[2].encode() not in kept


def test_the_command_prints_no_link_for_whoever_has_a_password(counter, said):
    counter.somebody("ada")

    code, out, err = said(ADA, "--promote", connect=stores(counter))

    assert (code, err) == (0, "")
    assert out == f"{ADA} is an admin.\nThe password is the one it was.\n"


def test_a_refusal_is_one_line(counter, said):
    counter.somebody("ada")

    code, out, err = said(ADA, connect=stores(counter))

    assert (code, out) == (3, "")
    assert err == (
        f"helpdesk: {ADA} has an account already: --promote makes it an admin's, if you know"
        " whose it is\n"
    )


def test_a_store_that_does_not_answer_is_one_line_without_its_words(counter, said):
    counter.auth.fails = lambda *_: True

    code, out, err = said(ADA, connect=stores(counter))

    assert (code, out, err.count("\n")) == (4, "", 1)


def test_the_kind_of_a_vendors_error_is_told_and_not_its_text(said):
    def broken(_settings):
        raise OutsideError("the store did not answer") from ZeroDivisionError("secret")

    assert said(ADA, connect=broken) == (
        4, "", "helpdesk: the store did not answer (ZeroDivisionError)\n",
    )  # fmt: skip


def test_an_account_that_changes_all_the_time_may_be_tried_again(said):
    def busy(_settings):
        raise ConflictError("the account was changed by somebody else again and again")

    code, _, err = said(ADA, connect=busy)

    assert code == 4
    assert err.count("\n") == 1


def test_an_interrupted_command_says_nothing(said):
    def interrupted(_settings):
        raise KeyboardInterrupt

    assert said(ADA, connect=interrupted) == (130, "", "")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("ada",),
        (ADA, "eve@example.com"),
        (ADA, "--pro"),
        (ADA, "--name", "x" * 101),
        (ADA, "--name", "a\nb\x00"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(said, capsys, arguments):
    with pytest.raises(SystemExit) as refused:
        said(*arguments, connect=stores(None))

    told = capsys.readouterr()
    assert (refused.value.code, told.out) == (2, "")
    assert told.err.startswith("helpdesk: ")
    assert told.err.endswith("(see --help)\n")
    assert told.err.count("\n") == 1


def test_the_help_says_what_a_promotion_is(said, capsys):
    with pytest.raises(SystemExit) as ended:
        said("--help", connect=stores(None))

    assert ended.value.code == 0
    assert "any account becomes an admin's" in " ".join(capsys.readouterr().out.split())


def test_all_settings_that_are_wrong_are_named_before_anything_is_connected(said, monkeypatch):
    monkeypatch.delenv("HELPDESK_PROJECT")
    monkeypatch.setenv("HELPDESK_LINK_KEY", "c2hvcnQ=")

    code, out, err = said(ADA, connect=stores(None))

    assert (code, out) == (3, "")
    assert err == (
        "helpdesk: HELPDESK_PROJECT: missing; HELPDESK_LINK_KEY: shorter than 32 bytes\n"
    )


def test_the_settings_of_the_command_are_read_and_keep_their_secret():
    settings = AdminSettings.from_env(ENVIRONMENT)

    assert settings == AdminSettings(
        project="helpdesk-test", url="https://desk.example.com", link_key=KEY
    )
    assert "link_key" not in repr(settings)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_each_setting_of_the_command_is_needed(name):
    environ = {other: value for other, value in ENVIRONMENT.items() if other != name}

    with pytest.raises(SettingsError, match=f"^{name}: missing$"):
        AdminSettings.from_env(environ)
