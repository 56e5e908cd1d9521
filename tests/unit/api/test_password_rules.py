"""The rules for new passwords: length, no list, no word that the account tells; nothing else."""

import gzip
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api import password_rules
from api.password_rules import FLOOR, LEAST, MOST, PasswordRules, common_passwords
from helpdesk.errors import InvalidInputError
from tests.unit.api.desk import PASSWORD

RULES = PasswordRules()
EMAIL = "ada.lovelace@analytical-engines.co.uk"
NAME = "Ada Lovelace"
COMMONEST = 3_000


def ranked():
    """Return the list that ships, the commonest first."""
    packed = Path(password_rules.__file__).with_name("common_passwords.txt.gz").read_bytes()
    return gzip.decompress(packed).decode().split("\n")[:-1]


def flaw(password, *, least=LEAST, email=EMAIL, name=NAME):
    """Return why a password is refused, or None."""
    try:
        taken = PasswordRules(least=least).checked(password, email=email, name=name)
    except InvalidInputError as refusal:
        return str(refusal)
    assert taken == password
    return None


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery staple",
        "my helpdesk is the best in town",
        "fourteen and 1.",
        "onlylowercaseletters",
        "481516234275391",
        "               k kestrel",
        "\U0001f600" * 64,
        "\U0001f600\U0001f601\U0001f602\U0001f603" * 16,
        "\U0001f600" * 63 + "\U0001f601",
        " leading and trailing ",
        "with\0nul inside it\0",
        "caf\u00e9 au lait noir",
        "cafe\u0301 au lait noir",
        "\u4e2d\u6587\u5bc6\u7801\u4e5f\u53ef\u4ee5\u7528\u6765\u767b\u5f55\u8fd9\u91cc\u771f\u597d",
        "kestrel9 kestrel8",
        "x" * 255 + "y",
    ],
)
def test_a_long_enough_password_is_returned_untouched(password):
    assert flaw(password) is None


@pytest.mark.parametrize("least", [FLOOR, LEAST, 64])
def test_one_character_less_than_the_house_asks_for_is_too_few(least):
    phrase = "sphinx of black quartz, judge my vow while five wizards jump quickly"

    assert flaw(phrase[:least], least=least) is None
    assert f"at least {least} characters" in flaw(phrase[: least - 1], least=least)
    assert "at least" in flaw("", least=least)


def test_length_is_counted_in_characters_and_not_in_bytes():
    assert "at least" in flaw("\U0001f600\U0001f601" * 7)
    assert flaw("\U0001f600\U0001f601" * 128) is None


def test_no_house_may_ask_for_fewer_than_the_floor():
    with pytest.raises(ValueError, match="at least 8"):
        PasswordRules(least=FLOOR - 1)


def test_a_password_may_be_long_but_not_without_end():
    phrase = "sphinx of black quartz, " * 11

    assert flaw(phrase[:MOST]) is None
    assert f"at most {MOST} characters" in flaw(phrase[: MOST + 1])


@pytest.mark.parametrize("half", [0xD800, 0xDBFF, 0xDC80, 0xDFFF])
def test_half_of_a_surrogate_pair_is_no_text(half):
    assert "must be text" in flaw(f"half a pair {chr(half)} is none")


@pytest.mark.parametrize(
    "password",
    ["short", "swordfish" * 30, "half \ud800 of a pair", "qwertyuiop12345", "ada.lovelace1815"],
)
def test_a_refusal_names_the_field_and_never_repeats_the_password(password):
    with pytest.raises(InvalidInputError) as refusal:
        RULES.checked(password, email=EMAIL, name=NAME)

    assert refusal.value.field == "password"
    assert password not in str(refusal.value)


@pytest.mark.parametrize("least", range(FLOOR, LEAST + 1))
def test_none_of_the_commonest_that_are_long_enough_is_accepted(least):
    common = [password for password in ranked() if len(password) >= least][:COMMONEST]

    accepted = [password for password in common if flaw(password, least=least) is None]

    assert len(common) == COMMONEST
    assert accepted == []


def test_every_password_in_the_list_is_refused_in_any_case():
    common = ranked()

    accepted = [each for each in common if flaw(each.upper(), least=FLOOR) is None]

    assert accepted == []


def test_the_list_is_casefolded_without_doubles_and_knows_the_commonest():
    common = ranked()

    assert common[:3] == ["123456789", "password", "12345678"]
    assert len(common) == len(set(common)) == len(common_passwords())
    assert all(each == each.casefold() and len(each) >= FLOOR for each in common)


def test_the_list_is_read_at_the_first_password_that_is_looked_up():
    common_passwords.cache_clear()

    assert "at least" in flaw("too short")
    assert common_passwords.cache_info().currsize == 0

    assert flaw(PASSWORD) is None
    assert common_passwords.cache_info().currsize == 1


