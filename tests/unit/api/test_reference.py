"""The reference page: all that the document holds, nothing that is markup, nothing from outside."""

import base64
import hashlib
import html
import json
import re

import pytest

from api.edge import SECURITY_HEADERS
from api.markup import slug
from api.openapi import document
from api.reference import render
from api.webhooks import webhooks
from tests.unit.api.test_openapi import DOCUMENT
from tests.unit.api.test_reset_page import Elements

HOSTILE = """</style><script>alert(1)</script><img src=x onerror='alert(1)'>" & `<b>`"""
CONTRAST = 4.5  # WCAG 2.2, 1.4.3: AA
INKS = ("text", "quiet", "accent")
PAPERS = ("page", "card", "code")


@pytest.fixture(scope="module")
def answer(battered):
    return battered.visitor().get("/api/docs")


@pytest.fixture(scope="module")
def elements(answer):
    return Elements(answer.text)


def texts(page):
    """Return what stands in a page as text, without its markup."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.rpartition("</style>")[2]))


def article(page, name):
    """Return what the page says of one operation or schema."""
    [found] = re.findall(rf'<article id="{name}">(.*?)</article>', page, re.DOTALL)
    return found


def test_the_page_is_html_for_anybody(answer):
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    for name in SECURITY_HEADERS.keys() - {"Content-Security-Policy"}:
        assert answer.headers[name] == SECURITY_HEADERS[name]


def test_the_policy_lets_in_this_style_alone(answer, elements):
    [style] = elements.inside["style"]
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    [policy] = answer.headers.getlist("Content-Security-Policy")

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashed}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_the_page_runs_nothing_and_loads_nothing(elements):
    leading = {"src", "action", "formaction", "srcset", "data", "poster", "background", "style"}
    [style] = elements.inside["style"]

    for tag, attributes in elements.found:
        assert tag not in {"script", "link", "iframe", "object", "embed", "form", "base"}
        assert not leading & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", style)


def test_every_link_leads_somewhere_in_the_page_or_to_the_document(elements):
    places = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    led = {each["href"] for each in elements.named("a")}

    assert len(set(places)) == len(places)
    assert led - {f"#{place}" for place in places} == {"/api/openapi.json"}


def test_every_operation_stands_in_it_with_all_it_takes_and_answers(battered):
    described = json.loads(document(battered.routes))

    page = render(described)

    for path, item in described["paths"].items():
        for method, operation in item.items():
            name = slug("operation", operation["operationId"])
            told = article(page, name)
            assert f"#{name}" in page.partition("</nav>")[0]
            words = texts(told)
            assert f"{method.upper()} {path}" in words
            assert operation["summary"].replace("`", "") in words
            assert f"<em>{operation['description']}</em>" in told
            for parameter in operation["parameters"]:
                assert f"<code>{parameter['name']}</code>" in told
            for status, response in operation["responses"].items():
                assert f"<code>{status}</code>" in told
                assert response["description"].replace("`", "") in words


def test_every_field_of_every_schema_stands_in_it():
    page = render(DOCUMENT)

    for name, schema in DOCUMENT["components"]["schemas"].items():
        told = article(page, slug("shape", name))
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in told
        for value in schema.get("enum", []):
            assert f"<code>{value}</code>" in told


def test_a_field_of_a_body_says_what_it_takes():
    told = texts(article(render(DOCUMENT), "operation-open-ticket"))

    assert "titlerequiredstring; at most 200 characters" in told
    assert 'Example: "Cannot log in"' in told
    assert "Idempotency-Key" in told


def nobody():
    raise LookupError("the routes are described, not asked")


def test_a_body_that_is_signed_is_described_by_its_size(clock):
    described = json.loads(document(webhooks(nobody, key=None, clock=clock)))

    told = article(render(described), "operation-sendgrid-events")

    assert "Body: at most 1048576 bytes" in texts(told)
    assert '-H "X-Twilio-Email-Event-Webhook-Timestamp: $X_TWILIO_' in html.unescape(told)
    assert "-d '[]'" in texts(told)


def test_a_parameter_says_what_it_is_without_being_sent():
    told = texts(article(render(DOCUMENT), "operation-list-users"))

    assert "limitinteger; 1 or more; 100 or lessin the query; 20 unless it is sent" in told


def poisoned(value, key=""):
    """Return the document with something hostile in each of its words."""
    if isinstance(value, dict):
        return {name: poisoned(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, key) for inner in value]
    kept = {"$ref", "in", "type", "url", "openapi"}
    return value + HOSTILE if isinstance(value, str) and key not in kept else value


def test_nothing_of_the_document_is_read_as_markup():
    page = render(poisoned(DOCUMENT))

    found = Elements(page)
    assert len(found.inside["style"]) == 1
    assert {tag for tag, _ in found.found} <= {tag for tag, _ in Elements(render(DOCUMENT)).found}
    assert not [each for each in found.found if {"onerror", "src"} & each[1].keys()]
    assert texts(page).count("alert(1)") > 20


def test_names_of_things_cannot_break_out_of_their_place():
    shape = {"type": "object", "properties": {HOSTILE: {"type": "string"}}, "enum": [HOSTILE]}
    operation = {
        "operationId": HOSTILE, "tags": [HOSTILE], "parameters": [], "responses": {HOSTILE: {
            "description": HOSTILE, "headers": {HOSTILE: {}},
            "content": {HOSTILE: {"schema": {"$ref": f"#/{HOSTILE}"}, "example": HOSTILE}},
        }},
    }  # fmt: skip

    page = render(
        {
            "info": {"title": HOSTILE},
            "paths": {HOSTILE: {HOSTILE: operation}},
            "components": {"schemas": {HOSTILE: shape}},
        }
    )

    found = Elements(page)
    assert not [each for each in found.found if each[0] in {"script", "img", "b"}]


def test_a_document_of_nothing_is_a_page_of_nothing():
    page = render({"info": {"title": "Nothing"}, "paths": {}})

    assert "<h1>Nothing: the API</h1>" in page
    assert "<article" not in page


def test_the_introduction_comes_out_whole(answer):
    before = answer.text.partition('<h2 id="group-')[0]

    for word in ("Log in", "Lists", "Repeats and changes", "Limits", "Errors"):
        assert f">{word}</h2>" in before
    assert "Idempotency-Key" in before
    assert "10 in 15 minutes" in before
    assert "{" not in re.sub(
        r"<(pre|nav)\b.*?</\1>", "", before.partition("</style>")[2], flags=re.DOTALL
    )


def test_the_page_can_be_walked_by_keyboard_and_heard(elements):
    assert elements.named("html") == [{"lang": "en"}]
    assert elements.named("a")[0] == {"href": "#reference", "class": "skip"}
    assert elements.named("nav") == [{"aria-label": "Table of contents"}]
    assert elements.with_id("reference")["tabindex"] == "-1"
    assert len(elements.named("h1")) == 1
    assert all(each["scope"] == "row" for each in elements.named("th"))
    assert len(elements.named("caption")) == len(elements.named("table"))
    assert len(elements.named("summary")) == len(elements.named("details"))
    [viewport] = [each for each in elements.named("meta") if each.get("name") == "viewport"]
    assert viewport["content"] == "width=device-width, initial-scale=1"


def shine(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = colour if len(colour) == 6 else "".join(each * 2 for each in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_everything_can_be_read_in_both_themes(elements, theme):
    [style] = elements.inside["style"]
    named = dict(re.findall(r"--(\w+): #(\w+)", style.split(":root")[theme + 1]))

    for ink in INKS:
        for paper in PAPERS:
            dark, light = sorted([shine(named[ink]), shine(named[paper])])
            assert (light + 0.05) / (dark + 0.05) >= CONTRAST, (ink, paper)
    assert "prefers-color-scheme: dark" in style
