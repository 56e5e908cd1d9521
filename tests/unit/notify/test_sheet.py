"""The sheet of every letter: each block says the same in plain text and in HTML."""

import html
import re

import pytest

from notify.sheet import Facts, Link, Part, Said, as_html, as_text, one_line

ADDRESS = "https://desk.example.com/reset#L1NK.a_b-c"
BLOCKS = (
    Said("Hello Ann,"),
    Link(ADDRESS),
    Facts([("Title", "Printer"), ("A longer name", "value")]),
    Part("Summary", ""),
    Part("Description", "It burns.\n\n  On floor two."),
)


def test_blocks_stand_below_each_other_with_a_blank_line_between():
    assert as_text(BLOCKS) == (
        "Hello Ann,\n"
        "\n"
        f"{ADDRESS}\n"
        "\n"
        "Title:     Printer\n"
        "A longer name: value\n"
        "\n"
        "Summary\n"
        "\n"
        "\n"
        "Description\n"
        "  It burns.\n"
        "\n"
        "    On floor two.\n"
    )


def test_html_says_the_same():
    assert as_html(BLOCKS) == (
        "<p>Hello Ann,</p>"
        f'<p><a href="{ADDRESS}">{ADDRESS}</a></p>'
        "<table><tr><th align=left>Title</th><td>Printer</td></tr>"
        "<tr><th align=left>A longer name</th><td>value</td></tr></table>"
        '<h3>Summary</h3><div style="white-space:pre-wrap"></div>'
        '<h3>Description</h3><div style="white-space:pre-wrap">It burns.\n\n  On floor two.</div>'
    )


@pytest.mark.parametrize("address", ['https://x/"onclick="y', "https://x/<b>", "https://x/&amp;'"])
def test_an_odd_address_stays_within_its_link(address):
    ((shown, said),) = re.findall(
        r'^<p><a href="([^"<>]*)">([^"<>]*)</a></p>$', as_html([Link(address)])
    )

    assert html.unescape(shown) == html.unescape(said) == address


@pytest.mark.parametrize("block", [Said, Link, lambda words: Facts([("Name", words)])])
@pytest.mark.parametrize("odd", ["\r\n", "\n\n", "\u2028", "\x85", "\x1b[2J", "\0", "\u202e"])
def test_what_fits_one_line_stays_on_it(block, odd):
    text = as_text([block(f"a{odd}b")])

    assert text.count("\n") == 1
    assert text.rstrip("\n").isprintable()


def test_one_line_holds_what_can_be_seen():
    assert one_line(" a\r\nb\t\u2028 c\x00") == "a b c"