@pytest.mark.parametrize(
    "password",
    [
        "a" * 15,
        "a" * MOST,
        "A" * 15 + "a",
        "1234512345123451",
        "abcd" * 64,
        "kestrelkestrel",
        "kestrelkestrelkes",
        "ab" * 10,
        "        " * 2,
        "passwordpassword",
        "PasswordPasswordPassword",
        "passwordpasswor",
        "baseballbaseballbas",
        "qwertyuiopqwertyuiop",
    ],
)
def test_what_only_repeats_itself_is_refused(password):
    assert flaw(password, least=FLOOR) is not None


@pytest.mark.parametrize("password", ["kestrelk", "kestrel-k", "sunset sun", "kestrel9kestrel9"])
def test_what_comes_back_may_be_long_enough_by_itself_or_come_back_in_part_only(password):
    assert flaw(password, least=FLOOR) is None


@pytest.mark.parametrize(
    "password",
    [
        "helpdesk2026!!!!",
        "HelpDesk-HelpDesk",
        "Help Desk 1234567",
        "h.e.l.p.d.e.s.k....1234567",
        "ada.lovelace1815",
        "ADA.LOVELACE12345",
        "Ada Lovelace 1815!!",
        "adalovelace1234567",
        "lovelace-lovelace-1",
        "ada.lovelace@analytical-engines.co.uk",
        "ada@analytical-engines.co.uk",
        "analytical-engines.co.uk",
        "Engines2026engines",
        "Helpdesk4Lovelace!",
        "\uff28\uff45\uff4c\uff50desk 1234567",
    ],
)
def test_little_more_than_words_that_the_account_tells_is_refused(password):
    assert "name" in flaw(password)


WORDS = (
    "helpdesk",
    "help desk",
    "ada.lovelace",
    "lovelace",
    "analytical",
    "engines",
    "Ada Lovelace",
)
AROUND = ("", "1", "123", "2026", "1234567", "!", "_x")
PADS = ("!!!!!!!!!!!!!!!", "...............", "-_-_-_-_-_-_-_-")


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_the_product_or_the_account_is_enough_however_it_is_dressed(word):
    dressed = [
        before + shape(word) + after + pad
        for shape in (str.lower, str.upper, str.title)
        for before, after, pad in product(AROUND, AROUND, PADS)
        if len(before + after) < FLOOR
    ]

    accepted = [password for password in dressed if flaw(password) is None]

    assert accepted == []


@pytest.mark.parametrize(
    "password",
    [
        "lovelace and 8 more",
        "lovelace abcdefgh",
        "the helpdesk of ada lovelace is fine",
        "three engines of mine",
    ],
)
def test_words_of_the_account_are_welcome_where_enough_is_left(password):
    assert flaw(password) is None


def test_seven_letters_and_digits_beside_such_a_word_are_too_few():
    assert flaw("lovelace abcdefg---") is not None
    assert flaw("lovelace abcdefgh--") is None


@pytest.mark.parametrize("password", ["bob@example.com12", "example.com-12345", "BobExampleCom.12"])
def test_a_whole_address_is_such_a_word_and_so_is_its_domain(password):
    assert "address" in flaw(password, email="bob@example.com", name="")


def test_the_part_before_the_at_sign_and_each_word_of_the_name_are_such_words():
    assert "address" in flaw("ada.love.1234567!", email="ada.love@example.com", name="")
    assert "name" in flaw("hopper-1234567!!!", email="q@example.com", name="Grace Hopper")


def test_a_word_that_overlaps_itself_is_taken_out_whole():
    assert "name" in flaw("ababab-1234567--", email="q@example.com", name="Abab")


def test_the_last_label_of_a_domain_is_everybodys():
    assert flaw("info-----wrens 7", email="bob@widgets.info", name="") is None


def test_short_pieces_of_an_address_or_a_name_rule_nothing_out():
    assert flaw("bob and ed ask it", email="bob@ed.io", name="Bob Ask Ed") is None
    assert flaw("a question is fine", email="q@example.com", name="Q") is None


@pytest.mark.parametrize("name", ["Zo\u00eb Kr\u00fcger", "Zoe\u0308 Kru\u0308ger"])
@pytest.mark.parametrize("password", ["Zo\u00eb.Kru\u0308ger.1234567", "zoe kruger 1234567"])
def test_accents_hide_no_name(name, password):
    assert "name" in flaw(password, email="z@example.com", name=name)


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
@example("(((((((((((((((", "([.*+?@(]", "a|b [")
@example("\ufdfa" * MOST, "\ufdfa@\ufdfa", "\ufdfa" * 100)
def test_whatever_comes_is_taken_untouched_or_refused_with_a_sentence(password, email, name):
    refused = flaw(password, email=email, name=name)

    assert LEAST <= len(password) <= MOST if refused is None else refused.startswith("password ")
