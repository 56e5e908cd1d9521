"""The page behind a letter's link: its own script and style, and nothing from anywhere else."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from api.edge import SECURITY_HEADERS
from api.openapi import document
from api.reset_page import RESET_PAGE
from api.routes import ROUTES
from emulated.archives import lay_out


class Elements(HTMLParser):
    """Every element with its attributes, and the text inside each script and style."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, _tag):
        self._in = ""

    def handle_data(self, data):
        if self._in in self.inside:
            self.inside[self._in].append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.found if name == tag]

    def with_id(self, name):
        [found] = [attributes for _, attributes in self.found if attributes.get("id") == name]
        return found


@pytest.fixture(scope="module")
def answer(battered):
    return battered.visitor().get("/reset")


@pytest.fixture(scope="module")
def elements(answer):
    return Elements(answer.text)


@pytest.fixture(scope="module")
def policy(answer):
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def hashed(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_is_html_for_anybody(answer):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")


def test_the_page_is_protected_as_every_answer_is(answer):
    own = {"Content-Security-Policy"}

    for name in SECURITY_HEADERS.keys() - own:
        assert answer.headers[name] == SECURITY_HEADERS[name]
    assert len(answer.headers.getlist("Content-Security-Policy")) == 1


def test_the_policy_lets_in_this_script_and_this_style_alone(policy, elements):
    [script], [style] = elements.inside["script"], elements.inside["style"]

    assert policy == {
        "default-src": "'none'",
        "script-src": hashed(script),
        "style-src": hashed(style),
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_the_page_refers_to_nothing_outside(elements, answer):
    leading = {"src", "href", "action", "formaction", "srcset", "data", "poster", "background"}

    assert not [each for each in elements.found if leading & each[1].keys()]
    assert "http:" not in answer.text
    assert "https:" not in answer.text
    assert not re.search(r"url\(|@import|\bimport\b", answer.text)


def test_nothing_in_the_markup_needs_more_than_the_policy_grants(elements):
    for _, attributes in elements.found:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]


def test_what_the_server_says_is_never_read_as_markup(elements):
    [script] = elements.inside["script"]

    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval", script)


def test_the_token_is_read_from_the_fragment_and_sent_where_the_api_takes_it(elements):
    [script] = elements.inside["script"]

    [called] = re.findall(r'fetch\("([^"]+)"', script)
    assert ("POST", f"/{called}") in {(each.method, each.path) for each in ROUTES}
    assert "location.hash" in script
    assert "history.replaceState" in script


def test_the_page_can_be_heard_and_typed(elements):
    field = elements.with_id("password")

    assert elements.named("html") == [{"lang": "en"}]
    assert elements.named("label") == [{"for": "password"}]
    assert (field["type"], field["autocomplete"]) == ("password", "new-password")
    described = field["aria-describedby"].split()
    assert [elements.with_id(each) for each in described]
    assert elements.with_id("wrong")["role"] == "alert"
    assert elements.with_id("no-link")["role"] == "alert"
    assert elements.with_id("done")["role"] == "status"


def test_every_element_that_the_script_uses_is_there(elements):
    [script] = elements.inside["script"]
    [listed] = re.findall(r"\[((?:\"[\w-]+\"(?:, )?)+)\]", script)

    names = re.findall(r'"([\w-]+)"', listed)

    assert len(names) == 7
    assert all(elements.with_id(name) for name in names)


def test_the_page_is_shown_before_anything_is_connected(battered):
    asked = len(battered.auth.asked), len(battered.documents.asked)

    battered.visitor().get("/reset")

    assert (len(battered.auth.asked), len(battered.documents.asked)) == asked
    assert not RESET_PAGE.wired


def test_the_page_is_described_as_what_it_is():
    described = json.loads(document((RESET_PAGE,)))["paths"]["/reset"]["get"]

    assert described["responses"]["200"]["content"] == {"text/html": {"schema": {"type": "string"}}}
    assert described["security"] == []


def test_the_page_travels_in_the_archive_of_the_api(tmp_path):
    archive = lay_out("api", tmp_path / "api")

    assert (archive / "api" / "reset.html").exists()
